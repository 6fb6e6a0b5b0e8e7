/** A callback that is due at a time. Alarms of the same time ring in the order in which they were set. */
export interface Alarm {
  readonly atMs: number;
  readonly order: number;
  readonly wake: () => void;
  cancelled: boolean;
}

/** The alarms of a clock, earliest first: a binary heap, since thousands of jobs may wait at once. */
export class Alarms {
  readonly #heap: Alarm[] = [];
  #nextOrder = 0;

  add(atMs: number, wake: () => void): Alarm {
    const alarm: Alarm = { atMs, order: this.#nextOrder++, wake, cancelled: false };
    const heap = this.#heap;
    let index = heap.length;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex]!;
      if (!comesBefore(alarm, parent)) break;
      heap[index] = parent;
      index = parentIndex;
    }
    heap[index] = alarm;
    return alarm;
  }

  /** The earliest alarm that still stands; it stays in. Cancelled ones are dropped on the way. */
  first(): Alarm | undefined {
    while (this.#heap[0]?.cancelled === true) this.#removeFirst();
    return this.#heap[0];
  }

  /** Takes out the earliest alarm that is due at this time. */
  takeDue(nowMs: number): Alarm | undefined {
    const alarm = this.first();
    if (alarm === undefined || alarm.atMs > nowMs) return undefined;
    this.#removeFirst();
    return alarm;
  }

  clear(): void {
    for (const alarm of this.#heap) alarm.cancelled = true;
    this.#heap.length = 0;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let index = 0;
    for (;;) {
      let childIndex = 2 * index + 1;
      if (childIndex >= heap.length) break;
      const sibling = heap[childIndex + 1];
      if (sibling !== undefined && comesBefore(sibling, heap[childIndex]!)) childIndex += 1;
      const child = heap[childIndex]!;
      if (!comesBefore(child, last)) break;
      heap[index] = child;
      index = childIndex;
    }
    heap[index] = last;
  }
}

function comesBefore(left: Alarm, right: Alarm): boolean {
  return left.atMs === right.atMs ? left.order < right.order : left.atMs < right.atMs;
}
