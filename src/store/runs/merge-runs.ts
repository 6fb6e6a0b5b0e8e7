/** Merges runs into one: of each key what the newest run says. */
import type { Key } from "#base/key.ts";
import type { Run } from "./run-cursor.ts";
import { RunScan } from "./run-scan.ts";
import type { RunWriter } from "./run-writer.ts";

/** Of work between two pauses: some 0.3 milliseconds (see merge-pace.ts). */
const stepsPerPiece = 128;
/** An entry is one step, and one more for each so many bytes. */
const bytesPerStep = 512;

export interface MergeOptions {
  /** Nothing lies below these runs: what is deleted need not be said any more. */
  readonly dropTombstones: boolean;
  /** Partitions of so many bytes are copied whole where nothing lies between their entries. */
  readonly wholePartitionBytes: number;
  /** Lets others have their turn; throws when the merge is to end. */
  pause(): Promise<void>;
}

/** @param runs the newest first. */
export async function mergeRuns(
  runs: readonly Run[],
  output: RunWriter,
  options: MergeOptions,
): Promise<void> {
  const { dropTombstones } = options;
  const scans = runs.map((run) => new RunScan(run));
  let steps = 0;
  for (;;) {
    for (const scan of scans) if (scan.needsLoad) await scan.load();
    if (output.isFull) await output.ready();
    if (steps >= stepsPerPiece) {
      steps = 0;
      await options.pause();
    }
    // Until something has to be waited for.
    for (;;) {
      const nearest = nearestOf(scans);
      if (nearest === undefined) return;
      const { key } = nearest;
      const block = nearest.block!;
      steps += 1 + Math.floor(block.entryBytes(nearest.entry) / bytesPerStep);
      if (!dropTombstones || !block.isTombstone(nearest.entry)) {
        if (copyPartition(nearest, scans, output, options)) {
          steps += stepsPerPiece;
          break;
        }
        output.addFrom(key!, block, nearest.entry);
      }
      let mustWait = output.isFull || steps >= stepsPerPiece;
      for (const scan of scans) {
        if (scan.key !== key) continue;
        scan.advance();
        mustWait ||= scan.needsLoad;
      }
      if (mustWait) break;
    }
  }
}

/** The scan with the smallest key; of equal ones the newest. */
function nearestOf(scans: readonly RunScan[]): RunScan | undefined {
  let nearest: RunScan | undefined;
  for (const scan of scans) {
    if (scan.key === undefined) continue;
    if (nearest === undefined || scan.key < nearest.key!) nearest = scan;
  }
  return nearest;
}

function copyPartition(
  nearest: RunScan,
  scans: readonly RunScan[],
  output: RunWriter,
  { dropTombstones, wholePartitionBytes }: MergeOptions,
): boolean {
  const whole = nearest.wholePartition();
  if (whole === undefined || whole.bytes.length < wholePartitionBytes) return false;
  if (dropTombstones && whole.tombstones > 0) return false;
  const reaches = (other: RunScan): boolean => isNotAfter(other.key, whole.lastKey);
  if (scans.some((scan) => scan !== nearest && reaches(scan))) return false;
  output.addPartition(whole);
  nearest.skipPartition();
  return true;
}

function isNotAfter(key: Key | undefined, last: Key): boolean {
  return key !== undefined && key <= last;
}
