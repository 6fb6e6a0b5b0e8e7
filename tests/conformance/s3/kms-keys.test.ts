import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import {
  CreateKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  KMSClient,
  ScheduleKeyDeletionCommand,
} from "@aws-sdk/client-kms";
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetBucketEncryptionCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutBucketEncryptionCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { covers } from "../../support/covers.ts";
import { newBucket } from "../../support/s3-buckets.ts";
import { startTule, type Tule } from "../../support/tule.ts";

const dataFolder = mkdtempSync(join(tmpdir(), "tule-s3-kms-"));
after(() => rmSync(dataFolder, { recursive: true }));
const tule = await startTule();
const clients: KMSClient[] = [];
after(() => clients.forEach((client) => client.destroy()));

async function start(on: Tule = tule) {
  const account = on.newAccount();
  const s3 = on.s3(account);
  const kms = new KMSClient({
    endpoint: on.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: account, secretAccessKey: "test" },
    maxAttempts: 1,
  });
  clients.push(kms);
  const Bucket = newBucket();
  await s3.send(new CreateBucketCommand({ Bucket }));
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
  const put = (Key: string, Body: string, more: Partial<PutObjectCommandInput> = {}) =>
    s3.send(new PutObjectCommand({ Bucket, Key, Body, ServerSideEncryption: "aws:kms", ...more }));
  const text = async (Key: string) =>
    (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body!.transformToString();
  return { account, s3, kms, Bucket, arn: KeyMetadata!.Arn!, id: KeyMetadata!.KeyId!, put, text };
}

test("an object is encrypted with a key of KMS's, and read as long as that one serves", async () => {
  covers("s3.PutObject", "s3.GetObject", "s3.HeadObject");
  const { s3, kms, Bucket, arn, id, put, text } = await start();
  const body = "under a key. ".repeat(10_000);
  const made = await put("a", body, { SSEKMSKeyId: id });
  assert.equal(made.ServerSideEncryption, "aws:kms");
  assert.equal(made.SSEKMSKeyId, arn);
  assert.equal(made.BucketKeyEnabled, undefined);
  assert.equal(await text("a"), body);
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key: "a" }));
  assert.equal(head.SSEKMSKeyId, arn);
  await kms.send(new DisableKeyCommand({ KeyId: id }));
  // Recorded, as are the next ones.
  const disabled = { name: "KMS.DisabledException", message: `${arn} is disabled.` };
  await assert.rejects(text("a"), disabled);
  await assert.rejects(put("b", "", { SSEKMSKeyId: id }), disabled);
  await kms.send(new EnableKeyCommand({ KeyId: id }));
  assert.equal(await text("a"), body);
  await kms.send(new ScheduleKeyDeletionCommand({ KeyId: id, PendingWindowInDays: 7 }));
  await assert.rejects(text("a"), {
    name: "KMS.KMSInvalidStateException",
    message: `${arn} is pending deletion.`,
  });
});

test("a key that is not there is refused as KMS does", async () => {
  covers("s3.PutObject", "s3.CopyObject", "s3.CreateMultipartUpload");
  // Recorded.
  const { account, s3, Bucket, put } = await start();
  const invalid = { name: "KMS.NotFoundException", message: "Invalid keyId 'fake-key-id'" };
  await assert.rejects(put("a", "", { SSEKMSKeyId: "fake-key-id" }), invalid);
  const uuid = "134f2428-cec1-4b25-a1ae-9048164dba47";
  const arn = `arn:aws:kms:us-east-1:${account}:key/${uuid}`;
  const absent = { name: "KMS.NotFoundException", message: `Key '${arn}' does not exist` };
  await assert.rejects(put("a", "", { SSEKMSKeyId: uuid }), absent);
  await assert.rejects(put("a", "", { SSEKMSKeyId: arn }), absent);
  const ServerSideEncryption = "aws:kms";
  await s3.send(new PutObjectCommand({ Bucket, Key: "source", Body: "" }));
  const SSEKMSKeyId = "fake-key-id";
  const upload = { Bucket, Key: "a", ServerSideEncryption, SSEKMSKeyId } as const;
  await assert.rejects(s3.send(new CreateMultipartUploadCommand(upload)), invalid);
  await assert.rejects(
    s3.send(new CopyObjectCommand({ ...upload, CopySource: `${Bucket}/source` })),
    invalid,
  );
});

test("a bucket's default is what its objects get, with a bucket key", async () => {
  covers("s3.PutBucketEncryption", "s3.GetBucketEncryption", "s3.PutObject", "s3.CopyObject");
  const { s3, Bucket, put, text } = await start();
  // Recorded: without a key's name it is the one that AWS manages, always the same.
  const first = await put("a", "1");
  assert.match(first.SSEKMSKeyId!, /^arn:aws:kms:us-east-1:\d{12}:key\//);
  const rule = {
    ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms" as const },
    BucketKeyEnabled: true,
  };
  const ServerSideEncryptionConfiguration = { Rules: [rule] };
  await s3.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration }));
  const got = await s3.send(new GetBucketEncryptionCommand({ Bucket }));
  assert.deepEqual(got.ServerSideEncryptionConfiguration?.Rules, [rule]);
  for (const Key of ["b", "c"]) {
    const made = await put(Key, Key, { ServerSideEncryption: undefined });
    assert.equal(made.ServerSideEncryption, "aws:kms");
    assert.equal(made.SSEKMSKeyId, first.SSEKMSKeyId);
    assert.equal(made.BucketKeyEnabled, true);
    assert.equal(await text(Key), Key);
  }
  const copied = await s3.send(
    new CopyObjectCommand({ Bucket, Key: "d", CopySource: `${Bucket}/a` }),
  );
  assert.equal(copied.BucketKeyEnabled, true);
  assert.equal(await text("d"), "1");
  const plain = await put("e", "plain", { ServerSideEncryption: "AES256" });
  assert.equal(plain.SSEKMSKeyId, undefined);
});

test("an upload in parts is encrypted with one data key, through a restart", async () => {
  covers("s3.CreateMultipartUpload", "s3.UploadPart", "s3.CompleteMultipartUpload");
  const first = await startTule({ dataFolder });
  const { account, s3, Bucket, arn } = await start(first);
  const Key = "parts";
  const created = await s3.send(
    new CreateMultipartUploadCommand({
      Bucket,
      Key,
      ServerSideEncryption: "aws:kms",
      SSEKMSKeyId: arn,
      BucketKeyEnabled: true,
    }),
  );
  assert.equal(created.SSEKMSKeyId, arn);
  const { UploadId } = created;
  const part = await s3.send(
    new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body: "test-sse" }),
  );
  assert.equal(part.ServerSideEncryption, "aws:kms");
  assert.equal(part.BucketKeyEnabled, true);
  await first.close();
  const second = await startTule({ dataFolder });
  const later = second.s3(account);
  const done = await later.send(
    new CompleteMultipartUploadCommand({
      Bucket,
      Key,
      UploadId,
      MultipartUpload: { Parts: [{ PartNumber: 1, ETag: part.ETag }] },
    }),
  );
  assert.equal(done.SSEKMSKeyId, arn);
  const got = await later.send(new GetObjectCommand({ Bucket, Key }));
  assert.equal(await got.Body!.transformToString(), "test-sse");
  assert.equal(got.SSEKMSKeyId, arn);
});
