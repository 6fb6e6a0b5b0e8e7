import { parseArgs } from "node:util";
import { runPeers } from "./run.ts";

// `npm run replication -- --cut 60 --kills 50 [--seed N]`
const { values } = parseArgs({
  options: {
    cut: { type: "string", default: "60" },
    kills: { type: "string", default: "50" },
    seed: { type: "string" },
  },
});
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const plan = { cutSeconds: Number(values.cut), kills: Number(values.kills), seed };
const startedAtMs = Date.now();
const { acknowledged, kills, convergedMs, streamRecords, problems, dataFolder } =
  await runPeers(plan);
const seconds = ((Date.now() - startedAtMs) / 1000).toFixed(1);
console.log(
  `seed ${seed}: ${acknowledged} writes, cut for ${plan.cutSeconds} s, ${kills} kills; equal ${convergedMs} ms after the ` +
    `last write, ${streamRecords} records in the streams; ${seconds} s`,
);
if (!problems.isEmpty) console.log(`${problems.toString()}\nthe data is in ${dataFolder}`);
process.exitCode = problems.isEmpty ? 0 : 1;
