import assert from "node:assert/strict";
import test from "node:test";
import { runKills } from "./run.ts";
import { summaryOf } from "./summary.ts";

// Briefly, so that none of them rots: `npm run crash -- --kills 50 --load NAME` is the test.
for (const load of ["streams", "time-to-live", "backfill"] as const) {
  test(`a server that is killed under the load ${load} keeps what it promised`, async (t) => {
    const seed = Date.now() % 1_000_000;
    const summary = await runKills(2, seed, load);
    t.diagnostic(summaryOf(summary, seed));
    assert.ok(summary.problems.isEmpty, summaryOf(summary, seed));
  });
}
