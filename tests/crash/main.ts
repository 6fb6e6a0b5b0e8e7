import { parseArgs } from "node:util";
import { runKills } from "./run.ts";
import { summaryOf } from "./summary.ts";

// `npm run crash -- --kills 300 [--seed N] [--load restores]`
const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "300" },
    seed: { type: "string" },
    load: { type: "string", default: "all" },
  },
});
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const summary = await runKills(
  Number(values.kills),
  seed,
  values.load === "restores" ? "restores" : "all",
);
console.log(summaryOf(summary, seed));
process.exitCode = summary.problems.isEmpty ? 0 : 1;
