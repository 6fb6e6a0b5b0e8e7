import assert from "node:assert/strict";
import test from "node:test";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { startTule } from "../../support/tule.ts";

const rootKey = { accessKeyId: "AKIAROOT", secretAccessKey: "right" };
const tule = await startTule({ authentication: "strict", rootKey, account: "123456789012" });

function sts(credentials: typeof rootKey): STSClient {
  return new STSClient({ endpoint: tule.endpoint, region: "us-east-1", credentials });
}

test("with --auth strict the root key is who it says", async () => {
  const identity = await sts(rootKey).send(new GetCallerIdentityCommand({}));
  assert.equal(identity.Arn, "arn:aws:iam::123456789012:root");
});

test("with --auth strict an unknown key is refused, in each protocol's words", async () => {
  const stranger = { accessKeyId: "AKIASTRANGER", secretAccessKey: "right" };
  await assert.rejects(sts(stranger).send(new GetCallerIdentityCommand({})), {
    name: "InvalidClientTokenId",
    message: "The security token included in the request is invalid.",
  });
  const client = tule.dynamodb(undefined, { credentials: stranger });
  await assert.rejects(client.send(new ListTablesCommand({})), {
    name: "UnrecognizedClientException",
    message: "The security token included in the request is invalid.",
  });
});

test("a wrong secret is refused, for a key that is known even with --auth open", async () => {
  const wrong = { ...rootKey, secretAccessKey: "wrong" };
  await assert.rejects(sts(wrong).send(new GetCallerIdentityCommand({})), {
    name: "SignatureDoesNotMatch",
  });
  const open = await startTule({ rootKey });
  const client = open.dynamodb(undefined, { credentials: wrong });
  await assert.rejects(client.send(new ListTablesCommand({})), {
    name: "InvalidSignatureException",
    message:
      "The request signature we calculated does not match the signature you provided. Check your AWS " +
      "Secret Access Key and signing method. Consult the service documentation for details.",
  });
});

test("with --auth strict a request without a signature is refused", async () => {
  const { status, json } = await tule.raw({ target: "DynamoDB_20120810.ListTables" });
  assert.equal(status, 400);
  assert.deepEqual(json, {
    __type: "com.amazon.coral.service#MissingAuthenticationTokenException",
    message: "Missing Authentication Token",
  });
});

test("with --auth strict nobody resets the server without a signature", async () => {
  const { status } = await tule.raw({ path: "/_tule/state/reset" });
  assert.equal(status, 403);
});
