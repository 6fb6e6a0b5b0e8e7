import type { Context } from "#kernel/context.ts";
import type { ReplicationGroupUpdate, UpdateTableInput } from "#models/dynamodb.ts";
import { dynamodbRegions, strongRegions } from "./regions.ts";

/*
 * What UpdateTable refuses of a change of replicas without a look at the table. Messages and their order are AWS's, as
 * they were measured in October 2026 (ack-api-quirks, DDB-TABLE-202, 203, 223, 224, 257, 258 and 265).
 */

export const invalid = "One or more parameter values were invalid: ";

type Given = Pick<
  UpdateTableInput,
  "ReplicaUpdates" | "GlobalTableWitnessUpdates" | "MultiRegionConsistency"
>;

/** What is asked for, read; a region is named once. */
export interface ReplicaChange {
  readonly creates: readonly NonNullable<ReplicationGroupUpdate["Create"]>[];
  readonly updates: readonly NonNullable<ReplicationGroupUpdate["Update"]>[];
  readonly deletes: readonly string[];
  readonly witnessCreates: readonly string[];
  readonly witnessDeletes: readonly string[];
  readonly isStrong: boolean;
  /** Whether a consistency was asked for. */
  readonly hasConsistency: boolean;
}

export function replicaChangeOf(ctx: Context, input: Given): ReplicaChange {
  const refuse = (message: string): Error => ctx.error("ValidationException", message);
  const witnesses = input.GlobalTableWitnessUpdates ?? [];
  if (witnesses.length > 1) {
    throw refuse(
      "1 validation error detected: Value at 'globalTableWitnessUpdates' failed to satisfy constraint: Member must have length less than or equal to 1",
    );
  }
  const given = input.ReplicaUpdates ?? [];
  for (const { Create, Update, Delete, Disassociate } of given) {
    if (Disassociate !== undefined) {
      throw ctx.error("NotImplemented", "Disassociating a replica is not implemented yet");
    }
    const actions = [Create, Update, Delete].filter((action) => action !== undefined);
    if (actions.length === 0) throw refuse(noAction);
    if (actions.length > 1) {
      throw refuse(
        "Update table operation with more than one type of replica actions not allowed.",
      );
    }
  }
  const change: ReplicaChange = {
    creates: byRegion(given.flatMap(({ Create }) => Create ?? [])),
    updates: byRegion(given.flatMap(({ Update }) => Update ?? [])),
    deletes: byRegion(given.flatMap(({ Delete }) => Delete ?? [])).map((one) => one.RegionName),
    witnessCreates: witnesses.flatMap(({ Create }) => Create?.RegionName ?? []),
    witnessDeletes: witnesses.flatMap(({ Delete }) => Delete?.RegionName ?? []),
    isStrong: input.MultiRegionConsistency === "STRONG",
    hasConsistency: input.MultiRegionConsistency !== undefined,
  };
  if (change.witnessCreates.length > 0 && !change.isStrong) {
    throw refuse(
      "MultiRegionConsistency must be set as STRONG when GlobalTableWitnessUpdates parameter is present.",
    );
  }
  for (const update of change.updates) {
    if (Object.values(update).filter((part) => part !== undefined).length === 1) {
      throw refuse(noAction);
    }
  }
  checkLocalRegion(ctx, change);
  if (change.isStrong) checkStrongShape(ctx, change);
  else checkEventualShape(ctx, change);
  return change;
}

const noAction = "There are no actions specified in the Replica Update Action of the request.";

function byRegion<T extends { readonly RegionName: string }>(actions: readonly T[]): T[] {
  return [...new Map(actions.map((action) => [action.RegionName, action])).values()];
}

function checkLocalRegion(ctx: Context, { creates, updates, deletes }: ReplicaChange): void {
  const isLocal = (region: string): boolean => region === ctx.region;
  const isGiven = [...creates.map((one) => one.RegionName), ...deletes].some(isLocal);
  if (!isGiven && !updates.some((one) => isLocal(one.RegionName))) return;
  throw ctx.error(
    "ValidationException",
    isGiven
      ? "Cannot add or delete the local region through ReplicaUpdates. Use CreateTable, DeleteTable, or UpdateTable as required."
      : "Cannot add, delete, or update the local region through ReplicaUpdates. Use CreateTable, DeleteTable, or UpdateTable as required.",
  );
}

function checkEventualShape(ctx: Context, change: ReplicaChange): void {
  const { creates, updates, deletes, witnessDeletes } = change;
  const refuse = (message: string): Error => ctx.error("ValidationException", message);
  // What dissolves a strongly consistent group takes several.
  const isDissolving = creates.length === 0 && deletes.length + witnessDeletes.length > 1;
  if (creates.length > 1 || (creates.length > 0 && deletes.length > 0)) {
    throw refuse(
      "Update table operation with more than one create or delete replica actions not allowed",
    );
  }
  if (updates.length > 0 && (creates.length > 0 || deletes.length > 0)) {
    throw refuse("Update table operation with more than one type of replica actions not allowed.");
  }
  if (change.hasConsistency && isDissolving) throw refuse(onlyCreates);
  for (const { RegionName: region } of creates) {
    if (dynamodbRegions.includes(region)) continue;
    throw refuse(
      `Region ${region} is not supported. The latest version of global tables are only supported in the following regions: [${dynamodbRegions.join(", ")}]`,
    );
  }
}

const onlyCreates =
  "Only Replica Create actions are supported when MultiRegionConsistency parameter is provided.";

function checkStrongShape(ctx: Context, change: ReplicaChange): void {
  const { creates, witnessCreates: witnesses, updates, deletes, witnessDeletes } = change;
  const refuse = (message: string): Error => ctx.error("ValidationException", message);
  if (updates.length + deletes.length + witnessDeletes.length > 0) throw refuse(onlyCreates);
  if (creates.length + witnesses.length !== 2) {
    throw refuse(
      "Unsupported replica count for global tables with MultiRegionConsistency set to STRONG.",
    );
  }
  const regions = creates.map((one) => one.RegionName);
  const unsupported = new Set([...regions, ...witnesses].filter((one) => !strongRegions.has(one)));
  if (unsupported.size > 0 || !strongRegions.has(ctx.region)) {
    const named = unsupported.size > 0 ? [...unsupported] : [ctx.region];
    throw refuse(
      `Unsupported Region(s) specified for global tables with MultiRegionConsistency set to STRONG: [${named.join(", ")}].`,
    );
  }
  if (witnesses.some((region) => regions.includes(region))) {
    throw refuse("Cannot target multiple regions with the same action");
  }
  if (witnesses.includes(ctx.region)) {
    throw refuse(
      "Cannot add a witness in the same region as an existing replica when creating a global table with MultiRegionConsistency set to STRONG.",
    );
  }
  const peer = [...regions, ...witnesses].find((region) => ctx.peerOf(region) !== undefined);
  if (peer !== undefined) {
    throw ctx.error(
      "NotImplemented",
      `Strong consistency with a region that a peer serves (${peer}) is not implemented yet`,
    );
  }
}
