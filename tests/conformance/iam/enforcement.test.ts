import assert from "node:assert/strict";
import test from "node:test";
import { CreateTableCommand, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import {
  AttachUserPolicyCommand,
  CreateRoleCommand,
  DeleteAccessKeyCommand,
  DeleteRolePolicyCommand,
  DeleteUserPolicyCommand,
  GetUserCommand,
  ListUsersCommand,
  PutRolePolicyCommand,
  PutUserPermissionsBoundaryCommand,
  UpdateAccessKeyCommand,
  CreatePolicyCommand,
} from "@aws-sdk/client-iam";
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListBucketsCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import {
  AssumeRoleCommand,
  GetCallerIdentityCommand,
  GetFederationTokenCommand,
  GetSessionTokenCommand,
} from "@aws-sdk/client-sts";
import { covers } from "../../support/covers.ts";
import { allowing, iamOf, makeUser, policyOf, stsOf, type Keys } from "../../support/iam.ts";
import { startTule } from "../../support/tule.ts";

const rootKey = { accessKeyId: "AKIAROOT", secretAccessKey: "right" };
const account = "123456789012";
const strict = await startTule({ authentication: "strict", rootKey, account });
const open = await startTule();

const tableOf = (name: string, of = account): string =>
  `arn:aws:dynamodb:us-east-1:${of}:table/${name}`;

async function makeTable(tule: typeof strict, who: Keys | string, name: string): Promise<void> {
  const credentials = typeof who === "string" ? { accessKeyId: who, secretAccessKey: "test" } : who;
  await tule.dynamodb(undefined, { credentials }).send(
    new CreateTableCommand({
      TableName: name,
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      BillingMode: "PAY_PER_REQUEST",
    }),
  );
}

const getOf = (TableName: string): GetItemCommand =>
  new GetItemCommand({ TableName, Key: { id: { S: "1" } } });
const putOf = (TableName: string): PutItemCommand =>
  new PutItemCommand({ TableName, Item: { id: { S: "1" } } });

for (const [mode, tule, root, owner] of [
  ["strict", strict, rootKey, account],
  ["open", open, "444455556666", "444455556666"],
] as const) {
  test(`with --auth ${mode} a user may do what its policies allow, in DynamoDB`, async () => {
    covers("iam.CreateUser", "iam.CreateAccessKey", "iam.PutUserPolicy", "iam.DeleteUserPolicy");
    const iam = iamOf(tule, root);
    const table = `Music-${mode}`;
    await makeTable(tule, root, table);
    const reader = await makeUser(
      iam,
      `reader-${mode}`,
      allowing("dynamodb:GetItem", tableOf(table, owner)),
    );
    const client = tule.dynamodb(undefined, { credentials: reader });
    await client.send(getOf(table));
    const arn = `arn:aws:iam::${owner}:user/reader-${mode}`;
    await assert.rejects(client.send(putOf(table)), {
      name: "AccessDeniedException",
      message: `User: ${arn} is not authorized to perform: dynamodb:PutItem on resource: ${tableOf(table, owner)} because no identity-based policy allows the dynamodb:PutItem action`,
    });
    // A change is obeyed by the next request.
    await iam.send(new DeleteUserPolicyCommand({ UserName: `reader-${mode}`, PolicyName: "own" }));
    await assert.rejects(client.send(getOf(table)), { name: "AccessDeniedException" });
  });

  test(`with --auth ${mode} a user may do what its policies allow, in S3`, async () => {
    const iam = iamOf(tule, root);
    const credentials = typeof root === "string" ? undefined : root;
    const bucket = `photos-${mode}`;
    const own = tule.s3(owner, credentials === undefined ? {} : { credentials });
    await own.send(new CreateBucketCommand({ Bucket: bucket }));
    await own.send(new PutObjectCommand({ Bucket: bucket, Key: "public/1", Body: "one" }));
    await own.send(new PutObjectCommand({ Bucket: bucket, Key: "secret/1", Body: "two" }));
    const viewer = await makeUser(
      iam,
      `viewer-${mode}`,
      allowing("s3:GetObject", `arn:aws:s3:::${bucket}/public/*`),
    );
    const s3 = tule.s3(undefined, { credentials: viewer });
    const got = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: "public/1" }));
    assert.equal(await got.Body!.transformToString(), "one");
    await assert.rejects(s3.send(new GetObjectCommand({ Bucket: bucket, Key: "secret/1" })), {
      name: "AccessDenied",
      message: `User: arn:aws:iam::${owner}:user/viewer-${mode} is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::${bucket}/secret/1" because no identity-based policy allows the s3:GetObject action`,
    });
    await assert.rejects(s3.send(new ListBucketsCommand({})), { name: "AccessDenied" });
  });

  test(`with --auth ${mode} keys of IAM's are verified, and refused once they are off or gone`, async () => {
    covers("iam.UpdateAccessKey", "iam.DeleteAccessKey");
    const iam = iamOf(tule, root);
    const UserName = `keyed-${mode}`;
    const keys = await makeUser(iam, UserName);
    const who = (given: Keys) => stsOf(tule, given).send(new GetCallerIdentityCommand({}));
    assert.equal((await who(keys)).Arn, `arn:aws:iam::${owner}:user/${UserName}`);
    await assert.rejects(who({ ...keys, secretAccessKey: "wrong" }), {
      name: "SignatureDoesNotMatch",
    });
    const AccessKeyId = keys.accessKeyId;
    await iam.send(new UpdateAccessKeyCommand({ UserName, AccessKeyId, Status: "Inactive" }));
    await assert.rejects(who(keys), { name: "InvalidClientTokenId" });
    await iam.send(new UpdateAccessKeyCommand({ UserName, AccessKeyId, Status: "Active" }));
    await who(keys);
    await iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId }));
    await assert.rejects(who(keys), { name: "InvalidClientTokenId" });
  });

  test(`with --auth ${mode} a role is assumed by whom it trusts, and its session may do what the role may`, async () => {
    covers("sts.AssumeRole", "iam.CreateRole", "iam.PutRolePolicy", "iam.DeleteRolePolicy");
    const iam = iamOf(tule, root);
    const table = `Films-${mode}`;
    await makeTable(tule, root, table);
    const RoleName = `worker-${mode}`;
    const RoleArn = `arn:aws:iam::${owner}:role/${RoleName}`;
    const trusted = await makeUser(iam, `trusted-${mode}`, allowing("sts:AssumeRole", RoleArn));
    const stranger = await makeUser(iam, `stranger-${mode}`, allowing("sts:AssumeRole"));
    await iam.send(
      new CreateRoleCommand({
        RoleName,
        AssumeRolePolicyDocument: policyOf({
          Effect: "Allow",
          Action: "sts:AssumeRole",
          Principal: { AWS: `arn:aws:iam::${owner}:user/trusted-${mode}` },
        }),
      }),
    );
    const document = policyOf(allowing("dynamodb:*Item", tableOf(table, owner)));
    await iam.send(
      new PutRolePolicyCommand({ RoleName, PolicyName: "own", PolicyDocument: document }),
    );
    const assume = new AssumeRoleCommand({ RoleArn, RoleSessionName: "night" });
    await assert.rejects(stsOf(tule, stranger).send(assume), {
      name: "AccessDenied",
      message: `User: arn:aws:iam::${owner}:user/stranger-${mode} is not authorized to perform: sts:AssumeRole on resource: ${RoleArn} because no role trust policy allows the sts:AssumeRole action`,
    });
    const assumed = await stsOf(tule, trusted).send(assume);
    const session = keysOf(assumed.Credentials!);
    assert.equal(
      assumed.AssumedRoleUser?.Arn,
      `arn:aws:sts::${owner}:assumed-role/${RoleName}/night`,
    );
    const identity = await stsOf(tule, session).send(new GetCallerIdentityCommand({}));
    assert.equal(identity.Arn, assumed.AssumedRoleUser?.Arn);
    assert.equal(identity.UserId, assumed.AssumedRoleUser?.AssumedRoleId);
    const client = tule.dynamodb(undefined, { credentials: session });
    await client.send(putOf(table));
    await assert.rejects(iamOf(tule, session).send(new ListUsersCommand({})), {
      name: "AccessDenied",
      message: `User: ${identity.Arn} is not authorized to perform: iam:ListUsers on resource: * because no identity-based policy allows the iam:ListUsers action`,
    });
    // A token goes with its key alone.
    const other = keysOf((await stsOf(tule, trusted).send(assume)).Credentials!);
    const mixed = { ...session, sessionToken: other.sessionToken! };
    await assert.rejects(stsOf(tule, mixed).send(new GetCallerIdentityCommand({})), {
      name: "InvalidClientTokenId",
    });
    // A session is no more than its role is.
    await iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName: "own" }));
    await assert.rejects(client.send(putOf(table)), { name: "AccessDeniedException" });
  });
}

function keysOf(given: {
  AccessKeyId?: string | undefined;
  SecretAccessKey?: string | undefined;
  SessionToken?: string | undefined;
}): Keys {
  return {
    accessKeyId: given.AccessKeyId!,
    secretAccessKey: given.SecretAccessKey!,
    sessionToken: given.SessionToken!,
  };
}

test("a session policy and a permissions boundary take away, and give nothing", async () => {
  covers("iam.PutUserPermissionsBoundary", "iam.CreatePolicy", "iam.AttachUserPolicy");
  const iam = iamOf(strict, rootKey);
  await makeTable(strict, rootKey, "Limits");
  const keys = await makeUser(iam, "limited", allowing("dynamodb:PutItem"));
  const client = strict.dynamodb(undefined, { credentials: keys });
  await client.send(putOf("Limits"));
  const { Policy } = await iam.send(
    new CreatePolicyCommand({
      PolicyName: "ReadOnly",
      PolicyDocument: policyOf(allowing("dynamodb:GetItem")),
    }),
  );
  await iam.send(
    new PutUserPermissionsBoundaryCommand({
      UserName: "limited",
      PermissionsBoundary: Policy!.Arn!,
    }),
  );
  await assert.rejects(client.send(putOf("Limits")), {
    name: "AccessDeniedException",
    message: `User: arn:aws:iam::${account}:user/limited is not authorized to perform: dynamodb:PutItem on resource: ${tableOf("Limits")} because no permissions boundary allows the dynamodb:PutItem action`,
  });
  await assert.rejects(client.send(getOf("Limits")), { name: "AccessDeniedException" });
  await iam.send(new AttachUserPolicyCommand({ UserName: "limited", PolicyArn: Policy!.Arn! }));
  await client.send(getOf("Limits"));
});

test("a session of the caller's own, and one of somebody it vouches for", async () => {
  covers("sts.GetSessionToken", "sts.GetFederationToken");
  const iam = iamOf(strict, rootKey);
  await makeTable(strict, rootKey, "Sessions");
  const keys = await makeUser(
    iam,
    "voucher",
    allowing(["dynamodb:GetItem", "dynamodb:PutItem", "sts:GetFederationToken"]),
  );
  const sts = stsOf(strict, keys);
  const own = keysOf((await sts.send(new GetSessionTokenCommand({}))).Credentials!);
  await strict.dynamodb(undefined, { credentials: own }).send(putOf("Sessions"));
  await assert.rejects(stsOf(strict, own).send(new GetSessionTokenCommand({})), {
    name: "AccessDenied",
    message: "Cannot call GetSessionToken with session credentials",
  });
  const federated = await sts.send(
    new GetFederationTokenCommand({
      Name: "guest",
      Policy: policyOf(allowing("dynamodb:GetItem")),
    }),
  );
  assert.equal(federated.FederatedUser?.Arn, `arn:aws:sts::${account}:federated-user/guest`);
  const guest = strict.dynamodb(undefined, { credentials: keysOf(federated.Credentials!) });
  await guest.send(getOf("Sessions"));
  await assert.rejects(guest.send(putOf("Sessions")), {
    message: `User: ${federated.FederatedUser?.Arn} is not authorized to perform: dynamodb:PutItem on resource: ${tableOf("Sessions")} because no session policy allows the dynamodb:PutItem action`,
  });
});

test("a session is over when its time is, by the server's clock", async () => {
  const iam = iamOf(strict, rootKey);
  const keys = await makeUser(iam, "passing");
  const { Credentials } = await stsOf(strict, keys).send(
    new GetSessionTokenCommand({ DurationSeconds: 900 }),
  );
  const session = keysOf(Credentials!);
  await stsOf(strict, session).send(new GetCallerIdentityCommand({}));
  const before = strict.clock.nowMs();
  strict.clock.moveTo(before + 901_000);
  try {
    await assert.rejects(stsOf(strict, session).send(new GetCallerIdentityCommand({})), {
      name: "ExpiredToken",
      message: "The security token included in the request is expired",
    });
    await assert.rejects(
      strict.s3(undefined, { credentials: session }).send(new ListBucketsCommand({})),
      { name: "ExpiredToken", message: "The provided token has expired." },
    );
  } finally {
    strict.clock.moveTo(before);
  }
});

test("with --auth strict nobody is let in without a signature", async () => {
  const answer = await strict.raw({ target: "DynamoDB_20120810.ListTables" });
  assert.equal(answer.status, 400);
  assert.match(answer.text, /MissingAuthenticationTokenException/);
  const user = await makeUser(iamOf(strict, rootKey), "forger", allowing("*"));
  const forged = { ...user, secretAccessKey: "guessed" };
  await assert.rejects(strict.dynamodb(undefined, { credentials: forged }).send(getOf("Any")), {
    name: "InvalidSignatureException",
  });
  await assert.rejects(iamOf(strict, forged).send(new GetUserCommand({})), {
    name: "SignatureDoesNotMatch",
  });
});
