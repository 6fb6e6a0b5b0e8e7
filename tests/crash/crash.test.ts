import assert from "node:assert/strict";
import test from "node:test";
import { runKills } from "./run.ts";
import { summaryOf } from "./summary.ts";

test("a server that is killed again and again under 64 writers loses nothing that it acknowledged", async (t) => {
  const seed = Date.now() % 1_000_000;
  const summary = await runKills(12, seed);
  t.diagnostic(summaryOf(summary, seed));
  assert.ok(summary.problems.isEmpty, summaryOf(summary, seed));
  // The test tests: a run in which nobody got anything done would prove nothing.
  assert.ok(summary.acknowledgedWrites > 100, summaryOf(summary, seed));
});

test("tables that are restored while the server is killed hold what their moments held", async (t) => {
  const seed = Date.now() % 1_000_000;
  const summary = await runKills(5, seed, "restores");
  t.diagnostic(summaryOf(summary, seed));
  assert.ok(summary.problems.isEmpty, summaryOf(summary, seed));
  assert.ok(summary.figures["restored tables"]! > 0, summaryOf(summary, seed));
});
