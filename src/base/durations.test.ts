import assert from "node:assert/strict";
import test from "node:test";
import { formatDuration, parseDuration, parseSignedDuration } from "./durations.ts";

test("a duration is numbers with their units, added up", () => {
  const cases: [string, number | undefined][] = [
    ["500ms", 500],
    ["90s", 90_000],
    ["36h", 36 * 3_600_000],
    ["1d12h", 36 * 3_600_000],
    [" 1d 12h ", 36 * 3_600_000],
    ["2w", 14 * 86_400_000],
    ["1.5s", 1500],
    ["5m", 300_000],
    ["", undefined],
    ["36", undefined],
    ["h", undefined],
    ["36 h", undefined],
    ["36H", undefined],
    ["-36h", undefined],
    ["1e3s", undefined],
    ["999999999999w", undefined],
  ];
  for (const [text, expected] of cases) assert.equal(parseDuration(text), expected, text);
});

test("a signed duration has its sign in front", () => {
  assert.equal(parseSignedDuration("+36h"), 36 * 3_600_000);
  assert.equal(parseSignedDuration("-2h"), -2 * 3_600_000);
  assert.equal(parseSignedDuration("-0s"), 0);
  for (const text of ["36h", "+", "+-2h", "2h-"])
    assert.equal(parseSignedDuration(text), undefined);
});

test("a duration is written so that it reads back", () => {
  assert.equal(formatDuration(0), "0s");
  assert.equal(formatDuration(36 * 3_600_000), "1d12h");
  for (const durationMs of [1, 999, 61_001, 86_400_000, 123_456_789_012]) {
    assert.equal(parseDuration(formatDuration(durationMs)), durationMs);
  }
});
