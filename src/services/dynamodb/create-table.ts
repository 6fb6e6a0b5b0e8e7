import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type {
  CreateTableInput,
  DynamoDB,
  GlobalSecondaryIndex,
  SSESpecification,
} from "#models/dynamodb.ts";
import type { Snapshot } from "#store/store.ts";
import { endOfPrefix } from "#base/key.ts";
import { tableKey, tablesPrefix } from "./keyspace.ts";
import { findTable, tableNameOf } from "./open-table.ts";
import { checkTags, putTags } from "./tags.ts";
import { empty, tableDescription } from "./table-description.ts";
import {
  type Billing,
  type IndexRecord,
  tableCodec,
  type TableKey,
  type TableRecord,
} from "./table-record.ts";
import {
  checkAllUsed,
  checkDefinitions,
  checkIndexes,
  givenSchema,
  globalIndexKeyOf,
  localIndexKeyOf,
  projectionOf,
  tableKeyOf,
} from "./table-schema.ts";
import { indexThroughput, tableThroughput, warmAnyway, warmUnits } from "./throughput.ts";

const invalid = "One or more parameter values were invalid: ";

/** Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html */
const tablesAtMost = 2_500;

export const createTable = {
  /** The table is CREATING in the answer; a job makes it ACTIVE. */
  async CreateTable(ctx, input) {
    const name = tableNameOf(ctx, input.TableName);
    refuseWhatIsNotBuilt(ctx, input);
    const table = newTable(ctx, name, input);
    const tags = input.Tags === undefined ? undefined : checkTags(ctx, input.Tags);
    await ctx.transact((tx) => {
      if (findTable(tx, ctx, name) !== undefined) {
        throw ctx.error("ResourceInUseException", `Table already exists: ${name}`);
      }
      if (countTables(tx, ctx) >= tablesAtMost) {
        throw ctx.error(
          "LimitExceededException",
          `Subscriber limit exceeded: There is a limit of ${tablesAtMost} tables per subscriber`,
        );
      }
      tx.putRecord(tableKey(ctx, name), tableCodec, table);
      if (tags !== undefined) putTags(tx, ctx, name, tags);
      ctx.schedule(tx, {
        at: ctx.now(),
        job: "activateTable",
        key: table.id,
        payload: { tableName: name, tableId: table.id },
      });
    });
    return { TableDescription: tableDescription(table, empty, ctx.now()) };
  },
} satisfies Handlers<DynamoDB>;

function refuseWhatIsNotBuilt(ctx: Context, input: CreateTableInput): void {
  const asksFor = (member: keyof CreateTableInput): boolean => input[member] !== undefined;
  const missing = (
    [
      "ResourcePolicy",
      "GlobalTableSourceArn",
      "GlobalTableSettingsReplicationMode",
      "VectorIndexes",
    ] as const
  ).find(asksFor);
  if (missing !== undefined) {
    throw ctx.error("NotImplemented", `CreateTable with ${missing} is not implemented yet`);
  }
  checkStream(ctx, input.StreamSpecification);
}

/** Streams are still to come; a specification that asks for none is fine. */
export function checkStream(ctx: Context, stream: CreateTableInput["StreamSpecification"]): void {
  if (stream === undefined) return;
  if (stream.StreamEnabled) {
    throw ctx.error("NotImplemented", "DynamoDB Streams are not implemented yet");
  }
  if (stream.StreamViewType !== undefined) {
    throw ctx.error(
      "ValidationException",
      `${invalid}StreamViewType cannot be specified when StreamEnabled is false`,
    );
  }
}

function newTable(ctx: Context, name: string, input: CreateTableInput): TableRecord {
  const { definitions, key: schema } = givenSchema(ctx, input);
  const billing = newBilling(ctx, input);
  checkDefinitions(ctx, definitions);
  const key = tableKeyOf(ctx, schema, definitions);
  const arn = ctx.arn(`table/${name}`);
  const localIndexes = newLocalIndexes(ctx, arn, key, input);
  const globalIndexes = newGlobalIndexes(ctx, arn, localIndexes, input);
  checkIndexes(ctx, localIndexes, globalIndexes);
  const indexes = [...localIndexes, ...globalIndexes];
  checkAllUsed(ctx, definitions, [key, ...indexes.map((index) => index.key)]);
  return {
    name,
    id: ctx.random.uuid(),
    arn,
    status: "CREATING",
    createdAtMs: ctx.now(),
    key,
    attributeDefinitions: definitions.map(({ AttributeName, AttributeType }) => ({
      name: AttributeName,
      type: AttributeType,
    })),
    globalIndexes,
    localIndexes,
    nextIndexId: indexes.length,
    billing,
    tableClass: input.TableClass,
    tableClassChangedAtMs: undefined,
    deletionProtected: input.DeletionProtectionEnabled ?? false,
    encryption: encryptionOf(ctx, input.SSESpecification),
  };
}

function newBilling(ctx: Context, input: CreateTableInput): Billing {
  const mode = input.BillingMode ?? "PROVISIONED";
  const throughput = tableThroughput(ctx, mode, input);
  const warm = warmUnits(ctx, input.WarmThroughput, warmAnyway(mode, throughput), "table");
  return {
    mode,
    payPerRequestSinceMs: undefined,
    throughput,
    onDemandThroughput: input.OnDemandThroughput,
    warmThroughput: warm,
  };
}

function newLocalIndexes(
  ctx: Context,
  tableArn: string,
  table: TableKey,
  input: CreateTableInput,
): IndexRecord[] {
  const given = input.LocalSecondaryIndexes;
  if (given === undefined) return [];
  if (given.length === 0) {
    throw ctx.error("ValidationException", `${invalid}List of LocalSecondaryIndexes is empty`);
  }
  if (table.sort.length === 0) {
    throw ctx.error(
      "ValidationException",
      `${invalid}Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex`,
    );
  }
  const indexes: IndexRecord[] = [];
  for (const { IndexName: name, KeySchema: schema, Projection } of given) {
    const key = localIndexKeyOf(ctx, name, schema, input.AttributeDefinitions ?? [], table);
    const projection = projectionOf(ctx, Projection);
    checkNameIsNew(ctx, name, indexes);
    indexes.push({
      name,
      id: indexes.length,
      arn: `${tableArn}/index/${name}`,
      key,
      projection,
      status: "ACTIVE",
      backfilling: false,
      throughput: undefined,
      onDemandThroughput: undefined,
      warmThroughput: undefined,
    });
  }
  return indexes;
}

function newGlobalIndexes(
  ctx: Context,
  tableArn: string,
  locals: readonly IndexRecord[],
  input: CreateTableInput,
): IndexRecord[] {
  const given = input.GlobalSecondaryIndexes;
  if (given === undefined) return [];
  if (given.length === 0) {
    throw ctx.error("ValidationException", `${invalid}List of GlobalSecondaryIndexes is empty`);
  }
  const mode = input.BillingMode ?? "PROVISIONED";
  const indexes: IndexRecord[] = [];
  for (const index of given) {
    const id = locals.length + indexes.length;
    const created = newGlobalIndex(ctx, { tableArn, id, mode }, index, input.AttributeDefinitions);
    checkNameIsNew(ctx, index.IndexName, [...locals, ...indexes]);
    indexes.push(created);
  }
  return indexes;
}

/** A global index as it begins: CREATING. */
export function newGlobalIndex(
  ctx: Context,
  table: { readonly tableArn: string; readonly id: number; readonly mode: Billing["mode"] },
  given: GlobalSecondaryIndex,
  definitions: CreateTableInput["AttributeDefinitions"],
): IndexRecord {
  const { IndexName: name } = given;
  const key = globalIndexKeyOf(ctx, given.KeySchema, definitions ?? []);
  const projection = projectionOf(ctx, given.Projection);
  const throughput = indexThroughput(ctx, table.mode, name, given);
  const anyway = warmAnyway(table.mode, throughput);
  return {
    name,
    id: table.id,
    arn: `${table.tableArn}/index/${name}`,
    key,
    projection,
    status: "CREATING",
    backfilling: false,
    throughput,
    onDemandThroughput: given.OnDemandThroughput,
    warmThroughput: warmUnits(ctx, given.WarmThroughput, anyway, "index"),
  };
}

function checkNameIsNew(ctx: Context, name: string, indexes: readonly IndexRecord[]): void {
  if (indexes.some((index) => index.name === name)) {
    throw ctx.error("ValidationException", `${invalid}Duplicate index name: ${name}`);
  }
}

/**
 * The KMS key that describes the table's encryption; absent with keys that AWS owns. Until there is a KMS here,
 * the account's own DynamoDB key has a fixed name.
 */
export function encryptionOf(
  ctx: Context,
  given: SSESpecification | undefined,
): TableRecord["encryption"] {
  if (given?.SSEType === "AES256") {
    throw ctx.error("ValidationException", `${invalid}SSEType AES256 is not supported`);
  }
  if (given?.Enabled !== true) {
    if (given?.KMSMasterKeyId === undefined) return undefined;
    throw ctx.error(
      "ValidationException",
      `${invalid}KMSMasterKeyId cannot be specified when encryption is disabled`,
    );
  }
  const key = given.KMSMasterKeyId ?? "alias/aws/dynamodb";
  if (key.startsWith("arn:")) return { kmsKeyArn: key };
  const resource = key.startsWith("alias/") ? key : `key/${key}`;
  return { kmsKeyArn: `arn:aws:kms:${ctx.region}:${ctx.account}:${resource}` };
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
