import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { covers } from "../../support/covers.ts";
import { newBucket, scopeOfS3 } from "../../support/s3-buckets.ts";
import { startTule } from "../../support/tule.ts";

const dataFolder = mkdtempSync(join(tmpdir(), "tule-s3-customer-keys-"));
const tule = await startTule({ dataFolder });
after(async () => {
  await tule.close();
  rmSync(dataFolder, { recursive: true });
});

function keyOf(text: string) {
  const key = Buffer.from(text.padEnd(32, "."));
  return {
    SSECustomerAlgorithm: "AES256",
    SSECustomerKey: key.toString("base64"),
    SSECustomerKeyMD5: createHash("md5").update(key).digest("base64"),
  };
}

const sourceKeyOf = (text: string) => {
  const { SSECustomerAlgorithm, SSECustomerKey, SSECustomerKeyMD5 } = keyOf(text);
  return {
    CopySourceSSECustomerAlgorithm: SSECustomerAlgorithm,
    CopySourceSSECustomerKey: SSECustomerKey,
    CopySourceSSECustomerKeyMD5: SSECustomerKeyMD5,
  };
};

async function start() {
  const account = tule.newAccount();
  const s3 = tule.s3(account);
  const Bucket = newBucket();
  await s3.send(new CreateBucketCommand({ Bucket }));
  const text = async (Key: string, more: object = {}) => {
    const got = await s3.send(new GetObjectCommand({ Bucket, Key, ...more }));
    return got.Body!.transformToString();
  };
  return { account, s3, Bucket, text };
}

const missing =
  "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.";

test("an object is read with the key that it was written with, and with no other", async () => {
  covers("s3.PutObject", "s3.GetObject", "s3.HeadObject");
  const { s3, Bucket, text } = await start();
  for (const body of ["small", "large ".repeat(100_000), ""]) {
    const Key = `k${body.length}`;
    const put = await s3.send(new PutObjectCommand({ Bucket, Key, Body: body, ...keyOf("one") }));
    assert.equal(put.SSECustomerAlgorithm, "AES256");
    assert.equal(put.SSECustomerKeyMD5, keyOf("one").SSECustomerKeyMD5);
    assert.equal(put.ServerSideEncryption, undefined);
    assert.equal(await text(Key, keyOf("one")), body);
    await assert.rejects(text(Key), { name: "InvalidRequest", message: missing });
    await assert.rejects(text(Key, keyOf("two")), { name: "AccessDenied" });
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key, ...keyOf("one") }));
    assert.equal(head.ContentLength, body.length);
    assert.notEqual(head.ETag, `"${createHash("md5").update(body).digest("hex")}"`);
  }
  const part = await text("k600000", { ...keyOf("one"), Range: "bytes=300001-300010" });
  assert.equal(part, "large ".repeat(100_000).slice(300_001, 300_011));
  await s3.send(new PutObjectCommand({ Bucket, Key: "plain", Body: "plain" }));
  await assert.rejects(text("plain", keyOf("one")), {
    message: "The encryption parameters are not applicable to this object.",
  });
});

test("what a request must say of its key", async () => {
  covers("s3.PutObject");
  // Recorded.
  const { account, s3, Bucket } = await start();
  const { SSECustomerAlgorithm, SSECustomerKey, SSECustomerKeyMD5 } = keyOf("one");
  const cases: [Partial<PutObjectCommandInput>, string, string][] = [
    [
      { ...keyOf("one"), ServerSideEncryption: "AES256" },
      "InvalidArgument",
      "Server Side Encryption with Customer provided key is incompatible with the encryption method specified",
    ],
    [
      { ...keyOf("one"), SSECustomerAlgorithm: "KMS" },
      "InvalidEncryptionAlgorithmError",
      "The Encryption request you specified is not valid. Supported value: AES256.",
    ],
    [
      { SSECustomerKey, SSECustomerKeyMD5 },
      "InvalidArgument",
      "Requests specifying Server Side Encryption with Customer provided keys must provide a valid encryption algorithm.",
    ],
    [
      { SSECustomerAlgorithm, SSECustomerKeyMD5 },
      "InvalidArgument",
      "Requests specifying Server Side Encryption with Customer provided keys must provide an appropriate secret key.",
    ],
    [
      {
        SSECustomerAlgorithm,
        SSECustomerKey: Buffer.from("short").toString("base64"),
        SSECustomerKeyMD5,
      },
      "InvalidArgument",
      "The secret key was invalid for the specified algorithm.",
    ],
  ];
  for (const [more, name, message] of cases) {
    const put = s3.send(new PutObjectCommand({ Bucket, Key: "k", Body: "", ...more }));
    await assert.rejects(put, { name, message });
  }
  // The SDK always says the right digest.
  const wrong = await tule.raw({
    method: "PUT",
    path: `/${Bucket}/k`,
    headers: {
      ...scopeOfS3(account),
      "x-amz-server-side-encryption-customer-algorithm": "AES256",
      "x-amz-server-side-encryption-customer-key": SSECustomerKey,
      "x-amz-server-side-encryption-customer-key-md5": keyOf("two").SSECustomerKeyMD5,
    },
    body: "",
  });
  assert.equal(wrong.status, 400);
  assert.match(
    wrong.text,
    /<Message>The calculated MD5 hash of the key did not match the hash that was provided\.</,
  );
});

test("copies are opened with one key and closed with another, or with none", async () => {
  covers("s3.CopyObject");
  const { s3, Bucket, text } = await start();
  const body = "to be copied. ".repeat(10_000);
  await s3.send(new PutObjectCommand({ Bucket, Key: "a", Body: body, ...keyOf("one") }));
  const copy = (Key: string, more: object) =>
    s3.send(new CopyObjectCommand({ Bucket, Key, CopySource: `${Bucket}/a`, ...more }));
  await assert.rejects(copy("b", {}), { name: "InvalidRequest", message: missing });
  const plain = await copy("b", sourceKeyOf("one"));
  assert.equal(plain.ServerSideEncryption, "AES256");
  assert.equal(await text("b"), body);
  const again = await copy("c", { ...sourceKeyOf("one"), ...keyOf("two") });
  assert.equal(again.SSECustomerKeyMD5, keyOf("two").SSECustomerKeyMD5);
  assert.equal(await text("c", keyOf("two")), body);
  // In its place: the key is what changes.
  await copy("a", { ...sourceKeyOf("one"), ...keyOf("three") });
  assert.equal(await text("a", keyOf("three")), body);
});

test("an upload in parts has one key, which each part brings along", async () => {
  covers("s3.CreateMultipartUpload", "s3.UploadPart", "s3.UploadPartCopy");
  covers("s3.CompleteMultipartUpload");
  const { s3, Bucket, text } = await start();
  await s3.send(new PutObjectCommand({ Bucket, Key: "source", Body: "copied", ...keyOf("two") }));
  const Key = "parts";
  const { UploadId } = await s3.send(
    new CreateMultipartUploadCommand({ Bucket, Key, ...keyOf("one") }),
  );
  const Body = "part ".repeat(1024 * 1024 + 1);
  const part = { Bucket, Key, UploadId, PartNumber: 1, Body };
  await assert.rejects(s3.send(new UploadPartCommand(part)), {
    name: "InvalidRequest",
    message:
      "The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate encryption parameters.",
  });
  const first = await s3.send(new UploadPartCommand({ ...part, ...keyOf("one") }));
  const second = await s3.send(
    new UploadPartCopyCommand({
      Bucket,
      Key,
      UploadId,
      PartNumber: 2,
      CopySource: `${Bucket}/source`,
      ...sourceKeyOf("two"),
      ...keyOf("one"),
    }),
  );
  await s3.send(
    new CompleteMultipartUploadCommand({
      Bucket,
      Key,
      UploadId,
      MultipartUpload: {
        Parts: [
          { PartNumber: 1, ETag: first.ETag },
          { PartNumber: 2, ETag: second.CopyPartResult?.ETag },
        ],
      },
    }),
  );
  assert.equal(await text(Key, keyOf("one")), `${Body}copied`);
  const at = Body.length;
  assert.equal(await text(Key, { ...keyOf("one"), Range: `bytes=${at - 3}-${at + 2}` }), "rt cop");
});

test("neither the key nor what it encrypts is on the disk", async () => {
  const { s3, Bucket } = await start();
  const key = keyOf("a key to be kept by its owner");
  await s3.send(new PutObjectCommand({ Bucket, Key: "k", Body: "x", ...key }));
  const entries = readdirSync(dataFolder, { recursive: true, withFileTypes: true });
  const bytes = Buffer.concat(
    entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => readFileSync(join(parentPath, name))),
  );
  assert.equal(bytes.indexOf("a key to be kept"), -1);
  assert.equal(bytes.indexOf(key.SSECustomerKey), -1);
});
