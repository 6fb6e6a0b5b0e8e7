import type { Context, JobContext } from "#kernel/context.ts";
import { RegionUnreachable } from "#kernel/region-calls.ts";
import type { Transaction } from "#store/store.ts";
import { sweep } from "../tables/delete-table.ts";
import { groupPrefixes, memberPrefixes, witnessKey } from "../keyspace.ts";
import { withEndedStream } from "../streams/stream-life.ts";
import { tableLayout } from "../tables/table-layout.ts";
import type { TableRecord } from "../tables/table-record.ts";
import { type ReplicaJob, scheduleAgain } from "./create-replica.ts";
import { oldestOutboundMs } from "./deliver-changes.ts";
import {
  findMember,
  type GroupTable,
  putMember,
  regionsOf,
  retryMs,
  withReplica,
} from "./replication.ts";
import { dropMember, putSettled } from "./settle-replicas.ts";

/*
 * How a replica leaves its group, by UpdateTable in another region or by DeleteTable in its own:
 *
 *   any region        removeReplica asks the replica to leave: `leaveGroup`.
 *   the leaving one   takes no more writes, delivers what it has, then tells the others (`dropReplica`), then goes.
 */

export async function removeReplica(ctx: JobContext, job: ReplicaJob): Promise<void> {
  const { tableName, groupId, region } = job;
  try {
    const answer = await ctx.callRegion(region, "leaveGroup", { tableName, groupId });
    const { state } = answer as Left;
    if (state === "leaving") return;
    await ctx.transact((tx) => {
      ctx.complete(tx);
      if (state === "gone") dropMember(tx, ctx, job, region);
      else keepMember(tx, ctx, job, region);
    });
  } catch (error) {
    if (!(error instanceof RegionUnreachable)) throw error;
    await scheduleAgain(ctx, "removeReplica", job);
  }
}

interface Left {
  readonly state: "leaving" | "gone" | "protected";
}

/** Its own region protects it: it stays. */
function keepMember(tx: Transaction, ctx: Context, group: GroupTable, region: string): void {
  const table = findMember(tx, ctx, group);
  if (table === undefined) return;
  const kept = withReplica(table, region, (replica) => ({ ...replica, status: "ACTIVE" }));
  putSettled(tx, ctx, kept);
}

/** In the region that is to leave. */
export function leaveGroup(ctx: Context, group: GroupTable): Promise<Left> {
  return ctx.transact((tx) => {
    const table = findMember(tx, ctx, group);
    if (table === undefined) return { state: "gone" };
    if (table.deletionProtected) return { state: "protected" };
    if (table.status !== "DELETING") {
      putMember(tx, ctx, leaving(tx, ctx, table));
    }
    return { state: "leaving" };
  });
}

/** The table as it leaves; a job does the rest. */
export function leaving(tx: Transaction, ctx: Context, table: TableRecord): TableRecord {
  scheduleLeaving(tx, ctx, table, ctx.now());
  return { ...withEndedStream(tx, ctx, table), status: "DELETING" };
}

function scheduleLeaving(tx: Transaction, ctx: Context, table: TableRecord, at: number): void {
  const { groupId } = table.replication!;
  const payload = { tableName: table.name, tableId: table.id, groupId };
  ctx.schedule(tx, { at, job: "leaveGroup", key: table.id, payload });
}

/** Nothing that was acknowledged here is lost with the table: the others get it first. */
export async function finishLeaving(
  ctx: JobContext,
  job: GroupTable & { readonly tableId: string },
): Promise<void> {
  const table = await ctx.read((snapshot) => {
    const found = findMember(snapshot, ctx, job);
    if (found?.id !== job.tableId) return undefined;
    const { outbound } = tableLayout(ctx, found).replication!;
    const hasMore = outbound.some((to) => oldestOutboundMs(snapshot, to) !== undefined);
    // Strongly consistent writes are in two regions at least.
    return hasMore && !found.replication!.isStrong ? ("waits" as const) : found;
  });
  if (table === undefined) return;
  try {
    if (table === "waits") throw new RegionUnreachable("there is more to deliver");
    const { tableName, groupId } = job;
    const [, ...others] = regionsOf(ctx.region, table.replication!);
    for (const region of others) {
      await ctx.callRegion(region, "dropReplica", { tableName, groupId, region: ctx.region });
    }
  } catch (error) {
    if (!(error instanceof RegionUnreachable)) throw error;
    return ctx.transact((tx) => {
      ctx.complete(tx);
      const found = findMember(tx, ctx, job);
      if (found !== undefined) scheduleLeaving(tx, ctx, found, ctx.now() + retryMs);
    });
  }
  await ctx.transact((tx) => {
    ctx.complete(tx);
    const found = findMember(tx, ctx, job);
    if (found === undefined) return;
    const { tableName, tableId } = job;
    const { replication: _, ...left } = found;
    const at = ctx.now();
    if (found.isWitness) {
      tx.delete(witnessKey(ctx, tableName));
      ctx.schedule(tx, { at, job: "sweepTable", key: tableId, payload: { tableId } });
      return;
    }
    putMember(tx, ctx, left);
    ctx.schedule(tx, { at, job: "deleteTable", key: tableId, payload: { tableName, tableId } });
  });
}

/** In a region that stays. */
export function dropReplica(
  ctx: Context,
  { region, ...group }: GroupTable & { readonly region: string },
): Promise<void> {
  return ctx.transact((tx) => dropMember(tx, ctx, group, region));
}

/** Takes away what a table kept for a group that it is no more in. */
export async function forgetGroup(
  ctx: JobContext,
  { tableId, groupId }: { readonly tableId: string; readonly groupId: string },
): Promise<void> {
  for (const prefix of groupPrefixes(ctx, { id: tableId }, groupId)) await sweep(ctx, prefix);
}

/** Takes away what a table kept for a replica that left. */
export async function forgetMember(
  ctx: JobContext,
  { tableId, memberId }: { readonly tableId: string; readonly memberId: string },
): Promise<void> {
  for (const prefix of memberPrefixes(ctx, { id: tableId }, memberId)) await sweep(ctx, prefix);
}
