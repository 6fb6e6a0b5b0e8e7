import assert from "node:assert/strict";
import test from "node:test";
import { parseSchedule } from "./schedule.ts";

const created = Date.parse("2026-01-01T10:00:00Z");

function check(schedule: string, timezone: string, after: string, ...expected: string[]): void {
  test(`${schedule} in ${timezone} after ${after}`, () => {
    const parsed = parseSchedule(schedule, timezone, created);
    assert(parsed, "is a schedule");
    let afterMs: number | undefined = Date.parse(after);
    for (const time of expected) {
      afterMs = parsed.next(afterMs!);
      assert.equal(
        afterMs === undefined ? "never" : new Date(afterMs).toISOString().replace(".000", ""),
        time,
      );
    }
  });
}

check("at(2026-03-01T08:00:00)", "UTC", "2026-01-01T00:00Z", "2026-03-01T08:00:00Z", "never");
check("at(2026-07-01T08:00:00)", "Europe/Berlin", "2026-01-01T00:00Z", "2026-07-01T06:00:00Z");
check("at(2026-01-01T08:00:00)", "UTC", "2026-02-01T00:00Z", "never");
check("rate(1 minute)", "UTC", "2026-01-01T10:00:30Z", "2026-01-01T10:01:00Z");
check("rate(2 hours)", "UTC", "2026-01-01T11:00Z", "2026-01-01T12:00:00Z", "2026-01-01T14:00:00Z");
check("rate(1 day)", "UTC", "2026-02-01T00:00Z", "2026-02-01T10:00:00Z");
check("rate(5 minutes)", "UTC", "2025-12-31T00:00Z", "2026-01-01T10:00:00Z");
check("cron(15 10 * * ? *)", "UTC", "2026-01-01T10:15Z", "2026-01-02T10:15:00Z");
check("cron(*/20 * ? * * *)", "UTC", "2026-01-01T10:41Z", "2026-01-01T11:00:00Z");
check("cron(0 18 ? * MON-FRI *)", "UTC", "2026-01-02T18:00Z", "2026-01-05T18:00:00Z");
check("cron(0 9 1,15 JAN-MAR ? 2027)", "UTC", "2026-05-01T00:00Z", "2027-01-01T09:00:00Z");
check("cron(0 0 L * ? *)", "UTC", "2028-02-01T00:00Z", "2028-02-29T00:00:00Z");
check("cron(0 0 15W * ? *)", "UTC", "2026-02-01T00:00Z", "2026-02-16T00:00:00Z");
check("cron(0 0 1W * ? *)", "UTC", "2026-08-01T00:00Z", "2026-08-03T00:00:00Z");
check("cron(0 0 ? * 6L *)", "UTC", "2026-01-01T00:00Z", "2026-01-30T00:00:00Z");
check("cron(0 0 ? * 3#2 *)", "UTC", "2026-01-01T00:00Z", "2026-01-13T00:00:00Z");
check("cron(0 0 31 2 ? *)", "UTC", "2026-01-01T00:00Z", "never");
check("cron(0 0 1 1 ? 2020)", "UTC", "2026-01-01T00:00Z", "never");
// The hour that the clocks of New York skip on 8 March 2026, and the one that they show twice on 1 November.
check("cron(30 2 * * ? *)", "America/New_York", "2026-03-07T12:00Z", "2026-03-08T07:30:00Z");
check(
  "cron(30 1 * * ? *)",
  "America/New_York",
  "2026-10-31T12:00Z",
  "2026-11-01T05:30:00Z",
  "2026-11-02T06:30:00Z",
);

for (const text of [
  "",
  "rate(0 minutes)",
  "rate(1 minutes)",
  "rate(5 minute)",
  "rate(5 weeks)",
  "at(tomorrow)",
  "at(2026-13-01T00:00:00)",
  "cron(* * * *)",
  "cron(60 0 * * ? *)",
  "cron(0 24 * * ? *)",
  "cron(0 0 1 * MON *)",
  "cron(0 0 ? * ? *)",
  "cron(0 0 ? * FUNDAY *)",
  "cron(5-1 0 * * ? *)",
]) {
  test(`"${text}" is no schedule`, () => {
    assert.equal(parseSchedule(text, "UTC", created), undefined);
  });
}
