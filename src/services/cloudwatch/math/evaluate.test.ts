import assert from "node:assert/strict";
import test from "node:test";
import { evaluateMath } from "./evaluate.ts";
import { MathNotImplemented } from "./functions.ts";
import { MathProblem, parseMath } from "./parse.ts";
import { seriesOf, type TimeSeries, type Value } from "./values.ts";

const minuteMs = 60_000;
/** A Monday, at half past six. */
const startMs = Date.UTC(2026, 10, 23, 18, 30);

function series(label: string, values: readonly (number | undefined)[]): TimeSeries {
  const points = values.flatMap((value, index): [number, number][] =>
    value === undefined ? [] : [[startMs + index * minuteMs, value]],
  );
  return { label, periodMs: minuteMs, points: new Map(points) };
}

const metrics = {
  a: series("a", [1, 2, 3, 4]),
  b: series("b", [2, undefined, 0, 8]),
  c: series("other", [undefined, 5, undefined, 7]),
  none: series("none", []),
};

function evaluated(text: string): Value {
  return evaluateMath(parseMath(text), {
    startMs,
    endMs: startMs + 4 * minuteMs,
    periodMs: minuteMs,
    valueOf: (id) => seriesOf(metrics[id as keyof typeof metrics]),
    metrics: Object.entries(metrics).map(([id, each]) => ({ id, series: each })),
    found: () => undefined,
  });
}

/** Minute by minute; "-" where there is no value, "|" between series. */
function shown(value: Value): string {
  const line = ({ points }: TimeSeries): string =>
    [0, 1, 2, 3].map((minute) => points.get(startMs + minute * minuteMs) ?? "-").join(" ");
  switch (value.kind) {
    case "scalar":
      return String(value.value);
    case "series":
      return line(value.series);
    case "array":
      return value.items.map(line).join(" | ");
    default:
      return value.word;
  }
}

const cases: readonly (readonly [string, string])[] = [
  ["1 + 2 * 3", "7"],
  ["(1 + 2) * 3", "9"],
  ["2 ^ 3 ^ 2", "512"],
  ["-2 ^ 2", "-4"],
  ["a * 10", "10 20 30 40"],
  ["-a", "-1 -2 -3 -4"],
  ["a + b", "3 - 3 12"],
  ["a / b", "0.5 - - 0.5"],
  ["[a, b] * 2", "2 4 6 8 | 4 - 0 16"],
  ["a > 2", "0 0 1 1"],
  ["a > 1 AND a < 4", "0 1 1 0"],
  ["a == 1 || a == 4", "1 0 0 1"],
  ["ABS(-a)", "1 2 3 4"],
  ["CEIL(a / 2)", "1 1 2 2"],
  ["FLOOR(2.7)", "2"],
  ["LOG10(a * 0 + 100)", "2 2 2 2"],
  ["AVG(a)", "2.5"],
  ["AVG([a, b])", "1.5 2 1.5 6"],
  ["SUM([a, b, c])", "3 7 3 19"],
  ["MAX(METRICS())", "2 5 3 8"],
  ["MIN(METRICS('other'))", "- 5 - 7"],
  ["STDDEV(b)", String(Math.sqrt((16 / 9 + 100 / 9 + 196 / 9) / 3) * 1)],
  ["DATAPOINT_COUNT(b)", "3"],
  ["METRIC_COUNT([a, b, c])", "3"],
  ["DIFF(a * a)", "- 3 5 7"],
  ["DIFF_TIME(b)", "- - 120 60"],
  ["RATE(a * 60)", "- 1 1 1"],
  ["RUNNING_SUM(a)", "1 3 6 10"],
  ["FILL(b, 9)", "2 9 0 8"],
  ["FILL(b, a)", "2 2 0 8"],
  ["FILL(c, REPEAT)", "- 5 5 7"],
  ["FILL(c, LINEAR)", "- 5 6 7"],
  ["FILL(none, 0)", "0 0 0 0"],
  ["FILL(METRICS('none'), 0)", "0 0 0 0"],
  ["IF(a > 2, a, 0)", "0 0 3 4"],
  ["IF(a > 2, b)", "- - 0 8"],
  ["IF(1, a, b)", "1 2 3 4"],
  ["FIRST([b, a])", "2 - 0 8"],
  ["LAST([b, a])", "1 2 3 4"],
  ["PERIOD(a)", "60"],
  ["TIME_SERIES(3)", "3 3 3 3"],
  ["REMOVE_EMPTY([none, a])", "1 2 3 4"],
  ["SLICE([a, b, c], 1)", "2 - 0 8 | - 5 - 7"],
  ["SLICE([a, b, c], 0, 1)", "1 2 3 4"],
  ["SORT([a, b, c], MAX, DESC, 2)", "2 - 0 8 | - 5 - 7"],
  ["SORT([a, b], SUM, ASC)", "1 2 3 4 | 2 - 0 8"],
  ["MINUTE(a)", "30 31 32 33"],
  ["HOUR(a) + DAY(a) + DATE(a) + MONTH(a) + YEAR(a)", "2079 2079 2079 2079"],
  [`EPOCH(a) - ${startMs / 1000}`, "0 60 120 180"],
];

for (const [text, expected] of cases) {
  test(text, () => assert.equal(shown(evaluated(text)), expected));
}

test("what means nothing is said to mean nothing", () => {
  for (const text of [
    "",
    "1 +",
    "(a",
    "a b",
    "NOTHING(a)",
    "[a] + [b]",
    "'text' + a",
    "[1]",
    "a ? b",
  ]) {
    assert.throws(() => evaluated(text), MathProblem, text);
  }
  assert.throws(() => evaluated("ANOMALY_DETECTION_BAND(a)"), MathNotImplemented);
  assert.throws(() => parseMath("(".repeat(10_000)), MathProblem);
});
