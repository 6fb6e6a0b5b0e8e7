import type { Context } from "#kernel/context.ts";
import type {
  GlobalSecondaryIndexUpdate,
  UpdateTableInput,
  VectorIndexUpdate,
} from "#models/dynamodb.ts";
import { checkBounds, unitsWithoutProvision } from "../tables/throughput.ts";

/*
 * What UpdateTable refuses without a look at the table. Messages are AWS's, as they were measured in October 2026
 * (ack-api-quirks, DDB-TABLE-015, 160, 174, 382, 433, 442 and 457).
 */

const invalid = "One or more parameter values were invalid: ";

export function checkUpdate(ctx: Context, input: UpdateTableInput): void {
  refuseWhatIsNotBuilt(ctx, input);
  const stream = input.StreamSpecification;
  if (stream?.StreamEnabled === false && stream.StreamViewType !== undefined) {
    throw ctx.error(
      "ValidationException",
      `${invalid}If stream is being disabled, then UpdateViewType must not be specified`,
    );
  }
  if (stream?.StreamEnabled && stream.StreamViewType === undefined) {
    throw ctx.error(
      "ValidationException",
      `${invalid}If stream is being enabled then UpdateViewType is required`,
    );
  }
  const updates = input.GlobalSecondaryIndexUpdates;
  const concerns = concernsOf(input);
  checkReplicasAlone(ctx, concerns, input);
  if (concerns.size === 0) {
    throw ctx.error(
      "ValidationException",
      "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates, SSESpecification, ReplicaUpdates, MultiAccountReplicaReady, ReplicaTransitRoleArn, MultiRegionConsistency, DeletionProtectionEnabled, OnDemandThroughput, WarmThroughput or TableClass is required",
    );
  }
  if (updates?.length === 0) {
    throw ctx.error(
      "ValidationException",
      `${invalid}List of GlobalSecondaryIndexUpdates is empty`,
    );
  }
  if (input.VectorIndexUpdates?.length === 0) {
    throw ctx.error("ValidationException", `${invalid}List of VectorIndexUpdates is empty`);
  }
  checkWarmThroughput(ctx, updates ?? []);
  const clash = clashOf(concerns, input);
  if (clash !== undefined) throw ctx.error("ValidationException", invalid + clash);
  if (input.ProvisionedThroughput !== undefined) {
    if (input.BillingMode === "PAY_PER_REQUEST") throw unitsWithoutProvision(ctx);
    checkBounds(ctx, input.ProvisionedThroughput);
  }
  checkIndexUpdates(ctx, updates ?? []);
  checkVectorIndexUpdates(ctx, input.VectorIndexUpdates ?? []);
}

function refuseWhatIsNotBuilt(ctx: Context, input: UpdateTableInput): void {
  const missing = (
    ["GlobalTableSettingsReplicationMode", "DisassociationProtectionEnabled"] as const
  ).find((member) => input[member] !== undefined);
  if (missing === undefined) return;
  throw ctx.error("NotImplemented", `UpdateTable with ${missing} is not implemented yet`);
}

const replicaMembers: ReadonlySet<string> = new Set<keyof UpdateTableInput>([
  "ReplicaUpdates",
  "MultiRegionConsistency",
  "GlobalTableWitnessUpdates",
]);

/** Source: measured in October 2026 (ack-api-quirks, DDB-TABLE-224 and 257). */
function checkReplicasAlone(
  ctx: Context,
  concerns: ReadonlySet<Concern>,
  input: UpdateTableInput,
): void {
  if (!concerns.has("ReplicaUpdates")) return;
  if ([...concerns].every((concern) => replicaMembers.has(concern))) return;
  const isStrong = input.MultiRegionConsistency ?? input.GlobalTableWitnessUpdates;
  throw ctx.error(
    "ValidationException",
    isStrong === undefined
      ? `${invalid}Replica modification must be the only operation in the request`
      : `${invalid}Requests that modify replicas or witnesses must not also modify other fields`,
  );
}

type Concern = Exclude<keyof UpdateTableInput, "TableName" | "AttributeDefinitions">;

/** What the request wants to change; an empty list or structure changes nothing. */
function concernsOf(input: UpdateTableInput): ReadonlySet<Concern> {
  const { TableName: _name, AttributeDefinitions: _definitions, ...rest } = input;
  const entries = Object.entries(rest) as [Concern, unknown][];
  const isEmpty = (member: Concern, value: unknown): boolean =>
    value === undefined ||
    // An empty SSESpecification asks for the encryption that every table has.
    (member !== "SSESpecification" &&
      typeof value === "object" &&
      value !== null &&
      Object.values(value).every((part) => part === undefined));
  const concerns = new Set(
    entries.filter(([member, value]) => !isEmpty(member, value)).map(([name]) => name),
  );
  if (!concerns.has("ReplicaUpdates")) {
    // Without a replica they say nothing.
    concerns.delete("MultiRegionConsistency");
    concerns.delete("GlobalTableWitnessUpdates");
  }
  return concerns;
}

/** One change a request: which message names what cannot go together, in AWS's precedence. */
function clashOf(concerns: ReadonlySet<Concern>, input: UpdateTableInput): string | undefined {
  if (concerns.size === 1 || concerns.has("ReplicaUpdates")) return undefined;
  const only = "modification must be the only operation in the request";
  if (concerns.has("SSESpecification")) return `Server-Side Encryption ${only}`;
  if (concerns.has("TableClass")) return `TableClass ${only}`;
  if (concerns.has("DeletionProtectionEnabled")) return `DeletionProtection ${only}`;
  const updates = input.GlobalSecondaryIndexUpdates ?? [];
  if (concerns.has("WarmThroughput")) {
    return updates.some(({ Create }) => Create !== undefined)
      ? "Create global secondary index cannot be specified when updating WarmThroughput"
      : "WarmThroughput must be the only operation in the request";
  }
  if (concerns.has("OnDemandThroughput") && !(concerns.size === 2 && concerns.has("BillingMode"))) {
    return "OnDemandThroughput can only be combined with BillingMode in an UpdateTable request";
  }
  const changesUnits = concerns.has("ProvisionedThroughput") || input.BillingMode === "PROVISIONED";
  if (concerns.has("StreamSpecification") && changesUnits) {
    return "You cannot modify stream status while updating table IOPS";
  }
  const begun = [...updates, ...(input.VectorIndexUpdates ?? [])];
  if (begun.every(({ Create, Delete }) => Create === undefined && Delete === undefined)) {
    return undefined;
  }
  if (concerns.has("ProvisionedThroughput")) {
    return "You cannot create or delete index while updating table IOPS";
  }
  return concerns.has("StreamSpecification")
    ? "You cannot create or delete index while changing stream status"
    : undefined;
}

/** Words as of global indexes: AWS's own are not known. */
function checkVectorIndexUpdates(ctx: Context, updates: readonly VectorIndexUpdate[]): void {
  for (const { Create, Delete } of updates) {
    if ((Create === undefined) !== (Delete === undefined)) continue;
    throw ctx.error(
      "ValidationException",
      Create === undefined
        ? `${invalid}One of VectorIndexUpdate.Create, VectorIndexUpdate.Delete must not be null`
        : `${invalid}Only one vector index action is allowed per VectorIndexUpdate object`,
    );
  }
}

function checkIndexUpdates(ctx: Context, updates: readonly GlobalSecondaryIndexUpdate[]): void {
  const seen = new Set<string>();
  for (const { Create, Update, Delete } of updates) {
    const given = [Create, Update, Delete].filter((action) => action !== undefined);
    const name = given[0]?.IndexName;
    if (name === undefined) {
      throw ctx.error(
        "ValidationException",
        `${invalid}One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete must not be null`,
      );
    }
    if (given.length > 1) {
      throw ctx.error(
        "ValidationException",
        `${invalid}Only one global secondary index action is allowed per GlobalSecondaryIndexUpdate object`,
      );
    }
    if (seen.has(name)) {
      throw ctx.error(
        "ValidationException",
        `${invalid}Only one global secondary index update per index is allowed simultaneously. Index: ${name}`,
      );
    }
    seen.add(name);
  }
}

/** AWS looks at this before it looks at what cannot go together. */
function checkWarmThroughput(ctx: Context, updates: readonly GlobalSecondaryIndexUpdate[]): void {
  for (const { Update } of updates) {
    const warm = Update?.WarmThroughput;
    if (warm && warm.ReadUnitsPerSecond === undefined && warm.WriteUnitsPerSecond === undefined) {
      throw ctx.error(
        "ValidationException",
        `${invalid}WarmThroughput must have at least one of ReadUnitsPerSecond or WriteUnitsPerSecond specified for index: ${Update.IndexName}`,
      );
    }
  }
}
