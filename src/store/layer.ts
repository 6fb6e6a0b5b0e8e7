import type { Key } from "#base/key.ts";
import { KeyWalk, SortedKeys } from "./sorted-keys.ts";
import type { Batch } from "./engine.ts";

/**
 * Writes that lie above an engine: values by key, `null` where a key is deleted. Points go by the
 * hash map; keys are put in order only when somebody walks.
 */
export class Layer {
  readonly values = new Map<Key, Buffer | null>();
  /** Keys and values together; an overwritten value counts again. */
  bytes = 0;
  private sorted: SortedKeys | undefined;
  private unsorted: Key[] = [];

  set(key: Key, value: Buffer | null): void {
    const { values } = this;
    const before = values.size;
    values.set(key, value);
    if (values.size !== before) this.unsorted.push(key);
    this.bytes += key.length + (value === null ? 0 : value.length);
  }

  /** Undefined: this layer says nothing of the key. */
  get(key: Key): Buffer | null | undefined {
    return this.values.get(key);
  }

  addAll(batch: Batch): void {
    for (const [key, value] of batch) this.set(key, value);
  }

  walk(start: Key, end: Key, reverse: boolean): KeyWalk {
    return new KeyWalk(this.keys(), start, end, reverse);
  }

  /** All keys in order. The same object for the layer's whole life. */
  keys(): SortedKeys {
    this.sorted ??= new SortedKeys();
    this.sort();
    return this.sorted;
  }

  /** Puts the keys added since the last call in order; walks that are open see them from then on. */
  sort(): void {
    const { sorted, unsorted } = this;
    if (sorted === undefined || unsorted.length === 0) return;
    for (const key of unsorted) sorted.add(key);
    this.unsorted = [];
  }
}
