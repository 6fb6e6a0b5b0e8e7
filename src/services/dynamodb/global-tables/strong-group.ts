import type { Context, JobContext } from "#kernel/context.ts";
import type { Snapshot, Transaction } from "#store/store.ts";
import { activated } from "../tables/activate-table.ts";
import { readTableSize } from "../tables/table-size.ts";
import { tableLayout } from "../tables/table-layout.ts";
import type { TableRecord } from "../tables/table-record.ts";
import { newReplicaTable } from "./new-replica.ts";
import type { ReplicaChange } from "./replica-requests.ts";
import {
  findMember,
  type GroupTable,
  putMember,
  regionsOf,
  type Replica,
  type Replication,
  type Witness,
} from "./replication.ts";
import { newReplica } from "./update-replicas.ts";

/*
 * A group with multi-Region strong consistency comes about whole: in the transaction of the UpdateTable that asks for
 * it, for all of its regions stand in one store (strong-writes.ts). A job makes it ACTIVE.
 */

/** Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html */
export function checkCanBeStrong(snapshot: Snapshot, ctx: Context, table: TableRecord): void {
  const refuse = (why: string): Error =>
    ctx.error(
      "ValidationException",
      `Table ${table.name} cannot be converted to a global table with MultiRegionConsistency set to STRONG: ${why}`,
    );
  if (table.localIndexes.length > 0) throw refuse("it has local secondary indexes");
  const { timeToLive } = table;
  if (timeToLive !== undefined && timeToLive.status !== "DISABLED") {
    throw refuse("it has Time to Live");
  }
  if (readTableSize(snapshot, tableLayout(ctx, table)).itemCount > 0) throw refuse("it has items");
}

/** The table as the first of its group; the others are stored. */
export function withStrongGroup(
  tx: Transaction,
  ctx: Context,
  table: TableRecord,
  change: ReplicaChange,
  {
    memberIds,
    tableIds,
  }: { readonly memberIds: readonly string[]; readonly tableIds: readonly string[] },
): TableRecord {
  const replicas = change.creates.map((given, at) => newReplica(ctx, given, memberIds[at]!));
  const keys = [table.encryption, ...replicas.map(({ overrides }) => overrides.kmsKeyArn)];
  if (keys.some((key) => key !== undefined)) {
    // All of them are made in one transaction, in which KMS cannot be asked for the keys of the regions.
    throw ctx.error(
      "NotImplemented",
      "KMS keys of tables with MultiRegionConsistency STRONG are not implemented yet",
    );
  }
  const witnesses = change.witnessCreates.map((region, at): Witness => ({
    region,
    memberId: memberIds[replicas.length + at]!,
    status: "CREATING",
  }));
  const replication: Replication = { ...table.replication!, replicas, witnesses };
  const first: TableRecord = { ...table, status: "UPDATING", replication };
  replicas.forEach((replica, at) => {
    const there = ctx.inRegion(replica.region);
    putMember(tx, there, newReplicaTable(there, first, replica, tableIds[at]!, undefined));
  });
  witnesses.forEach((witness, at) => {
    const there = ctx.inRegion(witness.region);
    const like: Replica = {
      ...witness,
      status: "CREATING",
      origin: { region: ctx.region, atMs: ctx.now() },
      overrides: {},
    };
    const id = tableIds[replicas.length + at]!;
    const { replication: group, ...rest } = newReplicaTable(there, first, like, id, undefined);
    putMember(tx, there, {
      ...rest,
      globalIndexes: [],
      vectorIndexes: undefined,
      stream: undefined,
      isWitness: true,
      replication: { ...group!, witnesses: [] },
    });
  });
  const { groupId } = replication;
  ctx.schedule(tx, {
    at: ctx.now(),
    job: "activateGroup",
    key: groupId,
    payload: { tableName: table.name, groupId },
  });
  return first;
}

/** All tables of the group serve. */
export async function activateGroup(ctx: JobContext, group: GroupTable): Promise<void> {
  await ctx.transact((tx) => {
    ctx.complete(tx);
    const table = findMember(tx, ctx, group);
    if (table === undefined) return;
    for (const region of regionsOf(ctx.region, table.replication!)) {
      const there = ctx.inRegion(region);
      const member = findMember(tx, there, group);
      if (member === undefined || member.status === "DELETING") continue;
      const { replicas, witnesses } = member.replication!;
      const replication: Replication = {
        ...member.replication!,
        replicas: replicas.map((replica) => ({ ...replica, status: "ACTIVE" })),
        witnesses: witnesses.map((witness) => ({ ...witness, status: "ACTIVE" })),
        fillingFrom: [],
      };
      putMember(tx, there, activated({ ...member, replication }));
    }
  });
}
