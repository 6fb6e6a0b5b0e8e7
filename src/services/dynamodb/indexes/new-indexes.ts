import type { Context } from "#kernel/context.ts";
import type {
  AttributeDefinition,
  CreateTableInput,
  GlobalSecondaryIndex,
} from "#models/dynamodb.ts";
import type { Billing, IndexRecord, TableKey, Throughput } from "../tables/table-record.ts";
import { globalIndexKeyOf, localIndexKeyOf, projectionOf } from "../tables/table-schema.ts";
import {
  checkBounds,
  checkQuota,
  newThroughput,
  newWarmUnits,
  noThroughput,
  onDemandThroughput,
  type ThroughputContext,
} from "../tables/throughput.ts";

const invalid = "One or more parameter values were invalid: ";

export function newLocalIndexes(
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

/** `locals`: their names are taken, and ids are counted on from theirs. */
export function newGlobalIndexes(
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
