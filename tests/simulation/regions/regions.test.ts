import assert from "node:assert/strict";
import test from "node:test";
import { runSeed } from "./run-seed.ts";

test("regions that are cut, slow and crash agree on the last write of each item", async (t) => {
  let [crashes, cuts, lost] = [0, 0, 0];
  for (let seed = 0; seed < 20; seed += 1) {
    const outcome = await runSeed(seed);
    crashes += outcome.crashes;
    cuts += outcome.cuts;
    lost += outcome.lostMessages;
  }
  t.diagnostic(`${crashes} crashes, ${cuts} cuts, ${lost} messages lost`);
  // The test tests.
  assert(crashes > 20 && cuts > 50 && lost > 100);
});

test("the same seed makes the same run of several regions", async () => {
  assert.deepEqual(await runSeed(7), await runSeed(7));
});
