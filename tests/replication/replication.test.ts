import assert from "node:assert/strict";
import test from "node:test";
import { runPeers } from "./run.ts";

test("two servers agree on the last write of each item after they were cut from each other and killed", async () => {
  const seed = Date.now() % 1_000_000;
  const { problems, acknowledged } = await runPeers({ cutSeconds: 2, kills: 3, seed });
  assert(
    problems.isEmpty,
    `npm run replication -- --cut 2 --kills 3 --seed ${seed}\n${problems.toString()}`,
  );
  assert(acknowledged > 0);
});
