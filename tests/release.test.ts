import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

const root = join(import.meta.dirname, "..");

test("the published package starts from its bundle, and ends well", async (context) => {
  // Inside the project, so that it finds its dependencies as if they were installed beside it.
  mkdirSync(join(root, ".cache"), { recursive: true });
  const folder = mkdtempSync(join(root, ".cache/release-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const release = [join(root, "tools/release.ts"), relative(root, folder)];
  await promisify(execFile)(process.execPath, release);

  const argv = [join(folder, "bin/tule"), "start", "--port", "0", "--data", join(folder, "data")];
  const server = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "inherit"] });
  context.after(() => server.kill("SIGKILL"));
  let output = "";
  for await (const chunk of server.stdout) {
    output += String(chunk);
    if (output.includes("is ready at")) break;
  }
  const endpoint = /is ready at (\S+),/.exec(output)?.[1];
  assert.ok(endpoint !== undefined, output);
  const answer = await fetch(endpoint, {
    method: "POST",
    headers: {
      "x-amz-target": "DynamoDB_20120810.ListTables",
      "content-type": "application/x-amz-json-1.0",
    },
    body: "{}",
  });
  assert.deepEqual(await answer.json(), { TableNames: [] });
  server.kill("SIGTERM");
  assert.deepEqual(await once(server, "exit"), [0, null]);
});
