import assert from "node:assert/strict";
import test from "node:test";
import { fuzz } from "./run.ts";
import { summaryOf } from "./summary.ts";

test("whatever is sent, the server answers, serves others, keeps its indexes and survives a kill", async (t) => {
  const summary = await fuzz(10_000, Date.now() % 1_000_000);
  t.diagnostic(summaryOf(summary));
  assert.deepEqual(summary.problems, [], summaryOf(summary));
  // The test tests: a run in which nothing was taken would prove nothing.
  for (const [operation, [taken]] of summary.operations)
    assert.ok(taken > 0, `no ${operation} was ever right: ${summaryOf(summary)}`);
});

test("over Node's own HTTP server too", async () => {
  const summary = await fuzz(2000, Date.now() % 1_000_000, "node");
  assert.deepEqual(summary.problems, [], summaryOf(summary));
});
