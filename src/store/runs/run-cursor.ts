/** Walks over runs: sorted files that do not overlap, in key order, and several such runs at once. */
import type { Key } from "#base/key.ts";
import type { Cursor } from "../engine.ts";
import type { Entry, KeyRange } from "../store.ts";
import type { CachedBlock } from "./block-cache.ts";
import { Probe } from "./probe.ts";
import type { SortedFile } from "./sorted-file.ts";

/** Files in key order that do not overlap: together as good as one file of any size. */
export type Run = readonly SortedFile[];

/** The only file of the run that may have the key. */
export function fileOf(run: Run, key: Key): SortedFile | undefined {
  const file = run[firstEndingAtOrAfter(run, key)];
  return file !== undefined && file.facts.firstKey <= key ? file : undefined;
}

function firstEndingAtOrAfter(run: Run, key: Key): number {
  let low = 0;
  let high = run.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (run[middle]!.facts.lastKey < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A walk that goes on to another block will want more of them. */
const blocksAhead = 3;

/** What a seek looks for; none is interrupted by another. */
const probe = new Probe();

/** Stands on an entry of a run with `start <= key < end`, or behind the last one. */
export class RunCursor {
  /** Undefined: the walk has ended. */
  key: Key | undefined;
  private readonly run: Run;
  private readonly start: Key;
  private readonly end: Key;
  private readonly step: 1 | -1;
  private file = 0;
  private partition = 0;
  private block = 0;
  private entry = 0;
  private root: CachedBlock | undefined;
  private index: CachedBlock | undefined;
  private data: CachedBlock | undefined;

  constructor(run: Run, start: Key, end: Key, reverse: boolean) {
    this.run = run;
    this.start = start;
    this.end = end;
    this.step = reverse ? -1 : 1;
    if (reverse) this.seekLast();
    else this.seekFirst();
  }

  /** `null` is deleted. */
  value(): Buffer | null {
    return this.data!.block.valueAt(this.entry);
  }

  advance(): void {
    this.entry += this.step;
    this.settle();
  }

  private seekFirst(): void {
    const { start, run } = this;
    this.file = firstEndingAtOrAfter(run, start);
    if (this.file === run.length || run[this.file]!.facts.firstKey >= this.end) return;
    this.entry = this.seek(start);
    this.settle();
  }

  private seekLast(): void {
    const { end, run } = this;
    this.file = Math.min(firstEndingAtOrAfter(run, end), run.length - 1);
    if (this.file >= 0 && run[this.file]!.facts.firstKey >= end) this.file -= 1;
    if (this.file < 0 || run[this.file]!.facts.lastKey < this.start) return;
    this.entry = this.seek(end) - 1;
    this.settle();
  }

  /** Enters the block where the key is, or would be; returns the first entry there that is not before it. */
  private seek(key: Key): number {
    probe.set(key);
    const root = this.enterFile();
    this.partition = Math.max(0, root.block.lastNotAfter(probe, 0));
    const index = this.enterPartition();
    this.block = Math.max(0, index.block.lastNotAfter(probe, root.block.agreed));
    return this.enterBlock().block.firstNotBefore(probe, index.block.agreed);
  }

  /** Goes on to the next block while the place in this one is beyond it; then reads the key. */
  private settle(): void {
    this.key = undefined;
    while (this.entry < 0 || this.entry >= this.data!.block.count) {
      if (!this.nextBlock()) return;
    }
    const key = this.data!.block.keyAt(this.entry);
    if (this.step > 0 ? key < this.end : key >= this.start) this.key = key;
  }

  private nextBlock(): boolean {
    const { step } = this;
    this.block += step;
    if (this.block < 0 || this.block >= this.index!.block.count) {
      this.partition += step;
      if (this.partition < 0 || this.partition >= this.root!.block.count) {
        this.file += step;
        const file = this.run[this.file];
        if (file === undefined) return false;
        if (step > 0 ? file.facts.firstKey >= this.end : file.facts.lastKey < this.start) {
          return false;
        }
        const root = this.enterFile();
        this.partition = step > 0 ? 0 : root.block.count - 1;
      }
      const index = this.enterPartition();
      this.block = step > 0 ? 0 : index.block.count - 1;
    }
    const data = this.enterBlock(step > 0 ? blocksAhead : 0);
    this.entry = step > 0 ? 0 : data.block.count - 1;
    return true;
  }

  private enterFile(): CachedBlock {
    this.root = this.run[this.file]!.rootBlock();
    return this.root;
  }

  private enterPartition(): CachedBlock {
    this.index = this.run[this.file]!.indexAt(this.root!, this.partition);
    return this.index;
  }

  private enterBlock(ahead = 0): CachedBlock {
    const file = this.run[this.file]!;
    this.data = file.dataAt(this.root!, this.partition, this.index!, this.block, ahead);
    return this.data;
  }
}

/** The entries of a range as several runs tell them together, the newest run first. */
export class RunsCursor implements Cursor {
  private readonly cursors: RunCursor[] = [];
  private readonly reverse: boolean;
  private remaining: number;
  /** Whether the cursors still stand on the key that was shown last. */
  private shown: Key | undefined;

  constructor(runs: readonly Run[], { start, end, reverse = false, limit = Infinity }: KeyRange) {
    this.reverse = reverse;
    this.remaining = limit;
    if (limit <= 0) return;
    for (const run of runs) {
      const cursor = new RunCursor(run, start, end, reverse);
      if (cursor.key !== undefined) this.cursors.push(cursor);
    }
  }

  next(): Entry | undefined {
    if (this.remaining <= 0) return undefined;
    const { cursors, reverse } = this;
    for (;;) {
      let nearest: RunCursor | undefined;
      for (let at = 0; at < cursors.length; at++) {
        const cursor = cursors[at]!;
        // Only now: whoever has enough entries does not pay for one more.
        if (this.shown !== undefined && cursor.key === this.shown) {
          cursor.advance();
        }
        if (cursor.key === undefined) {
          cursors.splice(at, 1);
          at -= 1;
        } else if (
          nearest === undefined ||
          (reverse ? cursor.key > nearest.key! : cursor.key < nearest.key!)
        ) {
          nearest = cursor;
        }
      }
      if (nearest === undefined) return undefined;
      const key = nearest.key!;
      this.shown = key;
      const value = nearest.value();
      if (value === null) continue;
      this.remaining -= 1;
      return { key, value };
    }
  }

  close(): void {
    this.remaining = 0;
  }
}
