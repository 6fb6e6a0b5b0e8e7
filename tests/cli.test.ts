import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { emptyFolder, tuleCommand } from "./support/command.ts";

describe("tule start", () => {
  test("says where it is ready, answers, and ends well when asked to", async () => {
    const folder = await emptyFolder();
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      const server = tuleCommand(["start", "--port", "0"], folder);
      const endpoint = await server.ready();
      assert.match(endpoint, /^http:\/\/127\.0\.0\.1:\d+$/);
      assert.equal((await fetch(`${endpoint}/_tule/health`)).status, 200);
      server.child.kill(signal);
      const { code, output, errors } = await server.ended;
      assert.equal(code, 0, errors);
      assert.equal(errors, "");
      assert.match(
        output,
        /^Tule \d+\.\d+\.\d+ is ready at http:\/\/127\.0\.0\.1:\d+, data in \/.*\/\.tule \(\d+ ms\)\n$/,
      );
    }
  });

  test("ends well when one Ctrl-C arrives twice, as npm hands it on", async () => {
    const server = tuleCommand(["start", "--port", "0", "--memory"], tmpdir());
    await server.ready();
    server.child.kill("SIGINT");
    server.child.kill("SIGINT");
    assert.equal((await server.ended).code, 0);
  });

  test("starts again on the folder of a server that was killed", async () => {
    const folder = await emptyFolder();
    const first = tuleCommand(["start", "--port", "0", "--data", "state"], folder);
    await first.ready();
    first.child.kill("SIGKILL");
    await first.ended;
    const second = tuleCommand(["start", "--port", "0", "--data", "state"], folder);
    await second.ready();
    second.child.kill("SIGTERM");
    assert.equal((await second.ended).code, 0);
  });

  test("says in one line that its folder is in use, and by whom", async () => {
    const folder = await emptyFolder();
    const first = tuleCommand(["start", "--port", "0"], folder);
    await first.ready();
    const { code, errors } = await tuleCommand(["start", "--port", "0"], folder).ended;
    first.child.kill("SIGTERM");
    await first.ended;
    assert.equal(code, 1);
    assert.match(
      errors,
      /^tule: the data folder .*\.tule is in use by .*; choose another with --data\n$/,
    );
  });

  test("says in one line that its port is in use", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const address = other.address();
    assert.ok(typeof address === "object" && address !== null);
    const { code, errors } = await tuleCommand(
      ["start", "--memory", "--port", String(address.port)],
      tmpdir(),
    ).ended;
    other.close();
    assert.equal(code, 1);
    assert.match(
      errors,
      /^tule: port \d+ on 127\.0\.0\.1 is in use; choose another with --port .*\n$/,
    );
  });

  test("says in one line that it can't listen on an address", async () => {
    const { code, errors } = await tuleCommand(
      ["start", "--memory", "--host", "192.0.2.1", "--port", "0"],
      tmpdir(),
    ).ended;
    assert.equal(code, 1);
    assert.match(errors, /^tule: can't listen on 192\.0\.2\.1.*\n$/);
  });

  test("says in one line that its folder can't be written", async (context) => {
    const folder = await emptyFolder();
    await writeFile(join(folder, "file"), "");
    const below = await tuleCommand(["start", "--port", "0", "--data", "file/state"], folder).ended;
    assert.equal(below.code, 1);
    assert.match(below.errors, /^tule: the data folder .*file\/state .*\n$/);
    if (process.getuid?.() === 0) return context.diagnostic("root may write everywhere");
    await chmod(folder, 0o500);
    const { code, errors } = await tuleCommand(["start", "--port", "0"], folder).ended;
    assert.equal(code, 1);
    assert.match(errors, /^tule: the data folder .* can't be written by this user.*\n$/);
  });

  test("refuses what it does not know with exit code 2", async () => {
    for (const argv of [["start", "--prot", "1"], ["strat"], ["env", "--shell", "tcsh"]]) {
      const { code, errors, output } = await tuleCommand(argv, tmpdir()).ended;
      assert.equal(code, 2);
      assert.match(errors, /^tule: .*\n$/);
      assert.equal(output, "");
    }
  });

  test("warns when everybody who can reach it is root", async () => {
    const argv = ["start", "--memory", "--port", "0", "--host", "0.0.0.0"];
    const open = tuleCommand([...argv, "--auth", "open"], tmpdir());
    assert.match(await open.ready(), /^http:\/\/127\.0\.0\.1:/);
    open.child.kill("SIGTERM");
    assert.match((await open.ended).errors, /^tule: whoever can reach 0\.0\.0\.0:\d+ is root here/);
    const strict = tuleCommand(argv, tmpdir());
    await strict.ready();
    strict.child.kill("SIGTERM");
    assert.match((await strict.ended).errors, /^tule: root access key AKIA\w+, secret \S+\n$/);
  });

  test("with --auth strict, makes a root key once, and tule env prints it", async () => {
    const folder = await emptyFolder();
    const argv = ["--auth", "strict", "--port"];
    assert.equal((await tuleCommand(["env", ...argv, "4566"], folder).ended).code, 1);
    const keys = new Set<string>();
    for (let start = 0; start < 2; start += 1) {
      const server = tuleCommand(["start", ...argv, "0"], folder);
      await server.ready();
      const { output } = await tuleCommand(["env", ...argv, "4566"], folder).ended;
      keys.add(output);
      server.child.kill("SIGTERM");
      await server.ended;
    }
    assert.equal(keys.size, 1);
    assert.match([...keys][0]!, /^export AWS_ACCESS_KEY_ID=AKIA[A-Z2-7]{16}$/m);
  });
});

describe("The other commands", () => {
  test("tule env prints exports that a shell can take", async () => {
    const { code, output } = await tuleCommand(["env"], tmpdir(), { TULE_REGION: "eu-west-1" })
      .ended;
    assert.equal(code, 0);
    const { AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID } = await environmentAfter(output);
    assert.equal(AWS_ENDPOINT_URL, "http://127.0.0.1:4566");
    assert.equal(AWS_REGION, "eu-west-1");
    assert.equal(AWS_ACCESS_KEY_ID, "000000000000");
  });

  test("tule env has Node.js trust the data folder's authority, once there is one", async () => {
    const folder = await emptyFolder();
    const print = async (): Promise<Record<string, string | undefined>> =>
      environmentAfter((await tuleCommand(["env", "--data", "data"], folder).ended).output);
    assert.equal((await print())["NODE_EXTRA_CA_CERTS"], undefined);
    const server = tuleCommand(["start", "--data", "data", "--port", "0"], folder);
    await fetch(`${await server.ready()}/_tule/ca.pem`);
    server.child.kill("SIGTERM");
    await server.ended;
    const { NODE_EXTRA_CA_CERTS: file } = await print();
    assert.match(await readFile(file!, "utf8"), /BEGIN CERTIFICATE/);
  });

  test("tule status tells how a server is, and fails where there is none", async () => {
    const server = tuleCommand(["start", "--memory", "--port", "0"], tmpdir());
    const endpoint = await server.ready();
    const port = new URL(endpoint).port;
    const well = await tuleCommand(["status", "--port", port], tmpdir()).ended;
    assert.equal(well.code, 0, well.errors);
    assert.match(well.output, /services +.*dynamodb/);
    server.child.kill("SIGTERM");
    await server.ended;
    const gone = await tuleCommand(["status", "--port", port], tmpdir()).ended;
    assert.equal(gone.code, 1);
    assert.match(gone.errors, /^tule: nothing that is well answers at .*\n$/);
  });

  test("tule demo works through a table from end to end", async () => {
    const server = tuleCommand(["start", "--memory", "--port", "0"], tmpdir());
    const port = new URL(await server.ready()).port;
    for (let run = 0; run < 2; run += 1) {
      const { code, output, errors } = await tuleCommand(["demo", "--port", port], tmpdir()).ended;
      assert.equal(code, 0, errors);
      assert.match(output, /TransactWriteItems/);
    }
    server.child.kill("SIGTERM");
    await server.ended;
  });

  test("tule --help and --version answer without a server", async () => {
    assert.match((await tuleCommand(["--help"], tmpdir()).ended).output, /--port PORT/);
    assert.match(
      (await tuleCommand(["--version"], tmpdir()).ended).output,
      /^tule \d+\.\d+\.\d+\n$/,
    );
    assert.equal((await tuleCommand([], tmpdir()).ended).code, 0);
  });
});

/** What a POSIX shell exports after these lines. */
async function environmentAfter(lines: string): Promise<Record<string, string>> {
  const shell = spawn("sh", ["-c", `${lines}\nenv`], { env: { PATH: process.env["PATH"] ?? "" } });
  let output = "";
  shell.stdout.on("data", (text) => (output += String(text)));
  await once(shell, "close");
  const pairs = output
    .split("\n")
    .map((line) => [line.split("=")[0]!, line.slice(line.indexOf("=") + 1)]);
  return Object.fromEntries(pairs) as Record<string, string>;
}
