import type { Context } from "#kernel/context.ts";
import type {
  AttributeDefinition,
  CreateGlobalSecondaryIndexAction,
  UpdateTableInput,
} from "#models/dynamodb.ts";
import { changedIndexThroughput, createdIndexThroughput } from "../tables/change-throughput.ts";
import { newGlobalIndex } from "./new-indexes.ts";
import type { IndexRecord, KeyAttribute, TableKey, TableRecord } from "../tables/table-record.ts";
import {
  byName,
  checkIndexes,
  globalIndexesAtMost,
  keyAttributes,
} from "../tables/table-schema.ts";
import { checkIndexIsFree } from "../tables/table-states.ts";
import {
  checkVectorIndexUpdates,
  withVectorIndexUpdates,
} from "../vector-indexes/change-vector-indexes.ts";
import { changingIndexesOf } from "../vector-indexes/vector-index-record.ts";

/*
 * What UpdateTable makes of a table's global indexes. Messages are AWS's, as they were measured in October 2026
 * (ack-api-quirks, DDB-TABLE-137, 159 to 162, 169 and 442).
 */

type IndexesContext = Context<
  "LimitExceededException" | "ResourceInUseException" | "ResourceNotFoundException"
>;

const invalid = "One or more parameter values were invalid: ";

/** `table`: with its new billing; `before`: as it stands. */
export function changedIndexes(
  ctx: IndexesContext,
  table: TableRecord,
  before: TableRecord,
  input: UpdateTableInput,
  nowMs: number,
): TableRecord {
  const updates = input.GlobalSecondaryIndexUpdates ?? [];
  for (const { Create, Update, Delete } of updates) {
    if (Create !== undefined) checkIndexIsFree(ctx, before, Create.IndexName, "Create");
    if (Update !== undefined) checkIndexIsThere(ctx, before, Update.IndexName, "Update");
    if (Delete !== undefined) checkIndexIsThere(ctx, before, Delete.IndexName, "Delete");
  }
  checkVectorIndexUpdates(ctx, before, input);
  checkOneAtATime(ctx, before, input);
  checkAllUpdated(ctx, table, before, input);
  let after: TableRecord = {
    ...table,
    globalIndexes: table.globalIndexes.map((index) => {
      const update = updates.find(({ Update }) => Update?.IndexName === index.name)?.Update;
      return changedIndexThroughput(ctx, before, table.billing, index, update, nowMs);
    }),
  };
  for (const { Create, Delete } of updates) {
    if (Create !== undefined) after = withNewIndex(ctx, after, Create, input.AttributeDefinitions);
    if (Delete !== undefined) after = withIndexDeleting(after, Delete.IndexName);
  }
  return withVectorIndexUpdates(ctx, after, input);
}

function checkIndexIsThere(
  ctx: IndexesContext,
  table: TableRecord,
  name: string,
  action: "Update" | "Delete",
): void {
  if (table.localIndexes.some((index) => index.name === name)) {
    throw ctx.error(
      "ValidationException",
      `Cannot ${action.toLowerCase()} an index that is not a GlobalSecondaryIndex: ${name}`,
    );
  }
  if (table.globalIndexes.every((index) => index.name !== name)) {
    throw ctx.error(
      "ResourceNotFoundException",
      `Requested resource not found: Index ${name} for table ${table.name}`,
    );
  }
  checkIndexIsFree(ctx, table, name, action);
}

function checkOneAtATime(ctx: IndexesContext, table: TableRecord, input: UpdateTableInput): void {
  const updates = [
    ...(input.GlobalSecondaryIndexUpdates ?? []),
    ...(input.VectorIndexUpdates ?? []),
  ];
  const begun = updates.filter(
    ({ Create, Delete }) => Create !== undefined || Delete !== undefined,
  );
  if (begun.length === 0) return;
  const deleted = begun[0]?.Delete?.IndexName;
  // An index may be deleted while it is being filled.
  const isBusy = changingIndexesOf(table).some(
    (index) =>
      index.status === "DELETING" || (index.status === "CREATING" && index.name !== deleted),
  );
  if (begun.length === 1 && !isBusy) return;
  throw ctx.error(
    "LimitExceededException",
    "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table",
  );
}

/** A table that begins to be provisioned needs to know how its indexes are. */
function checkAllUpdated(
  ctx: Context,
  table: TableRecord,
  before: TableRecord,
  input: UpdateTableInput,
): void {
  if (table.billing.mode === before.billing.mode || table.billing.mode !== "PROVISIONED") return;
  const provisioned = new Set(
    (input.GlobalSecondaryIndexUpdates ?? [])
      .filter(({ Update }) => Update?.ProvisionedThroughput !== undefined)
      .map(({ Update }) => Update?.IndexName),
  );
  const missing = table.globalIndexes.filter((index) => !provisioned.has(index.name));
  if (missing.length === 0) return;
  throw ctx.error(
    "ValidationException",
    `${invalid}ProvisionedThroughput must be specified for index: ${missing.map((index) => index.name).join(",")}`,
  );
}

function withNewIndex(
  ctx: IndexesContext,
  table: TableRecord,
  given: CreateGlobalSecondaryIndexAction,
  definitions: readonly AttributeDefinition[] | undefined,
): TableRecord {
  const { IndexName: name } = given;
  if ([...changingIndexesOf(table), ...table.localIndexes].some((index) => index.name === name)) {
    throw ctx.error("ValidationException", "Attempting to create an index which already exists");
  }
  if (definitions === undefined || definitions.length === 0) {
    throw ctx.error(
      "ValidationException",
      `${invalid}AttributeDefinitions is not specified for index: ${name}`,
    );
  }
  const { arn: tableArn, nextIndexId: id } = table;
  const { mode } = table.billing;
  const throughput = createdIndexThroughput(ctx, mode, given);
  const begun = newGlobalIndex(ctx, { tableArn, id, mode, throughput }, given, definitions);
  // True from the first: what is written between now and the backfill's first step must know of it.
  const index: IndexRecord = { ...begun, backfilling: true };
  checkNotRedefined(ctx, table, index.key);
  const globalIndexes = [...table.globalIndexes, index];
  if (globalIndexes.length > globalIndexesAtMost) {
    throw ctx.error(
      "LimitExceededException",
      `Subscriber limit exceeded: Number of global secondary indexes exceeds per-table limit of ${globalIndexesAtMost}`,
    );
  }
  checkIndexes(ctx, table.localIndexes, globalIndexes);
  const known = new Set(table.attributeDefinitions.map((attribute) => attribute.name));
  // Definitions that no key needs are passed over here, while CreateTable refuses them.
  const added = keyAttributes(index.key).filter((attribute) => !known.has(attribute.name));
  return {
    ...table,
    globalIndexes,
    nextIndexId: id + 1,
    attributeDefinitions: [...table.attributeDefinitions, ...added].toSorted(byName),
  };
}

/** Source of the message: Scylla's tests, which were run against AWS. */
function checkNotRedefined(ctx: Context, table: TableRecord, key: TableKey): void {
  const clashes = (known: KeyAttribute): boolean =>
    keyAttributes(key).some(({ name, type }) => name === known.name && type !== known.type);
  const holders = [table, ...table.globalIndexes, ...table.localIndexes];
  const holder = holders.find((found) => keyAttributes(found.key).some(clashes));
  if (holder === undefined) return;
  throw ctx.error(
    "ValidationException",
    `${invalid}Attributes cannot be redefined. Please check that your attribute has the same type as previously defined. Existing schema: ${schemaText(holder.key)} New schema: ${schemaText(key)}`,
  );
}

function schemaText(key: TableKey): string {
  const part = (attributes: readonly KeyAttribute[], role: string): string[] =>
    attributes.map(({ name, type }) => `SchemaElement: key{${name}:${type}:${role}}`);
  return `Schema:[${[...part(key.partition, "HASH"), ...part(key.sort, "RANGE")].join(", ")}]`;
}

function withIndexDeleting(table: TableRecord, name: string): TableRecord {
  return {
    ...table,
    globalIndexes: table.globalIndexes.map((index) =>
      index.name === name ? { ...index, status: "DELETING", backfilling: false } : index,
    ),
  };
}
