interface Source<T> {
  readonly rest: Iterator<T>;
  head: T;
}

/** Ordered sequences as one; each is read no further than its turn has come. */
export function* merged<T>(
  sequences: Iterable<Iterable<T>>,
  compare: (one: T, other: T) => number,
): Iterable<T> {
  const heap: Source<T>[] = [];
  for (const sequence of sequences) {
    const rest = sequence[Symbol.iterator]();
    const { value, done } = rest.next();
    if (done !== true) heap.push({ rest, head: value });
  }
  for (let at = (heap.length >> 1) - 1; at >= 0; at -= 1) sink(heap, at, compare);
  for (;;) {
    const first = heap[0];
    if (first === undefined) return;
    yield first.head;
    const { value, done } = first.rest.next();
    if (done !== true) first.head = value;
    else {
      const last = heap.pop()!;
      if (heap.length === 0) return;
      heap[0] = last;
    }
    sink(heap, 0, compare);
  }
}

function sink<T>(heap: Source<T>[], from: number, compare: (one: T, other: T) => number): void {
  const sinking = heap[from]!;
  let at = from;
  for (;;) {
    let child = at * 2 + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && compare(heap[child + 1]!.head, heap[child]!.head) < 0) {
      child += 1;
    }
    if (compare(sinking.head, heap[child]!.head) <= 0) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = sinking;
}
