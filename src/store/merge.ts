import type { Key } from "#base/key.ts";
import type { Cursor, Reader } from "./engine.ts";
import type { Layer } from "./layer.ts";
import type { KeyWalk } from "./sorted-keys.ts";
import type { Entry, KeyRange } from "./store.ts";

const noEntries: Cursor = { next: () => undefined, close() {} };

/**
 * The entries of a range as seen through layers, the uppermost first, down to the reader below them.
 * An upper value hides the lower ones of the same key; a deleted key is not there. The layer `growing`
 * may be written to during the walk: what lies ahead of the walk is then seen.
 */
export function mergedRange(
  layers: readonly Layer[],
  below: Reader,
  range: KeyRange,
  growing?: Layer,
): Cursor {
  if (range.start >= range.end || range.limit === 0) return noEntries;
  const occupied = layers.filter((layer) => layer === growing || layer.values.size > 0);
  if (occupied.length === 0) return below.range(range);
  return new MergedCursor(occupied, below, range);
}

class MergedCursor implements Cursor {
  private readonly layers: readonly Layer[];
  private readonly walks: KeyWalk[];
  private readonly base: Cursor;
  private readonly reverse: boolean;
  private remaining: number;
  private baseEntry: Entry | undefined;
  private passed: Key | undefined;

  constructor(layers: readonly Layer[], below: Reader, range: KeyRange) {
    const { start, end, reverse = false, limit = Infinity } = range;
    this.layers = layers;
    this.walks = layers.map((layer) => layer.walk(start, end, reverse));
    this.reverse = reverse;
    this.remaining = limit;
    // Without the limit: entries hidden or deleted above would count towards it.
    this.base = below.range({ start, end, reverse });
    this.baseEntry = this.base.next();
  }

  next(): Entry | undefined {
    const { layers, walks, reverse } = this;
    while (this.remaining > 0) {
      let nearest = this.baseEntry?.key;
      let from = -1;
      for (let index = walks.length - 1; index >= 0; index--) {
        layers[index]!.sort();
        const key = walks[index]!.peek(this.passed);
        if (key === undefined) continue;
        // Equal keys: the layer nearer to the top wins, and it comes last in this loop.
        if (nearest === undefined || key === nearest || (reverse ? key > nearest : key < nearest)) {
          nearest = key;
          from = index;
        }
      }
      if (nearest === undefined) break;
      const found = from < 0 ? this.baseEntry : undefined;
      this.pass(nearest);
      if (found !== undefined) {
        this.remaining -= 1;
        return found;
      }
      const value = layers[from]!.values.get(nearest);
      if (value) {
        this.remaining -= 1;
        return { key: nearest, value };
      }
    }
    this.close();
    return undefined;
  }

  close(): void {
    this.remaining = 0;
    this.base.close();
  }

  private pass(key: Key): void {
    if (this.baseEntry?.key === key) this.baseEntry = this.base.next();
    for (const walk of this.walks) {
      if (walk.peek(this.passed) === key) walk.step();
    }
    this.passed = key;
  }
}
