import assert from "node:assert/strict";
import test from "node:test";
import {
  type CORSRule,
  CreateBucketCommand,
  DeleteBucketCorsCommand,
  GetBucketCorsCommand,
  PutBucketCorsCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { covers } from "../../support/covers.ts";
import { newBucket, scopeOfS3 } from "../../support/s3-buckets.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();

async function start() {
  const account = tule.newAccount();
  const s3 = tule.s3(account);
  const Bucket = newBucket();
  await s3.send(new CreateBucketCommand({ Bucket }));
  await s3.send(new PutObjectCommand({ Bucket, Key: "a", Body: "body" }));
  const allow = (...CORSRules: CORSRule[]) =>
    s3.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules } }));
  const ask = (method: string, headers: Record<string, string>, path = `/${Bucket}/a`) =>
    tule.raw({ method, path, headers: { ...scopeOfS3(account), ...headers } });
  return { s3, Bucket, allow, ask };
}

test("a preflight is answered by the first rule that fits", async () => {
  covers("s3.PutBucketCors");
  const { allow, ask } = await start();
  await allow(
    { AllowedOrigins: ["https://app.test"], AllowedMethods: ["PUT"], AllowedHeaders: ["x-amz-*"] },
    { AllowedOrigins: ["*"], AllowedMethods: ["GET"], ExposeHeaders: ["ETag"], MaxAgeSeconds: 60 },
  );
  const preflight = (origin: string, method: string, headers?: string) =>
    ask("OPTIONS", {
      origin,
      "access-control-request-method": method,
      ...(headers && { "access-control-request-headers": headers }),
    });
  const any = await preflight("https://other.test", "GET");
  assert.equal(any.status, 200);
  assert.equal(any.headers.get("access-control-allow-origin"), "*");
  assert.equal(any.headers.get("access-control-allow-methods"), "GET");
  assert.equal(any.headers.get("access-control-expose-headers"), "ETag");
  assert.equal(any.headers.get("access-control-max-age"), "60");
  const put = await preflight("https://app.test", "PUT", "X-Amz-Date, x-amz-acl");
  assert.equal(put.headers.get("access-control-allow-origin"), "https://app.test");
  assert.equal(put.headers.get("access-control-allow-headers"), "x-amz-date, x-amz-acl");
  for (const refused of [
    await preflight("https://other.test", "PUT"),
    await preflight("https://app.test", "PUT", "authorization"),
  ]) {
    assert.equal(refused.status, 403);
    assert.match(refused.text, /<Code>AccessForbidden<\/Code><Message>CORSResponse: This CORS/);
  }
});

test("an answer says that the page may read it, and a refused one too", async () => {
  covers("s3.PutBucketCors");
  const { allow, ask, Bucket } = await start();
  await allow({ AllowedOrigins: ["https://*.test"], AllowedMethods: ["GET"] });
  const got = await ask("GET", { origin: "https://app.test" });
  assert.equal(got.text, "body");
  assert.equal(got.headers.get("access-control-allow-origin"), "https://app.test");
  const none = await ask("GET", { origin: "https://app.test" }, `/${Bucket}/none`);
  assert.equal(none.status, 404);
  assert.equal(none.headers.get("access-control-allow-origin"), "https://app.test");
  const other = await ask("GET", { origin: "https://example.com" });
  assert.equal(other.status, 200);
  assert.equal(other.headers.get("access-control-allow-origin"), null);
});

test("without rules nothing is allowed", async () => {
  covers("s3.GetBucketCors", "s3.DeleteBucketCors", "s3.PutBucketCors");
  const { s3, Bucket, allow, ask } = await start();
  // Recorded.
  const asking = { origin: "https://app.test", "access-control-request-method": "PUT" };
  const cases = [
    [await ask("OPTIONS", {}), 400, "Insufficient information. Origin request header needed."],
    [await ask("OPTIONS", asking), 403, "CORSResponse: CORS is not enabled for this bucket."],
    [await ask("OPTIONS", asking, `/${newBucket()}`), 403, "CORSResponse: Bucket not found"],
  ] as const;
  for (const [answer, status, message] of cases) {
    assert.equal(answer.status, status);
    assert.ok(answer.text.includes(`<Message>${message}</Message>`), answer.text);
  }
  const get = () => s3.send(new GetBucketCorsCommand({ Bucket }));
  const none = {
    name: "NoSuchCORSConfiguration",
    message: "The CORS configuration does not exist",
  };
  await assert.rejects(get(), none);
  const rule: CORSRule = { AllowedOrigins: ["*"], AllowedMethods: ["GET"], ID: "one" };
  await allow(rule);
  assert.deepEqual((await get()).CORSRules, [rule]);
  await s3.send(new DeleteBucketCorsCommand({ Bucket }));
  await assert.rejects(get(), none);
  await assert.rejects(allow({ AllowedOrigins: ["*"], AllowedMethods: ["MYMETHOD"] }), {
    name: "InvalidRequest",
    message: "Found unsupported HTTP method in CORS config. Unsupported method is MYMETHOD",
  });
});
