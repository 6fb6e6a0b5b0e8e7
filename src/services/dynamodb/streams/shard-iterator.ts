/** Where a reader of a shard stands. */
export interface ShardPosition {
  readonly streamArn: string;
  /** The shard's number in the log. */
  readonly shard: number;
  /** The next entry to read has this number or a larger one. */
  readonly sequence: number;
  readonly issuedAtMs: number;
}

/** Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetShardIterator.html */
export const iteratorLifeMs = 15 * 60_000;

/** What clients get, and give back as it is: the stream's ARN, a version, and the rest where nobody looks. */
export function encodeIterator({ streamArn, shard, sequence, issuedAtMs }: ShardPosition): string {
  const place = Buffer.from(JSON.stringify([shard, sequence, issuedAtMs])).toString("base64");
  return `${streamArn}|1|${place}`;
}

/** Undefined for what is no iterator. */
export function decodeIterator(text: string): ShardPosition | undefined {
  const [streamArn, version, place, ...more] = text.split("|");
  if (!streamArn || version !== "1" || place === undefined || more.length > 0) return undefined;
  const numbers = parsed(Buffer.from(place, "base64").toString("utf8"));
  if (!Array.isArray(numbers) || numbers.length !== 3) return undefined;
  const [shard, sequence, issuedAtMs] = numbers as unknown[];
  if (!isCount(shard) || !isCount(sequence) || !isCount(issuedAtMs)) return undefined;
  return { streamArn, shard, sequence, issuedAtMs };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return undefined;
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
