import { parseArgs } from "node:util";
import { fuzz } from "./run.ts";
import { summaryOf } from "./summary.ts";

// `npm run fuzz -- --requests 1000000 [--seed N] [--http node]`
const { values } = parseArgs({
  options: {
    requests: { type: "string", default: "100000" },
    seed: { type: "string" },
    http: { type: "string" },
  },
});
const summary = await fuzz(
  Number(values.requests),
  Number(values.seed ?? Date.now() % 1_000_000),
  values.http === "node" ? "node" : "sockets",
);
console.log(summaryOf(summary));
process.exitCode = summary.problems.length === 0 ? 0 : 1;
