import type { Context } from "#kernel/context.ts";
import type { CreateReplicationGroupMemberAction, UpdateTableInput } from "#models/dynamodb.ts";
import type { Snapshot, Transaction } from "#store/store.ts";
import { isBulkTarget } from "../bulk-operations/bulk-operation-record.ts";
import { tableKey } from "../keyspace.ts";
import { hasScaledWrites } from "../replica-scaling/scaling-settings.ts";
import { findTable, openTableToManage, tableNameOf } from "../tables/open-table.ts";
import { withNewStream } from "../streams/stream-life.ts";
import { tableCodec, type TableRecord } from "../tables/table-record.ts";
import { inUse } from "../tables/table-states.ts";
import type { ReplicaJob } from "./create-replica.ts";
import { changedOverrides, givenOverrides } from "./overrides.ts";
import { type ReplicaChange, replicaChangeOf } from "./replica-requests.ts";
import { isChangingReplicas, type Replica, type Replication } from "./replication.ts";
import { beforeAll } from "./stamps.ts";
import { checkCanBeStrong, withStrongGroup } from "./strong-group.ts";

type UpdateContext = Context<
  "LimitExceededException" | "ResourceInUseException" | "ResourceNotFoundException"
>;

/*
 * What UpdateTable makes of a table's replicas. Messages are AWS's, as they were measured in October 2026
 * (ack-api-quirks, DDB-TABLE-203, 225 to 228, 260, 261, 266, 267 and 305).
 */

/** Whether a request is about replicas. A consistency or witnesses alone are no change, as AWS has it. */
export function concernsReplicas(input: UpdateTableInput): boolean {
  return (input.ReplicaUpdates?.length ?? 0) > 0;
}

export interface ChangedReplicas {
  readonly before: TableRecord;
  readonly after: TableRecord;
}

/** Answers the body of a transaction that stores the new state of the table; jobs do the rest. */
export async function updateReplicas(
  ctx: UpdateContext,
  input: UpdateTableInput,
): Promise<(tx: Transaction) => ChangedReplicas> {
  const change = replicaChangeOf(ctx, input);
  const tableName = tableNameOf(ctx, input.TableName);
  const known = await ctx.read((snapshot) => findTable(snapshot, ctx, tableName));
  const asksForScaling = change.creates.length > 0 && known?.billing.mode === "PROVISIONED";
  const isScaled = asksForScaling && (await hasScaledWrites(ctx, tableName));
  // Bodies may run again: chance is asked before.
  const ids = { groupId: ctx.random.uuid(), memberId: ctx.random.uuid() };
  const memberIds = [...change.creates, ...change.witnessCreates].map(() => ctx.random.uuid());
  const tableIds = memberIds.map(() => ctx.random.uuid());
  return (tx) => {
    const before = openTableToManage(tx, ctx, input.TableName);
    checkState(tx, ctx, before, change);
    const isProvisioned = before.billing.mode === "PROVISIONED";
    if (change.creates.length > 0 && isProvisioned && !isScaled) throw isNotScaled(ctx);
    const after = changed(tx, ctx, before, change, { ...ids, memberIds, tableIds });
    tx.putRecord(tableKey(ctx, after.name), tableCodec, after);
    return { before, after };
  };
}

/**
 * Replicas of a provisioned table take each other's writes only where auto scaling gives them room. The message is AWS's, as
 * reported in aws-controllers-k8s/community#2610; where among the checks it stands is not known.
 */
function isNotScaled(ctx: Context): Error {
  return ctx.error(
    "ValidationException",
    "Table write capacity should either be Pay-Per-Request or AutoScaled.",
  );
}

interface Ids {
  readonly groupId: string;
  readonly memberId: string;
  readonly memberIds: readonly string[];
  readonly tableIds: readonly string[];
}

function checkState(
  snapshot: Snapshot,
  ctx: UpdateContext,
  table: TableRecord,
  change: ReplicaChange,
): void {
  const { replication } = table;
  const refuse = (message: string): Error => ctx.error("ValidationException", message);
  if (table.status === "CREATING" && replication !== undefined) throw isBeingAdded(ctx, table);
  if (replication?.isStrong === true) checkFrozen(ctx, replication, change);
  if (change.isStrong && replication !== undefined) {
    throw refuse("MultiRegionConsistency parameter is unsupported on existing global table");
  }
  const regions = new Set(replication?.replicas.map((replica) => replica.region));
  const named = [...change.deletes, ...change.updates.map((one) => one.RegionName)];
  const strangers = named.filter((region) => !regions.has(region));
  if (strangers.length > 0) throw refuse(notPart("replicas", strangers));
  const witnesses = new Set(replication?.witnesses.map((witness) => witness.region));
  const strange = change.witnessDeletes.filter((region) => !witnesses.has(region));
  if (strange.length > 0) throw refuse(notPart("witnesses", strange));
  for (const { RegionName: region } of change.creates) {
    const isTaken =
      ctx.peerOf(region) === undefined &&
      findTable(snapshot, ctx.inRegion(region), table.name) !== undefined;
    if (isTaken && !isChangingReplicas(table)) {
      throw refuse(
        `Failed to create a the new replica of table with name: ‘${table.name}’ because one or more replicas already existed as tables.`,
      );
    }
  }
  if (table.status !== "ACTIVE" || isChangingReplicas(table)) throw isBusy(ctx);
  if (change.creates.length > 0 && isBulkTarget(snapshot, ctx, table)) throw isBusy(ctx);
  for (const region of change.deletes) checkIsRemovable(snapshot, ctx, table, region);
  if (change.isStrong) checkCanBeStrong(snapshot, ctx, table);
}

const notPart = (what: "replicas" | "witnesses", regions: readonly string[]): string =>
  `Update global table operation failed because one or more ${what} were not part of the global table. Please retry the request without these ${what}: [${regions.join(", ")}].`;

function isBusy(ctx: UpdateContext): Error {
  return ctx.error(
    "ResourceInUseException",
    "The resource which you are attempting to change is in use.",
  );
}

/** Also for changes of settings that all replicas share. */
export function isBeingAdded(ctx: Context, table: TableRecord): Error {
  return ctx.error(
    "ValidationException",
    `Create/Update/Delete of replica is not allowed while the replica is being added to table with name: ${table.name} in region ${ctx.region}`,
  );
}

/** A strongly consistent group is made whole and goes whole. */
function checkFrozen(ctx: Context, replication: Replication, change: ReplicaChange): void {
  const refuse = (message: string): Error => ctx.error("ValidationException", message);
  if (change.hasConsistency) {
    throw refuse("MultiRegionConsistency parameter is unsupported on existing global table");
  }
  if (change.creates.length > 0) {
    throw refuse("Cannot add replicas to a global table with strong MultiRegionConsistency");
  }
  if (change.deletes.length === 0) return;
  const isWhole = replication.replicas.every(({ region }) => change.deletes.includes(region));
  if (change.witnessDeletes.length < replication.witnesses.length) {
    throw refuse("Update table delete operation does not include all witnesses.");
  }
  if (!isWhole) throw refuse(onlyOneReplica);
}

/** Whether DeleteTable may take the table out of its group. */
export function checkMayLeave(ctx: UpdateContext, table: TableRecord): void {
  if (table.replication!.isStrong) throw ctx.error("ValidationException", onlyOneReplica);
  if (table.status === "CREATING") {
    throw inUse(ctx, `Table: ${table.name} is being used.`);
  }
  checkIsNoSource(ctx, table, ctx.region);
}

const onlyOneReplica =
  "Deletion of only one table replica is not supported for global tables with MultiRegionConsistency set to STRONG.";

const sourceRestsMs = 24 * 3_600_000;

/** Whether a region was asked for a replica lately that is still there. */
function checkIsNoSource(ctx: Context, table: TableRecord, region: string): void {
  const { replicas, origin } = table.replication!;
  const origins = [origin, ...replicas.map((replica) => replica.origin)];
  const isSource = origins.some(
    (one) => one?.region === region && ctx.now() < one.atMs + sourceRestsMs,
  );
  if (!isSource) return;
  throw ctx.error(
    "ValidationException",
    "Replica cannot be deleted because it has acted as a source region for new replica(s) being added to the table in the last 24 hours.",
  );
}

function checkIsRemovable(
  snapshot: Snapshot,
  ctx: UpdateContext,
  table: TableRecord,
  region: string,
): void {
  if (!table.replication!.isStrong) checkIsNoSource(ctx, table, region);
  if (ctx.peerOf(region) !== undefined) return;
  if (findTable(snapshot, ctx.inRegion(region), table.name)?.deletionProtected !== true) return;
  throw ctx.error(
    "ValidationException",
    "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.",
  );
}

function changed(
  tx: Transaction,
  ctx: UpdateContext,
  before: TableRecord,
  change: ReplicaChange,
  ids: Ids,
): TableRecord {
  const replication = before.replication ?? newReplication(ids, change.isStrong);
  if (change.isStrong) {
    return withStrongGroup(tx, ctx, { ...before, replication }, change, ids);
  }
  const created = change.creates.map((given, at) => newReplica(ctx, given, ids.memberIds[at]!));
  const isGoing = (region: string): boolean =>
    change.deletes.includes(region) || change.witnessDeletes.includes(region);
  const replicas = [
    ...replication.replicas.map((replica) =>
      isGoing(replica.region) ? { ...replica, status: "DELETING" as const } : replica,
    ),
    ...created,
  ];
  const witnesses = replication.witnesses.map((witness) =>
    isGoing(witness.region) ? { ...witness, status: "DELETING" as const } : witness,
  );
  const table: TableRecord = {
    ...before,
    status: "UPDATING",
    replication: { ...replication, replicas, witnesses },
  };
  for (const { region } of created) scheduleReplica(tx, ctx, table, "createReplica", region);
  for (const region of [...change.deletes, ...change.witnessDeletes]) {
    scheduleReplica(tx, ctx, table, "removeReplica", region);
  }
  if (change.updates.length > 0) return changedOverrides(tx, ctx, table, change.updates);
  // Replicas have streams; AWS enables them itself.
  const needsStream = created.length > 0 && before.stream?.enabled !== true;
  return needsStream ? withNewStream(tx, ctx, table, "NEW_AND_OLD_IMAGES") : table;
}

function newReplication({ groupId, memberId }: Ids, isStrong: boolean): Replication {
  return {
    groupId,
    memberId,
    isStrong,
    replicas: [],
    witnesses: [],
    origin: undefined,
    overrides: {},
    fillingFrom: [],
    settingsStamp: beforeAll,
  };
}

export function newReplica(
  ctx: Context,
  given: CreateReplicationGroupMemberAction,
  memberId: string,
): Replica {
  return {
    region: given.RegionName,
    memberId,
    status: "CREATING",
    origin: { region: ctx.region, atMs: ctx.now() },
    overrides: givenOverrides(given, {}),
  };
}

function scheduleReplica(
  tx: Transaction,
  ctx: Context,
  table: TableRecord,
  job: "createReplica" | "removeReplica",
  region: string,
): void {
  const { groupId } = table.replication!;
  const payload: ReplicaJob = { tableName: table.name, tableId: table.id, groupId, region };
  ctx.schedule(tx, { at: ctx.now(), job, key: `${table.id}/${region}`, payload });
}
