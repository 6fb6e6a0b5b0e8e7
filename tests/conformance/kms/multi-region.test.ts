import assert from "node:assert/strict";
import test from "node:test";
import {
  DecryptCommand,
  DescribeKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  type KMSClient,
  ListKeysCommand,
  ReplicateKeyCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
  UpdatePrimaryRegionCommand,
} from "@aws-sdk/client-kms";
import { covers } from "../../support/covers.ts";
import { kmsOf, makeKey } from "../../support/kms.ts";
import { refusal } from "../../support/refusal.ts";
import { startTule } from "../../support/tule.ts";
import { until } from "../../support/until.ts";

const tule = await startTule();
const account = tule.newAccount();
const kms = kmsOf(tule, account);
const asia = kmsOf(tule, account, "ap-southeast-1");
const dayMs = 86_400_000;

const describe = async (client: KMSClient, KeyId: string) =>
  (await client.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata!;
const idOf = (arn: string): string => arn.split("/")[1]!;

async function makeReplica(there: KMSClient = asia): Promise<{ arn: string; id: string }> {
  const arn = await makeKey(kms, { MultiRegion: true, Description: "test replicated key" });
  const id = idOf(arn);
  await kms.send(new ReplicateKeyCommand({ KeyId: arn, ReplicaRegion: "ap-southeast-1" }));
  await until(
    () => describe(there, id),
    ({ KeyState }) => KeyState === "Enabled",
  );
  return { arn, id };
}

test("a replica is the same key in another region: what one encrypts, the other decrypts", async () => {
  covers("kms.ReplicateKey", "kms.Decrypt");
  const arn = await makeKey(kms, { MultiRegion: true, Description: "test replicated key" });
  const id = idOf(arn);
  assert.match(id, /^mrk-[0-9a-f]{32}$/);
  const arnThere = arn.replace("us-east-1", "ap-southeast-1");
  // Recorded.
  assert.equal(
    await refusal(describe(asia, id)),
    `NotFoundException: Key '${arnThere}' does not exist`,
  );
  const made = await kms.send(
    new ReplicateKeyCommand({ KeyId: arn, ReplicaRegion: "ap-southeast-1" }),
  );
  const replica = made.ReplicaKeyMetadata!;
  assert.deepEqual(
    [replica.KeyState, replica.Enabled, replica.Description, replica.CurrentKeyMaterialId],
    ["Creating", false, "", undefined],
  );
  const related = {
    PrimaryKey: { Arn: arn, Region: "us-east-1" },
    ReplicaKeys: [{ Arn: arnThere, Region: "ap-southeast-1" }],
  };
  assert.deepEqual(replica.MultiRegionConfiguration, { MultiRegionKeyType: "REPLICA", ...related });
  const primary = await describe(kms, arn);
  assert.deepEqual(primary.MultiRegionConfiguration, { MultiRegionKeyType: "PRIMARY", ...related });
  const ready = await until(
    () => describe(asia, id),
    ({ KeyState }) => KeyState === "Enabled",
  );
  assert.equal(ready.CurrentKeyMaterialId, primary.CurrentKeyMaterialId);
  const Plaintext = Buffer.from("far away");
  const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId: arn, Plaintext }));
  const opened = await asia.send(new DecryptCommand({ CiphertextBlob }));
  assert.equal(opened.KeyId, arnThere);
  assert.deepEqual(Buffer.from(opened.Plaintext!), Plaintext);
  await assert.rejects(
    kms.send(new ReplicateKeyCommand({ KeyId: arn, ReplicaRegion: "ap-southeast-1" })),
    { name: "AlreadyExistsException" },
  );
  assert.equal(
    await refusal(asia.send(new ReplicateKeyCommand({ KeyId: id, ReplicaRegion: "eu-west-1" }))),
    `UnsupportedOperationException: ${arnThere} is not a multi-region primary key.`,
  );
});

test("replicas rotate with their primary, and another region can become the primary one", async () => {
  covers("kms.UpdatePrimaryRegion", "kms.RotateKeyOnDemand", "kms.EnableKeyRotation");
  const { arn, id } = await makeReplica();
  await kms.send(new RotateKeyOnDemandCommand({ KeyId: arn }));
  const { CurrentKeyMaterialId } = await describe(kms, arn);
  assert.equal((await describe(asia, id)).CurrentKeyMaterialId, CurrentKeyMaterialId);
  await assert.rejects(asia.send(new EnableKeyRotationCommand({ KeyId: id })), {
    name: "UnsupportedOperationException",
  });
  await kms.send(new UpdatePrimaryRegionCommand({ KeyId: arn, PrimaryRegion: "ap-southeast-1" }));
  const { MultiRegionConfiguration } = await describe(kms, arn);
  assert.equal(MultiRegionConfiguration?.MultiRegionKeyType, "REPLICA");
  assert.equal(MultiRegionConfiguration.PrimaryKey?.Region, "ap-southeast-1");
  await asia.send(new EnableKeyRotationCommand({ KeyId: id }));
  await assert.rejects(
    kms.send(new UpdatePrimaryRegionCommand({ KeyId: arn, PrimaryRegion: "ap-southeast-1" })),
    { name: "UnsupportedOperationException" },
  );
});

test("a primary key waits with its deletion until no replica is left", async () => {
  covers("kms.ScheduleKeyDeletion");
  const server = await startTule();
  const [own, there] = [kmsOf(server, account), kmsOf(server, account, "eu-west-1")];
  const arn = await makeKey(own, { MultiRegion: true });
  const id = idOf(arn);
  await own.send(new ReplicateKeyCommand({ KeyId: arn, ReplicaRegion: "eu-west-1" }));
  await until(
    () => describe(there, id),
    ({ KeyState }) => KeyState === "Enabled",
  );
  const scheduled = await own.send(
    new ScheduleKeyDeletionCommand({ KeyId: arn, PendingWindowInDays: 7 }),
  );
  assert.equal(scheduled.KeyState, "PendingReplicaDeletion");
  assert.equal((await describe(own, arn)).PendingDeletionWindowInDays, 7);
  await there.send(new ScheduleKeyDeletionCommand({ KeyId: id, PendingWindowInDays: 7 }));
  server.clock.moveTo(server.clock.nowMs() + 8 * dayMs);
  const waiting = await until(
    () => describe(own, arn),
    ({ KeyState }) => KeyState === "PendingDeletion",
  );
  assert.deepEqual(waiting.MultiRegionConfiguration?.ReplicaKeys, []);
  server.clock.moveTo(server.clock.nowMs() + 8 * dayMs);
  await until(
    () => own.send(new ListKeysCommand({})),
    ({ Keys }) => Keys!.length === 0,
  );
});
