import type { Key } from "#base/key.ts";
import { ServiceError } from "#kernel/errors.ts";
import type { Transaction } from "#store/store.ts";
import type {
  ItemCollectionMetrics,
  ItemCollectionMetricsPerTable,
  ReturnItemCollectionMetrics,
} from "#models/dynamodb.ts";
import { attributeOf } from "../items/attribute-values.ts";
import type { Item } from "../items/stored-item.ts";
import type { TableLayout } from "../tables/table-layout.ts";

/*
 * An item collection is what a table with local indexes stores under one partition key: items and their entries in
 * the local indexes. It may hold 10 GB; its size stands in the store and changes with its items.
 */
const bytesPerGigabyte = 2 ** 30;
const maximumGigabytes = 10;

/** A transaction's view of the collections of one table. */
export class CollectionSizes {
  readonly #tx: Transaction;
  readonly #sizes = new Map<Key, number>();
  readonly #maximumBytes: number;

  constructor(tx: Transaction, maximumBytes: number = maximumGigabytes * bytesPerGigabyte) {
    this.#tx = tx;
    this.#maximumBytes = maximumBytes;
  }

  of(key: Key): number {
    const known = this.#sizes.get(key);
    if (known !== undefined) return known;
    return this.#tx.get(key)?.readDoubleBE(0) ?? 0;
  }

  /** Refuses to let a collection grow beyond its limit; shrinking is always possible. */
  add(key: Key, bytes: number): void {
    if (bytes === 0) return;
    const size = this.of(key) + bytes;
    if (bytes > 0 && size > this.#maximumBytes) throw new CollectionTooLarge();
    this.#sizes.set(key, size);
  }

  write(): void {
    for (const [key, size] of this.#sizes) {
      if (size <= 0) {
        this.#tx.delete(key);
        continue;
      }
      const stored = Buffer.allocUnsafe(8);
      stored.writeDoubleBE(size, 0);
      this.#tx.put(key, stored);
    }
  }
}

/** Message: AWS's of the cancellation reason; that of the single operations is not recorded anywhere. */
export class CollectionTooLarge extends ServiceError {
  override name = "CollectionTooLarge";

  constructor() {
    super("ItemCollectionSizeLimitExceededException", "Collection size exceeded.");
  }
}

/** The `ItemCollectionMetrics` of one written item, or undefined where none are asked for or the table has none. */
export function itemCollectionMetrics(
  mode: ReturnItemCollectionMetrics | undefined,
  layout: TableLayout,
  item: Item,
  collectionBytes: number,
): ItemCollectionMetrics | undefined {
  if (mode !== "SIZE" || layout.collectionsPrefix === undefined) return undefined;
  const { name } = layout.partition;
  const lowerBound = Math.floor(collectionBytes / bytesPerGigabyte);
  return {
    ItemCollectionKey: { [name]: attributeOf(item, name)! },
    SizeEstimateRangeGB: [lowerBound, lowerBound + 1],
  };
}

/** The metrics of several writes, by table: each collection once, as it was after the last write to it. */
export class CollectedMetrics {
  readonly #isWanted: boolean;
  readonly #byTable = new Map<string, Map<string, ItemCollectionMetrics>>();

  constructor(mode: ReturnItemCollectionMetrics | undefined) {
    this.#isWanted = mode === "SIZE";
  }

  addAll(tableName: string, metrics: readonly (ItemCollectionMetrics | undefined)[]): void {
    if (!this.#isWanted) return;
    for (const one of metrics) {
      if (one === undefined) continue;
      let collections = this.#byTable.get(tableName);
      if (collections === undefined) this.#byTable.set(tableName, (collections = new Map()));
      collections.set(JSON.stringify(one.ItemCollectionKey), one);
    }
  }

  /** Undefined where no table of the request has item collections. */
  byTable(): ItemCollectionMetricsPerTable | undefined {
    if (this.#byTable.size === 0) return undefined;
    const answer: ItemCollectionMetricsPerTable = {};
    for (const [tableName, collections] of this.#byTable) {
      answer[tableName] = [...collections.values()];
    }
    return answer;
  }
}
