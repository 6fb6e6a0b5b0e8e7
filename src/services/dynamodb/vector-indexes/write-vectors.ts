import type { Key } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import type { Transaction } from "#store/store.ts";
import type { ConsumedUnits } from "../consumed-capacity.ts";
import { ItemImage } from "../items/stored-item.ts";
import type { TableLayout } from "../tables/table-layout.ts";
import type { SizeChange } from "../tables/table-size.ts";
import { encodeVectorEntry, vectorEntryBytes, vectorEntryKey } from "./vector-entry.ts";
import type { VectorIndexLayout } from "./vector-index-layout.ts";

/**
 * What a write to an index is counted as at least.
 * Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/VectorSearchMonitoring.html, and measured.
 */
const bytesAtLeast = 1024;

interface Options {
  readonly units: ConsumedUnits;
  readonly sizes: SizeChange;
  /** What DynamoDB does by itself costs nothing. */
  readonly isCounted: boolean;
}

/** Keeps the entries of a table's vector indexes (vector-entry.ts) in one run of a transaction's body. */
export class VectorEntries {
  readonly #tx: Transaction;
  readonly #ctx: Context;
  readonly #layout: TableLayout;
  readonly #options: Options;

  constructor(tx: Transaction, ctx: Context, layout: TableLayout, options: Options) {
    this.#tx = tx;
    this.#ctx = ctx;
    this.#layout = layout;
    this.#options = options;
  }

  /** Brings all indexes up to date. What an index has of the item before is what is stored: no other image is made. */
  write(key: Key, before: ItemImage | undefined, after: ItemImage | undefined): void {
    const suffix = key.slice(this.#layout.itemsPrefix.length);
    this.#layout.vectorIndexes.forEach((index, position) => {
      const oldKey = before && vectorEntryKey(index, () => before.item, suffix);
      const old = oldKey === undefined ? undefined : this.#tx.get(oldKey);
      const afterKey = after && vectorEntryKey(index, () => after.item, suffix);
      const next = afterKey === undefined ? undefined : encodeVectorEntry(index, after!.item);
      const newKey = next && afterKey;
      const isMoved = oldKey !== newKey;
      if (old !== undefined && isMoved) {
        this.#tx.delete(oldKey!);
        this.#count(index, position, -1, -vectorEntryBytes(old), vectorEntryBytes(old));
      }
      if (next === undefined || newKey === undefined) return;
      const replaced = isMoved ? undefined : old;
      if (replaced?.equals(next) === true) return;
      this.#tx.put(newKey, next);
      const bytes = vectorEntryBytes(next);
      if (replaced === undefined) this.#count(index, position, 1, bytes, bytes);
      else this.#count(index, position, 0, bytes - vectorEntryBytes(replaced), bytes);
    });
  }

  /** For the backfill of a new index: writes an item's entry unless a write has been there first. */
  backfill(indexId: number, key: Key, stored: Buffer): void {
    const position = this.#layout.vectorIndexes.findIndex(({ index }) => index.id === indexId);
    const index = this.#layout.vectorIndexes[position];
    if (index === undefined) return;
    const { item } = ItemImage.ofStored(stored);
    const entryKey = vectorEntryKey(index, () => item, key.slice(this.#layout.itemsPrefix.length));
    if (entryKey === undefined || this.#tx.get(entryKey) !== undefined) return;
    const entry = encodeVectorEntry(index, item);
    if (entry === undefined) return;
    this.#tx.put(entryKey, entry);
    this.#options.sizes.addToIndex(this.#sizePosition(position), 1, vectorEntryBytes(entry));
  }

  finish(): void {
    const { vectorIndexes } = this.#options.units;
    if (!this.#options.isCounted || vectorIndexes.size === 0) return;
    const TableName = this.#layout.table.name;
    this.#tx.afterwards({
      settled: () => {
        for (const [VectorIndexName, bytes] of vectorIndexes) {
          const dimensions = { TableName, VectorIndexName };
          this.#ctx.series("AWS/DynamoDB", "VectorWriteRequestBytes", dimensions).add(bytes);
        }
      },
    });
  }

  #count(
    { index }: VectorIndexLayout,
    position: number,
    items: number,
    bytes: number,
    writtenBytes: number,
  ): void {
    const { sizes, units } = this.#options;
    sizes.addToIndex(this.#sizePosition(position), items, bytes);
    const used = units.vectorIndexes.get(index.name) ?? 0;
    units.vectorIndexes.set(index.name, used + Math.max(bytesAtLeast, writtenBytes));
  }

  /** Sizes are counted in the order of all indexes, vector indexes last. */
  #sizePosition(position: number): number {
    return this.#layout.indexes.length + position;
  }
}
