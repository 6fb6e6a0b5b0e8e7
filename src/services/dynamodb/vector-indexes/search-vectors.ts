import { endOfPrefix, type Key, keyAfter } from "#base/key.ts";
import type { Handlers } from "#kernel/service.ts";
import type { AttributeMap, DynamoDB, SearchVectorsInput } from "#models/dynamodb.ts";
import type { Snapshot } from "#store/store.ts";
import { encodeKeyValue } from "../items/key-encoding.ts";
import { partitionBytes } from "../keyspace.ts";
import { ownerContext, type TableContext, tableNameOf } from "../tables/open-table.ts";
import { checkReadRequest } from "../request-checks.ts";
import { openLayout, type TableLayout } from "../tables/table-layout.ts";
import { noteTraffic } from "../throttling/observe-request.ts";
import { ValidationProblem } from "../validation-problem.ts";
import { isHigherNearer, type Score, scoreAgainst } from "./distance.ts";
import { Nearest } from "./nearest.ts";
import { type ParsedSearch, parseSearch, type Wanted, wantedOf } from "./search-request.ts";
import { copyVector, entryJson, hasFilters, parseEntry, vectorEntryBytes } from "./vector-entry.ts";
import type { VectorIndexLayout } from "./vector-index-layout.ts";

/** Bounds of what is looked at without a pause: everything else in the process waits as long. */
const entriesPerSlice = 500;
const bytesPerSlice = 1_000_000;
/** Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/VectorSearchMonitoring.html */
const searchBytesAtLeast = 1024;

export const searchVectors = {
  /**
   * Compares with every vector of the index, or of one value of its HASH attribute: what it finds are the nearest ones
   * exactly, while AWS finds most of them. It looks slice by slice, each at a moment of its own, so an item that is
   * written meanwhile may be found as it was or as it is; AWS's search is eventually consistent as well.
   */
  async SearchVectors(ctx, input) {
    tableNameOf(ctx, input.TableName);
    const parsed = checkReadRequest(() => parseSearch(input));
    let search: Search | undefined;
    for (let isDone = false; !isDone;) {
      isDone = await ctx.read((snapshot) => {
        const { layout, index } = openVectorIndex(snapshot, ctx, input);
        noteTraffic(ctx, layout.traffic);
        search ??= new Search(index, wantedOf(index, input, parsed), input.TopK);
        return search.look(snapshot);
      });
    }
    const { index, nearest, consumedBytes } = search!;
    noteBytes(ctx, input, consumedBytes);
    const mode = input.ReturnConsumedCapacity;
    const isAsked = mode === "TOTAL" || mode === "INDEXES";
    return {
      SearchResults: nearest.found.map(({ score, value }) => ({
        Item: answered(index, parsed, value),
        Score: score,
      })),
      ConsumedCapacity: isAsked ? { VectorSearchRequestBytes: consumedBytes } : undefined,
    };
  },
} satisfies Handlers<DynamoDB>;

/** One search of one index, as far as it has come. */
class Search {
  readonly index: VectorIndexLayout;
  readonly nearest: Nearest;
  readonly #score: Score;
  readonly #filters: Wanted["filters"];
  readonly #isFiltered: boolean;
  /** The vector that is looked at, and its bytes: entries are copied here, where they are aligned. */
  readonly #vector: Float32Array;
  readonly #vectorBytes: Uint8Array;
  readonly #end: Key;
  #start: Key;
  #examinedBytes = 0;

  constructor(index: VectorIndexLayout, { vector, partition, filters }: Wanted, atMost: number) {
    const { dimensions, distanceFunction } = index.index;
    this.index = index;
    this.nearest = new Nearest(atMost, isHigherNearer(distanceFunction));
    this.#score = scoreAgainst(vector, distanceFunction);
    this.#filters = filters;
    this.#isFiltered = filters.some((bytes) => bytes !== undefined);
    this.#vector = new Float32Array(dimensions);
    this.#vectorBytes = new Uint8Array(this.#vector.buffer);
    this.#start =
      partition === undefined
        ? index.prefix
        : index.prefix + partitionBytes([encodeKeyValue(partition, index.partition!.type)]);
    this.#end = endOfPrefix(this.#start);
  }

  /** Looks at the next slice; answers whether it was the last. */
  look(snapshot: Snapshot): boolean {
    const range = { start: this.#start, end: this.#end, limit: entriesPerSlice };
    let entries = 0;
    let bytes = 0;
    for (const { key, value } of snapshot.range(range)) {
      this.#start = keyAfter(key);
      if (!this.#isFiltered || hasFilters(value, this.#filters)) this.#offer(value);
      entries += 1;
      bytes += value.length;
      if (bytes >= bytesPerSlice) return false;
    }
    return entries < entriesPerSlice;
  }

  #offer(entry: Buffer): void {
    copyVector(entry, this.#vectorBytes);
    this.nearest.offer(this.#score(this.#vector), entry);
    this.#examinedBytes += this.#vectorBytes.length;
  }

  /** What the vectors that were compared take, and what is returned; AWS's own figure differs from call to call. */
  get consumedBytes(): number {
    let bytes = this.#examinedBytes;
    for (const { value } of this.nearest.found) bytes += vectorEntryBytes(value);
    return Math.max(searchBytesAtLeast, bytes);
  }
}

function openVectorIndex(
  snapshot: Snapshot,
  ctx: TableContext,
  { TableName: tableName, IndexName: name }: SearchVectorsInput,
): { readonly layout: TableLayout; readonly index: VectorIndexLayout } {
  const layout = openLayout(snapshot, ctx, tableName);
  const index = layout.vectorIndexes.find((found) => found.index.name === name);
  const isFilling = index?.index.status === "CREATING" && layout.table.status === "ACTIVE";
  if (isFilling) throw new ValidationProblem(`Cannot search backfilling vector index: ${name}`);
  if (index?.index.status !== "ACTIVE") {
    throw new ValidationProblem(`The table does not have the specified index: ${name}`);
  }
  return { layout, index };
}

/** The vector is returned only if it is asked for; what the index does not hold is passed over. */
function answered(
  index: VectorIndexLayout,
  { projection }: ParsedSearch,
  entry: Buffer,
): AttributeMap {
  if (projection === undefined) return entryJson(entry, index.index.dimensions);
  return projection.apply(parseEntry(index, entry));
}

function noteBytes(ctx: TableContext, input: SearchVectorsInput, bytes: number): void {
  const owner = ownerContext(ctx, input.TableName);
  const TableName = tableNameOf(ctx, input.TableName);
  const dimensions = { TableName, VectorIndexName: input.IndexName };
  owner.series("AWS/DynamoDB", "VectorSearchRequestBytes", dimensions).add(bytes);
}
