import type { Context } from "#kernel/context.ts";
import type { Snapshot, Transaction } from "#store/store.ts";
import type { ReplicaStatus, TableClass, WitnessStatus } from "#models/dynamodb.ts";
import { tableKey, witnessKey } from "../keyspace.ts";
import { tableCodec, type TableRecord } from "../tables/table-record.ts";
import type { Stamp } from "./stamps.ts";

/*
 * A global table is a group of tables of one name, one in each region, each with everything that a table has. What a
 * replica knows of its group stands in its own record; docs/internals/replication.md tells how they keep in touch.
 */

/** What the record of a replica says of its group. */
export interface Replication {
  /** A UUID: what comes from another group, or from one of before, is told by it. */
  readonly groupId: string;
  /** This replica's own id: what others keep for it stands under that. */
  readonly memberId: string;
  /** Multi-Region strong consistency. */
  readonly isStrong: boolean;
  /** The others, in the order in which they came. */
  readonly replicas: readonly Replica[];
  readonly witnesses: readonly Witness[];
  /** How this one came into the group; undefined of the first. */
  readonly origin: ReplicaOrigin | undefined;
  /** Where this one differs from the others. */
  readonly overrides: ReplicaOverrides;
  /** While this one is CREATING: from which regions it is still being filled. */
  readonly fillingFrom: readonly string[];
  /** When the settings that all replicas share were changed last. */
  readonly settingsStamp: Stamp;
}

export interface Replica {
  readonly region: string;
  /** A region that leaves and comes back is another member. */
  readonly memberId: string;
  readonly status: ReplicaStatus;
  readonly origin: ReplicaOrigin | undefined;
  readonly overrides: ReplicaOverrides;
}

/** The region whose endpoint was asked to add it, and when. */
export interface ReplicaOrigin {
  readonly region: string;
  readonly atMs: number;
}

/** Where a replica differs from the table that it was made from. */
export interface ReplicaOverrides {
  readonly kmsKeyArn?: string | undefined;
  readonly readUnits?: number | undefined;
  readonly maxReadRequestUnits?: number | undefined;
  readonly tableClass?: TableClass | undefined;
  readonly indexes?: readonly IndexOverrides[] | undefined;
}

export interface IndexOverrides {
  readonly name: string;
  readonly readUnits?: number | undefined;
  readonly maxReadRequestUnits?: number | undefined;
}

/** A region that keeps a strongly consistent group's writes, and serves nobody. */
export interface Witness {
  readonly region: string;
  readonly memberId: string;
  readonly status: WitnessStatus;
}

/** Names a replica's table in a call to its region. */
export interface GroupTable {
  readonly tableName: string;
  readonly groupId: string;
}

/** The regions of the group, this one first. */
export function regionsOf(region: string, replication: Replication): string[] {
  const { replicas, witnesses } = replication;
  return [region, ...replicas.map((one) => one.region), ...witnesses.map((one) => one.region)];
}

/** The table of this group in the context's region, a witness's too; undefined if it is not there. */
export function findMember(
  snapshot: Snapshot,
  ctx: Context,
  { tableName, groupId }: GroupTable,
): TableRecord | undefined {
  for (const key of [tableKey(ctx, tableName), witnessKey(ctx, tableName)]) {
    const table = snapshot.record(key, tableCodec);
    if (table?.replication?.groupId === groupId) return table;
  }
  return undefined;
}

/** Stores the record, where `findMember` finds it. */
export function putMember(tx: Transaction, ctx: Context, table: TableRecord): void {
  const key = table.isWitness ? witnessKey(ctx, table.name) : tableKey(ctx, table.name);
  tx.putRecord(key, tableCodec, table);
}

/** The table with its replica in this region changed; undefined takes it out of the list. */
export function withReplica(
  table: TableRecord,
  region: string,
  change: (replica: Replica) => Replica | undefined,
): TableRecord {
  const replication = table.replication!;
  const replicas = replication.replicas.flatMap((replica) => {
    const changed = replica.region === region ? change(replica) : replica;
    return changed === undefined ? [] : [changed];
  });
  return { ...table, replication: { ...replication, replicas } };
}

/** Whether the group is just getting or losing a replica: the table is UPDATING for as long. */
export function isChangingReplicas({ replication }: TableRecord): boolean {
  if (replication === undefined) return false;
  return [...replication.replicas, ...replication.witnesses].some(
    ({ status }) => status !== "ACTIVE",
  );
}

/** How soon a region that could not be reached is tried again. */
export const retryMs = 250;
