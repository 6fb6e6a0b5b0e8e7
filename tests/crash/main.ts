import { parseArgs } from "node:util";
import { isLoadName, loads } from "./loads.ts";
import { runKills } from "./run.ts";
import { summaryOf } from "./summary.ts";

// `npm run crash -- --kills 300 [--seed N] [--load NAME]`
const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "300" },
    seed: { type: "string" },
    load: { type: "string", default: "all" },
  },
});
const { load } = values;
if (!isLoadName(load)) throw new Error(`the loads are ${Object.keys(loads).join(", ")}`);
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const summary = await runKills(Number(values.kills), seed, load);
console.log(summaryOf(summary, seed));
process.exitCode = summary.problems.isEmpty ? 0 : 1;
