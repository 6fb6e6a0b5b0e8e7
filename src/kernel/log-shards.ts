import type { Codec } from "#store/store.ts";

/** A shard of a log (sharded-log.ts): a range of hashes, for a time. */
export interface LogShard {
  /** Counted over the whole log; never used again. */
  readonly id: number;
  /** The shard that this one took the place of, or a part of it. It may be forgotten already. */
  readonly parentId?: number;
  readonly hashes: HashRange;
  readonly openedAtMs: number;
  /** No entry of the shard has a smaller number. */
  readonly firstSequence: number;
  /** Entries up to this one are trimmed. */
  readonly trimmedThrough?: number;
  /** Set once nothing is appended to it any more. */
  readonly closed?: {
    readonly atMs: number;
    /** Larger than those of all of its entries. */
    readonly lastSequence: number;
  };
}

/** From inclusive, to exclusive. */
export interface HashRange {
  readonly from: number;
  readonly to: number;
}

export const wholeRange: HashRange = { from: 0, to: 2 ** 32 };

/** The smallest number that an entry of the shard can still have. */
export function firstUntrimmed(shard: LogShard): number {
  return shard.trimmedThrough === undefined ? shard.firstSequence : shard.trimmedThrough + 1;
}

export interface LogShards {
  /** Oldest first, and so by id. */
  readonly shards: readonly LogShard[];
  readonly nextId: number;
}

export const shardsCodec: Codec<LogShards> = {
  encode: (shards) => Buffer.from(JSON.stringify(shards)),
  decode: (bytes) => JSON.parse(bytes.toString("utf8")) as LogShards,
};

interface Moment {
  readonly atMs: number;
  /** The one at which the parent ends. */
  readonly lastSequence: number;
  /** The one with which its children begin. */
  readonly firstSequence: number;
}

/** The shards with one of them closed and its children added at the end. */
export function shardsWithChildren(
  before: LogShards,
  parent: LogShard,
  children: readonly HashRange[],
  { atMs, lastSequence, firstSequence }: Moment,
): LogShards {
  const shards = before.shards.map((shard) =>
    shard.id === parent.id ? { ...shard, closed: { atMs, lastSequence } } : shard,
  );
  children.forEach((hashes, position) => {
    const id = before.nextId + position;
    shards.push({ id, parentId: parent.id, hashes, openedAtMs: atMs, firstSequence });
  });
  return { shards, nextId: before.nextId + children.length };
}
