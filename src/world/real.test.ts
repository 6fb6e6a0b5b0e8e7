import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { realWorld } from "./real.ts";
import { FolderInUse } from "./world.ts";
import { describeWorld } from "./world.contract.ts";

const folders: string[] = [];
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "tule-world-"));
  folders.push(folder);
  return folder;
}

describeWorld("real", async () => {
  const world = realWorld();
  return {
    world,
    folder: await makeFolder(),
    connect: (port) => connect({ host: "127.0.0.1", port, allowHalfOpen: true }),
    pass: (milliseconds) => new Promise((resolve) => world.clock.after(milliseconds, resolve)),
  };
});

describe("The real world's processes", () => {
  const { processes, files } = realWorld();
  const environment = { PATH: process.env["PATH"] ?? "" };

  test("a child has its streams, its folder and its environment, and tells how it ended", async () => {
    const folder = await makeFolder();
    const program =
      "process.stdin.pipe(process.stdout); process.stdin.on('end', () => process.exit(3))";
    const child = processes.spawn(process.execPath, ["-e", program], { folder, environment });
    child.input.end("echo");
    let text = "";
    for await (const chunk of child.output) text += String(chunk);
    assert.equal(text, "echo");
    assert.deepEqual(await child.ended, { code: 3, signal: null });
  });

  test("a child can be killed", async () => {
    const program = "setInterval(() => {}, 1000)";
    const child = processes.spawn(process.execPath, ["-e", program], {
      folder: tmpdir(),
      environment,
    });
    child.kill("SIGKILL");
    assert.deepEqual(await child.ended, { code: null, signal: "SIGKILL" });
  });

  test("a command that is not there rejects", async () => {
    const child = processes.spawn("/nowhere/to/be-found", [], { folder: tmpdir(), environment });
    await assert.rejects(child.ended, { code: "ENOENT" });
  });

  test("a folder's lock ends with the process that held it, even killed", async () => {
    const folder = await makeFolder();
    const program = `
      const { realWorld } = await import(${JSON.stringify(import.meta.resolve("./real.ts"))});
      await realWorld().files.lock(${JSON.stringify(folder)}, "a child");
      console.log("locked");
      setInterval(() => {}, 1000);`;
    const argv = ["--input-type=module", "-e", program];
    const child = processes.spawn(process.execPath, argv, { folder, environment });
    for await (const chunk of child.output) if (String(chunk).includes("locked")) break;
    await assert.rejects(files.lock(folder, "us"), new FolderInUse(folder, "a child"));
    child.kill("SIGKILL");
    await child.ended;
    await (
      await files.lock(folder, "us")
    )();
  });
});
