import type { Context } from "#kernel/context.ts";
import type { Series } from "#kernel/measurements.ts";
import { TokenBucket } from "./token-bucket.ts";
import { type Direction, type LimitType, type ResourceType, Throttled } from "./throttled.ts";

/** What a lane may carry, as its table's or index's settings say. */
export interface LaneCapacity {
  readonly isProvisioned: boolean;
  /** Provisioned units a second; or the maximum that was set for an on-demand table, undefined for none. */
  readonly units: number | undefined;
  /** What an on-demand table or index can serve without having served it before. */
  readonly warmUnits: number;
}

/** Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html (per table, default) */
const accountUnitsPerSecond = 40_000;
/** Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html */
const partitionUnitsPerSecond = { Read: 3_000, Write: 1_000 };
const burstSeconds = 300;
/** More would be kept in memory for nothing: a partition that is forgotten begins anew. */
const partitionsAtMost = 10_000;

/** Reads or writes of one table or one global index: what they may consume, and the numbers that CloudWatch shows. */
export class Lane {
  readonly #resource: { readonly type: ResourceType; readonly arn: string };
  readonly #direction: Direction;
  readonly #consumed: Series;
  readonly #eventSeries: (metric: string) => Series;
  readonly #partitions: Map<number, TokenBucket> | undefined;
  #capacity: LaneCapacity;
  readonly #bucket: TokenBucket;
  readonly #peak: Peak;

  constructor(
    ctx: Context,
    resource: { readonly type: ResourceType; readonly arn: string },
    direction: Direction,
    dimensions: Readonly<Record<string, string>>,
    capacity: LaneCapacity,
  ) {
    const nowMs = ctx.now();
    this.#resource = resource;
    this.#direction = direction;
    this.#eventSeries = (metric) => ctx.series("AWS/DynamoDB", metric, dimensions);
    this.#consumed = this.#eventSeries(`Consumed${direction}CapacityUnits`);
    this.#capacity = capacity;
    this.#peak = new Peak(nowMs);
    this.#partitions =
      ctx.settings.throttle && ctx.settings.partitionLimits ? new Map() : undefined;
    this.#bucket = new TokenBucket(this.#unitsPerSecond(), burstSeconds, nowMs);
  }

  /** Obeys other settings from now on. */
  change(capacity: LaneCapacity, nowMs: number): void {
    this.#capacity = capacity;
    this.#bucket.changeRate(this.#unitsPerSecond(), nowMs);
  }

  /**
   * What stands against consuming anything more now. `pending`: units that the same request has consumed and that are
   * not counted yet. `partition`: the hash of the partition key, where one partition is concerned.
   */
  refusal(clock: Pick<Context, "now">, pending: number, partition?: number): Throttled | undefined {
    // The clock is asked only when it matters.
    if (!this.#bucket.holds(pending) && this.#bucket.left(clock.now()) - pending <= 0) {
      return this.#throttled(this.#limit());
    }
    if (this.#partitions === undefined || partition === undefined) return undefined;
    const bucket = this.#partitions.get(partition);
    if (bucket === undefined || bucket.left(clock.now()) > 0) return undefined;
    return this.#throttled("KeyRangeThroughputExceeded");
  }

  take(units: number, nowMs: number): void {
    this.#bucket.take(units, nowMs);
    if (
      this.#partitions !== undefined &&
      !this.#capacity.isProvisioned &&
      this.#peak.add(units, nowMs)
    ) {
      this.#bucket.changeRate(this.#unitsPerSecond(), nowMs);
    }
    this.#consumed.add(units, nowMs);
  }

  takeFromPartition(partition: number, units: number, nowMs: number): void {
    const partitions = this.#partitions;
    if (partitions === undefined) return;
    let bucket = partitions.get(partition);
    if (bucket === undefined) {
      if (partitions.size >= partitionsAtMost) partitions.clear();
      bucket = new TokenBucket(partitionUnitsPerSecond[this.#direction], 1, nowMs);
      partitions.set(partition, bucket);
    }
    bucket.take(units, nowMs);
  }

  /** Counts a throttle under its metrics. Source: Developer Guide, "Diagnosing throttling", step 2. */
  countThrottle(refusal: Throttled): void {
    const cause = refusal.limit.replace(/Exceeded$/, "");
    this.#eventSeries(`${this.#direction}ThrottleEvents`).add(1);
    this.#eventSeries(`${this.#direction}${cause}ThrottleEvents`).add(1);
  }

  #throttled(limit: LimitType): Throttled {
    return new Throttled({
      resourceType: this.#resource.type,
      direction: this.#direction,
      limit,
      isProvisioned: this.#capacity.isProvisioned,
      arn: this.#resource.arn,
    });
  }

  #unitsPerSecond(): number {
    const { isProvisioned, units } = this.#capacity;
    if (isProvisioned) return units ?? 0;
    return Math.min(units ?? Infinity, this.#onDemandUnits());
  }

  /**
   * With limits of partitions, an on-demand table serves at once what the partitions that it is warm for carry, or twice
   * its peak so far; in any case no more than the account's quota.
   */
  #onDemandUnits(): number {
    if (this.#partitions === undefined) return accountUnitsPerSecond;
    const reached = Math.max(this.#capacity.warmUnits, 2 * this.#peak.unitsPerSecond);
    return Math.min(accountUnitsPerSecond, reached);
  }

  #limit(): LimitType {
    const { isProvisioned, units } = this.#capacity;
    if (isProvisioned) return "ProvisionedThroughputExceeded";
    const onDemand = this.#onDemandUnits();
    if (units !== undefined && units <= onDemand) return "MaxOnDemandThroughputExceeded";
    return onDemand < accountUnitsPerSecond ? "KeyRangeThroughputExceeded" : "AccountLimitExceeded";
  }
}

/** Traffic has to last before a table scales for twice of it. Source: Developer Guide, "On-demand capacity mode". */
const settlingMs = 30 * 60_000;
const minuteMs = 60_000;

/** The most that a minute carried, on average, as of half an hour ago. */
class Peak {
  unitsPerSecond = 0;
  #reached = 0;
  #windowMs: number;
  #minuteMs: number;
  #units = 0;

  constructor(nowMs: number) {
    this.#windowMs = nowMs;
    this.#minuteMs = nowMs;
  }

  /** Answers whether the peak has grown. */
  add(units: number, nowMs: number): boolean {
    if (nowMs >= this.#minuteMs && nowMs < this.#minuteMs + minuteMs) {
      this.#units += units;
      return false;
    }
    this.#reached = Math.max(this.#reached, this.#units / 60);
    this.#minuteMs = nowMs;
    this.#units = units;
    if (nowMs >= this.#windowMs && nowMs < this.#windowMs + settlingMs) return false;
    this.#windowMs = nowMs;
    const before = this.unitsPerSecond;
    this.unitsPerSecond = Math.max(before, this.#reached);
    return this.unitsPerSecond > before;
  }
}
