import assert from "node:assert/strict";
import { test } from "node:test";
import { DateHeader, httpDate } from "./http-date.ts";

void test("an HTTP date is what the calendar says, in leap years too", () => {
  for (const day of [0, 59, 60, 365, 789, 11_015, 11_016, 11_017, 19_782, 19_783, 20_454, 47_540])
    for (const second of [0, 1, 3599, 43_200, 86_399]) {
      const atMs = (day * 86_400 + second) * 1000 + 999;
      assert.equal(httpDate(atMs), new Date(atMs).toUTCString());
    }
});

void test("the date header follows a clock that jumps either way", () => {
  const header = new DateHeader();
  for (const atMs of [0, 999, 1000, 90_000_000_000, 500])
    assert.equal(header.at(atMs), new Date(atMs).toUTCString());
});
