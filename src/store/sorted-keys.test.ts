import assert from "node:assert/strict";
import { test } from "node:test";
import { KeyWalk, SortedKeys } from "./sorted-keys.ts";

function walk(keys: SortedKeys, start: string, end: string, reverse: boolean): string[] {
  const steps = new KeyWalk(keys, start, end, reverse);
  const found: string[] = [];
  for (let key = steps.peek(undefined); key !== undefined; key = steps.peek(key)) {
    found.push(key);
    steps.step();
  }
  return found;
}

void test("keys come out sorted in each range and direction, however they came and went", () => {
  const keys = new SortedKeys();
  const model = new Set<string>();
  let state = 3;
  const random = (below: number) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
  for (let turn = 0; turn < 30_000; turn++) {
    // First mostly rising keys, then random ones, then mostly removals.
    const number = turn < 5000 ? turn * 3 : random(20_000);
    const key = String(number).padStart(6, "0");
    if (model.has(key)) {
      if (turn > 20_000 || random(3) === 0) {
        keys.remove(key);
        model.delete(key);
      }
    } else if (turn < 24_000) {
      keys.add(key);
      model.add(key);
    }
    if (turn % 1500 !== 0) continue;
    const sorted = [...model].toSorted();
    assert.deepEqual(walk(keys, "", "x", false), sorted);
    assert.deepEqual(walk(keys, "", "x", true), sorted.toReversed());
    const [start, end] = ["002000", "011111"];
    const within = sorted.filter((at) => at >= start && at < end);
    assert.deepEqual(walk(keys, start, end, false), within);
    assert.deepEqual(walk(keys, start, end, true), within.toReversed());
    assert.ok(keys.chunks.every((chunk) => chunk.length > 0 && chunk.length <= 512));
  }
});

void test("a walk goes on behind the last key although that key is gone", () => {
  const keys = new SortedKeys();
  for (const key of "bdf") keys.add(key);
  for (const [reverse, next] of [
    [false, "e"],
    [true, "c"],
  ] as const) {
    const steps = new KeyWalk(keys, "a", "z", reverse);
    while (steps.peek(undefined) !== "d") steps.step();
    steps.step();
    keys.remove("d");
    keys.add(next);
    assert.equal(steps.peek("d"), next);
    keys.remove(next);
    keys.add("d");
  }
});
