import { createHash } from "node:crypto";
import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type {
  AttributeDefinition,
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
import { checkIsFree } from "./table-states.ts";
import {
  type Billing,
  type IndexRecord,
  type KeyAttribute,
  tableCodec,
  type TableKey,
  type TableRecord,
  type Throughput,
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
import {
  checkBounds,
  checkQuota,
  newThroughput,
  newWarmUnits,
  noThroughput,
  onDemandThroughput,
  tableThroughput,
  type ThroughputContext,
} from "./throughput.ts";

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
      const found = findTable(tx, ctx, name);
      if (found?.status === "CREATING") checkIsFree(ctx, found);
      if (found !== undefined) {
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
  const stream = input.StreamSpecification;
  if (stream?.StreamEnabled === false && stream.StreamViewType !== undefined) {
    throw ctx.error(
      "ValidationException",
      `${invalid}Table is being created with a stream disabled, UpdateViewType should not be specified`,
    );
  }
  if (stream?.StreamEnabled) throw streamsNotBuilt(ctx);
}

/** Streams are still to come; a specification that asks for none is fine. */
export function streamsNotBuilt(ctx: Context): Error {
  return ctx.error("NotImplemented", "DynamoDB Streams are not implemented yet");
}

function newTable(ctx: ThroughputContext, name: string, input: CreateTableInput): TableRecord {
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
  checkAllUsed(ctx, definitions, [schema, ...indexSchemas]);
  const arn = ctx.arn(`table/${name}`);
  const localIndexes = newLocalIndexes(ctx, arn, key, input);
  const globalIndexes = newGlobalIndexes(ctx, arn, localIndexes, input);
  checkIndexes(ctx, localIndexes, globalIndexes);
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
    nextIndexId: localIndexes.length + globalIndexes.length,
    billing,
    tableClass: input.TableClass,
    tableClassChangesMs: [],
    deletionProtected: input.DeletionProtectionEnabled ?? false,
    encryption: encryptionOf(ctx, input.SSESpecification),
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

function newLocalIndexes(
  ctx: Context,
  tableArn: string,
  table: TableKey,
  input: CreateTableInput,
): IndexRecord[] {
  const given = input.LocalSecondaryIndexes;
  if (given === undefined) return [];
  if (table.sort.length === 0) {
    throw ctx.error(
      "ValidationException",
      `${invalid}Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex`,
    );
  }
  const indexes: IndexRecord[] = [];
  for (const { IndexName: name, KeySchema: schema, Projection } of given) {
    const member = `localSecondaryIndexes.${indexes.length + 1}.member.keySchema`;
    const definitions = input.AttributeDefinitions ?? [];
    const key = localIndexKeyOf(ctx, name, schema, definitions, table, member);
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
  ctx: ThroughputContext,
  tableArn: string,
  locals: readonly IndexRecord[],
  input: CreateTableInput,
): IndexRecord[] {
  const given = input.GlobalSecondaryIndexes;
  if (given === undefined) return [];
  const mode = input.BillingMode ?? "PROVISIONED";
  const indexes: IndexRecord[] = [];
  for (const index of given) {
    const id = locals.length + indexes.length;
    const throughput = newIndexThroughput(ctx, mode, index);
    const place = { tableArn, id, mode, throughput };
    const created = newGlobalIndex(ctx, place, index, input.AttributeDefinitions ?? []);
    checkNameIsNew(ctx, index.IndexName, [...locals, ...indexes]);
    indexes.push(created);
  }
  return indexes;
}

function newIndexThroughput(
  ctx: ThroughputContext,
  mode: Billing["mode"],
  { IndexName: name, ProvisionedThroughput: provisioned }: GlobalSecondaryIndex,
): Throughput {
  if (mode === "PAY_PER_REQUEST") {
    if (provisioned === undefined) return noThroughput;
    throw ctx.error(
      "ValidationException",
      `${invalid}ProvisionedThroughput should not be specified for index: ${name} when BillingMode is PAY_PER_REQUEST`,
    );
  }
  if (provisioned === undefined) {
    throw ctx.error(
      "ValidationException",
      `${invalid}ProvisionedThroughput is not specified for index: ${name}`,
    );
  }
  checkBounds(ctx, provisioned);
  checkQuota(ctx, provisioned, { index: name });
  return newThroughput(provisioned);
}

/** What of its table a new index takes over. */
export interface IndexPlace {
  readonly tableArn: string;
  readonly id: number;
  readonly mode: Billing["mode"];
  readonly throughput: Throughput;
}

/** A global index as it begins: CREATING. */
export function newGlobalIndex(
  ctx: ThroughputContext,
  { tableArn, id, mode, throughput }: IndexPlace,
  given: GlobalSecondaryIndex,
  definitions: readonly AttributeDefinition[],
): IndexRecord {
  const { IndexName: name } = given;
  const holder = { index: name };
  return {
    name,
    id,
    arn: `${tableArn}/index/${name}`,
    key: globalIndexKeyOf(ctx, given.KeySchema, definitions),
    projection: projectionOf(ctx, given.Projection),
    status: "CREATING",
    backfilling: false,
    throughput,
    onDemandThroughput: onDemandThroughput(ctx, mode, given.OnDemandThroughput, holder, 1),
    warmThroughput: newWarmUnits(ctx, given.WarmThroughput, mode, throughput, holder),
  };
}

function checkNameIsNew(ctx: Context, name: string, indexes: readonly IndexRecord[]): void {
  if (indexes.some((index) => index.name === name)) {
    throw ctx.error("ValidationException", `${invalid}Duplicate index name: ${name}`);
  }
}

/** The KMS key that describes the table's encryption; absent with keys that AWS owns. */
export function encryptionOf(
  ctx: Context,
  given: SSESpecification | undefined,
): TableRecord["encryption"] {
  const { Enabled, SSEType, KMSMasterKeyId } = given ?? {};
  const refuse = (message: string): Error =>
    ctx.error("ValidationException", `${invalid}${message}`);
  if (Enabled === false && SSEType !== undefined) {
    throw refuse("SSEType can not be specified if Enabled is false");
  }
  if (Enabled === false && KMSMasterKeyId !== undefined) {
    throw refuse("KMSMasterKeyId can not be specified if Enabled is false");
  }
  if (SSEType === "AES256") throw refuse("SSEType AES256 is not supported");
  if (KMSMasterKeyId !== undefined && SSEType === undefined) {
    throw refuse("SSEType KMS is required if KMSMasterKeyId is specified");
  }
  if (Enabled !== true && SSEType === undefined) return undefined;
  const key = KMSMasterKeyId ?? "alias/aws/dynamodb";
  if (key.startsWith("arn:")) return { kmsKeyArn: key };
  const keyId = key.startsWith("alias/") ? keyIdOfAlias(ctx, key) : key;
  return { kmsKeyArn: `arn:aws:kms:${ctx.region}:${ctx.account}:key/${keyId}` };
}

/** Until there is a KMS here that knows which key stands behind an alias: always the same one. */
function keyIdOfAlias(ctx: Context, alias: string): string {
  const hash = createHash("sha256").update(`${ctx.account}/${ctx.region}/${alias}`).digest("hex");
  return [8, 4, 4, 4, 12]
    .map((length, part, lengths) => {
      const start = lengths.slice(0, part).reduce((sum, before) => sum + before, 0);
      return hash.slice(start, start + length);
    })
    .join("-");
}

/** Attributes are described in the order of their names. */
export function byName(left: KeyAttribute, right: KeyAttribute): number {
  return left.name < right.name ? -1 : Number(left.name > right.name);
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
