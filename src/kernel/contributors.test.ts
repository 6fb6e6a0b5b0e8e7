import assert from "node:assert/strict";
import test from "node:test";
import { Contributors, TopContributors } from "./contributors.ts";

test("whoever has a fair share is among the largest, however many others there are", () => {
  const top = new TopContributors();
  for (let at = 0; at < 100_000; at += 1) {
    top.add(at % 20 === 0 ? "hot" : `cold ${at}`, 1);
    if (at % 30 === 0) top.add("warm", 1);
  }
  const counts = new Map(top.entries());
  assert(counts.size <= 128);
  assert(counts.get("hot")! >= 5_000);
  assert(counts.get("warm")! >= 3_333);
  assert.equal(top.sum, 103_334);
});

test("reports add up minutes, the largest first, and old minutes are forgotten", () => {
  let nowMs = 600_000;
  const contributors = new Contributors(() => nowMs);
  const tenant = { account: "111122223333", region: "us-east-1" };
  const naming = { labels: ["Key"], name: (key: string) => [key.toUpperCase()] };
  const rule = contributors.rule(tenant, "rule", naming);
  rule.add("a", 1);
  rule.add("b", 5);
  nowMs += 60_000;
  rule.add("a", 7);
  const report = (startMs = 0, endMs = Infinity, atMost = 10): unknown =>
    contributors.report(tenant, "rule", { startMs, endMs }, atMost);
  assert.deepEqual(report(), {
    labels: ["Key"],
    sum: 13,
    contributors: [
      { keys: ["A"], sum: 8 },
      { keys: ["B"], sum: 5 },
    ],
  });
  assert.deepEqual(report(660_000, Infinity, 1), {
    labels: ["Key"],
    sum: 7,
    contributors: [{ keys: ["A"], sum: 7 }],
  });
  assert.deepEqual(contributors.names(tenant), ["rule"]);
  for (let minute = 0; minute < 200; minute += 1) {
    nowMs += 60_000;
    rule.add("c", 1);
  }
  assert.deepEqual(report(0, 700_000), { labels: ["Key"], sum: 0, contributors: [] });
});
