import type { Key } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import type { Effect, Snapshot, Transaction } from "#store/store.ts";
import type { ConsumedUnits } from "../consumed-capacity.ts";
import { hashOfItemKey } from "../keyspace.ts";
import type { IndexLayout, TableLayout } from "../tables/table-layout.ts";
import { AccessNotes } from "../insights/access-notes.ts";
import type { KeyInsights } from "../insights/key-insights.ts";
import type { Lane } from "./lane.ts";
import { noteTraffic } from "./observe-request.ts";
import type { Throttled } from "./throttled.ts";

/*
 * What stands between requests and capacity. Admission is asked for before the work is done, by what is left then; what
 * the work cost is taken when its body has settled (store.ts, S6), whether the request succeeded or a condition failed.
 * A request that was throttled costs nothing.
 */

/** Meters what one body reads of a table or an index. */
export class ReadMeter implements Effect {
  #units = 0;
  readonly #ctx: Context;
  readonly #lane: Lane;
  readonly #prefix: Key;
  readonly #throttles: boolean;
  readonly #refusals: Throttled[] = [];
  readonly #insights: AccessNotes | undefined;
  #partition: number | undefined;

  /** `index`: the one that is read; local indexes live on their table's capacity. */
  constructor(snapshot: Snapshot, ctx: Context, layout: TableLayout, index?: IndexLayout) {
    this.#ctx = ctx;
    this.#lane = (index?.traffic ?? layout.traffic.table).read;
    this.#prefix = index === undefined ? layout.itemsPrefix : index.prefix;
    this.#throttles = ctx.settings.throttle;
    const insights = index === undefined ? layout.insights : index.insights;
    this.#insights = insights && new AccessNotes(insights);
    noteTraffic(ctx, layout.traffic);
    snapshot.afterwards(this);
  }

  /** What was read so far. It grows with each key that was admitted, in that order. */
  get units(): number {
    return this.#units;
  }

  set units(units: number) {
    this.#insights?.used(units - this.#units);
    this.#units = units;
  }

  /** For the pages of Query and Scan: notes an item that was looked at, by where it stands. */
  get noteItem(): ((key: Key, units: number) => void) | undefined {
    const notes = this.#insights;
    return notes && ((key, units) => notes.note(key, units));
  }

  /** Throws if nothing is left. `key`: within the one partition that is read; of an item, unless it is not said so. */
  admit(key?: Key, isItem = true): void {
    const refusal = this.refusal(key, isItem);
    if (refusal !== undefined) throw refusal;
  }

  refusal(key?: Key, isItem = true): Throttled | undefined {
    if (key !== undefined && isItem) this.#insights?.admitted(key);
    if (!this.#throttles) return undefined;
    const hash = key === undefined ? undefined : hashOfItemKey(this.#prefix, key);
    const refusal = this.#lane.refusal(this.#ctx, this.units, hash);
    if (refusal === undefined) this.#partition = hash;
    else {
      this.#refusals.push(refusal);
      if (key !== undefined) this.#insights?.refused(key, isItem);
    }
    return refusal;
  }

  settled(): void {
    this.#insights?.settled();
    for (const refusal of this.#refusals) this.#lane.countThrottle(refusal);
    if (this.units === 0) return;
    const nowMs = this.#ctx.now();
    this.#lane.take(this.units, nowMs);
    if (this.#partition !== undefined) {
      this.#lane.takeFromPartition(this.#partition, this.units, nowMs);
    }
  }
}

/** Meters of the tables that one body reads, each made when it is first asked for. */
export class ReadMeters {
  readonly #snapshot: Snapshot;
  readonly #ctx: Context;
  readonly #meters = new Map<TableLayout, ReadMeter>();

  constructor(snapshot: Snapshot, ctx: Context) {
    this.#snapshot = snapshot;
    this.#ctx = ctx;
  }

  of(layout: TableLayout): ReadMeter {
    let meter = this.#meters.get(layout);
    if (meter === undefined) {
      meter = new ReadMeter(this.#snapshot, this.#ctx, layout);
      this.#meters.set(layout, meter);
    }
    return meter;
  }
}

/** Meters what one body writes to a table and its indexes. */
export class WriteMeter implements Effect {
  readonly #ctx: Context;
  readonly #layout: TableLayout;
  readonly #units: ConsumedUnits;
  readonly #throttles: boolean;
  readonly #refusals: { readonly lane: Lane; readonly refusal: Throttled }[] = [];
  readonly #partitions = new Map<number, number>();
  readonly #insights: AccessNotes | undefined;
  readonly #entries: {
    readonly insights: KeyInsights;
    readonly key: Key;
    readonly units: number;
  }[] = [];

  /**
   * `units`: what was consumed so far, counted by the writer as it goes. `asks`: whether writes wait for capacity, or
   * only take it.
   */
  constructor(
    tx: Transaction,
    ctx: Context,
    layout: TableLayout,
    units: ConsumedUnits,
    asks: boolean,
  ) {
    this.#ctx = ctx;
    this.#layout = layout;
    this.#units = units;
    this.#throttles = asks && ctx.settings.throttle;
    this.#insights = layout.insights && new AccessNotes(layout.insights);
    noteTraffic(ctx, layout.traffic);
    tx.afterwards(this);
  }

  /** Throws if nothing is left of the table's capacity, or of the item's partition. */
  admit(key: Key): void {
    if (!this.#throttles) return;
    const lane = this.#layout.traffic.table.write;
    const hash = hashOfItemKey(this.#layout.itemsPrefix, key);
    const refusal = lane.refusal(this.#ctx, tableUnits(this.#units), hash);
    if (refusal === undefined) return;
    this.#insights?.refused(key);
    this.#refuse(lane, refusal);
  }

  /** Throws if nothing is left of the capacity of a global index whose entries the write changes. */
  admitToIndexes(changes: (index: IndexLayout) => boolean): void {
    if (!this.#throttles) return;
    for (const index of this.#layout.indexes) {
      const lane = index.traffic?.write;
      if (lane === undefined) return;
      const pending = this.#units.globalIndexes.get(index.index.name) ?? 0;
      const refusal = lane.refusal(this.#ctx, pending);
      if (refusal !== undefined && changes(index)) this.#refuse(lane, refusal);
    }
  }

  countInPartition(key: Key, units: number): void {
    this.#insights?.note(key, units);
    const { throttle, partitionLimits } = this.#ctx.settings;
    if (!throttle || !partitionLimits) return;
    const hash = hashOfItemKey(this.#layout.itemsPrefix, key);
    this.#partitions.set(hash, (this.#partitions.get(hash) ?? 0) + units);
  }

  /** Notes what an index's entry cost, if the index has contributor insights. */
  noteEntry({ insights }: IndexLayout, key: Key, units: number): void {
    if (insights !== undefined) this.#entries.push({ insights, key, units });
  }

  settled(): void {
    this.#insights?.settled();
    for (const { insights, key, units } of this.#entries) insights.accessed(key, units);
    for (const { lane, refusal } of this.#refusals) lane.countThrottle(refusal);
    const nowMs = this.#ctx.now();
    const units = tableUnits(this.#units);
    const { traffic, indexes } = this.#layout;
    if (units > 0) traffic.table.write.take(units, nowMs);
    for (const [hash, partitionUnits] of this.#partitions) {
      traffic.table.write.takeFromPartition(hash, partitionUnits, nowMs);
    }
    if (this.#units.globalIndexes.size === 0) return;
    for (const index of indexes) {
      const used = this.#units.globalIndexes.get(index.index.name);
      if (used !== undefined) index.traffic?.write.take(used, nowMs);
    }
  }

  #refuse(lane: Lane, refusal: Throttled): never {
    this.#refusals.push({ lane, refusal });
    throw refusal;
  }
}

/** Local indexes live on their table's capacity. */
function tableUnits({ table, localIndexes }: ConsumedUnits): number {
  let units = table;
  if (localIndexes.size > 0) for (const used of localIndexes.values()) units += used;
  return units;
}
