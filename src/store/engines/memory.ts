import assert from "node:assert/strict";
import type { Files } from "#world/world.ts";
import { writeCopy } from "../runs/copy.ts";
import type { Key } from "#base/key.ts";
import type { Batch, Cursor, Engine } from "../engine.ts";
import { KeyWalk, SortedKeys } from "../sorted-keys.ts";
import type { Entry, KeyRange } from "../store.ts";

/** Everything in memory, for tests and `--memory`: durable as long as the process. */
export class MemoryEngine implements Engine {
  lastSequence = 0;
  private readonly values = new Map<Key, Buffer>();
  private readonly keys = new SortedKeys();
  private readonly files: Files | undefined;
  private readonly nextTurn: (run: () => void) => void;

  /** @param files where copies are written. */
  constructor(files?: Files, nextTurn: (run: () => void) => void = queueMicrotask) {
    this.files = files;
    this.nextTurn = nextTurn;
  }

  get(key: Key): Buffer | undefined {
    return this.values.get(key);
  }

  range({ start, end, reverse = false, limit = Infinity }: KeyRange): Cursor {
    return new MemoryCursor(this.values, new KeyWalk(this.keys, start, end, reverse), limit);
  }

  write(batch: Batch, sequence: number): Promise<void> {
    this.set(batch, sequence);
    return Promise.resolve();
  }

  async copyTo(folder: string): Promise<void> {
    assert(this.files !== undefined, "a store in memory is copied with the files of its world");
    // At this moment, in one go; the values never change.
    const entries = this.keys.chunks.flatMap((chunk) =>
      chunk.map((key): Entry => ({ key, value: this.values.get(key)! })),
    );
    await writeCopy(this.files, folder, entries, this.lastSequence, this.nextTurn);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private set(batch: Batch, sequence: number): void {
    for (const [key, value] of batch) {
      if (value !== null) {
        const before = this.values.size;
        this.values.set(key, value);
        if (this.values.size !== before) this.keys.add(key);
      } else if (this.values.delete(key)) {
        this.keys.remove(key);
      }
    }
    this.lastSequence = sequence;
  }
}

class MemoryCursor implements Cursor {
  private readonly values: ReadonlyMap<Key, Buffer>;
  private readonly walk: KeyWalk;
  private remaining: number;
  private passed: Key | undefined;

  constructor(values: ReadonlyMap<Key, Buffer>, walk: KeyWalk, limit: number) {
    this.values = values;
    this.walk = walk;
    this.remaining = limit;
  }

  next(): Entry | undefined {
    if (this.remaining <= 0) return undefined;
    const key = this.walk.peek(this.passed);
    if (key === undefined) return undefined;
    this.remaining -= 1;
    this.walk.step();
    this.passed = key;
    return { key, value: this.values.get(key)! };
  }

  close(): void {
    this.remaining = 0;
  }
}
