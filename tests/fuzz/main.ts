import { parseArgs } from "node:util";
import { fuzz } from "./run.ts";
import { summaryOf } from "./summary.ts";

// `npm run fuzz -- --requests 1000000 [--seed N]`
const { values } = parseArgs({
  options: { requests: { type: "string", default: "100000" }, seed: { type: "string" } },
});
const summary = await fuzz(Number(values.requests), Number(values.seed ?? Date.now() % 1_000_000));
console.log(summaryOf(summary));
process.exitCode = summary.problems.length === 0 ? 0 : 1;
