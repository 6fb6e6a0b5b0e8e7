import { parseArgs } from "node:util";
import { addTo, runSeed, sentenceOf } from "./run-seed.ts";

// `npm run simulate -- --seed N [--seeds 10000]`: repeats one seed, or runs so many from it on.
const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "0" },
    seeds: { type: "string", default: "1" },
  },
});
const first = Number(values.seed);
const count = Number(values.seeds);
const startedAtMs = Date.now();
const total = { requests: 0, writes: 0, lostUntold: 0, keptUntold: 0, faults: 0 };
let failures = 0;
for (let seed = first; seed < first + count; seed += 1) {
  try {
    addTo(total, await runSeed(seed));
  } catch (error) {
    failures += 1;
    console.error(error);
    if (failures === 10) break;
  }
}
const seconds = ((Date.now() - startedAtMs) / 1000).toFixed(1);
console.log(`${count} seeds from ${first}, ${failures} failed, ${seconds} s; ${sentenceOf(total)}`);
process.exitCode = failures === 0 ? 0 : 1;
