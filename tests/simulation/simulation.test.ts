import assert from "node:assert/strict";
import test from "node:test";
import { addTo, type Outcome, runSeed, sentenceOf } from "./run-seed.ts";

const total = (): Outcome => ({ requests: 0, writes: 0, lostUntold: 0, keptUntold: 0, faults: 0 });

async function runSeeds(first: number, count: number): Promise<Outcome> {
  const sum = total();
  for (let seed = first; seed < first + count; seed += 1) addTo(sum, await runSeed(seed));
  return sum;
}

test("DynamoDB on machines that crash, on disks that fail, is what the model in memory says", async (t) => {
  const sum = await runSeeds(0, 100);
  t.diagnostic(sentenceOf(sum));
  // The test tests: luck must have decided about many writes either way.
  assert.ok(sum.lostUntold > 50 && sum.keptUntold > 10 && sum.faults > 7, sentenceOf(sum));
});

test("so it is with seeds that nobody has tried before", async (t) => {
  const first = 1000 + (Date.now() % 1_000_000_000);
  t.diagnostic(`seeds from ${first}: ${sentenceOf(await runSeeds(first, 20))}`);
});

test("the same seed makes the same run", async () => {
  for (const seed of [15, 53, 50_120]) assert.deepEqual(await runSeed(seed), await runSeed(seed));
});
