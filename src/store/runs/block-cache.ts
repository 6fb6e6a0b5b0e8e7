/**
 * What was read of files lately, bounded in bytes. Blocks hang in their parents' slots, where reads find
 * them without a look-up; the cache only decides which slot is emptied next: the hand of a clock goes round
 * and takes what was not used since it last came by.
 */
import type { Block } from "./block.ts";

/** A block in memory, with those of its children that are there, too. */
export interface CachedBlock {
  readonly block: Block;
  /** Of the keys below; only an index has one. */
  readonly filter: Buffer | undefined;
  readonly children: (CachedBlock | undefined)[];
  readonly bytes: number;
  used: boolean;
  /** For each child the reader's count of misses when it was last missed; 0 is never. */
  missedAt?: Uint32Array;
}

type Slots = (CachedBlock | undefined)[];

interface Place {
  readonly slots: Slots;
  readonly slot: number;
  readonly cached: CachedBlock;
}

/** What an object in the cache costs beside its bytes, roughly. */
const overheadBytes = 300;
/** From this share of its capacity on the cache chooses what it takes. */
const fullShare = 15 / 16;

export class BlockCache {
  bytes = 0;
  private readonly capacityBytes: number;
  private readonly places: Place[] = [];
  private hand = 0;
  private misses = 0;

  constructor(capacityBytes: number) {
    this.capacityBytes = capacityBytes;
  }

  /** Puts a block into a slot that is empty. What would push out most others is not kept. */
  keep(slots: Slots, slot: number, cached: CachedBlock): void {
    if (cached.bytes > this.capacityBytes / 16) return;
    slots[slot] = cached;
    this.places.push({ slots, slot, cached });
    this.bytes += cached.bytes + overheadBytes;
    while (this.bytes > this.capacityBytes) this.evict();
  }

  /**
   * Whether a child that is not there should be kept once it is read: while there is room, or if it was missed
   * before, not longer ago than the cache has blocks. What is read once and never again would only push out
   * what is read often.
   */
  isWanted(parent: CachedBlock, child: number): boolean {
    if (this.bytes < this.capacityBytes * fullShare) return true;
    const missedAt = (parent.missedAt ??= new Uint32Array(parent.block.count));
    const before = missedAt[child]!;
    this.misses += 1;
    missedAt[child] = this.misses;
    return before > 0 && this.misses - before < this.places.length;
  }

  /** Forgets a file's root, and with it all that hangs below. */
  forget(slots: Slots): void {
    const gone = new Set<Slots>([slots]);
    const collect = (cached: CachedBlock | undefined) => {
      if (cached === undefined || cached.children.length === 0) return;
      gone.add(cached.children);
      for (const child of cached.children) collect(child);
    };
    for (const cached of slots) collect(cached);
    let kept = 0;
    for (const place of this.places) {
      if (gone.has(place.slots)) {
        place.slots[place.slot] = undefined;
        this.bytes -= place.cached.bytes + overheadBytes;
      } else {
        this.places[kept] = place;
        kept += 1;
      }
    }
    this.places.length = kept;
    this.hand = 0;
  }

  private evict(): void {
    for (;;) {
      if (this.hand >= this.places.length) this.hand = 0;
      const place = this.places[this.hand]!;
      if (place.cached.used) {
        place.cached.used = false;
        this.hand += 1;
        continue;
      }
      place.slots[place.slot] = undefined;
      this.bytes -= place.cached.bytes + overheadBytes;
      const last = this.places.pop()!;
      if (last !== place) this.places[this.hand] = last;
      return;
    }
  }
}
