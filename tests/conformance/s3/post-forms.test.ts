import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import test from "node:test";
import {
  CreateBucketCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
} from "@aws-sdk/client-s3";
import { covers } from "../../support/covers.ts";
import { newBucket } from "../../support/s3-buckets.ts";
import { startTule } from "../../support/tule.ts";

const rootKey = { accessKeyId: "AKIATULEPOSTFORMS001", secretAccessKey: "a secret known here" };
const account = "123456789012";
const tule = await startTule({ authentication: "strict", rootKey, account });
const s3 = tule.s3(account, { credentials: rootKey });

async function start() {
  const Bucket = newBucket();
  await s3.send(new CreateBucketCommand({ Bucket }));
  return Bucket;
}

type Fields = Record<string, string>;

const hmac = (key: string | Buffer, text: string) =>
  createHmac("sha256", key).update(text).digest();

/** What a site puts into its form: the policy and its signature. */
function signed(conditions: unknown[], version: "v4" | "v2", lifeMs = 60_000): Fields {
  const expiration = new Date(Date.now() + lifeMs).toISOString();
  const { accessKeyId, secretAccessKey } = rootKey;
  const encode = (all: unknown[]) =>
    Buffer.from(JSON.stringify({ expiration, conditions: all })).toString("base64");
  if (version === "v2") {
    const policy = encode(conditions);
    const signature = createHmac("sha1", secretAccessKey).update(policy).digest("base64");
    return { AWSAccessKeyId: accessKeyId, policy, signature };
  }
  const date = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const scope = `${date.slice(0, 8)}/us-east-1/s3/aws4_request`;
  const fields = {
    "x-amz-algorithm": "AWS4-HMAC-SHA256",
    "x-amz-credential": `${accessKeyId}/${scope}`,
    "x-amz-date": date,
  };
  const policy = encode([...conditions, ...Object.entries(fields).map(([k, v]) => ({ [k]: v }))]);
  const key = scope.split("/").reduce<string | Buffer>(hmac, `AWS4${secretAccessKey}`);
  return { ...fields, policy, "x-amz-signature": hmac(key, policy).toString("hex") };
}

async function post(bucket: string, fields: Fields, file: string | undefined = "contents") {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  if (file !== undefined) form.append("file", new Blob([file]), "my file.txt");
  const answer = await fetch(`${tule.endpoint}/${bucket}`, {
    method: "POST",
    body: form,
    redirect: "manual",
  });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

for (const version of ["v4", "v2"] as const) {
  test(`a form with a policy signed by Signature ${version} uploads its file`, async () => {
    covers("s3.PutObject");
    const bucket = await start();
    const fields = {
      key: "user/${filename}",
      acl: "private",
      "Content-Type": "text/plain",
      "x-amz-meta-Test": "one",
      tagging: "<Tagging><TagSet><Tag><Key>A</Key><Value>1 2/3</Value></Tag></TagSet></Tagging>",
    };
    const conditions = [
      { bucket },
      ["starts-with", "$key", "user/"],
      { acl: "private" },
      ["starts-with", "$Content-Type", "text/"],
      { "x-amz-meta-Test": "one" },
      ["starts-with", "$tagging", ""],
      ["content-length-range", 1, 100],
    ];
    // What follows the file is ignored.
    const answer = await post(bucket, { ...fields, ...signed(conditions, version) });
    assert.equal(answer.status, 204, answer.text);
    assert.equal(answer.headers.get("etag"), '"98bf7d8c15784f0a3d63204441e1e2aa"');
    assert.match(answer.headers.get("location") ?? "", /user\/my%20file.txt$/);
    const Key = "user/my file.txt";
    const got = await s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
    assert.equal(await got.Body!.transformToString(), "contents");
    assert.equal(got.ContentType, "text/plain");
    assert.deepEqual(got.Metadata, { test: "one" });
    const tags = await s3.send(new GetObjectTaggingCommand({ Bucket: bucket, Key }));
    assert.deepEqual(tags.TagSet, [{ Key: "A", Value: "1 2/3" }]);
  });
}

test("the answer is as the form wants it", async () => {
  const bucket = await start();
  const put = (more: Fields) =>
    post(bucket, {
      key: "k",
      ...more,
      ...signed(
        [{ bucket }, { key: "k" }, ...Object.entries(more).map(([k, v]) => ({ [k]: v }))],
        "v4",
      ),
    });
  const created = await put({ success_action_status: "201" });
  assert.equal(created.status, 201);
  assert.match(
    created.text,
    /<PostResponse><Location>.*<\/Location><Bucket>bucket-\d+<\/Bucket><Key>k<\/Key><ETag>&quot;98bf.*<\/ETag><\/PostResponse>/,
  );
  const redirected = await put({ success_action_redirect: "http://localhost/done?a=b" });
  assert.equal(redirected.status, 303);
  assert.equal(
    redirected.headers.get("location"),
    `http://localhost/done?a=b&bucket=${bucket}&key=k&etag=%2298bf7d8c15784f0a3d63204441e1e2aa%22`,
  );
});

test("what the policy does not let through is refused, and nothing is kept of it", async () => {
  const bucket = await start();
  const base = [{ bucket }, { key: "k" }];
  const refused = async (fields: Fields, status: number, text: RegExp, file?: string) => {
    const answer = await post(bucket, fields, file);
    assert.equal(answer.status, status, answer.text);
    assert.match(answer.text, text);
  };
  // Recorded, these four.
  const redirect = ["starts-with", "$success_action_redirect", "http://localhost"];
  await refused(
    {
      key: "k",
      success_action_redirect: "http://wrong.location/test",
      ...signed([...base, redirect], "v4"),
    },
    403,
    /<Code>AccessDenied<\/Code><Message>Invalid according to Policy: Policy Condition failed: \[&quot;starts-with&quot;, &quot;\$success_action_redirect&quot;, &quot;http:\/\/localhost&quot;\]</,
  );
  const range = (least: unknown, most: unknown) =>
    signed([...base, ["content-length-range", least, most]], "v4");
  await refused(
    { key: "k", ...range(5, 10) },
    400,
    /<Code>EntityTooLarge<.*<ProposedSize>12<.*<MaxSizeAllowed>10</,
    "a".repeat(12),
  );
  await refused(
    { key: "k", ...range(5, 10) },
    400,
    /<Code>EntityTooSmall<.*<ProposedSize>1<.*<MinSizeAllowed>5</,
    "a",
  );
  await refused(
    { key: "k", ...range("test", 10) },
    403,
    /Policy Condition failed: \[&quot;content-length-range&quot;, &quot;test&quot;, &quot;10&quot;\]/,
  );
  await refused({ key: "k", ...signed(base, "v4", -1) }, 403, /Policy expired\./);
  await refused(
    { key: "k", "x-amz-meta-a": "b", ...signed(base, "v4") },
    403,
    /Invalid according to Policy: Extra input fields: x-amz-meta-a/,
  );
  await refused({ key: "other", ...signed(base, "v2") }, 403, /Policy Condition failed/);
  await assert.rejects(s3.send(new HeadObjectCommand({ Bucket: bucket, Key: "k" })), {
    name: "NotFound",
  });
});

test("a form that is signed wrongly, half or not at all", async () => {
  // Recorded.
  const bucket = await start();
  const base = [{ bucket }, { key: "k" }];
  const older = signed(base, "v2");
  const malformed = { ...older, policy: "malformed" };
  const mismatch = await post(bucket, { key: "k", ...malformed });
  assert.equal(mismatch.status, 403);
  assert.match(mismatch.text, /<Code>SignatureDoesNotMatch<\/Code>/);
  const newer = signed(base, "v4");
  assert.match(
    (await post(bucket, { key: "k", ...newer, policy: "malformed" })).text,
    /<Code>SignatureDoesNotMatch<\/Code>/,
  );
  const { AWSAccessKeyId: _, ...withoutKey } = older;
  const missing = await post(bucket, { key: "k", ...withoutKey });
  assert.equal(missing.status, 400);
  assert.match(
    missing.text,
    /<Code>InvalidArgument<\/Code><Message>Bucket POST must contain a field named 'AWSAccessKeyId'\.  If it is specified, please check the order of the fields\.</,
  );
  const unsigned = await post(bucket, { key: "k" });
  assert.equal(unsigned.status, 403);
  assert.match(unsigned.text, /<Code>AccessDenied<\/Code><Message>Access Denied</);
  const plain = await fetch(`${tule.endpoint}/${bucket}`, {
    method: "POST",
    headers: { "content-type": "text/html" },
    body: "a=b",
  });
  assert.equal(plain.status, 412);
  assert.match(
    await plain.text(),
    /<Condition>Bucket POST must be of the enclosure-type multipart\/form-data</,
  );
});

test("a file of many megabytes goes through as it arrives", async () => {
  const bucket = await start();
  const fields = { key: "big", ...signed([{ bucket }, { key: "big" }], "v4") };
  const bytes = "0123456789abcdef".repeat(512 * 1024);
  assert.equal((await post(bucket, fields, bytes)).status, 204);
  const head = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: "big" }));
  assert.equal(head.ContentLength, bytes.length);
});
