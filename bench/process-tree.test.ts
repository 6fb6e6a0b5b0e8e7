import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { readProcessTree } from "./process-tree.ts";

const skip = existsSync("/proc/self/stat") ? false : "there is no /proc";

/** Counts its own CPU time, not the clock's, which goes on while a busy machine has no time for it. */
const useMilliseconds = (ms: number) => `while (process.cpuUsage().user < ${ms} * 1000);`;

test("a process that is gone has no tree", { skip }, () => {
  assert.equal(readProcessTree(2 ** 22 + 1), undefined);
});

test(
  "the work of children counts, while they run and after they ended",
  { skip, timeout: 60_000 },
  async () => {
    const childCode = `${useMilliseconds(300)} process.stdin.resume();`;
    const parent = spawn(
      process.execPath,
      [
        "-e",
        `const child = require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(childCode)}], { stdio: ["pipe", "ignore", "ignore"] });
       process.stdin.once("data", () => child.stdin.end());
       child.once("exit", () => console.log("child ended"));
       process.stdin.resume();`,
      ],
      { stdio: ["pipe", "pipe", "inherit"] },
    );
    try {
      const pid = parent.pid ?? 0;
      let tree = readProcessTree(pid);
      while ((tree?.pids.length ?? 0) < 2 || (tree?.cpuMicros ?? 0) < 200_000) {
        await new Promise((resolve) => setImmediate(resolve));
        tree = readProcessTree(pid);
      }
      assert.ok(tree !== undefined && tree.residentBytes > 1e6);
      assert.equal(tree.residentBytes, tree.anonymousBytes + tree.fileBytes);
      parent.stdin.write("end");
      await once(parent.stdout, "data");
      const after = readProcessTree(pid);
      assert.deepEqual(after?.pids, [pid]);
      assert.ok(after.cpuMicros >= tree.cpuMicros, "the ended child's time is its parent's now");
    } finally {
      parent.kill("SIGKILL");
    }
  },
);
