import type { Context } from "#kernel/context.ts";
import type {
  GlobalSecondaryIndex,
  LocalSecondaryIndex,
  ProvisionedThroughput,
  RestoreTableFromBackupInput,
} from "#models/dynamodb.ts";
import type { EncryptionLookup } from "../tables/encryption.ts";
import { keySchema, projection } from "../tables/table-description.ts";
import { keyAttributes } from "../tables/table-schema.ts";
import { restoredVectorIndexes } from "../vector-indexes/restore-vector-indexes.ts";
import type { Billing, IndexRecord, RestoreOrigin, TableRecord } from "../tables/table-record.ts";
import {
  checkBounds,
  checkQuota,
  newThroughput,
  noThroughput,
  onDemandThroughput,
} from "../tables/throughput.ts";

/*
 * The table that a restore makes. What it takes over and which overrides are refused is AWS's, as it was measured in
 * October 2026 (ack-api-quirks, DDB-TABLE-215, 273 to 276, 279 and 280).
 */

export type RestoreOverrides = Omit<RestoreTableFromBackupInput, "BackupArn">;

type RestoreContext = Context<"LimitExceededException">;

/**
 * As the source is described, in the caller's region, CREATING. It keeps keys, indexes, billing and encryption; it has no
 * stream, no time to live, no recovery, no table class, no protection and no tags.
 */
export function restoredTable(
  ctx: RestoreContext,
  source: TableRecord,
  input: RestoreOverrides,
  origin: RestoreOrigin,
  override: EncryptionLookup,
): TableRecord {
  const refuse = (message: string): Error => ctx.error("ValidationException", message);
  const isOtherRegion = source.arn.split(":")[3] !== ctx.region;
  if (isOtherRegion && input.SSESpecificationOverride === undefined) {
    throw refuse(
      "Invalid Request: sseSpecificationOverride must be provided for cross-region restores",
    );
  }
  const name = input.TargetTableName;
  const arn = ctx.arn(`table/${name}`);
  const billing = restoredBilling(ctx, source.billing, input);
  const locals = restoredIndexes(ctx, source.localIndexes, input.LocalSecondaryIndexOverride);
  const globals = restoredIndexes(ctx, source.globalIndexes, input.GlobalSecondaryIndexOverride);
  const localIndexes = locals.map(({ index, name: indexName }, id) => ({
    ...index,
    id,
    name: indexName,
    arn: `${arn}/index/${indexName}`,
  }));
  const globalIndexes = globals.map(({ index, name: indexName, given }, position) => ({
    ...index,
    id: localIndexes.length + position,
    name: indexName,
    arn: `${arn}/index/${indexName}`,
    status: "CREATING" as const,
    backfilling: false,
    throughput: indexThroughput(ctx, billing, index, indexName, given?.ProvisionedThroughput),
    onDemandThroughput:
      billing.mode === "PROVISIONED"
        ? undefined
        : (onDemandThroughput(
            ctx,
            billing.mode,
            given?.OnDemandThroughput,
            { index: indexName },
            1,
          ) ?? index.onDemandThroughput),
    warmThroughput: undefined,
  }));
  const others = [...localIndexes, ...globalIndexes];
  const place = { arn, firstId: others.length, mode: billing.mode };
  const vectorIndexes = restoredVectorIndexes(ctx, source, place, input.VectorIndexOverride);
  const used = new Set(
    [
      ...[source.key, ...others.map(({ key }) => key)].flatMap(keyAttributes),
      ...vectorIndexes.flatMap(({ searchSchema }) => searchSchema),
    ].map((attribute) => attribute.name),
  );
  return {
    name,
    id: ctx.random.uuid(),
    arn,
    status: "CREATING",
    createdAtMs: ctx.now(),
    key: source.key,
    attributeDefinitions: source.attributeDefinitions.filter((one) => used.has(one.name)),
    globalIndexes,
    localIndexes,
    vectorIndexes,
    nextIndexId: others.length + vectorIndexes.length,
    billing,
    tableClass: undefined,
    tableClassChangesMs: [],
    deletionProtected: false,
    encryption: input.SSESpecificationOverride === undefined ? source.encryption : override(),
    stream: undefined,
    timeToLive: undefined,
    restoring: origin,
  };
}

function restoredBilling(ctx: RestoreContext, source: Billing, input: RestoreOverrides): Billing {
  const refuse = (message: string): Error => ctx.error("ValidationException", message);
  const mode = input.BillingModeOverride ?? source.mode;
  const provisioned = input.ProvisionedThroughputOverride;
  if (provisioned !== undefined && mode !== "PROVISIONED") {
    throw refuse("Cannot override ProvisionedThroughput unless BillingMode is PROVISIONED");
  }
  if (provisioned === undefined && input.BillingModeOverride === "PROVISIONED") {
    throw refuse("Must override ProvisionedThroughput if BillingMode is overridden to PROVISIONED");
  }
  if (provisioned !== undefined) {
    checkBounds(ctx, provisioned);
    checkQuota(ctx, provisioned, "table");
  }
  const asked = onDemandThroughput(ctx, mode, input.OnDemandThroughputOverride, "table", 1);
  return {
    mode,
    payPerRequestSinceMs: undefined,
    throughput:
      mode === "PAY_PER_REQUEST"
        ? noThroughput
        : provisioned === undefined
          ? unitsOf(source.throughput)
          : newThroughput(provisioned),
    onDemandThroughput: mode === "PROVISIONED" ? undefined : (asked ?? source.onDemandThroughput),
    warmThroughput: undefined,
  };
}

/** Throughput as provisioned, without the story of its changes. */
function unitsOf({ readUnits, writeUnits }: Billing["throughput"]): Billing["throughput"] {
  return newThroughput({ ReadCapacityUnits: readUnits, WriteCapacityUnits: writeUnits });
}

/** An index keeps what it was provisioned with; one that was paid per request gets what its table gets. */
function indexThroughput(
  ctx: RestoreContext,
  billing: Billing,
  index: IndexRecord,
  indexName: string,
  given: ProvisionedThroughput | undefined,
): Billing["throughput"] {
  if (billing.mode === "PAY_PER_REQUEST") return noThroughput;
  if (given !== undefined) {
    checkBounds(ctx, given);
    checkQuota(ctx, given, { index: indexName });
    return newThroughput(given);
  }
  const recorded = index.throughput;
  return unitsOf(
    recorded === undefined || recorded.readUnits === 0 ? billing.throughput : recorded,
  );
}

interface RestoredIndex<Given> {
  readonly index: IndexRecord;
  /** Overrides may name it anew. */
  readonly name: string;
  readonly given: Given | undefined;
}

/** All indexes, or those of the override: each must be one that the source has, by its key and its projection. */
function restoredIndexes<Given extends GlobalSecondaryIndex | LocalSecondaryIndex>(
  ctx: Context,
  source: readonly IndexRecord[],
  override: readonly Given[] | undefined,
): RestoredIndex<Given>[] {
  const whole = source.filter((index) => index.status !== "DELETING" && !index.backfilling);
  if (override === undefined) {
    return whole.map((index) => ({ index, name: index.name, given: undefined }));
  }
  const names = new Set<string>();
  return override.map((given) => {
    const name = given.IndexName;
    const index = whole.find((candidate) => isAsGiven(candidate, given));
    if (index === undefined) {
      throw ctx.error(
        "ValidationException",
        `Index ${name} does not match a secondary index that existed in the source table and cannot be created during the restore operation`,
      );
    }
    if (names.has(name)) {
      throw ctx.error(
        "ValidationException",
        `One or more parameter values were invalid: Duplicate index name: ${name}`,
      );
    }
    names.add(name);
    return { index, name, given };
  });
}

function isAsGiven(
  index: IndexRecord,
  { KeySchema: schema, Projection: given }: GlobalSecondaryIndex | LocalSecondaryIndex,
): boolean {
  const key = keySchema(index.key);
  const isSameKey =
    key.length === schema.length &&
    key.every(
      (element, at) =>
        element.AttributeName === schema[at]!.AttributeName &&
        element.KeyType === schema[at]!.KeyType,
    );
  const has = projection(index);
  const names = (list: readonly string[] | undefined): string =>
    (list ?? []).toSorted().join("\u0000");
  return (
    isSameKey &&
    has.ProjectionType === (given.ProjectionType ?? "ALL") &&
    names(has.NonKeyAttributes) === names(given.NonKeyAttributes)
  );
}
