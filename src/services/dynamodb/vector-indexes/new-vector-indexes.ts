import type { Context } from "#kernel/context.ts";
import type { AttributeDefinition, VectorIndex } from "#models/dynamodb.ts";
import type { BillingMode } from "#models/dynamodb.ts";
import { projectionOf } from "../tables/table-schema.ts";
import type { SearchAttribute, VectorIndexRecord } from "./vector-index-record.ts";

/*
 * The checks of vector indexes as CreateTable and UpdateTable define them. Messages are AWS's, as paritysuite/dynamodb-
 * conformance and dynoxide measured them in August 2026; the order of the checks among themselves was not measured.
 * Limits: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
 */

const invalid = "One or more parameter values were invalid: ";
export const vectorIndexesAtMost = 5;
const dimensionsAtMost = 4096;
const filtersAtMost = 18;

export function newVectorIndexes(
  ctx: Context,
  table: { readonly arn: string; readonly firstId: number; readonly mode: BillingMode },
  given: readonly VectorIndex[] | undefined,
  definitions: readonly AttributeDefinition[],
  otherNames: readonly string[],
): readonly VectorIndexRecord[] | undefined {
  if (given === undefined) return undefined;
  if (given.length === 0) {
    throw ctx.error("ValidationException", `${invalid}List of VectorIndexes is empty`);
  }
  checkIsOnDemand(ctx, table.mode);
  if (given.length > vectorIndexesAtMost) {
    throw ctx.error(
      "ValidationException",
      `${invalid}VectorIndex count exceeds the per-table limit of ${vectorIndexesAtMost}`,
    );
  }
  const names = new Set(otherNames);
  const indexes: VectorIndexRecord[] = [];
  for (const index of given) {
    if (names.has(index.IndexName)) {
      throw ctx.error("ValidationException", `${invalid}Duplicate index name: ${index.IndexName}`);
    }
    names.add(index.IndexName);
    const place = { arn: table.arn, id: table.firstId + indexes.length };
    const created = newVectorIndex(ctx, place, index, definitions);
    checkDimensionsAgree(ctx, created, indexes);
    indexes.push(created);
  }
  return indexes;
}

/** Vector indexes and the capacity that is provisioned do not go together. */
export function checkIsOnDemand(ctx: Context, mode: BillingMode): void {
  if (mode === "PAY_PER_REQUEST") return;
  throw ctx.error(
    "ValidationException",
    `${invalid}Vector indexes are only supported for PAY_PER_REQUEST tables`,
  );
}

/** A vector index as it begins: CREATING. `definitions`: those of the request, which alone count. */
export function newVectorIndex(
  ctx: Context,
  { arn, id }: { readonly arn: string; readonly id: number },
  given: VectorIndex,
  definitions: readonly AttributeDefinition[],
): VectorIndexRecord {
  const { IndexName: name, Dimensions: dimensions } = given;
  const vectorAttribute = given.VectorAttribute.AttributeName;
  if (dimensions < 1 || dimensions > dimensionsAtMost) {
    throw ctx.error(
      "ValidationException",
      `${invalid}Number of dimensions must be between 1 and ${dimensionsAtMost} inclusive.`,
    );
  }
  const searchSchema = searchSchemaOf(ctx, given, definitions);
  if (definitions.some((definition) => definition.AttributeName === vectorAttribute)) {
    throw ctx.error(
      "ValidationException",
      `${invalid}Conflicting attribute definition for '${vectorAttribute}'. An attribute cannot be defined in AttributeDefinitions when used as a VectorAttribute.`,
    );
  }
  return {
    name,
    id,
    arn: `${arn}/index/${name}`,
    vectorAttribute,
    dimensions,
    distanceFunction: given.DistanceFunction,
    searchSchema,
    projection: projectionOf(ctx, given.Projection),
    status: "CREATING",
    backfilling: false,
  };
}

/** AWS documents the limits of a search schema; its words for what is beyond them are not known. */
function searchSchemaOf(
  ctx: Context,
  { SearchSchema: schema = [] }: VectorIndex,
  definitions: readonly AttributeDefinition[],
): SearchAttribute[] {
  const attributes = schema.map(({ AttributeName: name, SearchSchemaElementType: role }) => {
    const definition = definitions.find((found) => found.AttributeName === name);
    if (definition === undefined) {
      throw ctx.error(
        "ValidationException",
        `${invalid}One element in SearchSchema is not defined in attribute definitions`,
      );
    }
    return { name, role, type: definition.AttributeType };
  });
  if (new Set(attributes.map(({ name }) => name)).size < attributes.length) {
    throw ctx.error(
      "ValidationException",
      `${invalid}The SearchSchema contains multiple attributes with the same name`,
    );
  }
  const partitions = attributes.filter(({ role }) => role === "HASH").length;
  if (partitions > 1) {
    throw ctx.error(
      "ValidationException",
      `${invalid}The SearchSchema exceeds the maximum allowed number of HASH attributes`,
    );
  }
  if (attributes.length - partitions > filtersAtMost) {
    throw ctx.error(
      "ValidationException",
      `${invalid}The SearchSchema exceeds the maximum allowed number of INLINE_FILTER attributes`,
    );
  }
  return attributes;
}

export function checkDimensionsAgree(
  ctx: Context,
  { vectorAttribute, dimensions }: VectorIndexRecord,
  others: readonly VectorIndexRecord[],
): void {
  const clashes = others.some(
    (other) => other.vectorAttribute === vectorAttribute && other.dimensions !== dimensions,
  );
  if (!clashes) return;
  throw ctx.error(
    "ValidationException",
    `${invalid}Conflicting attribute definition for '${vectorAttribute}'. All VectorIndexes on the same vector attribute must use the same dimensions.`,
  );
}
