import { endOfPrefix } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { CreateTableInput, DynamoDB } from "#models/dynamodb.ts";
import type { Snapshot } from "#store/store.ts";
import { type EncryptionLookup, findEncryption } from "./encryption.ts";
import { tableKey, tablesPrefix } from "../keyspace.ts";
import { newGlobalIndexes, newLocalIndexes } from "../indexes/new-indexes.ts";
import { findTable, tableNameOf } from "./open-table.ts";
import { attached, checkPolicy } from "../resource-policies/attached-policy.ts";
import { withNewStream } from "../streams/stream-life.ts";
import { empty, tableDescription } from "./table-description.ts";
import { type Billing, tableCodec, type TableRecord } from "./table-record.ts";
import {
  byName,
  checkAllUsed,
  checkDefinitions,
  checkIndexes,
  givenSchema,
  tableKeyOf,
} from "./table-schema.ts";
import { checkIsFree } from "./table-states.ts";
import { checkTags, putTags } from "./tags.ts";
import {
  newWarmUnits,
  onDemandThroughput,
  tableThroughput,
  type ThroughputContext,
} from "./throughput.ts";
import { newVectorIndexes } from "../vector-indexes/new-vector-indexes.ts";

const invalid = "One or more parameter values were invalid: ";

/** Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html */
const tablesAtMost = 2_500;

export const createTable = {
  /** The table is CREATING in the answer; a job makes it ACTIVE. */
  async CreateTable(ctx, input) {
    const name = tableNameOf(ctx, input.TableName);
    refuseWhatIsNotBuilt(ctx, input);
    const found = findEncryption(ctx, input.SSESpecification);
    const encryption = found instanceof Promise ? await found : found;
    const described = newTable(ctx, name, input, encryption);
    const { ResourcePolicy: policy } = input;
    if (policy !== undefined) {
      checkPolicy(ctx, { arn: described.arn, isStream: false }, policy, false);
    }
    const tags = input.Tags === undefined ? undefined : checkTags(ctx, input.Tags);
    const table = await ctx.transact((tx) => {
      const taken = findTable(tx, ctx, name);
      if (taken?.status === "CREATING") checkIsFree(ctx, taken);
      if (taken !== undefined) {
        throw ctx.error("ResourceInUseException", `Table already exists: ${name}`);
      }
      checkTableCount(tx, ctx);
      const viewType = input.StreamSpecification?.StreamViewType;
      const governed: TableRecord =
        policy === undefined
          ? described
          : { ...described, resourcePolicy: attached(ctx, undefined, policy) };
      const created =
        viewType === undefined ? governed : withNewStream(tx, ctx, governed, viewType);
      tx.putRecord(tableKey(ctx, name), tableCodec, created);
      if (tags !== undefined) putTags(tx, ctx, name, tags);
      ctx.schedule(tx, {
        at: ctx.now(),
        job: "activateTable",
        key: created.id,
        payload: { tableName: name, tableId: created.id },
      });
      return created;
    });
    return { TableDescription: tableDescription(table, empty, ctx.now()) };
  },
} satisfies Handlers<DynamoDB>;

function refuseWhatIsNotBuilt(ctx: Context, input: CreateTableInput): void {
  const asksFor = (member: keyof CreateTableInput): boolean => input[member] !== undefined;
  const missing = (["GlobalTableSourceArn", "GlobalTableSettingsReplicationMode"] as const).find(
    asksFor,
  );
  if (missing !== undefined) {
    throw ctx.error("NotImplemented", `CreateTable with ${missing} is not implemented yet`);
  }
  const stream = input.StreamSpecification;
  if (stream?.StreamEnabled === false && stream.StreamViewType !== undefined) {
    throw ctx.error(
      "ValidationException",
      `${invalid}Table is being created with a stream disabled, UpdateViewType should not be specified`,
    );
  }
  if (stream?.StreamEnabled && stream.StreamViewType === undefined) {
    throw ctx.error(
      "ValidationException",
      `${invalid}Table is being created with a stream enabled, UpdateViewType is required`,
    );
  }
}

/** A table as asked for, CREATING. */
export function newTable(
  ctx: ThroughputContext,
  name: string,
  input: CreateTableInput,
  encryption: EncryptionLookup,
): TableRecord {
  const { definitions, key: schema } = givenSchema(ctx, input);
  const billing = newBilling(ctx, input);
  checkDefinitions(ctx, definitions);
  const key = tableKeyOf(ctx, schema, definitions);
  for (const list of ["LocalSecondaryIndexes", "GlobalSecondaryIndexes"] as const) {
    if (input[list]?.length === 0) {
      throw ctx.error("ValidationException", `${invalid}List of ${list} is empty`);
    }
  }
  const indexSchemas = [
    ...(input.LocalSecondaryIndexes ?? []),
    ...(input.GlobalSecondaryIndexes ?? []),
  ].map((index) => index.KeySchema);
  const searchSchemas = (input.VectorIndexes ?? []).map((index) => index.SearchSchema ?? []);
  checkAllUsed(ctx, definitions, [schema, ...indexSchemas, ...searchSchemas]);
  const arn = ctx.arn(`table/${name}`);
  const localIndexes = newLocalIndexes(ctx, arn, key, input);
  const globalIndexes = newGlobalIndexes(ctx, arn, localIndexes, input);
  checkIndexes(ctx, localIndexes, globalIndexes);
  const others = [...localIndexes, ...globalIndexes];
  const vectorIndexes = newVectorIndexes(
    ctx,
    { arn, firstId: others.length, mode: billing.mode },
    input.VectorIndexes,
    definitions,
    others.map((index) => index.name),
  );
  return {
    name,
    id: ctx.random.uuid(),
    arn,
    status: "CREATING",
    createdAtMs: ctx.now(),
    key,
    attributeDefinitions: definitions
      .map(({ AttributeName: attributeName, AttributeType: type }) => ({
        name: attributeName,
        type,
      }))
      .toSorted(byName),
    globalIndexes,
    localIndexes,
    vectorIndexes,
    nextIndexId: others.length + (vectorIndexes?.length ?? 0),
    billing,
    tableClass: input.TableClass,
    tableClassChangesMs: [],
    deletionProtected: input.DeletionProtectionEnabled ?? false,
    encryption: encryption(),
    stream: undefined,
    timeToLive: undefined,
  };
}

function newBilling(ctx: ThroughputContext, input: CreateTableInput): Billing {
  const mode = input.BillingMode ?? "PROVISIONED";
  const throughput = tableThroughput(ctx, mode, input);
  return {
    mode,
    payPerRequestSinceMs: undefined,
    throughput,
    onDemandThroughput: onDemandThroughput(ctx, mode, input.OnDemandThroughput, "table", 1),
    warmThroughput: newWarmUnits(ctx, input.WarmThroughput, mode, throughput, "table"),
  };
}

/** Refuses a table more than an account may have. */
export function checkTableCount(snapshot: Snapshot, ctx: ThroughputContext): void {
  if (countTables(snapshot, ctx) < tablesAtMost) return;
  throw ctx.error(
    "LimitExceededException",
    `Subscriber limit exceeded: There is a limit of ${tablesAtMost} tables per subscriber`,
  );
}

function countTables(snapshot: Snapshot, ctx: Context): number {
  const prefix = tablesPrefix(ctx);
  let count = 0;
  for (const _ of snapshot.range({
    start: prefix,
    end: endOfPrefix(prefix),
    limit: tablesAtMost,
  })) {
    count += 1;
  }
  return count;
}
