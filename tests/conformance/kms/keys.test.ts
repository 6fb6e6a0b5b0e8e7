import assert from "node:assert/strict";
import test from "node:test";
import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateKeyCommand,
  DecryptCommand,
  DeleteAliasCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  DisableKeyRotationCommand,
  EnableKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GetKeyLastUsageCommand,
  GetKeyRotationStatusCommand,
  type KMSClient,
  ListAliasesCommand,
  ListKeyRotationsCommand,
  ListKeysCommand,
  ListResourceTagsCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateAliasCommand,
  UpdateKeyDescriptionCommand,
} from "@aws-sdk/client-kms";
import { covers } from "../../support/covers.ts";
import { kmsOf, makeKey } from "../../support/kms.ts";
import { refusal } from "../../support/refusal.ts";
import { startTule } from "../../support/tule.ts";
import { until } from "../../support/until.ts";

const tule = await startTule();
const account = tule.newAccount();
const kms = kmsOf(tule, account);
const dayMs = 86_400_000;

const describe = async (client: KMSClient, KeyId: string) =>
  (await client.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata!;

test("a key is described as it was made", async () => {
  covers("kms.CreateKey", "kms.DescribeKey", "kms.UpdateKeyDescription");
  const { KeyMetadata: made } = await kms.send(
    new CreateKeyCommand({ Description: "test key 123" }),
  );
  assert.deepEqual(await describe(kms, made!.KeyId!), made);
  const { KeyId, CreationDate, CurrentKeyMaterialId, ...rest } = made!;
  assert.match(KeyId!, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  assert(CreationDate instanceof Date);
  assert.match(CurrentKeyMaterialId!, /^[0-9a-f]{64}$/);
  // Recorded.
  assert.deepEqual(rest, {
    AWSAccountId: account,
    Arn: `arn:aws:kms:us-east-1:${account}:key/${KeyId}`,
    CustomerMasterKeySpec: "SYMMETRIC_DEFAULT",
    Description: "test key 123",
    Enabled: true,
    EncryptionAlgorithms: ["SYMMETRIC_DEFAULT"],
    KeyManager: "CUSTOMER",
    KeySpec: "SYMMETRIC_DEFAULT",
    KeyState: "Enabled",
    KeyUsage: "ENCRYPT_DECRYPT",
    MultiRegion: false,
    Origin: "AWS_KMS",
  });
  await kms.send(new UpdateKeyDescriptionCommand({ KeyId, Description: "another" }));
  assert.equal((await describe(kms, KeyId!)).Description, "another");
});

test("keys that are not there are told apart from what is no key's name", async () => {
  covers("kms.DescribeKey", "kms.CreateKey");
  const ask = (KeyId: string): Promise<string> =>
    refusal(kms.send(new DescribeKeyCommand({ KeyId })));
  // Recorded.
  const missing = "134f2428-cec1-4b25-a1ae-9048164dba47";
  const arn = `arn:aws:kms:us-east-1:${account}:key/`;
  assert.equal(await ask(missing), `NotFoundException: Key '${arn}${missing}' does not exist`);
  assert.equal(
    await ask(arn + missing),
    `NotFoundException: Key '${arn}${missing}' does not exist`,
  );
  const multi = "mrk-d3b95762d3b95762d3b95762d3b95762";
  assert.equal(await ask(multi), `NotFoundException: Key '${arn}${multi}' does not exist`);
  for (const wrong of ["fake-key-id", "134f2428cec14b25a1ae9048164dba47", "mrk-fake-key-id"]) {
    assert.equal(await ask(wrong), `NotFoundException: Invalid keyId '${wrong}'`);
  }
  assert.equal(
    await ask(`arn:aws:kms:eu-west-1:${account}:key/${missing}`),
    "NotFoundException: Invalid arn eu-west-1",
  );
  assert.equal(
    await ask("alias/none"),
    `NotFoundException: Alias arn:aws:kms:us-east-1:${account}:alias/none is not found.`,
  );
  assert.equal(
    await refusal(
      kms.send(new CreateKeyCommand({ KeySpec: "RSA_2048", KeyUsage: "KEY_AGREEMENT" })),
    ),
    "ValidationException: KeyUsage KEY_AGREEMENT is not compatible with KeySpec RSA_2048",
  );
});

test("keys are listed page by page", async () => {
  covers("kms.ListKeys");
  const own = kmsOf(tule, tule.newAccount());
  const made = new Set<string>();
  for (let count = 0; count < 5; count += 1) made.add(await makeKey(own));
  const listed: string[] = [];
  let Marker: string | undefined;
  do {
    const page = await own.send(new ListKeysCommand({ Limit: 2, Marker }));
    listed.push(...page.Keys!.map(({ KeyArn }) => KeyArn!));
    assert.equal(page.Truncated, page.NextMarker !== undefined);
    Marker = page.NextMarker;
  } while (Marker !== undefined);
  assert.deepEqual(new Set(listed), made);
  assert.equal(listed.length, 5);
});

test("a key is disabled and enabled again", async () => {
  covers("kms.DisableKey", "kms.EnableKey");
  const KeyId = await makeKey(kms);
  await kms.send(new DisableKeyCommand({ KeyId }));
  const disabled = await describe(kms, KeyId);
  assert.deepEqual([disabled.KeyState, disabled.Enabled], ["Disabled", false]);
  await kms.send(new EnableKeyCommand({ KeyId }));
  assert.equal((await describe(kms, KeyId)).KeyState, "Enabled");
});

test("a key goes when its window is over, and all that belongs to it", async () => {
  covers("kms.ScheduleKeyDeletion", "kms.CancelKeyDeletion");
  const server = await startTule();
  const own = kmsOf(server, account);
  const [KeyId, spared] = [await makeKey(own), await makeKey(own)];
  await own.send(new CreateAliasCommand({ AliasName: "alias/short", TargetKeyId: KeyId }));
  const { CiphertextBlob } = await own.send(
    new EncryptCommand({ KeyId, Plaintext: Buffer.from("x") }),
  );
  for (const PendingWindowInDays of [6, 31]) {
    await assert.rejects(own.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays })), {
      name: "ValidationException",
    });
  }
  const scheduled = await own.send(
    new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }),
  );
  assert.equal(scheduled.KeyState, "PendingDeletion");
  assert.equal(
    (await describe(own, KeyId)).DeletionDate?.getTime(),
    scheduled.DeletionDate?.getTime(),
  );
  assert.equal(
    await refusal(own.send(new ScheduleKeyDeletionCommand({ KeyId }))),
    `KMSInvalidStateException: ${KeyId} is pending deletion.`,
  );
  await own.send(new ScheduleKeyDeletionCommand({ KeyId: spared, PendingWindowInDays: 7 }));
  await own.send(new CancelKeyDeletionCommand({ KeyId: spared }));
  assert.equal((await describe(own, spared)).KeyState, "Disabled");
  server.clock.moveTo(server.clock.nowMs() + 6 * dayMs);
  assert.equal((await describe(own, KeyId)).KeyState, "PendingDeletion");
  server.clock.moveTo(server.clock.nowMs() + 2 * dayMs);
  await until(
    () => own.send(new ListKeysCommand({})),
    ({ Keys }) => Keys!.length === 1,
  );
  assert.equal((await own.send(new ListAliasesCommand({}))).Aliases!.length, 0);
  assert.equal((await describe(own, spared)).KeyState, "Disabled");
  await assert.rejects(own.send(new DecryptCommand({ CiphertextBlob })), {
    name: "AccessDeniedException",
  });
});

test("aliases point to keys, and can be turned to others of their kind", async () => {
  covers("kms.CreateAlias", "kms.UpdateAlias", "kms.DeleteAlias", "kms.ListAliases");
  const own = kmsOf(tule, tule.newAccount());
  const [first, second] = [await makeKey(own), await makeKey(own)];
  const named = { AliasName: "alias/app/prod" };
  await own.send(new CreateAliasCommand({ ...named, TargetKeyId: first }));
  await own.send(new CreateAliasCommand({ AliasName: "alias/z", TargetKeyId: second }));
  assert.equal((await describe(own, "alias/app/prod")).Arn, first);
  await own.send(new UpdateAliasCommand({ ...named, TargetKeyId: second }));
  assert.equal((await describe(own, "alias/app/prod")).Arn, second);
  const { Aliases } = await own.send(new ListAliasesCommand({ KeyId: second }));
  assert.deepEqual(
    Aliases!.map(({ AliasName }) => AliasName),
    ["alias/app/prod", "alias/z"],
  );
  assert.deepEqual((await own.send(new ListAliasesCommand({ KeyId: first }))).Aliases, []);
  const page = await own.send(new ListAliasesCommand({ Limit: 1 }));
  assert.equal(page.Truncated, true);
  const rest = await own.send(new ListAliasesCommand({ Limit: 1, Marker: page.NextMarker }));
  assert.equal(rest.Aliases![0]!.AliasName, "alias/z");
  await assert.rejects(own.send(new CreateAliasCommand({ ...named, TargetKeyId: first })), {
    name: "AlreadyExistsException",
  });
  const signer = await makeKey(own, { KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" });
  await assert.rejects(own.send(new UpdateAliasCommand({ ...named, TargetKeyId: signer })), {
    name: "ValidationException",
  });
  await own.send(new DeleteAliasCommand(named));
  await assert.rejects(describe(own, "alias/app/prod"), { name: "NotFoundException" });
  // Recorded.
  assert.equal(
    await refusal(own.send(new CreateAliasCommand({ AliasName: "app", TargetKeyId: first }))),
    'ValidationException: Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
  );
});

test("tags keep their order, and follow AWS's rules", async () => {
  covers("kms.TagResource", "kms.UntagResource", "kms.ListResourceTags", "kms.CreateKey");
  const tagged = (count: number, from = 1) =>
    Array.from({ length: count }, (_, at) => ({
      TagKey: `tag${at + from}`,
      TagValue: `value${at + from}`,
    }));
  const KeyId = await makeKey(kms, { Tags: tagged(3) });
  const list = async () => (await kms.send(new ListResourceTagsCommand({ KeyId }))).Tags;
  assert.deepEqual(await list(), tagged(3));
  const updated = { TagKey: "tag2", TagValue: "updated_value2" };
  await kms.send(new TagResourceCommand({ KeyId, Tags: [updated, ...tagged(2, 4)] }));
  // Recorded.
  assert.deepEqual(await list(), [tagged(1)[0], updated, tagged(1, 3)[0], ...tagged(2, 4)]);
  await kms.send(
    new UntagResourceCommand({ KeyId, TagKeys: tagged(5).map(({ TagKey }) => TagKey) }),
  );
  assert.deepEqual(await list(), []);
  for (const TagKey of ["aws:key1", "AWS:key1"]) {
    const Tags = [{ TagKey, TagValue: "value" }];
    const message = "TagException: Tags beginning with aws: are reserved";
    assert.equal(await refusal(kms.send(new CreateKeyCommand({ Tags }))), message);
    assert.equal(await refusal(kms.send(new TagResourceCommand({ KeyId, Tags }))), message);
  }
  assert.equal(
    await refusal(kms.send(new CreateKeyCommand({ Tags: tagged(51) }))),
    "TagException: Too many tags",
  );
  const long = "a".repeat(129);
  assert.equal(
    await refusal(kms.send(new CreateKeyCommand({ Tags: [{ TagKey: long, TagValue: "v" }] }))),
    `ValidationException: 1 validation error detected: Value '${long}' at 'tags.1.member.tagKey' failed to satisfy constraint: Member must have length less than or equal to 128`,
  );
});

test("a key rotates by the calendar and on demand; what it encrypted stays readable", async () => {
  covers(
    "kms.EnableKeyRotation",
    "kms.DisableKeyRotation",
    "kms.GetKeyRotationStatus",
    "kms.RotateKeyOnDemand",
    "kms.ListKeyRotations",
  );
  const server = await startTule();
  const own = kmsOf(server, account);
  const KeyId = await makeKey(own);
  const Plaintext = Buffer.from("kept");
  const sealed: Uint8Array[] = [];
  const seal = async (): Promise<void> => {
    sealed.push((await own.send(new EncryptCommand({ KeyId, Plaintext }))).CiphertextBlob!);
  };
  const status = () => own.send(new GetKeyRotationStatusCommand({ KeyId }));
  const rotations = async () => (await own.send(new ListKeyRotationsCommand({ KeyId }))).Rotations!;
  await seal();
  const first = (await describe(own, KeyId)).CurrentKeyMaterialId;
  const { KeyRotationEnabled, NextRotationDate } = await status();
  assert.deepEqual([KeyRotationEnabled, NextRotationDate], [false, undefined]);
  await own.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 100 }));
  const begun = server.clock.nowMs();
  const enabled = await status();
  assert.deepEqual([enabled.KeyId, enabled.RotationPeriodInDays], [KeyId, 100]);
  server.clock.moveTo(begun + 350 * dayMs);
  await until(rotations, (found) => found.length === 3);
  const [earliest] = await rotations();
  assert.equal(earliest!.RotationType, "AUTOMATIC");
  assert(Math.abs(earliest!.RotationDate!.getTime() - begun - 100 * dayMs) < dayMs);
  await seal();
  await own.send(new RotateKeyOnDemandCommand({ KeyId }));
  await seal();
  const found = await rotations();
  assert.deepEqual(
    found.map(({ RotationType, KeyMaterialState }) => [RotationType, KeyMaterialState]),
    [
      ["AUTOMATIC", "NON_CURRENT"],
      ["AUTOMATIC", "NON_CURRENT"],
      ["AUTOMATIC", "NON_CURRENT"],
      ["ON_DEMAND", "CURRENT"],
    ],
  );
  const all = await own.send(
    new ListKeyRotationsCommand({ KeyId, IncludeKeyMaterial: "ALL_KEY_MATERIAL" }),
  );
  assert.equal(all.Rotations!.length, 5);
  assert.equal(all.Rotations![0]!.KeyMaterialId, first);
  const materials = new Set<string>();
  for (const CiphertextBlob of sealed) {
    const opened = await own.send(new DecryptCommand({ CiphertextBlob }));
    assert.deepEqual(Buffer.from(opened.Plaintext!), Plaintext);
    materials.add(opened.KeyMaterialId!);
  }
  assert.equal(materials.size, 3);
  await own.send(new DisableKeyRotationCommand({ KeyId }));
  server.clock.moveTo(server.clock.nowMs() + 900 * dayMs);
  assert.equal((await status()).KeyRotationEnabled, false);
  assert.equal((await rotations()).length, 4);
  const signer = await makeKey(own, { KeySpec: "HMAC_256", KeyUsage: "GENERATE_VERIFY_MAC" });
  await assert.rejects(own.send(new EnableKeyRotationCommand({ KeyId: signer })), {
    name: "UnsupportedOperationException",
  });
});

test("the last use of a key is told", async () => {
  covers("kms.GetKeyLastUsage");
  const KeyId = await makeKey(kms);
  const ask = () => kms.send(new GetKeyLastUsageCommand({ KeyId }));
  const unused = await ask();
  assert.equal(unused.KeyLastUsage, undefined);
  assert.deepEqual(unused.TrackingStartDate, unused.KeyCreationDate);
  await kms.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from("x") }));
  assert.equal((await ask()).KeyLastUsage?.Operation, "Encrypt");
});

test("custom key stores are not there, and say so", async () => {
  covers("kms.CreateKey");
  await assert.rejects(
    kms.send(new CreateKeyCommand({ CustomKeyStoreId: "cks-1234567890abcdef0" })),
    {
      name: "NotImplemented",
    },
  );
});

test("AWS managed keys are made when they are first asked for, and are no one's to use directly", async () => {
  covers("kms.DescribeKey", "kms.Encrypt", "kms.ListAliases");
  const own = kmsOf(tule, tule.newAccount());
  const key = await describe(own, "alias/aws/s3");
  assert.equal(key.KeyManager, "AWS");
  assert.equal((await describe(own, "alias/aws/s3")).KeyId, key.KeyId);
  const { Aliases } = await own.send(new ListAliasesCommand({}));
  assert.deepEqual(
    Aliases!.map(({ AliasName, TargetKeyId }) => [AliasName, TargetKeyId]),
    [["alias/aws/s3", key.KeyId]],
  );
  const status = await own.send(new GetKeyRotationStatusCommand({ KeyId: key.KeyId }));
  assert.deepEqual([status.KeyRotationEnabled, status.RotationPeriodInDays], [true, 365]);
  await assert.rejects(
    own.send(new EncryptCommand({ KeyId: "alias/aws/s3", Plaintext: Buffer.from("x") })),
    { name: "AccessDeniedException" },
  );
  await assert.rejects(own.send(new ScheduleKeyDeletionCommand({ KeyId: key.KeyId })), {
    name: "AccessDeniedException",
  });
  await assert.rejects(describe(own, "alias/aws/no-such-service"), { name: "NotFoundException" });
});
