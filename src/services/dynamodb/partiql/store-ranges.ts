import type { StoreRange } from "../reads/query-range.ts";

/** What lies in one of the left and in one of the right. */
export function intersection(
  left: readonly StoreRange[],
  right: readonly StoreRange[],
): readonly StoreRange[] {
  const found: StoreRange[] = [];
  for (const one of left) {
    for (const two of right) {
      const start = one.start > two.start ? one.start : two.start;
      const end = one.end < two.end ? one.end : two.end;
      if (start < end) found.push({ start, end });
    }
  }
  return found;
}

/** Sorted, without empty ranges, those that touch joined. */
export function union(ranges: readonly StoreRange[]): readonly StoreRange[] {
  const joined: StoreRange[] = [];
  const sorted = ranges
    .filter(({ start, end }) => start < end)
    .toSorted((left, right) => (left.start < right.start ? -1 : left.start > right.start ? 1 : 0));
  for (const range of sorted) {
    const last = joined.at(-1);
    if (last === undefined || last.end < range.start) joined.push(range);
    else if (last.end < range.end) joined[joined.length - 1] = { ...last, end: range.end };
  }
  return joined;
}
