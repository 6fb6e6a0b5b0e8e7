import type { Context, JobContext } from "#kernel/context.ts";
import { RegionUnreachable } from "#kernel/region-calls.ts";
import type {
  CreateReplicationGroupMemberAction,
  UpdateReplicationGroupMemberAction,
} from "#models/dynamodb.ts";
import type { Transaction } from "#store/store.ts";
import type { TableRecord } from "../tables/table-record.ts";
import { type ReplicaJob, scheduleAgain } from "./create-replica.ts";
import { withMaxReads, withReadUnits } from "./new-replica.ts";
import {
  findMember,
  type GroupTable,
  putMember,
  type ReplicaOverrides,
  withReplica,
} from "./replication.ts";
import { putSettled } from "./settle-replicas.ts";

/* Where a replica is to differ from the others: its read capacity, its table class, the key that encrypts it. */

/** The overrides with what a request says of them. */
export function givenOverrides(
  given: CreateReplicationGroupMemberAction | UpdateReplicationGroupMemberAction,
  before: ReplicaOverrides,
): ReplicaOverrides {
  const indexes = new Map(before.indexes?.map((index) => [index.name, index]));
  for (const index of given.GlobalSecondaryIndexes ?? []) {
    const was = indexes.get(index.IndexName);
    indexes.set(index.IndexName, {
      name: index.IndexName,
      readUnits: index.ProvisionedThroughputOverride?.ReadCapacityUnits ?? was?.readUnits,
      maxReadRequestUnits:
        index.OnDemandThroughputOverride?.MaxReadRequestUnits ?? was?.maxReadRequestUnits,
    });
  }
  return {
    kmsKeyArn: given.KMSMasterKeyId ?? before.kmsKeyArn,
    readUnits: given.ProvisionedThroughputOverride?.ReadCapacityUnits ?? before.readUnits,
    maxReadRequestUnits:
      given.OnDemandThroughputOverride?.MaxReadRequestUnits ?? before.maxReadRequestUnits,
    tableClass: given.TableClassOverride ?? before.tableClass,
    indexes: indexes.size === 0 ? undefined : [...indexes.values()],
  };
}

/** The table with its replicas UPDATING; jobs tell their regions. */
export function changedOverrides(
  tx: Transaction,
  ctx: Context,
  table: TableRecord,
  updates: readonly UpdateReplicationGroupMemberAction[],
): TableRecord {
  let after = table;
  for (const update of updates) {
    if (update.KMSMasterKeyId !== undefined) {
      throw ctx.error(
        "ValidationException",
        "One or more parameter values were invalid: KMSMasterKeyId must be specified for each replica.",
      );
    }
    const { billing } = table;
    if (update.ProvisionedThroughputOverride && billing.mode === "PAY_PER_REQUEST") {
      throw ctx.error(
        "ValidationException",
        "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
      );
    }
    const { RegionName: region } = update;
    after = withReplica(after, region, (replica) => ({
      ...replica,
      status: "UPDATING",
      overrides: givenOverrides(update, replica.overrides),
    }));
    const { groupId } = after.replication!;
    const payload: ReplicaJob = { tableName: table.name, tableId: table.id, groupId, region };
    const key = `${table.id}/${region}`;
    ctx.schedule(tx, { at: ctx.now(), job: "overrideReplica", key, payload });
  }
  return after;
}

interface Overridden extends GroupTable {
  readonly overrides: ReplicaOverrides;
}

export async function overrideReplica(ctx: JobContext, job: ReplicaJob): Promise<void> {
  const { tableName, groupId, region } = job;
  const table = await ctx.read((snapshot) => findMember(snapshot, ctx, job));
  const replica = table?.replication?.replicas.find((one) => one.region === region);
  if (replica === undefined) return;
  try {
    const message: Overridden = { tableName, groupId, overrides: replica.overrides };
    await ctx.callRegion(region, "overrideSettings", message);
  } catch (error) {
    if (!(error instanceof RegionUnreachable)) throw error;
    return scheduleAgain(ctx, "overrideReplica", job);
  }
  await ctx.transact((tx) => {
    ctx.complete(tx);
    const found = findMember(tx, ctx, job);
    if (found === undefined) return;
    const after = withReplica(found, region, (one) =>
      one.status === "UPDATING" ? { ...one, status: "ACTIVE" } : one,
    );
    putSettled(tx, ctx, after);
  });
}

/** In the replica's region. */
export function overrideSettings(ctx: Context, { overrides, ...group }: Overridden): Promise<void> {
  return ctx.transact((tx) => {
    const table = findMember(tx, ctx, group);
    if (table !== undefined) putMember(tx, ctx, overridden(table, overrides));
  });
}

function overridden(table: TableRecord, overrides: ReplicaOverrides): TableRecord {
  const { billing } = table;
  return {
    ...table,
    replication: { ...table.replication!, overrides },
    tableClass: overrides.tableClass ?? table.tableClass,
    billing: {
      ...billing,
      throughput: withReadUnits(billing.throughput, overrides.readUnits),
      onDemandThroughput: withMaxReads(billing.onDemandThroughput, overrides.maxReadRequestUnits),
    },
    globalIndexes: table.globalIndexes.map((index) => {
      const override = overrides.indexes?.find(({ name }) => name === index.name);
      return {
        ...index,
        throughput: index.throughput && withReadUnits(index.throughput, override?.readUnits),
        onDemandThroughput: withMaxReads(index.onDemandThroughput, override?.maxReadRequestUnits),
      };
    }),
  };
}
