import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import type { Problems } from "./problems.ts";
import { type Item, keyOf, nameOf, shortTextOf, textOf } from "./schema.ts";

interface StreamRecord {
  readonly eventName: string;
  readonly userIdentity?: { readonly Type: string };
  readonly dynamodb: {
    readonly Keys: Item;
    readonly NewImage?: Item;
    readonly OldImage?: Item;
    readonly SequenceNumber: string;
    readonly ApproximateCreationDateTime: number;
  };
}

interface Shard {
  readonly ShardId: string;
  readonly ParentShardId?: string;
}

/** A record as a test sees it. */
export interface SeenChange {
  readonly name: string;
  readonly eventName: string;
  readonly isByService: boolean;
  readonly before: Item | undefined;
  readonly after: Item | undefined;
  /** Whole seconds of the server's clock. */
  readonly atSecond: number;
}

/**
 * A consumer of a table's stream that lives through all kills, as a checkpointing one does: it goes on after the last
 * record that it took, and puts together what the table must be.
 */
export class StreamReader {
  readonly items = new Map<string, Item>();
  readonly #tableName: string;
  readonly #problems: Problems;
  readonly #onChange: (change: SeenChange) => void;
  /** The last sequence number that was taken from each shard. */
  readonly #taken = new Map<string, string>();

  constructor(
    tableName: string,
    problems: Problems,
    onChange: (change: SeenChange) => void = () => undefined,
  ) {
    this.#tableName = tableName;
    this.#problems = problems;
    this.#onChange = onChange;
  }

  /** Takes everything that is there now. */
  async read(endpoint: string): Promise<void> {
    const { Streams } = (await ask(endpoint, "ListStreams", { TableName: this.#tableName })) as {
      Streams: { StreamArn: string }[];
    };
    const { StreamArn } = Streams[0]!;
    const { StreamDescription } = (await ask(endpoint, "DescribeStream", { StreamArn })) as {
      StreamDescription: { Shards: Shard[] };
    };
    // Ids are in the order of age: no child comes before its parent.
    for (const { ShardId } of StreamDescription.Shards)
      await this.#readShard(endpoint, StreamArn, ShardId);
  }

  /** Whether what was told of is the table. */
  verify(items: ReadonlyMap<string, Item>): void {
    for (const name of new Set([...items.keys(), ...this.items.keys()])) {
      const [due, told] = [items.get(name), this.items.get(name)];
      if (textOf(due) !== textOf(told)) {
        const texts = `${shortTextOf(told)}, not ${shortTextOf(due)}`;
        this.#problems.add("stream", `the stream tells of ${name} ${texts}`);
      }
    }
  }

  async #readShard(endpoint: string, StreamArn: string, ShardId: string): Promise<void> {
    const SequenceNumber = this.#taken.get(ShardId);
    const start =
      SequenceNumber === undefined
        ? { ShardIteratorType: "TRIM_HORIZON" }
        : { ShardIteratorType: "AFTER_SEQUENCE_NUMBER", SequenceNumber };
    const begun = await ask(endpoint, "GetShardIterator", { StreamArn, ShardId, ...start });
    let iterator = (begun as { ShardIterator?: string }).ShardIterator;
    while (iterator !== undefined) {
      const page = (await ask(endpoint, "GetRecords", { ShardIterator: iterator })) as {
        Records: StreamRecord[];
        NextShardIterator?: string;
      };
      for (const record of page.Records) this.#take(ShardId, record);
      iterator = page.Records.length === 0 ? undefined : page.NextShardIterator;
    }
  }

  #take(shardId: string, { eventName, userIdentity, dynamodb }: StreamRecord): void {
    const { Keys, NewImage, OldImage, SequenceNumber } = dynamodb;
    const name = nameOf(Keys);
    const problem = (text: string): void =>
      this.#problems.add("stream", `record ${SequenceNumber} of ${name} ${text}`);
    if (SequenceNumber <= (this.#taken.get(shardId) ?? "")) problem("comes twice or too late");
    this.#taken.set(shardId, SequenceNumber);
    const before = this.items.get(name);
    if (textOf(before) !== textOf(OldImage)) {
      problem(`begins with ${shortTextOf(OldImage)}, not ${shortTextOf(before)}`);
    }
    const due = before === undefined ? "INSERT" : NewImage === undefined ? "REMOVE" : "MODIFY";
    if (eventName !== due) problem(`is called ${eventName}, not ${due}`);
    if (NewImage === undefined) this.items.delete(name);
    else this.items.set(name, NewImage);
    this.#onChange({
      name,
      eventName,
      isByService: userIdentity?.Type === "Service",
      before: OldImage,
      after: NewImage,
      atSecond: dynamodb.ApproximateCreationDateTime,
    });
  }
}

/** One request in the protocol's own JSON. Binaries stay base64: the crash tests write none. */
export async function ask(endpoint: string, operation: string, body: object): Promise<unknown> {
  const answer = await fetch(endpoint, {
    method: "POST",
    headers: {
      "content-type": "application/x-amz-json-1.0",
      "x-amz-target": `DynamoDBStreams_20120810.${operation}`,
      authorization:
        "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request, " +
        `SignedHeaders=host, Signature=${"0".repeat(64)}`,
    },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${operation} was answered with ${answer.status}: ${text}`);
  return JSON.parse(text) as unknown;
}

/** A key as the crash tests name it, with further attributes. */
export function itemOf(name: string, more: Readonly<Record<string, AttributeValue>>): Item {
  return { ...keyOf(name), ...more };
}
