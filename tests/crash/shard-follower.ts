import type { Problems } from "./problems.ts";
import { type Item, nameOf } from "./schema.ts";
import { ask } from "./stream-reader.ts";

/** A record, as far as a consumer can tell it from others. */
export interface Told {
  readonly shardId: string;
  readonly sequenceNumber: string;
  readonly eventId: string;
  /** Whole seconds of the server's clock. */
  readonly atSecond: number;
  readonly name: string;
  /** "put 17", or "delete 17": of the version that it was. */
  readonly change: string;
}

interface Shard {
  readonly ShardId: string;
  readonly ParentShardId?: string;
}

interface Page {
  readonly Records: readonly {
    readonly eventID: string;
    readonly dynamodb: {
      readonly Keys: Item;
      readonly NewImage?: Item;
      readonly OldImage?: Item;
      readonly SequenceNumber: string;
      readonly ApproximateCreationDateTime: number;
    };
  }[];
  readonly NextShardIterator?: string;
}

/** How far a shard has been read. */
interface Place {
  /** Where to go on: also after a kill, until it has expired. */
  iterator?: string | undefined;
  taken?: string;
  isRead: boolean;
}

/**
 * A consumer as the Kinesis Client Library is one: it finds shards, reads parents to their end before their children, and
 * goes on where it stood, whenever the server dies.
 */
export class ShardFollower {
  /** All that it was told, in that order. */
  readonly told: Told[] = [];
  readonly #tableName: string;
  readonly #problems: Problems;
  readonly #places = new Map<string, Place>();
  readonly #parents = new Map<string, string | undefined>();
  expiredIterators = 0;

  constructor(tableName: string, problems: Problems) {
    this.#tableName = tableName;
    this.#problems = problems;
  }

  get shards(): number {
    return this.#parents.size;
  }

  /** How many shards have been divided in two. */
  get splits(): number {
    const children = [...this.#parents.values()].filter((parent) => parent !== undefined);
    return children.length - new Set(children).size;
  }

  /** Takes everything that is there now. */
  async follow(endpoint: string): Promise<void> {
    const { arn, shards } = await this.#describe(endpoint);
    // Oldest first: a parent has been read when its child's turn comes, unless it got more meanwhile.
    for (const { ShardId, ParentShardId } of shards) {
      this.#parents.set(ShardId, ParentShardId);
      const place = this.#places.get(ShardId) ?? { isRead: false };
      this.#places.set(ShardId, place);
      const parent = ParentShardId === undefined ? undefined : this.#places.get(ParentShardId);
      if (!place.isRead && parent?.isRead !== false)
        await this.#read(endpoint, arn, ShardId, place);
    }
  }

  /** Reads all that is there once more, as a new consumer does: the same records with the same numbers, or too old ones gone. */
  async verify(endpoint: string, oldestSecond: number): Promise<void> {
    const { arn, shards } = await this.#describe(endpoint);
    const again = new ShardFollower(this.#tableName, this.#problems);
    for (const { ShardId } of shards) {
      await again.#read(endpoint, arn, ShardId, { isRead: false });
    }
    const [first, second] = [inShards(this.told), inShards(again.told)];
    for (const [shardId, records] of first) {
      const rest = second.get(shardId) ?? [];
      const trimmed = records.length - rest.length;
      const isSame = rest.every((record, at) => isSameRecord(record, records[trimmed + at]));
      if (!isSame) {
        const texts = `${rest.length} records, not the last of ${records.length} that it had`;
        this.#problems.add("stream", `${shardId} has, read again, ${texts}`);
      } else if (trimmed > 0 && records[trimmed - 1]!.atSecond > oldestSecond) {
        this.#problems.add("lost", `${shardId} lost ${trimmed} records before their time`);
      }
    }
    for (const shardId of second.keys()) {
      if (!first.has(shardId)) this.#problems.add("stream", `${shardId} was not followed`);
    }
  }

  async #describe(endpoint: string): Promise<{ arn: string; shards: Shard[] }> {
    const { Streams } = (await ask(endpoint, "ListStreams", { TableName: this.#tableName })) as {
      Streams: { StreamArn: string }[];
    };
    const arn = Streams[0]!.StreamArn;
    const shards: Shard[] = [];
    let ExclusiveStartShardId: string | undefined;
    do {
      const input = { StreamArn: arn, ExclusiveStartShardId };
      const { StreamDescription: page } = (await ask(endpoint, "DescribeStream", input)) as {
        StreamDescription: { Shards: Shard[]; LastEvaluatedShardId?: string };
      };
      shards.push(...page.Shards);
      ExclusiveStartShardId = page.LastEvaluatedShardId;
    } while (ExclusiveStartShardId !== undefined);
    return { arn, shards };
  }

  async #read(endpoint: string, StreamArn: string, ShardId: string, place: Place): Promise<void> {
    for (;;) {
      place.iterator ??= await iteratorAfter(endpoint, StreamArn, ShardId, place.taken);
      let page: Page;
      try {
        page = (await ask(endpoint, "GetRecords", { ShardIterator: place.iterator })) as Page;
      } catch (error) {
        if (!String(error).includes("ExpiredIteratorException")) throw error;
        place.iterator = undefined;
        this.expiredIterators += 1;
        continue;
      }
      // From here on nothing waits: an answer is taken whole, with its place, or not at all.
      for (const record of page.Records) this.#take(ShardId, place, record);
      place.iterator = page.NextShardIterator;
      place.isRead = page.NextShardIterator === undefined;
      if (place.isRead || page.Records.length === 0) return;
    }
  }

  #take(shardId: string, place: Place, { eventID: eventId, dynamodb }: Page["Records"][0]): void {
    const { Keys, NewImage, OldImage, SequenceNumber, ApproximateCreationDateTime } = dynamodb;
    const name = nameOf(Keys);
    if (SequenceNumber <= (place.taken ?? "")) {
      this.#problems.add("stream", `record ${SequenceNumber} of ${name} comes twice or too late`);
    }
    place.taken = SequenceNumber;
    const change =
      NewImage === undefined
        ? `delete ${OldImage?.["version"]?.N}`
        : `put ${NewImage["version"]?.N}`;
    const atSecond = ApproximateCreationDateTime;
    this.told.push({ shardId, sequenceNumber: SequenceNumber, eventId, atSecond, name, change });
  }
}

async function iteratorAfter(
  endpoint: string,
  StreamArn: string,
  ShardId: string,
  SequenceNumber: string | undefined,
): Promise<string> {
  const start =
    SequenceNumber === undefined
      ? { ShardIteratorType: "TRIM_HORIZON" }
      : { ShardIteratorType: "AFTER_SEQUENCE_NUMBER", SequenceNumber };
  const begun = await ask(endpoint, "GetShardIterator", { StreamArn, ShardId, ...start });
  return (begun as { ShardIterator: string }).ShardIterator;
}

function inShards(told: readonly Told[]): ReadonlyMap<string, readonly Told[]> {
  return Map.groupBy(told, ({ shardId }) => shardId);
}

function isSameRecord(one: Told, other: Told | undefined): boolean {
  return (
    one.sequenceNumber === other?.sequenceNumber &&
    one.eventId === other.eventId &&
    one.name === other.name &&
    one.change === other.change
  );
}
