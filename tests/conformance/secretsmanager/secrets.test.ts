import assert from "node:assert/strict";
import test from "node:test";
import { DisableKeyCommand, EnableKeyCommand } from "@aws-sdk/client-kms";
import {
  BatchGetSecretValueCommand,
  CancelRotateSecretCommand,
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  type Filter,
  GetRandomPasswordCommand,
  type GetRandomPasswordCommandInput,
  GetSecretValueCommand,
  ListSecretsCommand,
  ListSecretVersionIdsCommand,
  PutSecretValueCommand,
  RestoreSecretCommand,
  RotateSecretCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateSecretCommand,
  UpdateSecretVersionStageCommand,
} from "@aws-sdk/client-secrets-manager";
import { covers } from "../../support/covers.ts";
import { kmsOf, makeKey } from "../../support/kms.ts";
import { refusal } from "../../support/refusal.ts";
import { secretsOf } from "../../support/secrets-manager.ts";
import { startTule } from "../../support/tule.ts";
import { until } from "../../support/until.ts";

const tule = await startTule();
const account = tule.newAccount();
const client = secretsOf(tule, account);
const dayMs = 86_400_000;

const valueOf = async (SecretId: string, VersionId?: string) =>
  (await client.send(new GetSecretValueCommand({ SecretId, VersionId }))).SecretString;
const put = (SecretId: string, SecretString: string, VersionStages?: string[]) =>
  client.send(new PutSecretValueCommand({ SecretId, SecretString, VersionStages }));
const versionsOf = async (SecretId: string) => {
  const { Versions } = await client.send(new ListSecretVersionIdsCommand({ SecretId }));
  return Versions!.map(({ VersionStages }) => VersionStages!.join(" "));
};

test("a secret is created, read by name and ARN, changed and described", async () => {
  covers(
    "secretsmanager.CreateSecret",
    "secretsmanager.GetSecretValue",
    "secretsmanager.DescribeSecret",
    "secretsmanager.PutSecretValue",
    "secretsmanager.UpdateSecret",
  );
  // Recorded.
  for (const Name of ["s-c64bdc03", "Valid/_+=.@-Name-a1b2c3-", "Valid/_+=.@-Name-a1b2c3"]) {
    const created = await client.send(
      new CreateSecretCommand({
        Name,
        SecretString: "my_secret",
        Description: "Testing secret creation.",
      }),
    );
    const start = `arn:aws:secretsmanager:us-east-1:${account}:secret:${Name}-`;
    assert.equal(created.ARN!.slice(0, -6), start);
    assert.match(created.ARN!.slice(-6), /^[A-Za-z0-9]{6}$/);
    assert.equal(created.Name, Name);
    const got = await client.send(new GetSecretValueCommand({ SecretId: created.ARN }));
    const { $metadata: _, CreatedDate, ...rest } = got;
    assert(CreatedDate instanceof Date);
    assert.deepEqual(rest, {
      ARN: created.ARN,
      Name,
      VersionId: created.VersionId,
      SecretString: "my_secret",
      VersionStages: ["AWSCURRENT"],
    });
    assert.equal(await valueOf(Name), "my_secret");
    assert.equal(await valueOf(start.slice(0, -1)), "my_secret");
    const described = await client.send(new DescribeSecretCommand({ SecretId: Name }));
    assert.deepEqual(Object.keys(described).toSorted(), [
      "$metadata",
      "ARN",
      "CreatedDate",
      "Description",
      "LastAccessedDate",
      "LastChangedDate",
      "Name",
      "VersionIdsToStages",
    ]);
    assert.deepEqual(described.VersionIdsToStages, { [created.VersionId!]: ["AWSCURRENT"] });
    const changed = await put(Name, "new_secret");
    assert.deepEqual(changed.VersionStages, ["AWSCURRENT"]);
    assert.equal(await valueOf(Name), "new_secret");
    assert.equal(await valueOf(Name, created.VersionId), "my_secret");
    const SecretBinary = Buffer.from([0, 1, 255]);
    await client.send(new UpdateSecretCommand({ SecretId: Name, SecretBinary, Description: "d" }));
    const binary = await client.send(new GetSecretValueCommand({ SecretId: Name }));
    assert.deepEqual(Buffer.from(binary.SecretBinary!), SecretBinary);
    assert.deepEqual(await versionsOf(Name), ["AWSPREVIOUS", "AWSCURRENT"]);
  }
});

test("a secret without a value has no version; its tags are told when it has had some", async () => {
  covers("secretsmanager.TagResource", "secretsmanager.UntagResource");
  const SecretId = "empty";
  const created = await client.send(new CreateSecretCommand({ Name: SecretId }));
  assert.equal(created.VersionId, undefined);
  const describe = () => client.send(new DescribeSecretCommand({ SecretId }));
  const before = await describe();
  assert.equal(before.VersionIdsToStages, undefined);
  assert.equal(before.Tags, undefined);
  const tag = (at: number) => ({ Key: `tag${at}`, Value: `value${at}` });
  await client.send(new TagResourceCommand({ SecretId, Tags: [tag(1)] }));
  await client.send(new TagResourceCommand({ SecretId, Tags: [tag(2)] }));
  assert.deepEqual((await describe()).Tags, [tag(1), tag(2)]);
  await client.send(new UntagResourceCommand({ SecretId, TagKeys: ["tag1"] }));
  assert.deepEqual((await describe()).Tags, [tag(2)]);
  await client.send(new UntagResourceCommand({ SecretId, TagKeys: ["tag2"] }));
  assert.deepEqual((await describe()).Tags, []);
  // Recorded.
  assert.equal(
    await refusal(valueOf(SecretId)),
    "ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
  );
  await put(SecretId, "first");
  assert.equal(await valueOf(SecretId), "first");
});

test("stages move from version to version, and what has none is deprecated", async () => {
  covers(
    "secretsmanager.PutSecretValue",
    "secretsmanager.ListSecretVersionIds",
    "secretsmanager.UpdateSecretVersionStage",
  );
  const SecretId = "staged";
  const first = await client.send(new CreateSecretCommand({ Name: SecretId, SecretString: "SS" }));
  // Recorded.
  const second = await put(SecretId, "S1", ["two", "one", "three"]);
  assert.deepEqual(second.VersionStages, ["one", "three", "two"]);
  await put(SecretId, "S2", ["one", "two", "four"]);
  assert.deepEqual(await versionsOf(SecretId), ["AWSCURRENT", "three", "four one two"]);
  assert.equal(await valueOf(SecretId), "SS");
  const third = await put(SecretId, "S3", ["PENDING"]);
  const move = (VersionStage: string, from?: string, to?: string) =>
    client.send(
      new UpdateSecretVersionStageCommand({
        SecretId,
        VersionStage,
        RemoveFromVersionId: from,
        MoveToVersionId: to,
      }),
    );
  assert.match(
    await refusal(move("AWSCURRENT", undefined, third.VersionId)),
    /^InvalidParameterException: The parameter RemoveFromVersionId can't be empty\. Staging label AWSCURRENT is currently attached to version /,
  );
  await move("AWSCURRENT", first.VersionId, third.VersionId);
  assert.equal(await valueOf(SecretId), "S3");
  assert.deepEqual(await versionsOf(SecretId), [
    "AWSPREVIOUS",
    "three",
    "four one two",
    "AWSCURRENT PENDING",
  ]);
  await move("three", second.VersionId);
  assert.equal((await versionsOf(SecretId)).length, 3);
  const all = await client.send(
    new ListSecretVersionIdsCommand({ SecretId, IncludeDeprecated: true }),
  );
  assert.equal(all.Versions!.length, 4);
  assert.deepEqual(all.Versions![0]!.KmsKeyIds, ["DefaultEncryptionKey"]);
  await assert.rejects(move("AWSCURRENT", third.VersionId), { name: "InvalidParameterException" });
  for (const [asked, what] of [
    [{ VersionId: "0".repeat(36) }, `VersionId: ${"0".repeat(36)}`],
    [{ VersionStage: "AWSPENDING" }, "staging label: AWSPENDING"],
  ] as const) {
    assert.equal(
      await refusal(client.send(new GetSecretValueCommand({ SecretId, ...asked }))),
      `ResourceNotFoundException: Secrets Manager can't find the specified secret value for ${what}`,
    );
  }
});

test("a token makes one version, whatever how often it comes", async () => {
  covers("secretsmanager.CreateSecret", "secretsmanager.PutSecretValue");
  const ClientRequestToken = "11111111-2222-3333-4444-555555555555";
  const create = (SecretString: string) =>
    client.send(new CreateSecretCommand({ Name: "tokened", SecretString, ClientRequestToken }));
  const first = await create("a");
  assert.equal((await create("a")).ARN, first.ARN);
  await assert.rejects(create("b"), { name: "ResourceExistsException" });
  const token = "99999999-2222-3333-4444-555555555555";
  const again = (SecretString: string) =>
    client.send(
      new PutSecretValueCommand({ SecretId: "tokened", SecretString, ClientRequestToken: token }),
    );
  await again("c");
  await again("c");
  await assert.rejects(again("d"), { name: "ResourceExistsException" });
  assert.equal((await versionsOf("tokened")).length, 2);
  // Recorded.
  for (const operation of ["PutSecretValue", "UpdateSecret"]) {
    const answer = await tule.raw({
      target: `secretsmanager.${operation}`,
      account,
      body: { SecretId: "tokened", SecretString: "x" },
    });
    assert.deepEqual(answer.json, {
      __type: "InvalidRequestException",
      Message: "You must provide a ClientRequestToken value. We recommend a UUID-type value.",
    });
  }
});

test("what is no name is refused, and what is not there is not found", async () => {
  covers("secretsmanager.CreateSecret", "secretsmanager.GetSecretValue");
  const invalid =
    "ValidationException: Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!";
  // Recorded.
  for (const Name of [" Inv*Name? ", " Inv *?!]Name\\-"]) {
    assert.equal(
      await refusal(client.send(new CreateSecretCommand({ Name, SecretString: "x" }))),
      invalid,
    );
    assert.equal(await refusal(valueOf(Name)), invalid);
    assert.equal(
      await refusal(client.send(new DescribeSecretCommand({ SecretId: Name }))),
      invalid,
    );
  }
  const missing = "ResourceNotFoundException: Secrets Manager can't find the specified secret.";
  assert.equal(await refusal(valueOf("missing")), missing);
  assert.equal(
    await refusal(client.send(new ListSecretVersionIdsCommand({ SecretId: "missing" }))),
    missing,
  );
});

test("a deleted secret can be restored until its window is over, then its name is free", async () => {
  covers("secretsmanager.DeleteSecret", "secretsmanager.RestoreSecret");
  const server = await startTule();
  const own = secretsOf(server, account);
  const create = () => own.send(new CreateSecretCommand({ Name: "going", SecretString: "x" }));
  const SecretId = "going";
  const first = await create();
  const remove = () => own.send(new DeleteSecretCommand({ SecretId, RecoveryWindowInDays: 7 }));
  await remove();
  const marked =
    "InvalidRequestException: You can't perform this operation on the secret because it was marked for deletion.";
  // Recorded.
  const read = () => own.send(new GetSecretValueCommand({ SecretId }));
  assert.equal(await refusal(read()), marked);
  const Tags = [{ Key: "a", Value: "b" }];
  assert.equal(await refusal(own.send(new TagResourceCommand({ SecretId, Tags }))), marked);
  assert.equal(
    await refusal(create()),
    "InvalidRequestException: You can't create this secret because a secret with this name is already scheduled for deletion.",
  );
  assert.deepEqual((await own.send(new ListSecretsCommand({}))).SecretList, []);
  const planned = await own.send(new ListSecretsCommand({ IncludePlannedDeletion: true }));
  assert(planned.SecretList![0]!.DeletedDate instanceof Date);
  await own.send(new RestoreSecretCommand({ SecretId }));
  assert.equal((await read()).SecretString, "x");
  server.clock.moveTo(server.clock.nowMs() + 40 * dayMs);
  assert.equal((await read()).SecretString, "x");
  await remove();
  server.clock.moveTo(server.clock.nowMs() + 8 * dayMs);
  await until(
    () => own.send(new ListSecretsCommand({ IncludePlannedDeletion: true })),
    ({ SecretList }) => SecretList!.length === 0,
  );
  const second = await create();
  assert.notEqual(second.ARN, first.ARN);
  const force = { SecretId, ForceDeleteWithoutRecovery: true };
  await own.send(new DeleteSecretCommand(force));
  await own.send(new DeleteSecretCommand(force));
  await create();
});

test("secrets are listed newest first, filtered and page by page", async () => {
  covers("secretsmanager.ListSecrets", "secretsmanager.BatchGetSecretValue");
  const own = secretsOf(tule, tule.newAccount());
  for (const [Name, Description, Value] of [
    ["prod/database", "The main store", "red"],
    ["prod/queue", "A line of things", "blue"],
    ["test/database", "Main again", "red"],
  ] as const) {
    const Tags = [{ Key: "Color", Value }];
    await own.send(new CreateSecretCommand({ Name, Description, Tags, SecretString: Name }));
  }
  const list = async (...Filters: Filter[]) => {
    const { SecretList } = await own.send(new ListSecretsCommand({ Filters, SortBy: "name" }));
    return SecretList!.map(({ Name }) => Name).toReversed();
  };
  assert.deepEqual(await list(), ["prod/database", "prod/queue", "test/database"]);
  assert.deepEqual(await list({ Key: "name", Values: ["prod/"] }), ["prod/database", "prod/queue"]);
  assert.deepEqual(await list({ Key: "name", Values: ["!prod/"] }), ["test/database"]);
  assert.deepEqual(await list({ Key: "name", Values: ["Prod/"] }), []);
  assert.deepEqual(await list({ Key: "description", Values: ["main"] }), [
    "prod/database",
    "test/database",
  ]);
  assert.deepEqual(
    await list({ Key: "tag-value", Values: ["red"] }, { Key: "name", Values: ["prod"] }),
    ["prod/database"],
  );
  assert.deepEqual(await list({ Key: "tag-key", Values: ["Col"] }), await list());
  assert.deepEqual(await list({ Key: "all", Values: ["QUEUE"] }), ["prod/queue"]);
  const page = await own.send(new ListSecretsCommand({ MaxResults: 2 }));
  const rest = await own.send(new ListSecretsCommand({ NextToken: page.NextToken }));
  assert.deepEqual([page.SecretList!.length, rest.SecretList!.length], [2, 1]);

  const batch = await own.send(
    new BatchGetSecretValueCommand({ SecretIdList: ["prod/queue", "none", "test/database"] }),
  );
  assert.deepEqual(
    batch.SecretValues!.map(({ SecretString }) => SecretString),
    ["prod/queue", "test/database"],
  );
  assert.deepEqual(
    batch.Errors!.map(({ SecretId, ErrorCode }) => [SecretId, ErrorCode]),
    [["none", "ResourceNotFoundException"]],
  );
  const filtered = await own.send(
    new BatchGetSecretValueCommand({ Filters: [{ Key: "name", Values: ["prod/"] }] }),
  );
  assert.equal(filtered.SecretValues!.length, 2);
});

test("values are encrypted with the secret's KMS key: without it nobody reads them", async () => {
  covers("secretsmanager.CreateSecret", "secretsmanager.GetSecretValue");
  const kms = kmsOf(tule, account);
  const KmsKeyId = await makeKey(kms);
  await client.send(new CreateSecretCommand({ Name: "keyed", SecretString: "x", KmsKeyId }));
  assert.equal(
    (await client.send(new DescribeSecretCommand({ SecretId: "keyed" }))).KmsKeyId,
    KmsKeyId,
  );
  await kms.send(new DisableKeyCommand({ KeyId: KmsKeyId }));
  await assert.rejects(valueOf("keyed"), { name: "DecryptionFailure" });
  await assert.rejects(put("keyed", "y"), { name: "EncryptionFailure" });
  await kms.send(new EnableKeyCommand({ KeyId: KmsKeyId }));
  assert.equal(await valueOf("keyed"), "x");
});

test("random passwords have what was asked for, and nothing else", async () => {
  covers("secretsmanager.GetRandomPassword");
  const make = async (input: GetRandomPasswordCommandInput) =>
    (await client.send(new GetRandomPasswordCommand(input))).RandomPassword!;
  const usual = await make({});
  assert.equal(usual.length, 32);
  for (const kind of [/[a-z]/, /[A-Z]/, /[0-9]/, /[^A-Za-z0-9 ]/]) assert.match(usual, kind);
  assert.match(await make({ PasswordLength: 200, ExcludePunctuation: true }), /^[A-Za-z0-9]{200}$/);
  assert.match(
    await make({ ExcludeLowercase: true, ExcludeUppercase: true, ExcludeCharacters: "0123456789" }),
    /^[^A-Za-z0-9 ]{32}$/,
  );
  assert.match(await make({ PasswordLength: 4, IncludeSpace: false }), /^.{4}$/);
  await assert.rejects(make({ PasswordLength: 3 }), { name: "InvalidParameterException" });
});

test("rotation needs a function that can be called, and there is none", async () => {
  covers("secretsmanager.RotateSecret", "secretsmanager.CancelRotateSecret");
  const SecretId = "rotating";
  await client.send(new CreateSecretCommand({ Name: SecretId, SecretString: "x" }));
  const RotationLambdaARN = `arn:aws:lambda:us-east-1:${account}:function:none`;
  // Recorded.
  assert.equal(
    await refusal(client.send(new RotateSecretCommand({ SecretId, RotationLambdaARN }))),
    "AccessDeniedException: Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the principal secretsmanager.amazonaws.com.",
  );
  await assert.rejects(client.send(new RotateSecretCommand({ SecretId })), {
    name: "InvalidRequestException",
  });
  await assert.rejects(client.send(new CancelRotateSecretCommand({ SecretId })), {
    name: "InvalidRequestException",
  });
});
