import { endOfPrefix, type Key } from "#base/key.ts";
import type { Snapshot } from "#store/store.ts";
import { dayOf, entryKey, type HistoryEntry, itemOnDayPrefix, readEntry } from "./history-entry.ts";
import {
  DayOfHistory,
  daysFrom,
  firstAfter,
  firstOf,
  type PastTable,
  type WalkStart,
} from "./items-at.ts";
import { isAfter, type Moment } from "./moment.ts";

/** What became of one key between two moments. */
export interface KeyChange {
  readonly suffix: Key;
  /** The stored items at the two moments; undefined: there was none. */
  readonly before: Buffer | undefined;
  readonly after: Buffer | undefined;
  /** When it was changed last within the span. */
  readonly writtenAtMs: number;
}

/**
 * The keys of a table that were changed after one moment and not after another, from one key on, in order. A key with
 * changes at other times only comes without a change, so that whoever walks in steps knows how far it is.
 */
export function* changesWithin(
  snapshot: Snapshot,
  table: PastTable,
  from: Moment,
  to: Moment,
  start: WalkStart,
): Iterable<{ readonly suffix: Key; readonly change: KeyChange | undefined }> {
  const { history, itemsPrefix } = table;
  const dayNumbers = daysFrom(snapshot, history, dayOf(from.historyFromMs));
  const days = dayNumbers.map((day) => new DayOfHistory(snapshot, history, day, start));
  for (;;) {
    const suffix = firstOf(days);
    if (suffix === undefined) return;
    let first: HistoryEntry | undefined;
    for (const day of days) {
      if (day.suffix !== suffix) continue;
      const found = day.take(from);
      first ??= found;
    }
    if (first === undefined || isAfter(first, to)) {
      yield { suffix, change: undefined };
      continue;
    }
    const next = nextAfter(snapshot, table, dayNumbers, suffix, to);
    const change = {
      suffix,
      before: first.before,
      after: next === undefined ? snapshot.get(itemsPrefix + suffix) : next.before,
      writtenAtMs: lastBefore(snapshot, table, dayNumbers, suffix, next)?.atMs ?? first.atMs,
    };
    yield { suffix, change };
  }
}

function nextAfter(
  snapshot: Snapshot,
  { history }: PastTable,
  days: readonly number[],
  suffix: Key,
  moment: Moment,
): HistoryEntry | undefined {
  for (const day of days) {
    if (day < dayOf(moment.historyFromMs)) continue;
    const prefix = itemOnDayPrefix(history, day, suffix);
    const found = firstAfter(snapshot, history, prefix, moment);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The item's last change before this one, or its last one. */
function lastBefore(
  snapshot: Snapshot,
  { history }: PastTable,
  days: readonly number[],
  suffix: Key,
  next: HistoryEntry | undefined,
): HistoryEntry | undefined {
  const nextDay = next === undefined ? Infinity : dayOf(next.atMs);
  for (const day of days.toReversed()) {
    if (day > nextDay) continue;
    const prefix = itemOnDayPrefix(history, day, suffix);
    const end =
      next !== undefined && day === nextDay
        ? entryKey(history, day, suffix, next.sequence)
        : endOfPrefix(prefix);
    const [last] = snapshot.range({ start: prefix, end, reverse: true, limit: 1 });
    if (last !== undefined) return readEntry(history, last.key, last.value);
  }
  return undefined;
}
