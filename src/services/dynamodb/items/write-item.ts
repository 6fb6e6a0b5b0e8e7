import type { Key } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import type { Transaction } from "#store/store.ts";
import type { ItemCollectionMetrics, ReturnItemCollectionMetrics } from "#models/dynamodb.ts";
import { type ConsumedUnits, noUnits, writeUnits } from "../consumed-capacity.ts";
import { HistoryRecorder } from "../history/record-history.ts";
import { OriginRecorder } from "../global-tables/record-origins.ts";
import type { Origin } from "../global-tables/stamps.ts";
import { indexEntryKey, projectedImage, sameProjection } from "../indexes/index-entries.ts";
import { CollectionSizes, itemCollectionMetrics } from "../indexes/item-collections.ts";
import { ChangeQueue } from "../kinesis/change-queue.ts";
import { partitionOfItem } from "./item-key.ts";
import { type Item, ItemImage } from "./stored-item.ts";
import type { ChangeCause } from "../streams/change-record.ts";
import { ChangeRecorder } from "../streams/record-changes.ts";
import {
  type IndexLayout,
  type Outbound,
  tableLayout,
  type TableLayout,
} from "../tables/table-layout.ts";
import type { TableRecord } from "../tables/table-record.ts";
import { SizeChange } from "../tables/table-size.ts";
import { WriteMeter } from "../throttling/meters.ts";
import { VectorEntries } from "../vector-indexes/write-vectors.ts";
import { ExpiryIndex } from "../time-to-live/expiry-index.ts";

interface WriterOptions {
  /** A transaction's writes cost twice, those of its index entries do not. */
  readonly tableFactor?: number;
  /**
   * Whether it takes capacity: a caller's writes ask for it, those of other replicas are only counted. What DynamoDB
   * does by itself is free.
   */
  readonly capacity?: "asked" | "counted" | "free";
}

/**
 * The one way in which items are written: keeps items, index entries, sizes and collections of one table together,
 * and counts what it cost. One writer serves one table in one run of a transaction's body; `finish` ends it.
 *
 * W1. After each transaction, the entries of an index are exactly those that index-entries.ts derives from the items
 *     (an index that is still being backfilled has those of the items written since, and those the backfill reached).
 * W2. The table's size and the collections' are the sums over what is stored.
 * W3. A table with a stream has a record of each change of an item, in the order of the changes of the item, and none
 *     of a write that left the item as it was (streams/record-changes.ts).
 * W4. The expiry index of a table with time to live is what time-to-live/expiry-index.ts derives from the items.
 * W5. The history of a table that has one holds what each write replaced (history/history-entry.ts).
 * W6. A replica of a global table has an origin or a tombstone of each item that was written since it is one, and an
 *     outbound entry for each replica that may not have it so (global-tables/record-origins.ts).
 * W7. A table whose changes go to Kinesis has each of them queued (kinesis/change-queue.ts).
 * W8. The entries of a vector index are what vector-indexes/vector-entry.ts derives from the items (see W1).
 */
export class TableWriter {
  readonly layout: TableLayout;
  readonly units: ConsumedUnits = noUnits();
  readonly #tx: Transaction;
  readonly #tableFactor: number;
  readonly #sizes: SizeChange;
  readonly #collections: CollectionSizes | undefined;
  readonly #recorder: ChangeRecorder | undefined;
  readonly #queue: ChangeQueue | undefined;
  readonly #expiry: ExpiryIndex | undefined;
  readonly #history: HistoryRecorder | undefined;
  readonly #meter: WriteMeter | undefined;
  readonly #origins: OriginRecorder | undefined;
  readonly #vectors: VectorEntries | undefined;

  constructor(tx: Transaction, ctx: Context, table: TableRecord, options: WriterOptions = {}) {
    this.#tx = tx;
    this.#tableFactor = options.tableFactor ?? 1;
    this.layout = tableLayout(ctx, table);
    const { capacity = "free" } = options;
    this.#meter =
      capacity === "free"
        ? undefined
        : new WriteMeter(tx, ctx, this.layout, this.units, capacity === "asked");
    this.#sizes = new SizeChange(this.layout);
    this.#collections =
      this.layout.collectionsPrefix === undefined ? undefined : new CollectionSizes(tx);
    const { stream, expiry, history, replication, vectorIndexes } = this.layout;
    this.#recorder =
      stream === undefined ? undefined : new ChangeRecorder(tx, ctx, this.layout, stream);
    this.#queue = this.layout.hasDestination ? new ChangeQueue(tx, ctx, this.layout) : undefined;
    this.#expiry = expiry === undefined ? undefined : new ExpiryIndex(tx, ctx, this.layout, expiry);
    this.#history =
      history === undefined ? undefined : new HistoryRecorder(tx, ctx, this.layout, history);
    this.#origins =
      replication === undefined ? undefined : new OriginRecorder(tx, ctx, this.layout, replication);
    this.#vectors =
      vectorIndexes.length === 0
        ? undefined
        : new VectorEntries(tx, ctx, this.layout, {
            units: this.units,
            sizes: this.#sizes,
            isCounted: capacity !== "free",
          });
  }

  /**
   * What stands under this key now, for a request that decides by it. Throws if there is no capacity left to write
   * there, or if this region must not decide.
   */
  find(key: Key): ItemImage | undefined {
    this.#origins?.checkMayDecide();
    this.#meter?.admit(key);
    const stored = this.#tx.get(key);
    return stored === undefined ? undefined : ItemImage.ofStored(stored);
  }

  /** Replaces `before`, which stands under the key, by `after`; undefined stands for no item. */
  write(
    key: Key,
    before: ItemImage | undefined,
    after: ItemImage | undefined,
    cause: ChangeCause = "request",
  ): void {
    this.#meter?.admitToIndexes((index) => this.#changes(index, before, after));
    this.charge(key, before, after);
    if (before === after) return;
    if (cause !== "replication") this.#origins?.record(key, after);
    this.#recorder?.record(key, before, after, cause);
    this.#queue?.record(before, after, cause);
    this.#expiry?.write(key, before, after);
    this.#history?.record(key, before);
    this.#vectors?.write(key, before, after);
    const bytes = (after?.sizeBytes ?? 0) - (before?.sizeBytes ?? 0);
    let collectionBytes = bytes;
    const { indexes } = this.layout;
    for (let position = 0; position < indexes.length; position++) {
      const index = indexes[position]!;
      const entryBytes = this.#writeEntry(index, position, before, after);
      if (!index.isGlobal) collectionBytes += entryBytes;
    }
    if (this.#collections !== undefined) {
      this.#collections.add(this.#collectionKey((after ?? before)!.item), collectionBytes);
    }
    this.#sizes.bytes += bytes;
    if (after === undefined) {
      this.#sizes.items -= 1;
      this.#tx.delete(key);
      return;
    }
    if (before === undefined) this.#sizes.items += 1;
    this.#tx.put(key, after.stored);
  }

  /**
   * A write that was made in another region. `known`: what is known here of the last one; `outbound`: who else is to
   * have it from here.
   */
  take(
    key: Key,
    before: ItemImage | undefined,
    after: ItemImage | undefined,
    { known, origin, outbound = [] }: Taken,
  ): void {
    this.#origins!.take(key, known, origin, outbound);
    this.write(key, before, after, "replication");
  }

  /** Counts what a write costs the table, without writing: a condition that failed costs as much as one that held. */
  charge(key: Key, before: ItemImage | undefined, after: ItemImage | undefined): void {
    const bytes = Math.max(before?.sizeBytes ?? 0, after?.sizeBytes ?? 0);
    const units = writeUnits(bytes) * this.#tableFactor;
    this.units.table += units;
    this.#meter?.countInPartition(key, units);
  }

  /** For the backfill of a new index: writes an item's entry unless a write has been there first. */
  backfill(indexId: number, itemKey: Key, stored: Buffer): void {
    this.#vectors?.backfill(indexId, itemKey, stored);
    const position = this.layout.indexes.findIndex(({ index }) => index.id === indexId);
    const index = this.layout.indexes[position];
    if (index === undefined) return;
    const image = ItemImage.ofStored(stored);
    const key = indexEntryKey(this.layout, index, image.item);
    if (key === undefined || this.#tx.get(key) !== undefined) return;
    const entry = projectedImage(index, image);
    this.#tx.put(key, entry.stored);
    this.#sizes.addToIndex(position, 1, entry.sizeBytes);
  }

  /** For the filling of a new expiry index: adds an item that was there before. */
  addExpiry(key: Key, stored: Buffer): void {
    this.#expiry?.write(key, undefined, ItemImage.ofStored(stored));
  }

  metrics(
    mode: ReturnItemCollectionMetrics | undefined,
    item: Item,
  ): ItemCollectionMetrics | undefined {
    if (mode !== "SIZE" || this.#collections === undefined) return undefined;
    const bytes = this.#collections.of(this.#collectionKey(item));
    return itemCollectionMetrics(mode, this.layout, item, bytes);
  }

  /** Stores the sizes. Nothing may be written afterwards. */
  finish(): void {
    this.#sizes.write(this.#tx, this.layout);
    this.#collections?.write();
    this.#recorder?.finish();
    this.#queue?.finish();
    this.#expiry?.finish();
    this.#history?.finish();
    this.#origins?.finish();
    this.#vectors?.finish();
  }

  #collectionKey(item: Item): Key {
    return this.layout.collectionsPrefix! + partitionOfItem(this.layout, item);
  }

  /** Whether a write changes an index. */
  #changes(
    index: IndexLayout,
    before: ItemImage | undefined,
    after: ItemImage | undefined,
  ): boolean {
    if (before === after) return false;
    const beforeKey = before && indexEntryKey(this.layout, index, before.item);
    const afterKey = after && indexEntryKey(this.layout, index, after.item);
    if (beforeKey !== afterKey) return true;
    return beforeKey !== undefined && !sameProjection(index, before!, after!);
  }

  /** Brings one index up to date; answers by how many bytes it grew. */
  #writeEntry(
    index: IndexLayout,
    position: number,
    before: ItemImage | undefined,
    after: ItemImage | undefined,
  ): number {
    const { layout } = this;
    const tx = this.#tx;
    let beforeKey = before && indexEntryKey(layout, index, before.item);
    const afterKey = after && indexEntryKey(layout, index, after.item);
    if (beforeKey !== undefined && index.index.backfilling && tx.get(beforeKey) === undefined) {
      beforeKey = undefined; // The backfill has not come here yet.
    }
    if (beforeKey !== undefined && beforeKey === afterKey) {
      if (sameProjection(index, before!, after!)) return 0;
      const was = projectedImage(index, before!).sizeBytes;
      const entry = projectedImage(index, after!);
      tx.put(afterKey, entry.stored);
      this.#chargeEntry(index, afterKey, Math.max(was, entry.sizeBytes));
      this.#sizes.addToIndex(position, 0, entry.sizeBytes - was);
      return entry.sizeBytes - was;
    }
    let bytes = 0;
    if (beforeKey !== undefined) {
      const was = projectedImage(index, before!).sizeBytes;
      tx.delete(beforeKey);
      this.#chargeEntry(index, beforeKey, was);
      this.#sizes.addToIndex(position, -1, -was);
      bytes -= was;
    }
    if (afterKey !== undefined) {
      const entry = projectedImage(index, after!);
      tx.put(afterKey, entry.stored);
      this.#chargeEntry(index, afterKey, entry.sizeBytes);
      this.#sizes.addToIndex(position, 1, entry.sizeBytes);
      bytes += entry.sizeBytes;
    }
    return bytes;
  }

  #chargeEntry(index: IndexLayout, key: Key, sizeBytes: number): void {
    const units = index.isGlobal ? this.units.globalIndexes : this.units.localIndexes;
    const { name } = index.index;
    const used = writeUnits(sizeBytes);
    units.set(name, (units.get(name) ?? 0) + used);
    this.#meter?.noteEntry(index, key, used);
  }
}

interface Taken {
  readonly known: Origin | undefined;
  readonly origin: Origin;
  readonly outbound?: readonly Outbound[];
}
