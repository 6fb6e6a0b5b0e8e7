import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import {
  CreateBucketCommand,
  DeleteBucketEncryptionCommand,
  GetBucketEncryptionCommand,
  GetObjectCommand,
  PutBucketEncryptionCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
} from "@aws-sdk/client-s3";
import { covers } from "../../support/covers.ts";
import { newBucket } from "../../support/s3-buckets.ts";
import { startTule } from "../../support/tule.ts";

const dataFolder = mkdtempSync(join(tmpdir(), "tule-s3-encryption-"));
after(() => rmSync(dataFolder, { recursive: true }));
const account = "111122223333";

function everyByteOnDisk(): Buffer {
  const entries = readdirSync(dataFolder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Buffer.concat(files.map(({ parentPath, name }) => readFileSync(join(parentPath, name))));
}

test("objects, small and large, are nowhere on the disk as they are, and are there after a restart", async () => {
  covers("s3.PutObject", "s3.GetObject");
  const secrets = { small: "a secret of some bytes", large: "a large secret. ".repeat(20_000) };
  const Bucket = newBucket();
  const first = await startTule({ dataFolder });
  const s3 = first.s3(account);
  await s3.send(new CreateBucketCommand({ Bucket }));
  for (const [Key, Body] of Object.entries(secrets)) {
    const put = await s3.send(new PutObjectCommand({ Bucket, Key, Body }));
    assert.equal(put.ServerSideEncryption, "AES256");
  }
  await first.close();
  assert.equal(everyByteOnDisk().indexOf("secret"), -1);
  const second = await startTule({ dataFolder });
  for (const [Key, body] of Object.entries(secrets)) {
    const got = await second.s3(account).send(new GetObjectCommand({ Bucket, Key }));
    assert.equal(await got.Body?.transformToString(), body);
    assert.equal(got.ServerSideEncryption, "AES256");
  }
  await second.close();
});

test("AES256 is what every bucket has; two layers of KMS are refused, not ignored", async () => {
  covers("s3.GetBucketEncryption", "s3.PutBucketEncryption", "s3.DeleteBucketEncryption");
  const tule = await startTule();
  const s3 = tule.s3();
  const Bucket = newBucket();
  await s3.send(new CreateBucketCommand({ Bucket }));
  const rules = async () =>
    (await s3.send(new GetBucketEncryptionCommand({ Bucket }))).ServerSideEncryptionConfiguration
      ?.Rules;
  const rule = (BucketKeyEnabled: boolean) => ({
    ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" as const },
    BucketKeyEnabled,
  });
  assert.deepEqual(await rules(), [rule(false)]);
  const ServerSideEncryptionConfiguration = { Rules: [rule(true)] };
  await s3.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration }));
  assert.deepEqual(await rules(), [rule(true)]);
  await s3.send(new DeleteBucketEncryptionCommand({ Bucket }));
  assert.deepEqual(await rules(), [rule(false)]);
  const put = (more: Partial<PutObjectCommandInput>) =>
    s3.send(new PutObjectCommand({ Bucket, Key: "a", Body: "", ...more }));
  await put({ ServerSideEncryption: "AES256" });
  await assert.rejects(put({ ServerSideEncryption: "aws:kms:dsse" }), { name: "NotImplemented" });
  await assert.rejects(put({ ServerSideEncryption: "none" as never }), { name: "InvalidArgument" });
});
