import { endOfPrefix, type Key, keyAfter } from "#base/key.ts";
import type { Context, JobContext } from "#kernel/context.ts";
import { RegionUnreachable } from "#kernel/region-calls.ts";
import type { Transaction } from "#store/store.ts";
import { tombstoneJobKey } from "../keyspace.ts";
import { tableLayout, type TableLayout } from "../tables/table-layout.ts";
import { oldestOutboundMs } from "./deliver-changes.ts";
import { findMember, type GroupTable, regionsOf } from "./replication.ts";
import { decodeStamp } from "./stamps.ts";

/*
 * A deleted item leaves a tombstone, so that an older write of it that is still on its way does not bring it back.
 *
 * T1. A tombstone is forgotten when no region of the group has anything of its time, or of before it, still to deliver
 *     to any other: from then on nothing can come that is older than it. Clocks may differ by an hour.
 */
const clocksDifferByMs = 3_600_000;
const keptMs = 24 * 3_600_000;
const tombstonesPerStep = 500;

export interface TombstoneJob extends GroupTable {
  readonly tableId: string;
}

export function scheduleForgetting(tx: Transaction, ctx: Context, { table }: TableLayout): void {
  const groupId = table.replication!.groupId;
  const key = tombstoneJobKey(ctx, table, groupId);
  if (tx.get(key) !== undefined) return;
  tx.put(key, Buffer.alloc(0));
  const payload: TombstoneJob = { tableName: table.name, tableId: table.id, groupId };
  scheduleJob(tx, ctx, payload);
}

function scheduleJob(tx: Transaction, ctx: Context, payload: TombstoneJob): void {
  const key = `${payload.tableId}/${payload.groupId}`;
  ctx.schedule(tx, { at: ctx.now() + keptMs, job: "forgetTombstones", key, payload });
}

export interface Oldest {
  /** Milliseconds since 1970; what is younger may still be on its way. */
  readonly atMs: number;
}

/** The time of the oldest write that this region has still to deliver; if there is none, now. */
export function oldestUndelivered(ctx: Context, group: GroupTable): Promise<Oldest> {
  return ctx.read((snapshot) => {
    const table = findMember(snapshot, ctx, group);
    let atMs = ctx.now();
    if (table === undefined) return { atMs };
    // A region that is still being filled may get anything.
    if (table.status === "CREATING") return { atMs: 0 };
    for (const outbound of tableLayout(ctx, table).replication!.outbound) {
      atMs = Math.min(atMs, oldestOutboundMs(snapshot, outbound) ?? atMs);
    }
    return { atMs };
  });
}

export async function forgetTombstones(ctx: JobContext, job: TombstoneJob): Promise<void> {
  const table = await ctx.read((snapshot) => findMember(snapshot, ctx, job));
  if (table?.id !== job.tableId) return;
  const throughMs = await forgettableThroughMs(ctx, job, regionsOf(ctx.region, table.replication!));
  let after: Key | undefined;
  do {
    const from = after;
    after = await ctx.transact((tx) => forgetSome(tx, ctx, job, from, throughMs));
  } while (after !== undefined);
  await ctx.transact((tx) => {
    ctx.complete(tx);
    const { tombstonesPrefix } = tableLayout(ctx, table).replication!;
    const range = { start: tombstonesPrefix, end: endOfPrefix(tombstonesPrefix), limit: 1 };
    for (const _ of tx.range(range)) {
      return scheduleJob(tx, ctx, job);
    }
    tx.delete(tombstoneJobKey(ctx, table, job.groupId));
  });
}

/** T1. */
async function forgettableThroughMs(
  ctx: JobContext,
  { tableName, groupId }: GroupTable,
  regions: readonly string[],
): Promise<number> {
  let throughMs = ctx.now() - keptMs;
  for (const region of regions) {
    try {
      const answer = await ctx.callRegion(region, "oldestUndelivered", { tableName, groupId });
      throughMs = Math.min(throughMs, (answer as Oldest).atMs - clocksDifferByMs);
    } catch (error) {
      if (!(error instanceof RegionUnreachable)) throw error;
      return 0;
    }
  }
  return throughMs;
}

function forgetSome(
  tx: Transaction,
  ctx: JobContext,
  job: TombstoneJob,
  after: Key | undefined,
  throughMs: number,
): Key | undefined {
  const table = findMember(tx, ctx, job);
  if (table?.id !== job.tableId) return undefined;
  const { tombstonesPrefix: prefix } = tableLayout(ctx, table).replication!;
  const start = after === undefined ? prefix : keyAfter(after);
  let last: Key | undefined;
  let count = 0;
  for (const { key, value } of tx.range({
    start,
    end: endOfPrefix(prefix),
    limit: tombstonesPerStep,
  })) {
    if (decodeStamp(value).time <= throughMs * 1000) tx.delete(key);
    last = key;
    count += 1;
  }
  return count === tombstonesPerStep ? last : undefined;
}
