import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import test from "node:test";
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
} from "@aws-sdk/client-s3";
import { covers } from "../../support/covers.ts";
import { newBucket, scopeOfS3 } from "../../support/s3-buckets.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();

async function startBucket(): Promise<{ s3: S3Client; Bucket: string }> {
  const s3 = tule.s3();
  const Bucket = newBucket();
  await s3.send(new CreateBucketCommand({ Bucket }));
  return { s3, Bucket };
}

const md5 = (bytes: string | Buffer): string => createHash("md5").update(bytes).digest("hex");

test("an object comes back as it was put", async () => {
  covers("s3.PutObject", "s3.GetObject", "s3.HeadObject");
  const { s3, Bucket } = await startBucket();
  const described = {
    CacheControl: "max-age=60",
    ContentDisposition: "attachment",
    ContentEncoding: "identity",
    ContentLanguage: "de",
    ContentType: "text/plain",
    Metadata: { colour: "blue", "long-name": "a value, with a comma" },
  };
  const Key = "folder/käse & more+.txt";
  const put = await s3.send(new PutObjectCommand({ Bucket, Key, Body: "hello", ...described }));
  assert.equal(put.ETag, `"${md5("hello")}"`);
  assert.equal(put.ChecksumCRC32, "NhCmhg==");
  assert.equal(put.ChecksumType, "FULL_OBJECT");
  assert.equal(put.VersionId, undefined);
  const got = await s3.send(new GetObjectCommand({ Bucket, Key }));
  assert.equal(await got.Body?.transformToString(), "hello");
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: "ENABLED" }));
  for (const answer of [got, head]) {
    for (const [name, value] of Object.entries(described)) {
      assert.deepEqual(answer[name as keyof typeof described], value, name);
    }
    assert.equal(answer.ContentLength, 5);
    assert.equal(answer.ETag, put.ETag);
    assert.equal(answer.AcceptRanges, "bytes");
    assert.equal(answer.ChecksumCRC32, "NhCmhg==");
    assert.ok(Math.abs(answer.LastModified!.getTime() - Date.now()) < 60_000);
  }
});

test("bodies of every size come back whole: none, some bytes, a file, a stream", async () => {
  covers("s3.PutObject", "s3.GetObject");
  const { s3, Bucket } = await startBucket();
  for (const length of [0, 1, 32 * 1024, 32 * 1024 + 1, 300_000, 3_000_001]) {
    const bytes = Buffer.alloc(length, `${length} bytes. `);
    for (const Body of [bytes, Readable.from(slices(bytes))]) {
      const Key = `${length}`;
      const input = { Bucket, Key, Body, ContentLength: length };
      const put = await s3.send(new PutObjectCommand(input));
      assert.equal(put.ETag, `"${md5(bytes)}"`);
      const got = await s3.send(new GetObjectCommand({ Bucket, Key }));
      const found = Buffer.from(await got.Body!.transformToByteArray());
      assert.ok(found.equals(bytes), `${length} bytes`);
    }
  }
});

function* slices(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 50_000) yield bytes.subarray(at, at + 50_000);
}

test("a part of an object can be read, wherever its bytes are", async () => {
  covers("s3.GetObject", "s3.HeadObject");
  const { s3, Bucket } = await startBucket();
  const large = Buffer.alloc(200_000, "0123456789");
  await s3.send(new PutObjectCommand({ Bucket, Key: "small", Body: "0123456789" }));
  await s3.send(new PutObjectCommand({ Bucket, Key: "large", Body: large }));
  const read = async (Key: string, Range: string) => {
    const got = await s3.send(new GetObjectCommand({ Bucket, Key, Range }));
    const text = await got.Body?.transformToString();
    return [got.$metadata.httpStatusCode, got.ContentRange, got.ContentLength, text];
  };
  // Recorded.
  assert.deepEqual(await read("small", "bytes=0-8"), [206, "bytes 0-8/10", 9, "012345678"]);
  assert.deepEqual(await read("small", "bytes=1-1"), [206, "bytes 1-1/10", 1, "1"]);
  assert.deepEqual(await read("small", "bytes=1-"), [206, "bytes 1-9/10", 9, "123456789"]);
  assert.deepEqual(await read("small", "bytes=-2"), [206, "bytes 8-9/10", 2, "89"]);
  for (const whole of ["bytes=1-0", "bytes=-1-", "bytes=0-1,3-4", "bytes=-", "characters=1-2"]) {
    assert.deepEqual(await read("small", whole), [200, undefined, 10, "0123456789"], whole);
  }
  assert.deepEqual(await read("large", "bytes=123456-123465"), [
    206,
    "bytes 123456-123465/200000",
    10,
    "6789012345",
  ]);
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key: "small", Range: "bytes=2-3" }));
  assert.deepEqual([head.$metadata.httpStatusCode, head.ContentLength], [206, 2]);
  for (const Range of ["bytes=-0", "bytes=100-200"]) {
    await assert.rejects(s3.send(new GetObjectCommand({ Bucket, Key: "small", Range })), {
      name: "InvalidRange",
      message: "The requested range is not satisfiable",
      ActualObjectSize: "10",
      RangeRequested: Range,
    });
  }
});

test("a body that is not what was said of it is not stored", async () => {
  covers("s3.PutObject");
  const { s3, Bucket } = await startBucket();
  const refuses = (input: Partial<PutObjectCommandInput>, error: object) =>
    assert.rejects(
      s3.send(new PutObjectCommand({ Bucket, Key: "a", Body: "hello", ...input })),
      error,
    );
  const wrong = createHash("md5").update("other").digest("base64");
  await refuses({ ContentMD5: wrong }, { name: "BadDigest" });
  await refuses({ ContentMD5: "hello" }, { name: "InvalidDigest" });
  await refuses(
    { ChecksumCRC32: "AAAAAA==" },
    {
      name: "BadDigest",
      message: "The CRC32 you specified did not match the calculated checksum.",
    },
  );
  await refuses(
    { ChecksumSHA256: "short" },
    { name: "InvalidRequest", message: "Value for x-amz-checksum-sha256 header is invalid." },
  );
  const raw = await tule.raw({
    method: "PUT",
    path: `/${Bucket}/a`,
    headers: { ...scopeOfS3(await accountOf(s3)), "x-amz-content-sha256": "0".repeat(64) },
    body: "hello",
  });
  assert.equal(raw.status, 400);
  assert.match(raw.text, /<Code>XAmzContentSHA256Mismatch<\/Code>/);
  await assert.rejects(s3.send(new GetObjectCommand({ Bucket, Key: "a" })), { name: "NoSuchKey" });
});

const accountOf = async (s3: S3Client): Promise<string> =>
  (await s3.config.credentials()).accessKeyId;

test("every checksum is computed, compared and kept", async () => {
  covers("s3.PutObject", "s3.HeadObject");
  const { s3, Bucket } = await startBucket();
  const expected = {
    CRC32: "y/Q5Jg==",
    CRC32C: "4waSgw==",
    SHA1: "98O8HYCOBHMq32eZZczDTKeuNEE=",
    SHA256: "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=",
  } as const;
  for (const [algorithm, value] of Object.entries(expected)) {
    const ChecksumAlgorithm = algorithm as keyof typeof expected;
    const input = { Bucket, Key: algorithm, Body: "123456789", ChecksumAlgorithm };
    await s3.send(new PutObjectCommand(input));
    const head = await s3.send(
      new HeadObjectCommand({ Bucket, Key: algorithm, ChecksumMode: "ENABLED" }),
    );
    assert.equal(head[`Checksum${ChecksumAlgorithm}`], value);
  }
  const plain = tule.s3(await accountOf(s3), { requestChecksumCalculation: "WHEN_REQUIRED" });
  const put = await plain.send(new PutObjectCommand({ Bucket, Key: "none", Body: "123456789" }));
  assert.equal(put.ChecksumCRC64NVME, "rosUhgp5mIg=");
});

test("what a reader has already is not sent again, and what it does not expect neither", async () => {
  covers("s3.GetObject", "s3.HeadObject");
  const { s3, Bucket } = await startBucket();
  const { ETag } = await s3.send(new PutObjectCommand({ Bucket, Key: "a", Body: "data" }));
  const get = (conditions: object) =>
    s3.send(new GetObjectCommand({ Bucket, Key: "a", ...conditions }));
  const past = new Date(Date.now() - 3_600_000);
  const future = new Date(Date.now() + 3_600_000);
  const failed = (Condition: string) => ({
    name: "PreconditionFailed",
    message: "At least one of the pre-conditions you specified did not hold",
    Condition,
  });
  // Recorded.
  await assert.rejects(get({ IfMatch: '"other"' }), failed("If-Match"));
  await assert.rejects(get({ IfUnmodifiedSince: past }), failed("If-Unmodified-Since"));
  const isNotModified = (error: { $metadata?: { httpStatusCode?: number } }) =>
    error.$metadata?.httpStatusCode === 304;
  await assert.rejects(get({ IfNoneMatch: ETag }), isNotModified);
  await assert.rejects(get({ IfNoneMatch: ETag!.replaceAll('"', "") }), isNotModified);
  await assert.rejects(
    s3.send(new HeadObjectCommand({ Bucket, Key: "a", IfNoneMatch: ETag })),
    isNotModified,
  );
  const { LastModified } = await get({ IfModifiedSince: past });
  await assert.rejects(get({ IfModifiedSince: LastModified }), isNotModified);
  for (const held of [
    { IfModifiedSince: future },
    { IfMatch: ETag, IfUnmodifiedSince: past },
    { IfUnmodifiedSince: LastModified },
    { IfNoneMatch: '"other"', IfModifiedSince: LastModified },
  ]) {
    assert.equal(await (await get(held)).Body?.transformToString(), "data");
  }
});

test("a write happens only under its condition", async () => {
  covers("s3.PutObject", "s3.DeleteObject");
  const { s3, Bucket } = await startBucket();
  const put = (conditions: object, Body = "a") =>
    s3.send(new PutObjectCommand({ Bucket, Key: "key", Body, ...conditions }));
  // Recorded.
  await assert.rejects(put({ IfMatch: '"x"' }), {
    name: "NoSuchKey",
    message: "The specified key does not exist.",
    Key: "key",
  });
  const { ETag } = await put({ IfNoneMatch: "*" });
  await assert.rejects(put({ IfNoneMatch: "*" }), {
    name: "PreconditionFailed",
    Condition: "If-None-Match",
  });
  await assert.rejects(put({ IfMatch: '"x"' }), { Condition: "If-Match" });
  for (const Header of ["If-Match", "If-None-Match"]) {
    const value = Header === "If-Match" ? { IfMatch: "*" } : { IfNoneMatch: '"x"' };
    await assert.rejects(put(value), {
      name: "NotImplemented",
      Header,
      additionalMessage: `We don't accept the provided value of ${Header} header for this API`,
    });
  }
  await put({ IfMatch: ETag }, "b");
  const remove = (IfMatch: string) =>
    s3.send(new DeleteObjectCommand({ Bucket, Key: "key", IfMatch }));
  await assert.rejects(remove(ETag!), { name: "PreconditionFailed" });
  await remove(`"${md5("b")}"`);
  await assert.rejects(s3.send(new HeadObjectCommand({ Bucket, Key: "key" })), {
    name: "NotFound",
  });
});

test("of many writers who want to be the first, one is", async () => {
  covers("s3.PutObject");
  const { s3, Bucket } = await startBucket();
  const tries = Array.from({ length: 20 }, (_, at) =>
    s3.send(new PutObjectCommand({ Bucket, Key: "one", Body: `${at}`, IfNoneMatch: "*" })),
  );
  const settled = await Promise.allSettled(tries);
  assert.equal(settled.filter(({ status }) => status === "fulfilled").length, 1);
});

test("a deleted object is gone, and deleting it again is no failure", async () => {
  covers("s3.DeleteObject", "s3.GetObject");
  const { s3, Bucket } = await startBucket();
  await s3.send(new PutObjectCommand({ Bucket, Key: "a", Body: "x".repeat(100_000) }));
  for (let times = 0; times < 2; times++) {
    const deleted = await s3.send(new DeleteObjectCommand({ Bucket, Key: "a" }));
    assert.equal(deleted.$metadata.httpStatusCode, 204);
  }
  await assert.rejects(s3.send(new GetObjectCommand({ Bucket, Key: "a" })), {
    name: "NoSuchKey",
    message: "The specified key does not exist.",
    Key: "a",
  });
});

test("a key has 1024 bytes at most, metadata two kilobytes", async () => {
  covers("s3.PutObject");
  const { s3, Bucket } = await startBucket();
  await s3.send(new PutObjectCommand({ Bucket, Key: "k".repeat(1024), Body: "" }));
  await assert.rejects(s3.send(new PutObjectCommand({ Bucket, Key: "k".repeat(1025), Body: "" })), {
    name: "KeyTooLongError",
    message: "Your key is too long",
    Size: "1025",
  });
  const Metadata = { a: "x".repeat(2048) };
  await assert.rejects(s3.send(new PutObjectCommand({ Bucket, Key: "a", Body: "", Metadata })), {
    name: "MetadataTooLarge",
    Size: "2049",
    MaxSizeAllowed: "2048",
  });
});

test("an answer says whose request it was, and errors are S3's XML", async () => {
  covers("s3.GetObject");
  const { s3, Bucket } = await startBucket();
  const answer = await tule.raw({
    method: "GET",
    path: `/${Bucket}/none`,
    headers: scopeOfS3(await accountOf(s3)),
  });
  const id = answer.headers.get("x-amz-request-id") ?? "";
  const hostId = answer.headers.get("x-amz-id-2") ?? "";
  assert.equal(answer.status, 404);
  assert.equal(
    answer.text,
    `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><Key>none</Key><RequestId>${id}</RequestId><HostId>${hostId}</HostId></Error>`,
  );
});
