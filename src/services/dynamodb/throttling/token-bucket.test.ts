import assert from "node:assert/strict";
import test from "node:test";
import { TokenBucket } from "./token-bucket.ts";

/** Takes units of one for as long as there is anything left. */
function drain(bucket: TokenBucket, nowMs: number): number {
  let taken = 0;
  while (bucket.left(nowMs) > 0) {
    bucket.take(1, nowMs);
    taken += 1;
  }
  return taken;
}

test("a fresh bucket has its burst, and after that its rate each second, exactly", () => {
  const bucket = new TokenBucket(100, 300, 0);
  assert.equal(drain(bucket, 0), 30_000);
  for (let second = 1; second <= 100; second++) assert.equal(drain(bucket, second * 1000), 100);
});

test("small steps of time add up to the same", () => {
  const bucket = new TokenBucket(7, 300, 0);
  drain(bucket, 0);
  let taken = 0;
  for (let nowMs = 1; nowMs <= 60_000; nowMs++) taken += drain(bucket, nowMs);
  assert(Math.abs(taken - 7 * 60) <= 1, `${taken}`);
});

test("what nobody uses is kept for five minutes and no longer", () => {
  const bucket = new TokenBucket(10, 300, 0);
  drain(bucket, 0);
  assert.equal(drain(bucket, 100_000), 1_000);
  assert.equal(drain(bucket, 1_100_000), 3_000);
});

test("what takes more than is left is a debt that the coming seconds pay", () => {
  const bucket = new TokenBucket(10, 1, 0);
  bucket.take(35, 0);
  assert.equal(bucket.left(0), -25);
  assert.equal(bucket.left(2_000), -5);
  assert.equal(bucket.left(3_000), 5);
});

test("a new rate counts from now on", () => {
  const bucket = new TokenBucket(10, 300, 0);
  drain(bucket, 0);
  bucket.changeRate(100, 1_000);
  assert.equal(bucket.left(2_000), 110);
  bucket.changeRate(0, 2_000);
  assert.equal(bucket.left(10_000), 0);
});

test("a clock that goes back neither gives nor takes", () => {
  const bucket = new TokenBucket(10, 300, 1_000_000);
  drain(bucket, 1_000_000);
  assert.equal(bucket.left(0), 0);
  assert.equal(bucket.left(1_000), 10);
});
