import type { Snapshot } from "#store/store.ts";
import type { HistoryLayout } from "../tables/table-layout.ts";
import {
  type HistoryEntry,
  historyStateCodec,
  type HistoryState,
  noHistory,
} from "./history-entry.ts";

/**
 * A moment of a table's past. Its time alone would not do: a write that comes after the moment was chosen may still get
 * the same millisecond, or an earlier one where the clock was set back.
 */
export interface Moment {
  /** What was changed up to this time is in. */
  readonly atMs: number;
  /** What has this sequence number or a larger one is not. */
  readonly beforeSequence: number;
  /** No entry that is after the moment is older than this. */
  readonly historyFromMs: number;
}

function readState(snapshot: Snapshot, history: HistoryLayout): HistoryState {
  const stored = snapshot.get(history.stateKey);
  return stored === undefined ? noHistory : historyStateCodec.decode(stored);
}

/** The state of this time, as far as it is known now. */
export function momentAt(snapshot: Snapshot, history: HistoryLayout, atMs: number): Moment {
  const { nextSequence, lastMs } = readState(snapshot, history);
  return { atMs, beforeSequence: nextSequence, historyFromMs: Math.min(atMs, lastMs) };
}

/** The state just before this time: what was changed at it is not in. */
export function momentBefore(snapshot: Snapshot, history: HistoryLayout, atMs: number): Moment {
  // Clocks tell microseconds at most.
  return momentAt(snapshot, history, atMs - 0.001);
}

/** The state of now, whatever the clock says. */
export function momentNow(snapshot: Snapshot, history: HistoryLayout, nowMs: number): Moment {
  const { lastMs } = readState(snapshot, history);
  return momentAt(snapshot, history, Math.max(nowMs, lastMs));
}

export function isAfter(entry: HistoryEntry, moment: Moment): boolean {
  return entry.sequence >= moment.beforeSequence || entry.atMs > moment.atMs;
}
