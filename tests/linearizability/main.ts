import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildChecker, check } from "./checker.ts";
import { record } from "./record.ts";

// `npm run linearizability -- [--rounds 20] [--kills 5] [--seed N]`
const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "20" },
    kills: { type: "string", default: "5" },
    seed: { type: "string" },
  },
});
const missing = buildChecker();
if (missing !== undefined) throw new Error(missing);
const first = Number(values.seed ?? Date.now() % 1_000_000);
for (let seed = first; seed < first + Number(values.rounds); seed += 1) {
  const livesMs = Array.from({ length: Number(values.kills) }, () => 800);
  const objects = await record({ seed, livesMs });
  const { result, operations, illegal, unknown } = check(objects, 120);
  console.log(
    `seed ${seed}: ${operations} requests, ${result} ${[...illegal, ...unknown].join(", ")}`,
  );
  if (result === "Ok") continue;
  const folder = join(import.meta.dirname, "../../.cache/linearizability");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `history-${seed}.json`);
  writeFileSync(path, JSON.stringify(objects));
  console.log(`the history is kept in ${path}`);
  process.exitCode = 1;
  break;
}
