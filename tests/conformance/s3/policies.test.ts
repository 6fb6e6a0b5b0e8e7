import assert from "node:assert/strict";
import test from "node:test";
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketPolicyCommand,
  DeleteObjectsCommand,
  DeletePublicAccessBlockCommand,
  GetBucketPolicyCommand,
  GetBucketPolicyStatusCommand,
  GetObjectCommand,
  GetPublicAccessBlockCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutObjectCommand,
  PutPublicAccessBlockCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { covers } from "../../support/covers.ts";
import { allowing, iamOf, makeUser, policyOf } from "../../support/iam.ts";
import { newBucket } from "../../support/s3-buckets.ts";
import { startTule } from "../../support/tule.ts";

const rootKey = { accessKeyId: "AKIAROOT", secretAccessKey: "right" };
const account = "123456789012";
const tule = await startTule();
const strict = await startTule({ authentication: "strict", rootKey, account });

async function start(s3: S3Client) {
  const Bucket = newBucket();
  await s3.send(new CreateBucketCommand({ Bucket }));
  await s3.send(new PutObjectCommand({ Bucket, Key: "a", Body: "body" }));
  const put = (...statements: object[]) =>
    s3.send(new PutBucketPolicyCommand({ Bucket, Policy: policyOf(...statements) }));
  const open = () => s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
  return { Bucket, put, open, arn: `arn:aws:s3:::${Bucket}` };
}

const textOf = async (s3: S3Client, Bucket: string, Key = "a") =>
  (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body!.transformToString();

test("a policy is put, told, and taken away", async () => {
  covers("s3.PutBucketPolicy", "s3.GetBucketPolicy", "s3.DeleteBucketPolicy");
  const s3 = tule.s3();
  const { Bucket, arn } = await start(s3);
  // Recorded.
  const none = {
    name: "NoSuchBucketPolicy",
    message: "The bucket policy does not exist",
    $metadata: { httpStatusCode: 404 },
  };
  const refuses = (failure: { name: string; message: string }) => {
    assert.equal(failure.name, none.name);
    assert.equal(failure.message, none.message);
    return true;
  };
  await assert.rejects(s3.send(new GetBucketPolicyCommand({ Bucket })), refuses);
  const Policy = policyOf({
    Effect: "Deny",
    Principal: "*",
    Action: "s3:DeleteObject",
    Resource: `${arn}/*`,
  });
  const put = await s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
  assert.equal(put.$metadata.httpStatusCode, 204);
  assert.equal((await s3.send(new GetBucketPolicyCommand({ Bucket }))).Policy, Policy);
  const gone = await s3.send(new DeleteBucketPolicyCommand({ Bucket }));
  assert.equal(gone.$metadata.httpStatusCode, 204);
  await s3.send(new DeleteBucketPolicyCommand({ Bucket }));
  await assert.rejects(s3.send(new GetBucketPolicyCommand({ Bucket })), refuses);
});

for (const [policy, message] of [
  // Recorded.
  ["", "Policies must be valid JSON and the first byte must be '{'"],
  ["invalid", "Policies must be valid JSON and the first byte must be '{'"],
  ["{}", "Missing required field Statement"],
  [policyOf(allowing("s3:GetObject", "arn:aws:s3:::x/*")), "Missing required field Principal"],
  [
    policyOf({ ...allowing("s3:GetObject", "arn:aws:s3:::other/*"), Principal: "*" }),
    "Policy has invalid resource",
  ],
  [
    policyOf({ ...allowing("s3:GetObject"), Principal: { AWS: "nobody" } }),
    "Invalid principal in policy",
  ],
] as const) {
  test(`a policy that is none is refused: ${message} (${policy.slice(0, 20)})`, async () => {
    covers("s3.PutBucketPolicy");
    const s3 = tule.s3();
    const { Bucket } = await start(s3);
    await assert.rejects(s3.send(new PutBucketPolicyCommand({ Bucket, Policy: policy })), {
      name: "MalformedPolicy",
      message,
    });
  });
}

test("another account does what the policy lets it do, and nothing else", async () => {
  covers("s3.PutBucketPolicy");
  const owner = tule.s3();
  const other = tule.newAccount();
  const stranger = tule.s3(other);
  const { Bucket, put, arn } = await start(owner);
  const refused = { name: "AccessDenied", message: "Access Denied" };
  await assert.rejects(textOf(stranger, Bucket), refused);
  await put(
    { Effect: "Allow", Principal: { AWS: other }, Action: "s3:GetObject", Resource: `${arn}/*` },
    { Effect: "Allow", Principal: { AWS: other }, Action: "s3:PutObject", Resource: `${arn}/in/*` },
  );
  assert.equal(await textOf(stranger, Bucket), "body");
  await stranger.send(new PutObjectCommand({ Bucket, Key: "in/1", Body: "given" }));
  assert.equal(await textOf(owner, Bucket, "in/1"), "given");
  await assert.rejects(
    stranger.send(new PutObjectCommand({ Bucket, Key: "b", Body: "" })),
    refused,
  );
  await assert.rejects(stranger.send(new ListObjectsV2Command({ Bucket })), refused);
  await assert.rejects(textOf(tule.s3(), Bucket), refused);
  // Into a bucket of its own, too.
  const own = newBucket();
  await stranger.send(new CreateBucketCommand({ Bucket: own }));
  await stranger.send(
    new CopyObjectCommand({ Bucket: own, Key: "copy", CopySource: `${Bucket}/a` }),
  );
  assert.equal(await textOf(stranger, own, "copy"), "body");
});

test("a denial binds the owner's root, who may still take the policy away", async () => {
  covers("s3.PutBucketPolicy", "s3.DeleteBucketPolicy");
  const mine = tule.newAccount();
  const s3 = tule.s3(mine);
  const { Bucket, put, arn } = await start(s3);
  await put({ Effect: "Deny", Principal: "*", Action: "s3:*", Resource: [arn, `${arn}/*`] });
  await assert.rejects(textOf(s3, Bucket), {
    name: "AccessDenied",
    message: `User: arn:aws:iam::${mine}:root is not authorized to perform: s3:GetObject on resource: "${arn}/a" with an explicit deny in a resource-based policy`,
  });
  await s3.send(new DeleteBucketPolicyCommand({ Bucket }));
  assert.equal(await textOf(s3, Bucket), "body");
});

test("conditions look at the request and at the object's tags", async () => {
  covers("s3.PutBucketPolicy");
  const owner = tule.s3();
  const other = tule.newAccount();
  const stranger = tule.s3(other);
  const { Bucket, put, arn } = await start(owner);
  await owner.send(new PutObjectCommand({ Bucket, Key: "b", Body: "b", Tagging: "Open=yes" }));
  await put(
    {
      Effect: "Allow",
      Principal: { AWS: `arn:aws:iam::${other}:root` },
      Action: "s3:GetObject",
      Resource: `${arn}/*`,
      Condition: { StringEquals: { "s3:ExistingObjectTag/Open": "yes" } },
    },
    {
      Effect: "Allow",
      Principal: { AWS: other },
      Action: "s3:ListBucket",
      Resource: arn,
      Condition: { StringLike: { "s3:prefix": "b*" } },
    },
  );
  assert.equal(await textOf(stranger, Bucket, "b"), "b");
  await assert.rejects(textOf(stranger, Bucket, "a"), { name: "AccessDenied" });
  const listed = await stranger.send(new ListObjectsV2Command({ Bucket, Prefix: "b" }));
  assert.deepEqual(
    listed.Contents?.map(({ Key }) => Key),
    ["b"],
  );
  await assert.rejects(stranger.send(new ListObjectsV2Command({ Bucket })), {
    name: "AccessDenied",
  });
});

test("public access is blocked unless the bucket's owner opens it", async () => {
  covers("s3.GetPublicAccessBlock", "s3.PutPublicAccessBlock", "s3.DeletePublicAccessBlock");
  covers("s3.GetBucketPolicyStatus");
  const mine = tule.newAccount();
  const s3 = tule.s3(mine);
  const { Bucket, put, open, arn } = await start(s3);
  const everything = {
    BlockPublicAcls: true,
    IgnorePublicAcls: true,
    BlockPublicPolicy: true,
    RestrictPublicBuckets: true,
  };
  const read = async () =>
    (await s3.send(new GetPublicAccessBlockCommand({ Bucket }))).PublicAccessBlockConfiguration;
  assert.deepEqual(await read(), everything);
  const toAll = { ...allowing("s3:GetObject", `${arn}/*`), Principal: "*" };
  await assert.rejects(put(toAll), {
    name: "AccessDenied",
    message: `User: arn:aws:iam::${mine}:root is not authorized to perform: s3:PutBucketPolicy on resource: "${arn}" because public policies are blocked by the BlockPublicPolicy block public access setting.`,
  });
  await open();
  await open();
  await assert.rejects(read(), {
    name: "NoSuchPublicAccessBlockConfiguration",
    message: "The public access block configuration was not found",
  });
  await put(toAll);
  const status = async () =>
    (await s3.send(new GetBucketPolicyStatusCommand({ Bucket }))).PolicyStatus?.IsPublic;
  assert.equal(await status(), true);
  const stranger = tule.s3();
  assert.equal(await textOf(stranger, Bucket), "body");
  await s3.send(
    new PutPublicAccessBlockCommand({
      Bucket,
      PublicAccessBlockConfiguration: { RestrictPublicBuckets: true },
    }),
  );
  assert.deepEqual(await read(), {
    BlockPublicAcls: false,
    IgnorePublicAcls: false,
    BlockPublicPolicy: false,
    RestrictPublicBuckets: true,
  });
  await assert.rejects(textOf(stranger, Bucket), { name: "AccessDenied" });
  assert.equal(await textOf(s3, Bucket), "body");
  assert.equal(await status(), false);
});

test("with --auth strict who signs nothing reads what is public, and no more", async () => {
  covers("s3.PutBucketPolicy");
  const s3 = strict.s3(account, { credentials: rootKey });
  const { Bucket, put, open, arn } = await start(s3);
  const get = (path: string) => fetch(`${strict.endpoint}/${path}`);
  const closed = await get(`${Bucket}/a`);
  assert.equal(closed.status, 403);
  assert.match(await closed.text(), /<Code>AccessDenied<\/Code><Message>Access Denied<\/Message>/);
  await open();
  await put({ ...allowing("s3:GetObject", `${arn}/*`), Principal: "*" });
  const opened = await get(`${Bucket}/a`);
  assert.equal(await opened.text(), "body");
  // Who may not list is not told what is missing.
  assert.equal((await get(`${Bucket}/none`)).status, 403);
  assert.equal((await get(Bucket)).status, 403);
  assert.equal((await fetch(`${strict.endpoint}/${Bucket}/b`, { method: "PUT" })).status, 403);
  assert.equal((await get("no-such-bucket-anywhere/a")).status, 404);
  assert.equal((await get("")).status, 403);
});

test("a user needs s3:ListBucket to be told that a key has no object", async () => {
  covers("s3.GetObject", "s3.HeadObject");
  const mine = tule.newAccount();
  const s3 = tule.s3(mine);
  const { Bucket, arn } = await start(s3);
  const blind = await makeUser(iamOf(tule, mine), "blind", allowing("s3:GetObject", `${arn}/*`));
  const seeing = await makeUser(
    iamOf(tule, mine),
    "seeing",
    allowing(["s3:GetObject", "s3:ListBucket"]),
  );
  const asBlind = tule.s3(mine, { credentials: blind });
  assert.equal(await textOf(asBlind, Bucket), "body");
  await assert.rejects(textOf(asBlind, Bucket, "none"), {
    name: "AccessDenied",
    message: `User: arn:aws:iam::${mine}:user/blind is not authorized to perform: s3:ListBucket on resource: "${arn}" because no identity-based policy allows the s3:ListBucket action`,
  });
  await assert.rejects(
    asBlind.send(new HeadObjectCommand({ Bucket, Key: "none" })),
    (failure: { $metadata: { httpStatusCode: number } }) =>
      failure.$metadata.httpStatusCode === 403,
  );
  const asSeeing = tule.s3(mine, { credentials: seeing });
  await assert.rejects(textOf(asSeeing, Bucket, "none"), { name: "NoSuchKey" });
});

test("of many objects those go that the policy lets go", async () => {
  covers("s3.DeleteObjects");
  const mine = tule.newAccount();
  const s3 = tule.s3(mine);
  const { Bucket, arn } = await start(s3);
  await s3.send(new PutObjectCommand({ Bucket, Key: "in/1", Body: "" }));
  const keys = await makeUser(
    iamOf(tule, mine),
    "cleaner",
    allowing("s3:DeleteObject", `${arn}/in/*`),
  );
  const answer = await tule
    .s3(mine, { credentials: keys })
    .send(
      new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: "in/1" }, { Key: "a" }] } }),
    );
  assert.deepEqual(answer.Deleted, [{ Key: "in/1" }]);
  assert.deepEqual(
    answer.Errors?.map(({ Key, Code }) => ({ Key, Code })),
    [{ Key: "a", Code: "AccessDenied" }],
  );
});
