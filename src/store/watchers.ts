import type { Key } from "#base/key.ts";
import type { Batch } from "./engine.ts";
import type { Unwatch } from "./store.ts";

/** Who wants to know of durable commits under a prefix. */
export class Watchers {
  private readonly watchers = new Set<{ readonly prefix: Key; readonly listener: () => void }>();

  add(prefix: Key, listener: () => void): Unwatch {
    const watcher = { prefix, listener };
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  notify(batch: Batch): void {
    // A copy: a listener may watch or unwatch.
    for (const watcher of this.watchers.size === 0 ? [] : [...this.watchers]) {
      for (const key of batch.keys()) {
        if (!key.startsWith(watcher.prefix)) continue;
        if (this.watchers.has(watcher)) call(watcher.listener);
        break;
      }
    }
  }
}

/** A listener that throws is a mistake of ours: it must be heard, but not stop the store's own work. */
function call(listener: () => void): void {
  try {
    listener();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
