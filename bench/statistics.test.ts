import assert from "node:assert/strict";
import { test } from "node:test";
import { median, medianOf, ratio } from "./statistics.ts";

test("the median is the middle value, or lies between the two in the middle", () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([10, 1, 5, 4]), 4.5);
  assert.equal(median([]), undefined);
});

test("a round in which a figure is not known leaves the others their median", () => {
  const rounds = [{ ms: 3 }, { ms: undefined }, { ms: 5 }];
  assert.equal(
    medianOf(rounds, ({ ms }) => ms),
    4,
  );
});

test("a ratio to nothing is not known", () => {
  assert.equal(ratio(6, 3), 2);
  assert.equal(ratio(6, 0), undefined);
  assert.equal(ratio(undefined, 3), undefined);
});
