import type { Key } from "#base/key.ts";
import { bytes, integer } from "#base/tuple.ts";
import type { Codec } from "#store/store.ts";
import type { HistoryLayout } from "../tables/table-layout.ts";

/*
 * A table's history: for each change of an item, what stood under its key before. From it and from what stands there
 * now follows what stood there at any moment since the history began: the earliest entry after the moment has it, and
 * if there is none, the item has not changed since.
 *
 *   prefix · day · the item's key, escaped · sequence → version · time (8 bytes) · the stored item that was there
 *
 * Without a stored item: there was none.
 *
 * H1. An entry is written in the transaction that makes the change.
 * H2. Sequence numbers grow over the table's history in the order of the commits, and times never go back with them:
 *     where the clock was set back, an entry has the time of the one before.
 * H3. The day is that of the entry's time, so a day's entries are in one range that is swept as a whole when nobody
 *     needs it any more, and each day's entries of an item are together, in their order.
 */
const version = 1;
const headerBytes = 1 + 8;
export const dayMs = 86_400_000;

export interface HistoryEntry {
  /** The item's key, without the prefix of its table's items. */
  readonly suffix: Key;
  readonly sequence: number;
  readonly atMs: number;
  /** What stood there before the change; undefined: nothing did. */
  readonly before: Buffer | undefined;
}

export const dayOf = (atMs: number): number => Math.floor(atMs / dayMs);

export const dayPrefix = (history: HistoryLayout, day: number): Key =>
  history.prefix + integer(day);

/** Where the entries of one item on one day stand. */
export const itemOnDayPrefix = (history: HistoryLayout, day: number, suffix: Key): Key =>
  dayPrefix(history, day) + bytes(suffix);

export function entryKey(history: HistoryLayout, day: number, suffix: Key, sequence: number): Key {
  return itemOnDayPrefix(history, day, suffix) + integer(sequence);
}

export function entryValue(atMs: number, before: Buffer | undefined): Buffer {
  const value = Buffer.allocUnsafe(headerBytes + (before?.length ?? 0));
  value[0] = version;
  value.writeDoubleBE(atMs, 1);
  before?.copy(value, headerBytes);
  return value;
}

const integerBytes = integer(0).length;
const bytesTypeLength = 1;
const bytesEndLength = 2;

export function readEntry(history: HistoryLayout, key: Key, value: Buffer): HistoryEntry {
  const escapedAt = history.prefix.length + integerBytes + bytesTypeLength;
  const sequenceAt = key.length - integerBytes;
  const escaped = key.slice(escapedAt, sequenceAt - bytesEndLength);
  return {
    suffix: escaped.replaceAll("\u0000\u00ff", "\u0000"),
    sequence: readInteger(key, sequenceAt),
    atMs: value.readDoubleBE(1),
    before: value.length === headerBytes ? undefined : value.subarray(headerBytes),
  };
}

/** The day of an entry, from its key. */
export function dayOfKey(history: HistoryLayout, key: Key): number {
  return readInteger(key, history.prefix.length);
}

function readInteger(key: Key, at: number): number {
  let value = 0;
  for (let digit = at + 1; digit < at + integerBytes; digit++) {
    value = value * 256 + key.charCodeAt(digit);
  }
  return value;
}

/** Of a whole history. */
export interface HistoryState {
  readonly nextSequence: number;
  readonly lastMs: number;
}

export const noHistory: HistoryState = { nextSequence: 1, lastMs: 0 };

export const historyStateCodec: Codec<HistoryState> = {
  encode({ nextSequence, lastMs }) {
    const bytes = Buffer.allocUnsafe(16);
    bytes.writeDoubleBE(nextSequence, 0);
    bytes.writeDoubleBE(lastMs, 8);
    return bytes;
  },
  decode: (bytes) => ({ nextSequence: bytes.readDoubleBE(0), lastMs: bytes.readDoubleBE(8) }),
};
