import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import {
  CreateSecretCommand,
  DeleteResourcePolicyCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetResourcePolicyCommand,
  GetSecretValueCommand,
  PutResourcePolicyCommand,
  PutSecretValueCommand,
  RemoveRegionsFromReplicationCommand,
  ReplicateSecretToRegionsCommand,
  StopReplicationToReplicaCommand,
  ValidateResourcePolicyCommand,
} from "@aws-sdk/client-secrets-manager";
import { covers } from "../../support/covers.ts";
import { allowing, iamOf, makeUser, policyOf } from "../../support/iam.ts";
import { secretsOf } from "../../support/secrets-manager.ts";
import { ServerProcess } from "../../support/server-process.ts";
import { startTule } from "../../support/tule.ts";
import { until } from "../../support/until.ts";

const tule = await startTule();

test("a secret's policy lets other accounts in, and keeps users out", async () => {
  covers(
    "secretsmanager.PutResourcePolicy",
    "secretsmanager.GetResourcePolicy",
    "secretsmanager.DeleteResourcePolicy",
    "secretsmanager.ValidateResourcePolicy",
  );
  const [account, other] = [tule.newAccount(), tule.newAccount()];
  const client = secretsOf(tule, account);
  const user = secretsOf(
    tule,
    await makeUser(iamOf(tule, account), "reader", allowing("secretsmanager:*")),
  );
  const { ARN: SecretId } = await client.send(
    new CreateSecretCommand({ Name: "shared", SecretString: "x" }),
  );
  const read = new GetSecretValueCommand({ SecretId });
  assert.equal((await user.send(read)).SecretString, "x");
  await assert.rejects(secretsOf(tule, other).send(read), { name: "AccessDeniedException" });
  const statement = (Effect: string, AWS: string) => ({
    Effect,
    Principal: { AWS },
    Action: "secretsmanager:GetSecretValue",
    Resource: "*",
  });
  const ResourcePolicy = policyOf(
    statement("Allow", other),
    statement("Deny", `arn:aws:iam::${account}:user/reader`),
  );
  await client.send(new PutResourcePolicyCommand({ SecretId, ResourcePolicy }));
  const got = await client.send(new GetResourcePolicyCommand({ SecretId }));
  assert.equal(got.ResourcePolicy, ResourcePolicy);
  assert.equal((await secretsOf(tule, other).send(read)).SecretString, "x");
  await assert.rejects(user.send(read), { name: "AccessDeniedException" });
  await client.send(new DeleteResourcePolicyCommand({ SecretId }));
  assert.equal((await user.send(read)).SecretString, "x");
  const everybody = policyOf(statement("Allow", "*"));
  await assert.rejects(
    client.send(
      new PutResourcePolicyCommand({
        SecretId,
        ResourcePolicy: everybody,
        BlockPublicPolicy: true,
      }),
    ),
    { name: "PublicPolicyException" },
  );
  const checked = await client.send(
    new ValidateResourcePolicyCommand({ SecretId, ResourcePolicy: everybody }),
  );
  assert.equal(checked.PolicyValidationPassed, false);
});

test("replicas follow their primary secret, and can leave it", async () => {
  covers(
    "secretsmanager.ReplicateSecretToRegions",
    "secretsmanager.RemoveRegionsFromReplication",
    "secretsmanager.StopReplicationToReplica",
  );
  const account = tule.newAccount();
  const client = secretsOf(tule, account);
  const [west, europe] = [
    secretsOf(tule, account, "us-west-2"),
    secretsOf(tule, account, "eu-west-1"),
  ];
  const SecretId = "everywhere";
  const { ReplicationStatus } = await client.send(
    new CreateSecretCommand({
      Name: SecretId,
      SecretString: "one",
      AddReplicaRegions: [{ Region: "us-west-2" }],
    }),
  );
  assert.equal(ReplicationStatus![0]!.Region, "us-west-2");
  await client.send(
    new ReplicateSecretToRegionsCommand({ SecretId, AddReplicaRegions: [{ Region: "eu-west-1" }] }),
  );
  const settled = await until(
    () => client.send(new DescribeSecretCommand({ SecretId })),
    ({ ReplicationStatus: all }) => all!.every(({ Status }) => Status === "InSync"),
  );
  assert.equal(settled.ReplicationStatus!.length, 2);
  assert.equal(settled.PrimaryRegion, "us-east-1");
  const read = new GetSecretValueCommand({ SecretId });
  for (const there of [west, europe]) assert.equal((await there.send(read)).SecretString, "one");
  await client.send(new PutSecretValueCommand({ SecretId, SecretString: "two" }));
  for (const there of [west, europe]) {
    await until(
      () => there.send(read),
      ({ SecretString }) => SecretString === "two",
    );
  }
  const { VersionId } = await client.send(read);
  assert.equal((await west.send(read)).VersionId, VersionId);
  const change = new PutSecretValueCommand({ SecretId, SecretString: "three" });
  await assert.rejects(west.send(change), { name: "InvalidRequestException" });
  await assert.rejects(client.send(new DeleteSecretCommand({ SecretId })), {
    name: "InvalidRequestException",
  });
  await west.send(new StopReplicationToReplicaCommand({ SecretId }));
  await west.send(change);
  assert.equal((await client.send(read)).SecretString, "two");
  await client.send(
    new RemoveRegionsFromReplicationCommand({ SecretId, RemoveReplicaRegions: ["eu-west-1"] }),
  );
  await assert.rejects(europe.send(read), { name: "ResourceNotFoundException" });
  await client.send(new DeleteSecretCommand({ SecretId }));
  assert.equal((await west.send(read)).SecretString, "three");
});

test("a killed server keeps secrets, and no value of theirs lies on the disk in clear", async () => {
  covers("secretsmanager.CreateSecret", "secretsmanager.GetSecretValue");
  const folder = await mkdtemp(join(tmpdir(), "tule-secrets-"));
  after(() => rm(folder, { recursive: true, force: true }));
  const first = new ServerProcess(folder, ["--log", "error"]);
  after(() => first.kill());
  const before = secretsOf({ endpoint: await first.ready }, "111122223333");
  const value = "a value that nobody else has";
  await before.send(new CreateSecretCommand({ Name: "kept", SecretString: value }));
  await first.kill();
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((one) => one.isFile())) {
    const bytes = await readFile(join(entry.parentPath, entry.name));
    assert(!bytes.includes(value), entry.name);
  }
  const second = new ServerProcess(folder, ["--log", "error"]);
  after(() => second.kill());
  const later = secretsOf({ endpoint: await second.ready }, "111122223333");
  const got = await later.send(new GetSecretValueCommand({ SecretId: "kept" }));
  assert.equal(got.SecretString, value);
});
