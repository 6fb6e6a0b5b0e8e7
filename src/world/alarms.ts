/** A callback that is due at a time. Alarms of the same time ring in the order in which they were set. */
export interface Alarm {
  readonly atMs: number;
  readonly order: number;
  readonly wake: () => void;
  cancelled: boolean;
  /** Until it is taken out to ring. */
  isWaiting: boolean;
}

/** The alarms of a clock, earliest first: a binary heap, since thousands of jobs may wait at once. */
export class Alarms {
  #heap: Alarm[] = [];
  #nextOrder = 0;
  #cancelled = 0;

  add(atMs: number, wake: () => void): Alarm {
    const order = this.#nextOrder++;
    const alarm: Alarm = { atMs, order, wake, cancelled: false, isWaiting: false };
    this.putBack(alarm);
    return alarm;
  }

  /** Puts in again what was taken out and did not ring. */
  putBack(alarm: Alarm): void {
    if (alarm.cancelled) return;
    alarm.isWaiting = true;
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
  }

  cancel(alarm: Alarm): void {
    if (alarm.cancelled) return;
    alarm.cancelled = true;
    if (!alarm.isWaiting) return;
    this.#cancelled += 1;
    // Whoever sets an alarm for next year anew with each request must not fill the memory until then.
    if (this.#cancelled > 32 && this.#cancelled > this.#heap.length / 2) this.#sweep();
  }

  /** The earliest alarm that still stands; it stays in. Cancelled ones are dropped on the way. */
  first(): Alarm | undefined {
    while (this.#heap[0]?.cancelled === true) {
      this.#removeFirst();
      this.#cancelled -= 1;
    }
    return this.#heap[0];
  }

  /** Takes out the earliest alarm that is due at this time. */
  takeDue(nowMs: number): Alarm | undefined {
    const alarm = this.first();
    if (alarm === undefined || alarm.atMs > nowMs) return undefined;
    this.#removeFirst();
    alarm.isWaiting = false;
    return alarm;
  }

  clear(): void {
    for (const alarm of this.#heap) alarm.cancelled = true;
    this.#heap = [];
    this.#cancelled = 0;
  }

  /** How many it holds, cancelled ones included. */
  get size(): number {
    return this.#heap.length;
  }

  #sweep(): void {
    // In order, an array is a heap.
    this.#heap = this.#heap
      .filter((alarm) => !alarm.cancelled)
      .sort((left, right) => (comesBefore(left, right) ? -1 : 1));
    this.#cancelled = 0;
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
