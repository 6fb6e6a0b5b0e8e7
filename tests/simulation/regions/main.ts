import { parseArgs } from "node:util";
import { runSeed } from "./run-seed.ts";

// `npm run simulate:regions -- --seed N [--seeds 1000]`: repeats one seed, or runs so many from it on.
const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "0" },
    seeds: { type: "string", default: "1" },
  },
});
const first = Number(values.seed);
const count = Number(values.seeds);
const startedAtMs = Date.now();
const total = new Map<string, number>();
let failures = 0;
for (let seed = first; seed < first + count; seed += 1) {
  try {
    for (const [name, value] of Object.entries(await runSeed(seed))) {
      total.set(name, (total.get(name) ?? 0) + Number(value));
    }
  } catch (error) {
    failures += 1;
    console.error(error);
    if (failures === 10) break;
  }
}
const seconds = ((Date.now() - startedAtMs) / 1000).toFixed(1);
const figures = [...total].map(([name, value]) => `${name} ${value}`).join(", ");
console.log(`${count} seeds from ${first}, ${failures} failed, ${seconds} s; ${figures}`);
process.exitCode = failures === 0 ? 0 : 1;
