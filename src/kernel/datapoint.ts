/** What was added to a series within a period. */
export interface Datapoint {
  /** Milliseconds since 1970; a whole number of periods. */
  readonly startMs: number;
  readonly periodMs: number;
  sum: number;
  count: number;
  minimum: number;
  maximum: number;
  /** How many values fell into which bucket (`bucketOf`). */
  readonly histogram: Map<number, number>;
}

export const minuteMs = 60_000;

export function newDatapoint(startMs: number, periodMs: number): Datapoint {
  return {
    startMs,
    periodMs,
    sum: 0,
    count: 0,
    minimum: Infinity,
    maximum: -Infinity,
    histogram: new Map(),
  };
}

/** The parts as one point of a longer period, or of the same. None of them is changed. */
export function merged(startMs: number, periodMs: number, parts: Iterable<Datapoint>): Datapoint {
  const whole = newDatapoint(startMs, periodMs);
  for (const part of parts) {
    whole.sum += part.sum;
    whole.count += part.count;
    whole.minimum = Math.min(whole.minimum, part.minimum);
    whole.maximum = Math.max(whole.maximum, part.maximum);
    for (const [bucket, count] of part.histogram) {
      whole.histogram.set(bucket, (whole.histogram.get(bucket) ?? 0) + count);
    }
  }
  return whole;
}

/*
 * Buckets grow by a tenth, as CloudWatch's own do, so a percentile is right within five percent. Bucket 0 holds 1;
 * all values that are not above zero share one bucket.
 */
const growth = Math.log(1.1);
const zeroBucket = -32_768;

export function bucketOf(value: number): number {
  if (!(value > 0)) return zeroBucket;
  return Math.min(32_767, Math.max(zeroBucket + 1, Math.round(Math.log(value) / growth)));
}

/** What stands for the values of a bucket. */
export function bucketValue(bucket: number): number {
  return bucket === zeroBucket ? 0 : Math.exp(bucket * growth);
}

/** The value below which such a percentage (0 to 100) of the values lie; undefined where there are none. */
export function percentile(point: Datapoint, percentage: number): number | undefined {
  if (point.count === 0) return undefined;
  const wanted = Math.max(1, Math.ceil((percentage / 100) * point.count));
  let seen = 0;
  for (const [bucket, count] of [...point.histogram].toSorted(([a], [b]) => a - b)) {
    seen += count;
    if (seen < wanted) continue;
    return Math.min(point.maximum, Math.max(point.minimum, bucketValue(bucket)));
  }
  return point.maximum;
}

const version = 1;
const headBytes = 1 + 6 * 8;
const bucketBytes = 2 + 8;

/** A version byte, six doubles, then the histogram: each bucket's number and count. */
export function encodeDatapoint(point: Datapoint): Buffer {
  const bytes = Buffer.alloc(headBytes + point.histogram.size * bucketBytes);
  bytes[0] = version;
  const { startMs, periodMs, sum, count, minimum, maximum } = point;
  [startMs, periodMs, sum, count, minimum, maximum].forEach((value, at) =>
    bytes.writeDoubleBE(value, 1 + at * 8),
  );
  let at = headBytes;
  for (const [bucket, inBucket] of point.histogram) {
    bytes.writeInt16BE(bucket, at);
    bytes.writeDoubleBE(inBucket, at + 2);
    at += bucketBytes;
  }
  return bytes;
}

export function decodeDatapoint(bytes: Buffer): Datapoint {
  const [startMs, periodMs, sum, count, minimum, maximum] = Array.from({ length: 6 }, (_, at) =>
    bytes.readDoubleBE(1 + at * 8),
  ) as [number, number, number, number, number, number];
  const histogram = new Map<number, number>();
  for (let at = headBytes; at < bytes.length; at += bucketBytes) {
    histogram.set(bytes.readInt16BE(at), bytes.readDoubleBE(at + 2));
  }
  return { startMs, periodMs, sum, count, minimum, maximum, histogram };
}
