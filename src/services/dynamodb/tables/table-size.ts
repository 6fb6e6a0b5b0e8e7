import type { Snapshot, Transaction } from "#store/store.ts";
import type { TableLayout } from "./table-layout.ts";

/*
 * How many items a table and its indexes hold, and their bytes by DynamoDB's rule: one small value a table, changed
 * in the transaction that changes the items, so it is always right.
 *
 * A version byte; the table's items and bytes; then for each index its id (four bytes), items and bytes. All counts
 * are doubles: whole numbers up to 2^53. An index that the table no longer has drops out at the next write.
 */
const version = 1;
const tableBytes = 1 + 8 + 8;
const indexBytes = 4 + 8 + 8;

export interface Size {
  readonly itemCount: number;
  readonly sizeBytes: number;
}

const nothing: Size = { itemCount: 0, sizeBytes: 0 };

export interface TableSize extends Size {
  /** By index id; an index without entries may be missing: `sizeOfIndex` knows. */
  readonly indexes: ReadonlyMap<number, Size>;
}

/** The table's size as of this snapshot. */
export function readTableSize(snapshot: Snapshot, layout: TableLayout): TableSize {
  const stored = snapshot.get(layout.sizeKey);
  if (stored === undefined) return { ...nothing, indexes: new Map() };
  const indexes = new Map<number, Size>();
  for (let at = tableBytes; at < stored.length; at += indexBytes) {
    indexes.set(stored.readUInt32BE(at), readSize(stored, at + 4));
  }
  return { ...readSize(stored, 1), indexes };
}

export function sizeOfIndex(size: TableSize, indexId: number): Size {
  return size.indexes.get(indexId) ?? nothing;
}

/** What a transaction adds to and takes from a table's size; written once, at its end. */
export class SizeChange {
  items = 0;
  bytes = 0;
  /** In the order of the layout's `sizedIndexIds`. */
  readonly #indexes: { items: number; bytes: number }[];

  constructor(layout: TableLayout) {
    this.#indexes = layout.sizedIndexIds.map(() => ({ items: 0, bytes: 0 }));
  }

  addToIndex(position: number, items: number, bytes: number): void {
    const index = this.#indexes[position]!;
    index.items += items;
    index.bytes += bytes;
  }

  write(tx: Transaction, layout: TableLayout): void {
    if (this.#isNothing()) return;
    const size = room(tx.get(layout.sizeKey), layout);
    add(size, 1, this.items, this.bytes);
    this.#indexes.forEach((change, position) => {
      add(size, tableBytes + position * indexBytes + 4, change.items, change.bytes);
    });
    tx.put(layout.sizeKey, size);
  }

  #isNothing(): boolean {
    if (this.items !== 0 || this.bytes !== 0) return false;
    return this.#indexes.every((index) => index.items === 0 && index.bytes === 0);
  }
}

/** A copy of the stored value (nobody may change that one) with a place for each index of the layout, in its order. */
function room(stored: Buffer | undefined, layout: TableLayout): Buffer {
  const { sizedIndexIds: ids } = layout;
  if (stored !== undefined && fits(stored, layout)) return Buffer.from(stored);
  const size = Buffer.alloc(tableBytes + ids.length * indexBytes);
  size[0] = version;
  if (stored !== undefined) stored.copy(size, 1, 1, tableBytes);
  ids.forEach((id, position) => {
    const at = tableBytes + position * indexBytes;
    size.writeUInt32BE(id, at);
    const found = stored === undefined ? undefined : placeOf(stored, id);
    if (found !== undefined) stored!.copy(size, at + 4, found + 4, found + indexBytes);
  });
  return size;
}

function fits(stored: Buffer, layout: TableLayout): boolean {
  const { sizedIndexIds: ids } = layout;
  if (stored.length !== tableBytes + ids.length * indexBytes) return false;
  for (let position = 0; position < ids.length; position++) {
    if (stored.readUInt32BE(tableBytes + position * indexBytes) !== ids[position]) return false;
  }
  return true;
}

function placeOf(stored: Buffer, indexId: number): number | undefined {
  for (let at = tableBytes; at < stored.length; at += indexBytes) {
    if (stored.readUInt32BE(at) === indexId) return at;
  }
  return undefined;
}

function readSize(stored: Buffer, at: number): Size {
  return { itemCount: stored.readDoubleBE(at), sizeBytes: stored.readDoubleBE(at + 8) };
}

function add(size: Buffer, at: number, items: number, bytes: number): void {
  size.writeDoubleBE(size.readDoubleBE(at) + items, at);
  size.writeDoubleBE(size.readDoubleBE(at + 8) + bytes, at + 8);
}
