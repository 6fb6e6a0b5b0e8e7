import assert from "node:assert/strict";
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import type { Tule } from "./tule.ts";

/*
 * DynamoDB Streams as a consumer sees it, in the JSON of its protocol.
 */

export type Image = Record<string, AttributeValue>;

export interface Shard {
  readonly ShardId: string;
  readonly ParentShardId?: string;
  readonly SequenceNumberRange: {
    readonly StartingSequenceNumber: string;
    readonly EndingSequenceNumber?: string;
  };
}

export interface StreamDescription {
  readonly StreamArn: string;
  readonly StreamLabel: string;
  readonly StreamStatus: string;
  readonly StreamViewType: string;
  readonly CreationRequestDateTime: number;
  readonly TableName: string;
  readonly KeySchema: readonly object[];
  readonly Shards: readonly Shard[];
  readonly LastEvaluatedShardId?: string;
}

export interface StreamRecord {
  readonly eventID: string;
  readonly eventName: "INSERT" | "MODIFY" | "REMOVE";
  readonly eventVersion: string;
  readonly eventSource: string;
  readonly awsRegion: string;
  readonly userIdentity?: { readonly Type: string; readonly PrincipalId: string };
  readonly dynamodb: {
    readonly ApproximateCreationDateTime: number;
    readonly Keys: Image;
    readonly NewImage?: Image;
    readonly OldImage?: Image;
    readonly SequenceNumber: string;
    readonly SizeBytes: number;
    readonly StreamViewType: string;
  };
}

export interface RecordsPage {
  readonly Records: readonly StreamRecord[];
  readonly NextShardIterator?: string;
}

export class StreamsClient {
  readonly #tule: Tule;
  readonly #account: string;
  readonly #region: string;

  constructor(tule: Tule, account: string, region = "us-east-1") {
    this.#tule = tule;
    this.#account = account;
    this.#region = region;
  }

  /** The answer, whatever it is: an error has `__type` and `message`. */
  async call(operation: string, body: object): Promise<Record<string, unknown>> {
    const target = `DynamoDBStreams_20120810.${operation}`;
    const request = { target, account: this.#account, region: this.#region, body };
    const { json } = await this.#tule.raw(request);
    return json as Record<string, unknown>;
  }

  /** What a request is refused with: "ValidationException: The message". */
  async refusal(operation: string, body: object): Promise<string> {
    const answer = await this.call(operation, body);
    assert("__type" in answer, `not refused: ${JSON.stringify(answer)}`);
    const message = answer["message"] ?? answer["Message"];
    return `${String(answer["__type"]).replace(/^.*#/, "")}: ${String(message)}`;
  }

  async #answer(operation: string, body: object): Promise<unknown> {
    const answer = await this.call(operation, body);
    assert(!("__type" in answer), JSON.stringify(answer));
    return answer;
  }

  /** The ARNs of a table's streams, the oldest first. */
  async list(TableName?: string): Promise<string[]> {
    const { Streams } = (await this.#answer("ListStreams", { TableName })) as {
      Streams: { StreamArn: string }[];
    };
    return Streams.map(({ StreamArn }) => StreamArn);
  }

  async describe(StreamArn: string, more: object = {}): Promise<StreamDescription> {
    const answer = await this.#answer("DescribeStream", { StreamArn, ...more });
    return (answer as { StreamDescription: StreamDescription }).StreamDescription;
  }

  async iterator(
    StreamArn: string,
    ShardId: string,
    ShardIteratorType = "TRIM_HORIZON",
    more: object = {},
  ): Promise<string> {
    const body = { StreamArn, ShardId, ShardIteratorType, ...more };
    const answer = await this.#answer("GetShardIterator", body);
    return (answer as { ShardIterator: string }).ShardIterator;
  }

  async page(ShardIterator: string, Limit?: number): Promise<RecordsPage> {
    return (await this.#answer("GetRecords", { ShardIterator, Limit })) as RecordsPage;
  }

  /** From the iterator to what is the shard's end at this moment. */
  async rest(from: string): Promise<StreamRecord[]> {
    const found: StreamRecord[] = [];
    let iterator: string | undefined = from;
    while (iterator !== undefined) {
      const page: RecordsPage = await this.page(iterator);
      found.push(...page.Records);
      if (page.Records.length === 0) break;
      iterator = page.NextShardIterator;
    }
    return found;
  }

  /** All of a stream: parents to their end before their children. */
  async read(streamArn: string): Promise<StreamRecord[]> {
    const { Shards } = await this.describe(streamArn);
    const found: StreamRecord[] = [];
    const ids = new Set(Shards.map(({ ShardId }) => ShardId));
    const visit = async (shard: Shard): Promise<void> => {
      found.push(...(await this.rest(await this.iterator(streamArn, shard.ShardId))));
      for (const child of Shards) if (child.ParentShardId === shard.ShardId) await visit(child);
    };
    for (const shard of Shards) {
      if (shard.ParentShardId === undefined || !ids.has(shard.ParentShardId)) await visit(shard);
    }
    return found;
  }
}
