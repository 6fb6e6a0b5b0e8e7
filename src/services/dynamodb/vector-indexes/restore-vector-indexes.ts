import { isDeepStrictEqual } from "node:util";
import type { Context } from "#kernel/context.ts";
import type { BillingMode, VectorIndex } from "#models/dynamodb.ts";
import type { TableRecord } from "../tables/table-record.ts";
import { vectorIndexDefinition } from "./describe-vector-indexes.ts";
import { checkIsOnDemand } from "./new-vector-indexes.ts";
import { type VectorIndexRecord, vectorIndexesOf } from "./vector-index-record.ts";

/**
 * The vector indexes of a table that a restore makes: all that the source had, or those of the override, each as the
 * source had it. Source: the API model's documentation; words as of global indexes.
 */
export function restoredVectorIndexes(
  ctx: Context,
  source: TableRecord,
  table: { readonly arn: string; readonly firstId: number; readonly mode: BillingMode },
  override: readonly VectorIndex[] | undefined,
): readonly VectorIndexRecord[] {
  const whole = vectorIndexesOf(source).filter(
    (index) => index.status !== "DELETING" && !index.backfilling,
  );
  const kept = override === undefined ? whole : override.map((given) => asGiven(ctx, whole, given));
  if (kept.length > 0) checkIsOnDemand(ctx, table.mode);
  const repeated = kept.find((index, position) => kept.indexOf(index) !== position);
  if (repeated !== undefined) {
    throw ctx.error(
      "ValidationException",
      `One or more parameter values were invalid: Duplicate index name: ${repeated.name}`,
    );
  }
  return kept.map((index, position) => ({
    ...index,
    id: table.firstId + position,
    arn: `${table.arn}/index/${index.name}`,
    status: "CREATING",
    backfilling: false,
  }));
}

function asGiven(
  ctx: Context,
  whole: readonly VectorIndexRecord[],
  given: VectorIndex,
): VectorIndexRecord {
  const index = whole.find((candidate) =>
    isDeepStrictEqual(plain(vectorIndexDefinition(candidate)), plain(given)),
  );
  if (index !== undefined) return index;
  throw ctx.error(
    "ValidationException",
    `Index ${given.IndexName} does not match a vector index that existed in the source table and cannot be created during the restore operation`,
  );
}

/** A definition in which only what it says counts. */
function plain({ SearchSchema: schema, Projection: given, ...rest }: VectorIndex): object {
  return {
    ...rest,
    schema: schema ?? [],
    type: given.ProjectionType ?? "ALL",
    names: (given.NonKeyAttributes ?? []).toSorted(),
  };
}
