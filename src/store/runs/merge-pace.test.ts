import assert from "node:assert/strict";
import { test } from "node:test";
import { MergePace } from "./merge-pace.ts";

/** Turns that happen when they are told to, and a clock that stands still meanwhile. */
function stage() {
  let ms = 0;
  const turns: (() => void)[] = [];
  const pace = new MergePace((run) => void turns.push(run), { elapsedMs: () => ms });
  const done: string[] = [];
  const merge = async (name: string, pieces: number) => {
    for (let piece = 0; piece < pieces; piece++) {
      await pace.next();
      done.push(name);
    }
  };
  /** Others take so many milliseconds, then it is the merges' turn. Answers who did a piece. */
  const turn = async (othersMs: number) => {
    ms += othersMs;
    for (const run of turns.splice(0)) run();
    await new Promise((resolve) => setImmediate(resolve));
    return done.splice(0);
  };
  return { merge, turn, isIdle: () => turns.length === 0 };
}

void test("merges take turns, a piece each, while nobody else wants the thread", async () => {
  const { merge, turn } = stage();
  void merge("a", 3);
  void merge("b", 2);
  const order = [];
  for (let at = 0; at < 5; at++) order.push(await turn(0));
  assert.deepEqual(order, [["a"], ["b"], ["a"], ["b"], ["a"]]);
});

void test("merges do the more pieces, the longer others had the thread, and not without end", async () => {
  const { merge, turn } = stage();
  void merge("a", 1000);
  await turn(0);
  assert.equal((await turn(10)).length, 11);
  assert.equal((await turn(0)).length, 1);
  assert.equal((await turn(10_000)).length, 25);
});

void test("what a turn leaves is gone with it", async () => {
  const { merge, turn, isIdle } = stage();
  void merge("a", 1);
  assert.deepEqual(await turn(10), ["a"]);
  void merge("b", 2);
  assert.deepEqual(await turn(0), ["b"], "nothing left from before: one piece");
  assert.deepEqual(await turn(0), ["b"]);
  await turn(0);
  assert.ok(isIdle(), "no turns are asked for when nobody merges");
});
