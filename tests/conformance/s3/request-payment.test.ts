import assert from "node:assert/strict";
import test from "node:test";
import {
  CreateBucketCommand,
  GetBucketRequestPaymentCommand,
  GetObjectCommand,
  PutBucketPolicyCommand,
  PutBucketRequestPaymentCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { covers } from "../../support/covers.ts";
import { allowing, policyOf } from "../../support/iam.ts";
import { newBucket } from "../../support/s3-buckets.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();

test("where requesters pay, other accounts have to say that they know", async () => {
  covers("s3.GetBucketRequestPayment", "s3.PutBucketRequestPayment", "s3.GetObject");
  const s3 = tule.s3();
  const Bucket = newBucket();
  await s3.send(new CreateBucketCommand({ Bucket }));
  await s3.send(new PutObjectCommand({ Bucket, Key: "a", Body: "body" }));
  const other = tule.newAccount();
  const Policy = policyOf({
    ...allowing("s3:GetObject", `arn:aws:s3:::${Bucket}/*`),
    Principal: { AWS: other },
  });
  await s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
  const payer = async () => (await s3.send(new GetBucketRequestPaymentCommand({ Bucket }))).Payer;
  assert.equal(await payer(), "BucketOwner");
  const stranger = tule.s3(other);
  const get = (more: object = {}) =>
    stranger.send(new GetObjectCommand({ Bucket, Key: "a", ...more }));
  await get();
  const put = (Payer: "Requester" | "BucketOwner") =>
    s3.send(new PutBucketRequestPaymentCommand({ Bucket, RequestPaymentConfiguration: { Payer } }));
  await put("Requester");
  // Recorded.
  assert.equal(await payer(), "Requester");
  await assert.rejects(get(), { name: "AccessDenied" });
  const paid = await get({ RequestPayer: "requester" });
  assert.equal(await paid.Body!.transformToString(), "body");
  await s3.send(new GetObjectCommand({ Bucket, Key: "a" }));
  await put("BucketOwner");
  await get();
});
