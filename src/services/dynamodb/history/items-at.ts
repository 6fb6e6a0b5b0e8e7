import { endOfPrefix, type Key, keyAfter } from "#base/key.ts";
import { integer } from "#base/tuple.ts";
import type { Entry, Snapshot } from "#store/store.ts";
import type { HistoryLayout } from "../tables/table-layout.ts";
import { dayOf, dayOfKey, dayPrefix, itemOnDayPrefix, readEntry } from "./history-entry.ts";
import type { HistoryEntry } from "./history-entry.ts";
import { isAfter, type Moment } from "./moment.ts";

/** Where a table's items and their history stand. */
export interface PastTable {
  readonly itemsPrefix: Key;
  readonly history: HistoryLayout;
}

/** What is known of one key of the table at the moment. */
export interface PastItem {
  /** The item's key, without the prefix of its table's items. */
  readonly suffix: Key;
  /** The stored item; undefined: there was none. */
  readonly stored: Buffer | undefined;
}

/** Behind the one key, if there is one, otherwise at the other or the first one after it. */
export interface WalkStart {
  readonly afterSuffix: Key | undefined;
  readonly firstSuffix?: Key;
}

/**
 * A table's keys from one on, in order, each with what stood there at a moment: those that are there now, and those
 * that the history knows. Each answer holds for whichever state of the table it is read from, as long as the history
 * from the moment on is there: so a walk in many transactions, with writes between them, sees one moment.
 */
export function* itemsAt(
  snapshot: Snapshot,
  table: PastTable,
  moment: Moment,
  start: WalkStart,
): Iterable<PastItem> {
  const current = new CurrentItems(snapshot, table.itemsPrefix, start);
  const days = daysFrom(snapshot, table.history, dayOf(moment.historyFromMs)).map(
    (day) => new DayOfHistory(snapshot, table.history, day, start),
  );
  const walks = [current, ...days];
  for (;;) {
    const suffix = firstOf(walks);
    if (suffix === undefined) return;
    let change: HistoryEntry | undefined;
    for (const day of days) {
      if (day.suffix !== suffix) continue;
      const first = day.take(moment);
      change ??= first;
    }
    const stored = current.suffix === suffix ? current.stored : undefined;
    if (current.suffix === suffix) current.pass();
    yield { suffix, stored: change === undefined ? stored : change.before };
  }
}

/** Whichever key comes first. */
export function firstOf(walks: readonly { readonly suffix: Key | undefined }[]): Key | undefined {
  let first: Key | undefined;
  for (const { suffix } of walks) {
    if (suffix !== undefined && (first === undefined || suffix < first)) first = suffix;
  }
  return first;
}

/** The days of the history that have entries, from this one on. */
export function daysFrom(snapshot: Snapshot, history: HistoryLayout, fromDay: number): number[] {
  const days: number[] = [];
  const end = endOfPrefix(history.prefix);
  let start = dayPrefix(history, Math.max(0, fromDay));
  for (;;) {
    const [first] = snapshot.range({ start, end, limit: 1 });
    if (first === undefined) return days;
    const day = dayOfKey(history, first.key);
    days.push(day);
    start = dayPrefix(history, day + 1);
  }
}

/**
 * Of the entries of one item on one day (`prefix`), the first that is after the moment, from a sequence number on. By H2,
 * all that are not after it come before it.
 */
export function firstAfter(
  snapshot: Snapshot,
  history: HistoryLayout,
  prefix: Key,
  moment: Moment,
  fromSequence = 0,
): HistoryEntry | undefined {
  const end = endOfPrefix(prefix);
  const [last] = snapshot.range({ start: prefix, end, reverse: true, limit: 1 });
  if (last === undefined) return undefined;
  let found = readEntry(history, last.key, last.value);
  if (!isAfter(found, moment)) return undefined;
  let low = fromSequence;
  let high = found.sequence;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [probe] = snapshot.range({ start: prefix + integer(middle), end, limit: 1 });
    const entry = readEntry(history, probe!.key, probe!.value);
    if (isAfter(entry, moment)) {
      found = entry;
      high = middle;
    } else {
      low = entry.sequence + 1;
    }
  }
  return found;
}

/** The items that are there now. */
class CurrentItems {
  readonly #prefix: Key;
  readonly #entries: Iterator<Entry>;
  #entry: Entry | undefined;

  constructor(snapshot: Snapshot, prefix: Key, { afterSuffix, firstSuffix = "" }: WalkStart) {
    this.#prefix = prefix;
    const start = afterSuffix === undefined ? prefix + firstSuffix : keyAfter(prefix + afterSuffix);
    this.#entries = snapshot.range({ start, end: endOfPrefix(prefix) })[Symbol.iterator]();
    this.pass();
  }

  get suffix(): Key | undefined {
    return this.#entry?.key.slice(this.#prefix.length);
  }

  get stored(): Buffer | undefined {
    return this.#entry?.value;
  }

  pass(): void {
    const next = this.#entries.next();
    this.#entry = next.done === true ? undefined : next.value;
  }
}

/** Of one item's entries so many are read one after the other; beyond that they are searched, or stepped over. */
const readAtOnce = 16;

/** The entries of one day, one item after the other. */
export class DayOfHistory {
  readonly #snapshot: Snapshot;
  readonly #history: HistoryLayout;
  readonly #day: number;
  #entries: Iterator<Entry>;
  #entry: HistoryEntry | undefined;

  constructor(
    snapshot: Snapshot,
    history: HistoryLayout,
    day: number,
    { afterSuffix, firstSuffix = "" }: WalkStart,
  ) {
    this.#snapshot = snapshot;
    this.#history = history;
    this.#day = day;
    const start =
      afterSuffix === undefined
        ? itemOnDayPrefix(history, day, firstSuffix)
        : endOfPrefix(itemOnDayPrefix(history, day, afterSuffix));
    this.#entries = this.#from(start);
    this.#next();
  }

  /** The item that is next. */
  get suffix(): Key | undefined {
    return this.#entry?.suffix;
  }

  /** Steps over the next item; answers its first change after the moment, if it has one on this day. */
  take(moment: Moment): HistoryEntry | undefined {
    const suffix = this.suffix!;
    let found: HistoryEntry | undefined;
    let last = this.#entry!;
    for (let count = 0; count < readAtOnce; count++) {
      const entry = this.#entry;
      if (entry?.suffix !== suffix) return found;
      if (found === undefined && isAfter(entry, moment)) found = entry;
      last = entry;
      this.#next();
    }
    const prefix = itemOnDayPrefix(this.#history, this.#day, suffix);
    found ??= firstAfter(this.#snapshot, this.#history, prefix, moment, last.sequence + 1);
    this.#entries = this.#from(endOfPrefix(prefix));
    this.#next();
    return found;
  }

  #from(start: Key): Iterator<Entry> {
    const end = endOfPrefix(dayPrefix(this.#history, this.#day));
    return this.#snapshot.range({ start, end })[Symbol.iterator]();
  }

  #next(): void {
    const next = this.#entries.next();
    this.#entry =
      next.done === true ? undefined : readEntry(this.#history, next.value.key, next.value.value);
  }
}
