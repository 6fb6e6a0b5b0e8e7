import assert from "node:assert/strict";
import test from "node:test";
import { ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { presignQuery } from "#wire/sigv4-sign.ts";
import { covers } from "../../support/covers.ts";
import { realWorld } from "#world/real.ts";
import type { World } from "#world/world.ts";
import { startTule } from "../../support/tule.ts";
import { testPython } from "./python-cases.ts";

const key = { accessKeyId: "AKIASTRICTSTRICT", secretAccessKey: "kept/to+ourselves=" };
const strict = await startTule({
  authentication: "strict",
  rootKey: key,
  account: "123456789012",
});

/** A machine whose clock is not this one's. */
function machineAhead(aheadMs: () => number): World {
  const world = realWorld();
  Object.assign(world.clock, { machineMs: () => Date.now() + aheadMs() });
  return world;
}

testPython("signatures.py", { endpoint: strict.endpoint, ...key });

test("the JavaScript SDK corrects its clock from the answer's date, and is let in", async () => {
  covers("sts.GetCallerIdentity", "dynamodb.ListTables");
  const world = machineAhead(() => 3_600_000);
  const fast = await startTule({ authentication: "strict", rootKey: key, world });
  const late = fast.dynamodb(undefined, { credentials: key });
  await assert.rejects(late.send(new ListTablesCommand({})), {
    name: "InvalidSignatureException",
    message: /^Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z \(.* - 15 min\.\)/,
  });
  const patient = fast.dynamodb(undefined, { credentials: key, maxAttempts: 2 });
  const { $metadata } = await patient.send(new ListTablesCommand({}));
  assert.equal($metadata.attempts, 2);
  assert.equal((await patient.send(new ListTablesCommand({}))).$metadata.attempts, 1);
  const sts = new STSClient({ endpoint: fast.endpoint, region: "us-east-1", credentials: key });
  assert.equal((await sts.send(new GetCallerIdentityCommand({}))).$metadata.attempts, 2);
});

test("a presigned GetCallerIdentity is good for 15 minutes, as EKS relies on", async () => {
  covers("sts.GetCallerIdentity");
  let aheadMs = 0;
  const world = machineAhead(() => aheadMs);
  const { endpoint } = await startTule({ authentication: "strict", rootKey: key, world });
  const request = {
    method: "GET",
    path: "/",
    query: "Action=GetCallerIdentity&Version=2011-06-15",
    headers: { host: new URL(endpoint).host },
  };
  const signer = { ...key, region: "us-east-1", service: "sts" };
  const url = `${endpoint}/?${presignQuery(signer, request, Date.now(), 60)}`;
  assert.equal((await fetch(url)).status, 200);
  aheadMs = 14 * 60_000;
  assert.equal((await fetch(url)).status, 200);
  aheadMs = 16 * 60_000;
  const late = await fetch(url);
  assert.equal(late.status, 403);
  assert.match(await late.text(), /<Code>SignatureDoesNotMatch<.*Signature expired: /s);
});

test("clients that sign by their machine's clock are let in wherever the server's was moved", async () => {
  covers("dynamodb.ListTables");
  const moved = await startTule({ authentication: "strict", rootKey: key });
  const client = moved.dynamodb(undefined, { credentials: key });
  for (const atMs of [Date.UTC(2031, 0, 1), Date.UTC(1999, 0, 1), Date.now()]) {
    moved.clock.moveTo(atMs);
    // Twice: the SDK would set its clock by a date that it sees.
    for (let call = 0; call < 2; call += 1) await client.send(new ListTablesCommand({}));
  }
});
