import type { Context } from "#kernel/context.ts";
import type { UpdateTableInput, VectorIndex } from "#models/dynamodb.ts";
import type { KeyAttribute, TableRecord } from "../tables/table-record.ts";
import { byName, keyAttributes } from "../tables/table-schema.ts";
import { checkIndexIsFree } from "../tables/table-states.ts";
import {
  checkDimensionsAgree,
  checkIsOnDemand,
  newVectorIndex,
  vectorIndexesAtMost,
} from "./new-vector-indexes.ts";
import { type VectorIndexRecord, vectorIndexesOf } from "./vector-index-record.ts";

/*
 * What UpdateTable makes of a table's vector indexes: as of global ones, one at a time comes or goes. Messages are AWS's,
 * as extenddb and paritysuite/dynamodb-conformance measured them in August 2026.
 */

type IndexesContext = Context<
  "LimitExceededException" | "ResourceInUseException" | "ResourceNotFoundException"
>;

const invalid = "One or more parameter values were invalid: ";

export function checkVectorIndexUpdates(
  ctx: IndexesContext,
  table: TableRecord,
  { VectorIndexUpdates: updates = [] }: UpdateTableInput,
): void {
  for (const { Create, Delete } of updates) {
    if (Create !== undefined) checkIndexIsFree(ctx, table, Create.IndexName, "Create");
    if (Delete !== undefined) {
      const name = Delete.IndexName;
      if (vectorIndexesOf(table).every((index) => index.name !== name)) {
        throw ctx.error(
          "ResourceNotFoundException",
          `Requested resource not found: Index ${name} for table ${table.name}`,
        );
      }
      checkIndexIsFree(ctx, table, name, "Delete");
    }
  }
}

/** The table with its vector indexes changed; that there is one change at most is known. */
export function withVectorIndexUpdates(
  ctx: IndexesContext,
  table: TableRecord,
  input: UpdateTableInput,
): TableRecord {
  let after = table;
  for (const { Create, Delete } of input.VectorIndexUpdates ?? []) {
    if (Create !== undefined) after = withNew(ctx, after, Create, input);
    if (Delete !== undefined) after = withDeleting(after, Delete.IndexName);
  }
  if (vectorIndexesOf(after).length > 0) checkIsOnDemand(ctx, after.billing.mode);
  return after;
}

function withNew(
  ctx: IndexesContext,
  table: TableRecord,
  given: VectorIndex,
  { AttributeDefinitions: definitions = [] }: UpdateTableInput,
): TableRecord {
  const others = vectorIndexesOf(table);
  const named = [...table.globalIndexes, ...table.localIndexes, ...others];
  if (named.some((index) => index.name === given.IndexName)) {
    throw ctx.error("ValidationException", "Attempting to create an index which already exists");
  }
  if (others.length >= vectorIndexesAtMost) {
    throw ctx.error(
      "LimitExceededException",
      `Subscriber limit exceeded: Number of vector secondary indexes exceeds per-table limit of ${vectorIndexesAtMost}`,
    );
  }
  checkIsOnDemand(ctx, table.billing.mode);
  const { arn, nextIndexId: id } = table;
  const begun = newVectorIndex(ctx, { arn, id }, given, definitions);
  checkDimensionsAgree(ctx, begun, others);
  checkNotRedefined(ctx, table, begun);
  const known = new Set(table.attributeDefinitions.map(({ name }) => name));
  const added = begun.searchSchema
    .filter(({ name }) => !known.has(name))
    .map(({ name, type }): KeyAttribute => ({ name, type }));
  // Backfilling from the first: what is written between now and the backfill's first step must know of it.
  return {
    ...table,
    vectorIndexes: [...others, { ...begun, backfilling: true }],
    nextIndexId: id + 1,
    attributeDefinitions: [...table.attributeDefinitions, ...added].toSorted(byName),
  };
}

/** An attribute has one type, whatever it is a key of; vectors are lists. */
function checkNotRedefined(ctx: Context, table: TableRecord, index: VectorIndexRecord): void {
  const { vectorAttribute, dimensions, searchSchema } = index;
  const known = table.attributeDefinitions;
  const text =
    "Attributes cannot be redefined. Please check that your attribute has the same type as previously defined.";
  const vector = known.find(({ name }) => name === vectorAttribute);
  if (vector !== undefined) {
    const isPartition = table.key.partition.some(({ name }) => name === vectorAttribute);
    const role =
      isPartition || !keyAttributes(table.key).some(({ name }) => name === vectorAttribute)
        ? "HASH"
        : "RANGE";
    throw ctx.error(
      "ValidationException",
      `${invalid}${text} Existing schema: Schema:[SchemaElement: key{${vectorAttribute}:${vector.type}:${role}}] New schema: VectorIndexSchema:[VectorAttribute: key{${vectorAttribute}:L:${dimensions}}]`,
    );
  }
  const clash = searchSchema.find(({ name, type }) =>
    known.some((other) => other.name === name && other.type !== type),
  );
  if (clash !== undefined) throw ctx.error("ValidationException", `${invalid}${text}`);
}

function withDeleting(table: TableRecord, name: string): TableRecord {
  return {
    ...table,
    vectorIndexes: vectorIndexesOf(table).map((index) =>
      index.name === name ? { ...index, status: "DELETING", backfilling: false } : index,
    ),
  };
}
