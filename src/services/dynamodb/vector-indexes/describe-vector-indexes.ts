import type { VectorIndex, VectorIndexDescription } from "#models/dynamodb.ts";
import type { TableRecord } from "../tables/table-record.ts";
import { projection } from "../tables/table-description.ts";
import { sizeOfIndex, type TableSize } from "../tables/table-size.ts";
import { type VectorIndexRecord, vectorIndexesOf } from "./vector-index-record.ts";

/** Undefined if the table has none. Source: measured in August 2026 by paritysuite/dynamodb-conformance. */
export function vectorIndexDescriptions(
  table: TableRecord,
  size: TableSize,
): VectorIndexDescription[] | undefined {
  const indexes = vectorIndexesOf(table);
  if (indexes.length === 0) return undefined;
  return indexes.map((index) => ({
    ...vectorIndexDefinition(index),
    IndexStatus: index.status,
    // As of a global index: absent unless UpdateTable made the index; false while its table is UPDATING.
    Backfilling: index.backfilling ? table.status === "ACTIVE" : undefined,
    IndexSizeBytes: sizeOfIndex(size, index.id).sizeBytes,
    ItemCount: sizeOfIndex(size, index.id).itemCount,
    IndexArn: index.arn,
  }));
}

/** As the index was defined. */
export function vectorIndexDefinition(index: VectorIndexRecord): VectorIndex {
  const { searchSchema } = index;
  return {
    IndexName: index.name,
    VectorAttribute: { AttributeName: index.vectorAttribute },
    SearchSchema: searchSchema.length
      ? searchSchema.map(({ name, role }) => ({
          AttributeName: name,
          SearchSchemaElementType: role,
        }))
      : undefined,
    Projection: projection(index),
    Dimensions: index.dimensions,
    DistanceFunction: index.distanceFunction,
  };
}
