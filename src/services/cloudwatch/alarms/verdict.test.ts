import assert from "node:assert/strict";
import test from "node:test";
import { type MissingData, type Rule, verdictOn } from "./verdict.ts";

const treatments: readonly MissingData[] = ["missing", "ignore", "breaching", "notBreaching"];

/** "0 - X": a good period, a missing one, a breaching one; the newest is the last. */
function verdicts(periods: string, m: number, n: number): (string | undefined)[] {
  const range = periods.split(" ").map((sign, index) => ({
    startMs: index * 60_000,
    value: sign === "-" ? undefined : sign === "X" ? 9 : 1,
  }));
  return treatments.map((missingData) => {
    const rule: Rule = {
      operator: "GreaterThanThreshold",
      threshold: 5,
      evaluationPeriods: n,
      datapointsToAlarm: m,
      missingData,
    };
    return verdictOn(range, rule)?.state;
  });
}

const alarm = "ALARM";
const unknown = "INSUFFICIENT_DATA";
const stays = undefined;

/** AWS's tables: Amazon CloudWatch User Guide, "Configuring how CloudWatch alarms treat missing data". */
const cases = [
  ["0 - X - X", 3, 3, ["OK", "OK", "OK", "OK"]],
  ["- - - - 0", 3, 3, ["OK", "OK", "OK", "OK"]],
  ["- - - - -", 3, 3, [unknown, stays, alarm, "OK"]],
  ["0 X X - X", 3, 3, [alarm, alarm, alarm, alarm]],
  ["- - X - -", 3, 3, [alarm, stays, alarm, "OK"]],
  ["0 - X - X", 2, 3, [alarm, alarm, alarm, alarm]],
  ["0 0 X 0 X", 2, 3, [alarm, alarm, alarm, alarm]],
  ["0 - X - -", 2, 3, ["OK", "OK", alarm, "OK"]],
  ["- - - - 0", 2, 3, ["OK", "OK", alarm, "OK"]],
  ["- - - X -", 2, 3, [alarm, stays, alarm, "OK"]],
  // Too young to be sure: it stays as it is until the next period.
  ["- - - - X", 3, 3, [stays, stays, alarm, "OK"]],
] as const;

for (const [periods, m, n, expected] of cases) {
  test(`${m} of ${n}: ${periods}`, () => assert.deepEqual(verdicts(periods, m, n), expected));
}

function reason(
  values: readonly (number | undefined)[],
  more: Partial<Rule> = {},
): string | undefined {
  const range = values.map((value, index) => ({
    startMs: Date.UTC(2026, 10, 25, 18, index),
    value,
  }));
  const evaluationPeriods = values.length;
  const rule: Rule = {
    operator: "GreaterThanThreshold",
    threshold: 5,
    evaluationPeriods,
    datapointsToAlarm: evaluationPeriods,
    missingData: "missing",
    ...more,
  };
  return verdictOn(range, rule)?.reason;
}

test("reasons are in AWS's words", () => {
  assert.equal(
    reason([9]),
    "Threshold Crossed: 1 out of the last 1 datapoints [9.0 (25/11/26 18:00:00)] was greater than the threshold (5.0) (minimum 1 datapoint for OK -> ALARM transition).",
  );
  assert.equal(
    reason([1, 0.25]),
    "Threshold Crossed: 2 datapoints [0.25 (25/11/26 18:01:00), 1.0 (25/11/26 18:00:00)] were not greater than the threshold (5.0).",
  );
  assert.equal(reason([undefined]), "Insufficient Data: 1 datapoint was unknown.");
  // recorded: test_breaching_alarm_actions
  assert.equal(
    reason([undefined, undefined], { missingData: "breaching" }),
    "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as [Breaching].",
  );
  assert.equal(
    reason([9, undefined, undefined], { missingData: "breaching" }),
    "Threshold Crossed: 1 datapoint was received for 3 periods and 2 missing datapoints were treated as [Breaching].",
  );
});
