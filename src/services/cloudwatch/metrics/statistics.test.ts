import assert from "node:assert/strict";
import test from "node:test";
import { bucketOf, type Datapoint, newDatapoint } from "#kernel/datapoint.ts";
import { statisticNamed } from "./statistics.ts";

function pointOf(values: readonly number[]): Datapoint {
  const point = newDatapoint(0, 60_000);
  for (const value of values) {
    point.sum += value;
    point.count += 1;
    point.minimum = Math.min(point.minimum, value);
    point.maximum = Math.max(point.maximum, value);
    const bucket = bucketOf(value);
    point.histogram.set(bucket, (point.histogram.get(bucket) ?? 0) + 1);
  }
  return point;
}

const hundred = pointOf(Array.from({ length: 100 }, (_, index) => index + 1));

/** What each comes to for the numbers from 1 to 100. Buckets are a tenth wide, so it is within some percent. */
const cases: readonly (readonly [string, number])[] = [
  ["SampleCount", 100],
  ["Sum", 5050],
  ["Average", 50.5],
  ["Minimum", 1],
  ["Maximum", 100],
  ["p0", 1],
  ["p50", 50],
  ["p99.9", 100],
  ["p100", 100],
  ["tm90", 45.5],
  ["TM(10%:90%)", 50.5],
  ["TM(:90%)", 45.5],
  ["TM(150:1000)", Number.NaN],
  ["IQM", 50.5],
  ["wm90", 49.6],
  ["WM(10%:90%)", 50.5],
  ["tc90", 90],
  ["TC(10:20)", 10],
  ["ts90", 4095],
  ["TS(0%:50%)", 1275],
  ["PR(:50)", 50],
  ["PR(20:80)", 60],
];

for (const [name, expected] of cases) {
  test(`${name} of 1 to 100`, () => {
    const value = statisticNamed(name)!(hundred);
    if (Number.isNaN(expected)) return assert.equal(value, undefined);
    assert(Math.abs(value! - expected) <= expected * 0.07, `${value} is not ${expected}`);
  });
}

test("there are no such statistics", () => {
  for (const name of [
    "p101",
    "p",
    "median",
    "TM(a:b)",
    "TM(10%:20)",
    "PR(10%:20%)",
    "TC(:)",
    "toString",
  ]) {
    assert.equal(statisticNamed(name), undefined, name);
  }
});

test("where nobody knows how values are distributed, there are no percentiles", () => {
  const set = Object.assign(newDatapoint(0, 60_000), {
    sum: 55,
    count: 10,
    minimum: 1,
    maximum: 10,
  });
  for (const name of ["p50", "tm90", "TC(1:5)"]) {
    assert.equal(statisticNamed(name)!(set), undefined);
    assert.equal(statisticNamed(name)!(pointOf([-1, 2, 3])), undefined);
  }
  assert.equal(statisticNamed("Average")!(set), 5.5);
});
