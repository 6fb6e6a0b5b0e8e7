/**
 * Which runs are merged, and how. Runs are ordered by age; a merge takes neighbours and puts one in their
 * place, so that what is newer always lies above what is older.
 *
 * Sizes are grouped in tiers, each four times the one before. Four runs of a tier become one of the next: so
 * an entry is written once per tier, and there are at most three runs of each. When nobody writes, merging
 * goes on as long as a run is not much larger than all above it together.
 */
import type { Run } from "./run-cursor.ts";
import type { SortedFile } from "./sorted-file.ts";

/** A stretch of neighbours: `from <= index < to`. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

export const runsPerTier = 4;
const smallestTierBytes = 65_536;

/**
 * What to merge next, or undefined.
 * @param sizesBytes of the runs, the newest first; undefined for one that is being merged: no merge crosses it.
 */
export function nextMerge(sizesBytes: readonly (number | undefined)[]): Stretch | undefined {
  for (const { from, to } of free(sizesBytes)) {
    let tier = 0;
    const tiers: number[] = [];
    for (let at = from; at < to; at++) {
      // A small run below a large one has to be merged with it in the end: it counts as large.
      tier = Math.max(tier, tierOf(sizesBytes[at]!));
      tiers.push(tier);
    }
    for (let start = 0; start < tiers.length;) {
      let end = start;
      while (end < tiers.length && tiers[end] === tiers[start]) end += 1;
      if (end - start >= runsPerTier) {
        return { from, to: from + withFollowing(tiers, sizesBytes.slice(from, to), end) };
      }
      start = end;
    }
  }
  return undefined;
}

/** The end of a merge that begins with the newest: further when its result would at once be merged again. */
function withFollowing(
  tiers: readonly number[],
  sizesBytes: readonly (number | undefined)[],
  end: number,
): number {
  let to = end;
  for (;;) {
    let bytes = 0;
    for (let at = 0; at < to; at++) bytes += sizesBytes[at]!;
    const tier = tierOf(bytes);
    let next = to;
    while (next < tiers.length && tiers[next]! <= tier) next += 1;
    if (next - to < runsPerTier - 1) return to;
    to = next;
  }
}

/** What to merge when there is time, or undefined. */
export function idleMerge(sizesBytes: readonly (number | undefined)[]): Stretch | undefined {
  let found: Stretch | undefined;
  for (const { from, to } of free(sizesBytes)) {
    let above = 0;
    for (let at = from; at < to; at++) {
      const bytes = sizesBytes[at]!;
      if (at > from && bytes <= runsPerTier * above) found = { from, to: at + 1 };
      above += bytes;
    }
    if (found !== undefined) return found;
  }
  return undefined;
}

function* free(sizesBytes: readonly (number | undefined)[]): Iterable<Stretch> {
  let from = 0;
  for (let at = 0; at <= sizesBytes.length; at++) {
    if (at < sizesBytes.length && sizesBytes[at] !== undefined) continue;
    if (at - from > 1) yield { from, to: at };
    from = at + 1;
  }
}

/** Bounds lie between powers of four, so that runs of a memtable's usual size are of one tier. */
function tierOf(bytes: number): number {
  return Math.max(0, Math.floor(Math.log2(bytes / smallestTierBytes) / 2 + 0.5));
}

/** A part of a merge: a file that can stay as it is, or runs that are rewritten, the newest first. */
export type MergePart = SortedFile | readonly Run[];

/**
 * Cuts a merge into parts, in key order. A file that overlaps with no other stays as it is, unless it is
 * small, or has tombstones that are to vanish.
 */
export function partsOf(
  runs: readonly Run[],
  dropTombstones: boolean,
  smallBytes: number,
): MergePart[] {
  const all = runs.flatMap((run, age) => run.map((file) => ({ file, age })));
  all.sort((a, b) => (a.file.facts.firstKey < b.file.facts.firstKey ? -1 : 1));
  const parts: MergePart[] = [];
  let rewritten: SortedFile[][] | undefined;
  for (let at = 0; at < all.length;) {
    let { lastKey } = all[at]!.file.facts;
    let end = at + 1;
    for (; end < all.length && all[end]!.file.facts.firstKey <= lastKey; end++) {
      const { facts } = all[end]!.file;
      if (facts.lastKey > lastKey) lastKey = facts.lastKey;
    }
    const { file } = all[at]!;
    const stays =
      end === at + 1 &&
      file.facts.sizeBytes >= smallBytes &&
      !(dropTombstones && file.facts.tombstones > 0);
    if (stays) {
      parts.push(file);
      rewritten = undefined;
    } else {
      if (rewritten === undefined) {
        rewritten = runs.map(() => []);
        parts.push(rewritten);
      }
      for (const { file: input, age } of all.slice(at, end)) rewritten[age]!.push(input);
    }
    at = end;
  }
  return parts;
}
