import type { Key } from "#base/key.ts";
import { endOfPrefix } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import { ServiceError } from "#kernel/errors.ts";
import type { Snapshot, Transaction } from "#store/store.ts";
import { ItemImage } from "../items/stored-item.ts";
import { type Outbound, tableLayout, type TableLayout } from "../tables/table-layout.ts";
import type { TableRecord } from "../tables/table-record.ts";
import { TableWriter } from "../items/write-item.ts";
import { findMember } from "./replication.ts";
import { readOrigin, type Stamp } from "./stamps.ts";

/*
 * Multi-Region strong consistency: three regions, one of which may be a witness. All of them are served by this process
 * and stand in one store, whose transactions are serial.
 *
 * M1. A write is made in one transaction in all regions that its own one can reach; these must be two of the three.
 * M2. Each region that took part has an outbound entry for each that did not.
 * M3. A region that can reach no other, or for which a region that it reaches has something outbound, neither writes
 *     nor reads with strong consistency. So it has, by M1 and M2, all that was ever acknowledged.
 */

/** The regions of the group that take part in its writes. */
function membersOf(region: string, table: TableRecord): string[] {
  const { replicas, witnesses } = table.replication!;
  const others = [...replicas, ...witnesses].filter(({ status }) => status !== "DELETING");
  return [region, ...others.map((one) => one.region)];
}

/** M3. Throws if it must not. */
export function checkIsCurrent(snapshot: Snapshot, ctx: Context, table: TableRecord): void {
  const members = membersOf(ctx.region, table);
  // A group that is being dissolved has one region left.
  if (members.length === 1) return;
  const { groupId, memberId } = table.replication!;
  const reached = ctx.links.reachable(ctx.region, members);
  if (reached.size * 2 <= members.length) {
    throw unavailable(`${ctx.region} reaches no other region of the global table ${table.name}`);
  }
  for (const region of reached) {
    if (region === ctx.region) continue;
    const there = ctx.inRegion(region);
    const member = findMember(snapshot, there, { tableName: table.name, groupId });
    const { outbound } = (member && tableLayout(there, member).replication) ?? {};
    const mine = outbound?.find((one) => one.memberId === memberId);
    if (mine !== undefined && hasEntries(snapshot, mine)) {
      throw unavailable(`${ctx.region} does not have all of the global table ${table.name} yet`);
    }
  }
}

function hasEntries(snapshot: Snapshot, { prefix }: Outbound): boolean {
  for (const _ of snapshot.range({ start: prefix, end: endOfPrefix(prefix), limit: 1 })) {
    return true;
  }
  return false;
}

/** AWS tells of no error of its own for this. SDKs try again. */
function unavailable(why: string): Error {
  return new ServiceError("ServiceUnavailable", why, {}, 503);
}

/** For a read with strong consistency. */
export function checkStrongRead(
  snapshot: Snapshot,
  ctx: Context,
  { table, replication }: TableLayout,
  isConsistent: boolean | undefined,
): void {
  if (isConsistent === true && replication?.isStrong === true) {
    checkIsCurrent(snapshot, ctx, table);
  }
}

/** Writes the other regions' items, within one run of a transaction's body. */
export class StrongWrites {
  readonly #tx: Transaction;
  readonly #ctx: Context;
  readonly #table: TableLayout;
  readonly #reached: ReadonlySet<string>;
  readonly #writers = new Map<string, TableWriter>();
  #mayDecide = false;

  constructor(tx: Transaction, ctx: Context, table: TableLayout) {
    this.#tx = tx;
    this.#ctx = ctx;
    this.#table = table;
    this.#reached = ctx.links.reachable(ctx.region, membersOf(ctx.region, table.table));
  }

  checkMayDecide(): void {
    if (this.#mayDecide) return;
    checkIsCurrent(this.#tx, this.#ctx, this.#table.table);
    this.#mayDecide = true;
  }

  /** M1, M2. Answers for whom this region is to have outbound entries. */
  write(place: Key, stamp: Stamp, after: ItemImage | undefined): readonly Outbound[] {
    this.checkMayDecide();
    for (const region of this.#reached) {
      if (region === this.#ctx.region) continue;
      const writer = this.#writerIn(region);
      if (writer === undefined) continue;
      const { itemsPrefix, replication } = writer.layout;
      const key = itemsPrefix + place;
      const stored = this.#tx.get(key);
      const before = stored === undefined ? undefined : ItemImage.ofStored(stored);
      writer.take(key, before, after, {
        known: readOrigin(this.#tx, replication!, place),
        origin: { stamp, isDeleted: after === undefined },
        outbound: this.#unreached(replication!.outbound),
      });
    }
    return this.#unreached(this.#table.replication!.outbound);
  }

  finish(): void {
    for (const writer of this.#writers.values()) writer.finish();
  }

  #unreached(outbound: readonly Outbound[]): readonly Outbound[] {
    return outbound.filter(({ region }) => !this.#reached.has(region));
  }

  #writerIn(region: string): TableWriter | undefined {
    const known = this.#writers.get(region);
    if (known !== undefined) return known;
    const ctx = this.#ctx.inRegion(region);
    const { name: tableName, replication } = this.#table.table;
    const member = findMember(this.#tx, ctx, { tableName, groupId: replication!.groupId });
    if (member === undefined) return undefined;
    const writer = new TableWriter(this.#tx, ctx, member, { capacity: "counted" });
    this.#writers.set(region, writer);
    return writer;
  }
}
