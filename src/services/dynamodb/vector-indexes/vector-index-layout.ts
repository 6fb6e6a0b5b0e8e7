import type { Key } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import { indexPrefix } from "../keyspace.ts";
import type { KeyAttribute, TableRecord } from "../tables/table-record.ts";
import type { VectorIndexRecord } from "./vector-index-record.ts";

/** What writes and searches need of a vector index. */
export interface VectorIndexLayout {
  readonly index: VectorIndexRecord;
  readonly prefix: Key;
  /** The HASH attribute of the search schema: entries stand by its value. */
  readonly partition: KeyAttribute | undefined;
  readonly filters: readonly KeyAttribute[];
  /** The names that an entry holds besides the vector; undefined: all. */
  readonly projected: ReadonlySet<string> | undefined;
}

export function vectorIndexLayout(
  ctx: Context,
  table: TableRecord,
  index: VectorIndexRecord,
): VectorIndexLayout {
  const { searchSchema, projection } = index;
  const keys = [...table.key.partition, ...table.key.sort, ...searchSchema];
  return {
    index,
    prefix: indexPrefix(ctx, table, index),
    partition: searchSchema.find(({ role }) => role === "HASH"),
    filters: searchSchema.filter(({ role }) => role === "INLINE_FILTER"),
    projected:
      projection.type === "ALL"
        ? undefined
        : new Set([...keys.map(({ name }) => name), ...(projection.attributes ?? [])]),
  };
}
