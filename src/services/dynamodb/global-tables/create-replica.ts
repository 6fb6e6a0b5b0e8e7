import type { Context, JobContext } from "#kernel/context.ts";
import { RegionUnreachable } from "#kernel/region-calls.ts";
import type { Transaction } from "#store/store.ts";
import { activated, type TableJob } from "../tables/activate-table.ts";
import { tableKey } from "../keyspace.ts";
import { findTable } from "../tables/open-table.ts";
import { settleStream, withNewStream } from "../streams/stream-life.ts";
import { tableCodec, type TableRecord } from "../tables/table-record.ts";
import { type DeliveryJob } from "./deliver-changes.ts";
import { scheduleFill } from "./fill-replica.ts";
import { newReplicaTable, replicaEncryption } from "./new-replica.ts";
import {
  findMember,
  type GroupTable,
  putMember,
  type Replica,
  retryMs,
  withReplica,
} from "./replication.ts";
import { dropMember, putSettled } from "./settle-replicas.ts";

/*
 * How a replica comes into a group, step by step, each of which may be done again:
 *
 *   source        UpdateTable notes the new replica as CREATING: from then on writes are meant for it too.
 *   new region    `createReplica`: an empty table like the source's, CREATING.
 *   the others    `addReplica`: note it likewise.
 *   all of them   fillReplica sends what they have; `replicaFilled` says that it was all.
 *   new region    when all have said so, the table is ACTIVE, and announceReplica tells the others: `replicaActive`.
 */

export interface ReplicaJob extends TableJob, GroupTable {
  readonly region: string;
}

interface NewReplica extends GroupTable {
  /** The source's table. */
  readonly table: TableRecord;
  readonly replica: Replica;
}

interface CreatedReplica {
  /** Whether there is another table of this name. */
  readonly isTaken: boolean;
}

export async function createReplica(ctx: JobContext, job: ReplicaJob): Promise<void> {
  const { tableName, groupId, region } = job;
  const table = await ctx.read((snapshot) => findMember(snapshot, ctx, job));
  const replica = table?.replication?.replicas.find((one) => one.region === region);
  if (table?.id !== job.tableId || replica?.status !== "CREATING") return;
  const message: NewReplica = { tableName, groupId, table, replica };
  try {
    const created = (await ctx.callRegion(region, "createReplica", message)) as CreatedReplica;
    if (created.isTaken) {
      await ctx.transact((tx) => {
        ctx.complete(tx);
        dropMember(tx, ctx, job, region);
      });
      return;
    }
    for (const other of table.replication!.replicas) {
      if (other.region === region) continue;
      await ctx.callRegion(other.region, "addReplica", message);
    }
  } catch (error) {
    if (!(error instanceof RegionUnreachable)) throw error;
    return scheduleAgain(ctx, "createReplica", job);
  }
  await ctx.transact((tx) => {
    ctx.complete(tx);
    scheduleFill(tx, ctx, fillJob(table, replica), ctx.now());
  });
}

/** Does the job again soon: a region could not be reached. */
export function scheduleAgain(ctx: JobContext, job: string, payload: ReplicaJob): Promise<void> {
  return ctx.transact((tx) => {
    ctx.complete(tx);
    const key = `${payload.tableId}/${payload.region}`;
    ctx.schedule(tx, { at: ctx.now() + retryMs, job, key, payload });
  });
}

function fillJob(table: TableRecord, { region, memberId }: Replica): DeliveryJob {
  const { groupId } = table.replication!;
  return { tableName: table.name, tableId: table.id, groupId, region, memberId };
}

/** In the new region. */
export async function createReplicaHere(
  ctx: Context,
  message: NewReplica,
): Promise<CreatedReplica> {
  const id = ctx.random.uuid();
  const { table, replica } = message;
  const isEncrypted = (replica.overrides.kmsKeyArn ?? table.encryption) !== undefined;
  const encryption = await replicaEncryption(ctx, isEncrypted, replica.overrides);
  return ctx.transact((tx) => {
    const found = findTable(tx, ctx, message.tableName);
    if (found !== undefined) {
      return { isTaken: found.replication?.memberId !== message.replica.memberId };
    }
    const created = newReplicaTable(ctx, message.table, message.replica, id, encryption());
    const { stream } = message.table;
    const streamed =
      stream?.enabled === true ? withNewStream(tx, ctx, created, stream.viewType) : created;
    tx.putRecord(tableKey(ctx, created.name), tableCodec, streamed);
    return { isTaken: false };
  });
}

/** In a region that is in the group already. */
export function addReplica(ctx: Context, { replica, ...group }: NewReplica): Promise<void> {
  return ctx.transact((tx) => {
    const table = findMember(tx, ctx, group);
    if (table === undefined) return;
    const { replication } = table;
    if (replication!.replicas.some(({ memberId }) => memberId === replica.memberId)) return;
    const others = replication!.replicas.filter(({ region }) => region !== replica.region);
    const replicas = [...others, replica];
    putMember(tx, ctx, { ...table, replication: { ...replication!, replicas } });
    scheduleFill(tx, ctx, fillJob(table, replica), ctx.now());
  });
}

/** In the new region: a region has sent all that it has. */
export function replicaFilled(
  ctx: Context,
  { from, ...group }: GroupTable & { readonly from: string },
): Promise<void> {
  return ctx.transact((tx) => {
    const table = findMember(tx, ctx, group);
    if (table?.status !== "CREATING") return;
    const replication = table.replication!;
    const fillingFrom = replication.fillingFrom.filter((region) => region !== from);
    const after = { ...table, replication: { ...replication, fillingFrom } };
    putMember(tx, ctx, fillingFrom.length === 0 ? activated(after) : after);
    if (fillingFrom.length > 0) return;
    settleStream(tx, ctx, table);
    scheduleAnnouncement(tx, ctx, table);
  });
}

function scheduleAnnouncement(tx: Transaction, ctx: Context, table: TableRecord): void {
  const { groupId } = table.replication!;
  for (const { region } of table.replication!.replicas) {
    const payload: ReplicaJob = { tableName: table.name, tableId: table.id, groupId, region };
    const key = `${table.id}/${region}`;
    ctx.schedule(tx, { at: ctx.now(), job: "announceReplica", key, payload });
  }
}

/** Tells another region that this one is filled. */
export async function announceReplica(ctx: JobContext, job: ReplicaJob): Promise<void> {
  const { tableName, groupId } = job;
  try {
    const active = { tableName, groupId, region: ctx.region };
    await ctx.callRegion(job.region, "replicaActive", active);
  } catch (error) {
    if (!(error instanceof RegionUnreachable)) throw error;
    await scheduleAgain(ctx, "announceReplica", job);
  }
}

export function replicaActive(
  ctx: Context,
  { region, ...group }: GroupTable & { readonly region: string },
): Promise<void> {
  return ctx.transact((tx) => {
    const table = findMember(tx, ctx, group);
    if (table === undefined) return;
    const after = withReplica(table, region, (replica) =>
      replica.status === "CREATING" ? { ...replica, status: "ACTIVE" } : replica,
    );
    putSettled(tx, ctx, after);
  });
}
