import assert from "node:assert/strict";
import test from "node:test";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { covers } from "../../support/covers.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();

function client(accessKeyId: string): STSClient {
  const credentials = { accessKeyId, secretAccessKey: "test" };
  return new STSClient({ endpoint: tule.endpoint, region: "eu-west-1", credentials });
}

test("an unknown access key is the root of the default account", async () => {
  covers("sts.GetCallerIdentity");
  const { $metadata: _, ...identity } = await client("test").send(new GetCallerIdentityCommand({}));
  assert.deepEqual(identity, {
    UserId: "000000000000",
    Account: "000000000000",
    Arn: "arn:aws:iam::000000000000:root",
  });
});

test("an access key of twelve digits names the account", async () => {
  covers("sts.GetCallerIdentity");
  const identity = await client("123456789012").send(new GetCallerIdentityCommand({}));
  assert.equal(identity.Arn, "arn:aws:iam::123456789012:root");
});
