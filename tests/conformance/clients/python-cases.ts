import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { covers } from "../../support/covers.ts";
import { python } from "../../support/python.ts";

/** What cases.py says of each case. */
interface Report {
  readonly name: string;
  readonly covers: readonly `${string}.${string}`[];
  readonly failure: string | null;
}

export interface Account {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey?: string;
}

/** Makes a test of each case in a Python script of this folder, which talks to this endpoint as this account. */
export function testPython(script: string, account: Account): void {
  const path = join(import.meta.dirname, script);
  const names = [...readFileSync(path, "utf8").matchAll(/^@case\(\s*"([^"]+)"/gm)].map(
    ([, name]) => name!,
  );
  void describe(script, () => {
    let reports: readonly Report[] = [];
    let errors = "";
    before(async () => {
      if (python.missing !== false) return;
      ({ reports, errors } = await runScript(path, account));
    });
    for (const name of names) {
      void test(name, { skip: python.missing }, () => {
        const report = reports.find((each) => each.name === name);
        assert.ok(report, `the script did not get that far: ${errors}`);
        covers(...report.covers);
        assert.equal(report.failure, null, report.failure ?? undefined);
      });
    }
  });
}

/** The environment in which an SDK or the CLI finds the endpoint by itself, and none of this user's settings. */
export function clientEnvironment({ endpoint, accessKeyId, secretAccessKey }: Account) {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith("AWS_"));
  return {
    ...Object.fromEntries(own),
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey ?? "test",
    AWS_REGION: "us-east-1",
    AWS_DEFAULT_REGION: "us-east-1",
    AWS_CONFIG_FILE: "/nonexistent",
    AWS_SHARED_CREDENTIALS_FILE: "/nonexistent",
    AWS_EC2_METADATA_DISABLED: "true",
    PYTHONDONTWRITEBYTECODE: "1",
  };
}

async function runScript(path: string, account: Account) {
  const folder = mkdtempSync(join(tmpdir(), "tule-python-"));
  after(() => rmSync(folder, { recursive: true }));
  const env = { ...clientEnvironment(account), TULE_TEST_FOLDER: folder };
  const run = promisify(execFile)(python.interpreter, [path], { env, timeout: 240_000 });
  // A script that ends badly still has reported the cases before.
  const { stdout, stderr } = await run.catch((error: { stdout: string; stderr: string }) => error);
  const lines = stdout.split("\n").filter((line) => line.startsWith("{"));
  return { reports: lines.map((line) => JSON.parse(line) as Report), errors: stderr };
}
