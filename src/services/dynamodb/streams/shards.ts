import type { LogShard } from "#kernel/log-shards.ts";
import type { Shard } from "#models/dynamodbstreams.ts";

/*
 * How the shards and sequence numbers of a log look from outside: shard ids sort by age, sequence numbers are decimal
 * numbers of 21 digits (the API's shortest), so they sort as text and as numbers.
 */

export function shardIdOf({ id, openedAtMs }: LogShard): string {
  const openedAt = String(openedAtMs).padStart(20, "0");
  return `shardId-${openedAt}-${id.toString(16).padStart(8, "0")}`;
}

const firstDigits = 10n ** 20n;

export function sequenceText(sequence: number): string {
  return String(firstDigits + BigInt(sequence));
}

/** The number in the log, or undefined for what no stream has ever given out. */
export function parseSequence(text: string): number | undefined {
  if (!/^\d{21,40}$/.test(text)) return undefined;
  const sequence = BigInt(text) - firstDigits;
  if (sequence < 0n || sequence > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
  return Number(sequence);
}

export function shardDescription(shard: LogShard, shards: readonly LogShard[]): Shard {
  const parent = shards.find(({ id }) => id === shard.parentId);
  return {
    ShardId: shardIdOf(shard),
    SequenceNumberRange: {
      StartingSequenceNumber: sequenceText(shard.firstSequence),
      EndingSequenceNumber: shard.closed && sequenceText(shard.closed.lastSequence),
    },
    ParentShardId: parent && shardIdOf(parent),
  };
}
