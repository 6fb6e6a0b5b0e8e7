import { JsonBytes } from "#base/json-bytes.ts";
import type { Item } from "./attribute-values.ts";

export type { Item } from "./attribute-values.ts";

/*
 * The stored form: a version byte, the item's size by DynamoDB's rule as four bytes, then its JSON text, which is
 * exactly what goes out over the wire. So GetItem copies bytes and parses nothing, and pages and capacity are
 * counted without looking inside.
 */
const version = 1;
const headerBytes = 5;

export function encodeItem(item: Item, sizeBytes: number): Buffer {
  return encodeJson(JSON.stringify(item), sizeBytes);
}

function encodeJson(json: string, sizeBytes: number): Buffer {
  const bytes = Buffer.allocUnsafe(headerBytes + Buffer.byteLength(json));
  bytes[0] = version;
  bytes.writeUInt32BE(sizeBytes, 1);
  bytes.write(json, headerBytes);
  return bytes;
}

/** The item's size in bytes by DynamoDB's rule, which limits and capacity are counted in. */
export function itemSizeBytes(stored: Buffer): number {
  return stored.readUInt32BE(1);
}

/** The item for an answer: its JSON text as stored, spliced into the body. */
export function itemJson(stored: Buffer): JsonBytes {
  return new JsonBytes(stored.subarray(headerBytes));
}

/** The item itself, parsed. A fresh one for each call. */
export function parseItem(stored: Buffer): Item {
  return JSON.parse(stored.toString("utf8", headerBytes)) as Item;
}

/** One state of an item, stored and parsed: whichever of the two is asked for is made once. Change neither. */
export class ItemImage {
  readonly sizeBytes: number;
  #item: Item | undefined;
  #stored: Buffer | undefined;

  private constructor(sizeBytes: number, item: Item | undefined, stored: Buffer | undefined) {
    this.sizeBytes = sizeBytes;
    this.#item = item;
    this.#stored = stored;
  }

  static ofItem(item: Item, sizeBytes: number): ItemImage {
    return new ItemImage(sizeBytes, item, undefined);
  }

  static ofStored(stored: Buffer): ItemImage {
    return new ItemImage(itemSizeBytes(stored), undefined, stored);
  }

  /** `json`: the item's text as `json` has it. */
  static ofJson(json: string, sizeBytes: number): ItemImage {
    return new ItemImage(sizeBytes, undefined, encodeJson(json, sizeBytes));
  }

  get item(): Item {
    return (this.#item ??= parseItem(this.#stored!));
  }

  get stored(): Buffer {
    return (this.#stored ??= encodeItem(this.#item!, this.sizeBytes));
  }

  /** The item for an answer. */
  get json(): JsonBytes {
    return itemJson(this.stored);
  }
}
