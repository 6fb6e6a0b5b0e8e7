import assert from "node:assert/strict";
import test from "node:test";
import { afterCode, base32, codeOf, stepAt, synchronized } from "./one-time-codes.ts";

/** The secret of RFC 6238's examples. */
const seed = Buffer.from("12345678901234567890");

test("codes are those of RFC 6238, appendix B", () => {
  // The last six of its eight digits.
  for (const [seconds, code] of [
    [59, "287082"],
    [1_111_111_109, "081804"],
    [1_234_567_890, "005924"],
    [20_000_000_000, "353130"],
  ] as const) {
    assert.equal(codeOf(seed, stepAt(seconds * 1000)), code);
  }
});

test("two codes in a row tell how far a device's clock is off", () => {
  const nowMs = 1_234_567_890_000;
  const now = stepAt(nowMs);
  for (const [ahead, driftSteps] of [
    [0, 0],
    [-1, 0],
    [-3, -3],
    [7, 7],
  ] as const) {
    const codes = [codeOf(seed, now + ahead - 1), codeOf(seed, now + ahead)] as const;
    const lastStep = now + ahead;
    assert.deepEqual(synchronized(seed, nowMs, codes), { driftSteps, lastStep });
  }
  const codes = [codeOf(seed, now), codeOf(seed, now + 2)] as const;
  assert.equal(synchronized(seed, nowMs, codes), undefined);
  const late = [codeOf(seed, now - 20), codeOf(seed, now - 19)] as const;
  assert.equal(synchronized(seed, nowMs, late), undefined);
});

test("a code is taken once, and near its time", () => {
  const nowMs = 1_234_567_890_000;
  const now = stepAt(nowMs);
  const clock = { driftSteps: 0, lastStep: now - 5 };
  const after = afterCode(seed, nowMs, clock, codeOf(seed, now));
  assert.deepEqual(after, { driftSteps: 0, lastStep: now });
  assert.equal(afterCode(seed, nowMs, after, codeOf(seed, now)), undefined);
  assert.equal(afterCode(seed, nowMs, after, codeOf(seed, now - 1)), undefined);
  assert.notEqual(afterCode(seed, nowMs, after, codeOf(seed, now + 1)), undefined);
  assert.equal(afterCode(seed, nowMs, clock, codeOf(seed, now + 2)), undefined);
});

test("seeds are written in base 32", () => {
  assert.equal(base32(Buffer.from("Hello!\xde\xad\xbe\xef", "latin1")), "JBSWY3DPEHPK3PXP");
});
