import type { IndexStatus, VectorDistanceFunction } from "#models/dynamodb.ts";
import type { IndexRecord, KeyAttribute, TableRecord } from "../tables/table-record.ts";

/** What a table's record holds of a vector index. Nothing of it but its state ever changes. */
export interface VectorIndexRecord {
  readonly name: string;
  /** From the same count as those of the table's other indexes. */
  readonly id: number;
  readonly arn: string;
  /** The attribute that holds vectors: a list of numbers. */
  readonly vectorAttribute: string;
  readonly dimensions: number;
  readonly distanceFunction: VectorDistanceFunction;
  /** In the order in which they were given. */
  readonly searchSchema: readonly SearchAttribute[];
  readonly projection: IndexRecord["projection"];
  readonly status: IndexStatus;
  /** While existing items are being written to a new index. */
  readonly backfilling: boolean;
}

/** What a search may ask besides nearness: one HASH attribute, which it then must give, and inline filters. */
export interface SearchAttribute extends KeyAttribute {
  readonly role: "HASH" | "INLINE_FILTER";
}

/** Records of tables from before there were vector indexes have no list. */
export function vectorIndexesOf(table: TableRecord): readonly VectorIndexRecord[] {
  return table.vectorIndexes ?? [];
}

/** All indexes of a table that come and go while it serves. */
export function changingIndexesOf(
  table: TableRecord,
): readonly Pick<IndexRecord, "id" | "name" | "status" | "backfilling">[] {
  return [...table.globalIndexes, ...vectorIndexesOf(table)];
}
