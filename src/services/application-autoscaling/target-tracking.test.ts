import assert from "node:assert/strict";
import test from "node:test";
import { type Datapoint, newDatapoint } from "#kernel/datapoint.ts";
import { type Tracking, type Wish, wishOf } from "./target-tracking.ts";

const minuteMs = 60_000;
const nowMs = 1_000 * minuteMs + 1_500;

/** Minutes that end now, each with so many units a second; undefined for none. */
function minutes(...rates: (number | undefined)[]): Datapoint[] {
  return rates.flatMap((rate, at) => {
    if (rate === undefined) return [];
    const point = newDatapoint((1_000 - rates.length + at) * minuteMs, minuteMs);
    return [{ ...point, sum: rate * 60, count: 1, minimum: rate * 60, maximum: rate * 60 }];
  });
}

function check(
  name: string,
  points: readonly Datapoint[],
  units: number,
  wish: Wish,
  tracking: Tracking = { target: 70, statistic: undefined },
): void {
  test(name, () => assert.deepEqual(wishOf(points, tracking, units, nowMs), wish));
}

const none: Wish = { kind: "none" };
const low = (rate: number, count = 15): number[] => Array.from({ length: count }, () => rate);

check("two minutes above the target scale out, to meet it by the larger", minutes(71, 90), 100, {
  kind: "out",
  units: 129,
});
check("one minute above the target does not", minutes(69, 90), 100, none);
check("a minute without data breaks the row", minutes(90, undefined, 90), 100, none);
check("what a burst took counts in full", minutes(300, 300), 100, { kind: "out", units: 429 });
check("fifteen minutes far below scale in", minutes(...low(30)), 100, { kind: "in", units: 43 });
check("fourteen do not", minutes(...low(30, 14)), 100, none);
check("a little below the target does not", minutes(...low(51)), 100, none);
check("the busiest of the fifteen decides", minutes(...low(10, 14), 45), 100, {
  kind: "in",
  units: 65,
});
check("a table that nobody uses stays as it is", [], 100, none);
check("never below one unit", minutes(...low(0.001)), 5, { kind: "in", units: 1 });
check(
  "a metric of one's own: three minutes above",
  minutes(3, 3, 3),
  10,
  { kind: "out", units: 18 },
  { target: 100, statistic: "Average" },
);
