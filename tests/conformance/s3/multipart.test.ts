import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import test from "node:test";
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  type CompleteMultipartUploadCommandInput,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { checksumOf } from "#base/checksums.ts";
import { covers } from "../../support/covers.ts";
import { newBucket } from "../../support/s3-buckets.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();
const MiB = 1024 * 1024;

async function startUpload(input: Partial<CreateMultipartUploadCommandInput> = {}) {
  // A checksum that nobody asked for would be a part's of another kind than the upload's.
  const s3 = tule.s3(undefined, { requestChecksumCalculation: "WHEN_REQUIRED" });
  const Bucket = newBucket();
  const Key = "key";
  await s3.send(new CreateBucketCommand({ Bucket }));
  const start = async () => {
    const created = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ...input }));
    return created.UploadId!;
  };
  const UploadId = await start();
  const named = { Bucket, Key, UploadId };
  const part = async (
    PartNumber: number,
    Body: Buffer | string,
    more: object = {},
  ): Promise<CompletedPart> => {
    const answer = await s3.send(new UploadPartCommand({ ...named, PartNumber, Body, ...more }));
    const { ETag, ChecksumCRC32, ChecksumCRC32C, ChecksumSHA256 } = answer;
    return { PartNumber, ETag, ChecksumCRC32, ChecksumCRC32C, ChecksumSHA256 };
  };
  const complete = (
    Parts: CompletedPart[],
    more: Partial<CompleteMultipartUploadCommandInput> = {},
  ) =>
    s3.send(new CompleteMultipartUploadCommand({ ...named, MultipartUpload: { Parts }, ...more }));
  const get = async (more: object = {}) => {
    const got = await s3.send(new GetObjectCommand({ Bucket, Key, ...more }));
    return { got, bytes: Buffer.from(await got.Body!.transformToByteArray()) };
  };
  return { s3, Bucket, Key, named, start, part, complete, get };
}

const md5 = (bytes: Buffer): Buffer => createHash("md5").update(bytes).digest();
const first = Buffer.alloc(5 * MiB, "first part. ");
const second = Buffer.alloc(5 * MiB + 17, "the second part. ");
const third = Buffer.from("the third");
const whole = Buffer.concat([first, second, third]);

test("parts become one object, in the order of their numbers", async () => {
  covers("s3.CreateMultipartUpload", "s3.UploadPart", "s3.CompleteMultipartUpload");
  const { s3, Bucket, Key, part, complete, get } = await startUpload({
    ContentType: "text/plain",
    Metadata: { a: "b" },
    Tagging: "team=blue",
  });
  const parts = [await part(7, third), await part(1, first), await part(3, second)].toSorted(
    (a, b) => a.PartNumber! - b.PartNumber!,
  );
  const completed = await complete(parts);
  const etag = createHash("md5");
  for (const each of [first, second, third]) etag.update(md5(each));
  assert.equal(completed.ETag, `"${etag.digest("hex")}-3"`);
  assert.equal(completed.ChecksumCRC64NVME, checksumOf("CRC64NVME", whole));
  assert.equal(completed.ChecksumType, "FULL_OBJECT");
  assert.deepEqual([completed.Bucket, completed.Key], [Bucket, Key]);
  const { got, bytes } = await get();
  assert.ok(bytes.equals(whole));
  assert.equal(got.ContentType, "text/plain");
  assert.deepEqual(got.Metadata, { a: "b" });
  assert.equal(got.TagCount, 1);
  const crossing = await get({ Range: `bytes=${5 * MiB - 3}-${5 * MiB + 2}` });
  assert.equal(crossing.bytes.toString(), whole.subarray(5 * MiB - 3, 5 * MiB + 3).toString());
  const listed = await s3.send(new ListObjectsV2Command({ Bucket }));
  assert.equal(listed.Contents?.[0]?.Size, whole.length);
});

test("a completion that got no answer may be repeated", async () => {
  covers("s3.CompleteMultipartUpload");
  const { part, complete, get } = await startUpload();
  const parts = [await part(1, "one")];
  const { ETag } = await complete(parts);
  assert.equal((await complete(parts)).ETag, ETag);
  assert.equal((await get()).bytes.toString(), "one");
});

test("a part is read by its number", async () => {
  covers("s3.GetObject", "s3.HeadObject");
  const { s3, Bucket, Key, part, complete, get } = await startUpload();
  await complete([await part(1, first), await part(2, "test content 123")]);
  // Recorded.
  const { got, bytes } = await get({ PartNumber: 2 });
  assert.equal(bytes.toString(), "test content 123");
  assert.equal(got.$metadata.httpStatusCode, 206);
  assert.equal(got.ContentRange, "bytes 5242880-5242895/5242896");
  assert.equal(got.PartsCount, 2);
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key, PartNumber: 1 }));
  assert.deepEqual([head.ContentLength, head.PartsCount], [5 * MiB, 2]);
  await assert.rejects(get({ PartNumber: 10 }), {
    name: "InvalidPartNumber",
    message: "The requested partnumber is not satisfiable",
    PartNumberRequested: "10",
    ActualPartCount: "2",
  });
  await assert.rejects(get({ PartNumber: 1, Range: "bytes=0-1" }), {
    name: "InvalidRequest",
    message: "Cannot specify both Range header and partNumber query parameter",
  });
});

test("a part that is uploaded again replaces the one before; parts that are not listed go", async () => {
  covers("s3.UploadPart", "s3.ListParts");
  const { part, complete, get } = await startUpload();
  await part(1, "one");
  const again = await part(1, "another one");
  await part(2, "not listed");
  await complete([again]);
  assert.equal((await get()).bytes.toString(), "another one");
});

test("what does not fit is refused, and the upload stays", async () => {
  covers("s3.CompleteMultipartUpload", "s3.UploadPart", "s3.AbortMultipartUpload");
  const { s3, named, part, complete } = await startUpload();
  const one = await part(1, "one");
  const two = await part(2, "two");
  // Recorded.
  await assert.rejects(complete([]), {
    name: "InvalidRequest",
    message: "You must specify at least one part",
  });
  await assert.rejects(complete([two, one]), {
    name: "InvalidPartOrder",
    message: "The list of parts was not in ascending order. Parts must be ordered by part number.",
  });
  await assert.rejects(complete([one, two]), {
    name: "EntityTooSmall",
    message: "Your proposed upload is smaller than the minimum allowed size",
    ProposedSize: "3",
    MinSizeAllowed: "5242880",
    PartNumber: "1",
    ETag: one.ETag!.replaceAll('"', ""),
  });
  for (const wrong of [
    { ...one, ETag: two.ETag },
    { PartNumber: 3, ETag: one.ETag },
  ]) {
    await assert.rejects(complete([wrong]), { name: "InvalidPart" });
  }
  for (const number of [-1, 0, 10_001]) {
    await assert.rejects(part(number, "x"), {
      name: "InvalidArgument",
      message: "Part number must be an integer between 1 and 10000, inclusive",
    });
  }
  await assert.rejects(complete([one], { MpuObjectSize: 4 }), { name: "InvalidRequest" });
  await s3.send(new AbortMultipartUploadCommand(named));
  const gone = {
    name: "NoSuchUpload",
    message:
      "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
  };
  await assert.rejects(complete([one]), gone);
  await assert.rejects(part(1, "x"), gone);
  await assert.rejects(s3.send(new AbortMultipartUploadCommand(named)), gone);
  await assert.rejects(s3.send(new ListPartsCommand({ ...named, UploadId: "fakeid" })), gone);
});

test("checksums of parts make one of the whole, composite or of all bytes", async () => {
  covers("s3.CreateMultipartUpload", "s3.CompleteMultipartUpload", "s3.GetObjectAttributes");
  const run = async (
    ChecksumAlgorithm: "CRC32" | "CRC32C" | "SHA256",
    ChecksumType: "COMPOSITE" | "FULL_OBJECT",
  ) => {
    const upload = await startUpload({ ChecksumAlgorithm, ChecksumType });
    const options = { ChecksumAlgorithm };
    const parts = [await upload.part(1, first, options), await upload.part(2, third, options)];
    return { ...upload, parts };
  };
  const composite = await run("SHA256", "COMPOSITE");
  const without = composite.parts.map(({ PartNumber, ETag }) => ({ PartNumber, ETag }));
  // Recorded.
  await assert.rejects(composite.complete(without), {
    name: "InvalidRequest",
    message:
      "The upload was created using a sha256 checksum. The complete request must include the checksum for each part. It was missing for part 1 in the request.",
  });
  const completed = await composite.complete(composite.parts);
  const hashes = [first, third].map((part) => createHash("sha256").update(part).digest());
  const sha256 = createHash("sha256").update(Buffer.concat(hashes)).digest("base64");
  assert.equal(completed.ChecksumSHA256, `${sha256}-2`);
  assert.equal(completed.ChecksumType, "COMPOSITE");
  const { s3, Bucket, Key } = composite;
  const ObjectAttributes = [
    "Checksum",
    "ObjectParts",
    "ObjectSize",
    "ETag",
    "StorageClass",
  ] as const;
  const attributes = await s3.send(
    new GetObjectAttributesCommand({ Bucket, Key, ObjectAttributes: [...ObjectAttributes] }),
  );
  assert.equal(attributes.Checksum?.ChecksumSHA256, sha256);
  assert.equal(attributes.ObjectParts?.TotalPartsCount, 2);
  assert.deepEqual(
    attributes.ObjectParts?.Parts?.map(({ PartNumber, Size, ChecksumSHA256 }) => [
      PartNumber,
      Size,
      ChecksumSHA256,
    ]),
    [first, third].map((part, at) => [at + 1, part.length, hashes[at]!.toString("base64")]),
  );
  assert.equal(attributes.ETag, completed.ETag?.replaceAll('"', ""));
  const full = await run("CRC32C", "FULL_OBJECT");
  const crc32c = checksumOf("CRC32C", Buffer.concat([first, third]));
  await assert.rejects(full.complete(full.parts, { ChecksumCRC32C: "AAAAAA==" }), {
    name: "BadDigest",
    message: "The CRC32C you specified did not match the calculated checksum.",
  });
  const all = await full.complete(full.parts, {
    ChecksumCRC32C: crc32c,
    ChecksumType: "FULL_OBJECT",
  });
  assert.deepEqual([all.ChecksumCRC32C, all.ChecksumType], [crc32c, "FULL_OBJECT"]);
  for (const [algorithm, type, message] of [
    [
      "SHA256",
      "FULL_OBJECT",
      "The FULL_OBJECT checksum type cannot be used with the sha256 checksum algorithm.",
    ],
    [
      "CRC64NVME",
      "COMPOSITE",
      "The COMPOSITE checksum type cannot be used with the crc64nvme checksum algorithm.",
    ],
  ] as const) {
    const input = { ChecksumAlgorithm: algorithm, ChecksumType: type };
    await assert.rejects(startUpload(input), { name: "InvalidRequest", message });
  }
});

test("uploads and their parts are listed page by page", async () => {
  covers("s3.ListParts", "s3.ListMultipartUploads");
  const { s3, Bucket, Key, named, start, part } = await startUpload();
  for (const number of [1, 2, 3]) await part(number, `part ${number}`);
  const list = (more: object) => s3.send(new ListPartsCommand({ ...named, ...more }));
  const page = await list({ MaxParts: 2 });
  assert.deepEqual(
    page.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size]),
    [
      [1, 6],
      [2, 6],
    ],
  );
  assert.deepEqual([page.IsTruncated, page.NextPartNumberMarker], [true, "2"]);
  const rest = await list({ PartNumberMarker: "2" });
  assert.deepEqual(
    [rest.Parts?.length, rest.IsTruncated, rest.StorageClass],
    [1, false, "STANDARD"],
  );
  const otherId = await start();
  await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: "a/b" }));
  const uploads = async (more: object) => {
    const listed = await s3.send(new ListMultipartUploadsCommand({ Bucket, ...more }));
    return { listed, ids: listed.Uploads?.map(({ UploadId }) => UploadId) };
  };
  const all = await uploads({});
  assert.deepEqual(all.ids?.slice(1), [named.UploadId, otherId]);
  assert.equal(all.listed.Uploads?.[0]?.Key, "a/b");
  const { listed } = await uploads({ MaxUploads: 2 });
  assert.deepEqual([listed.IsTruncated, listed.NextKeyMarker], [true, Key]);
  const next = { KeyMarker: listed.NextKeyMarker, UploadIdMarker: listed.NextUploadIdMarker };
  assert.deepEqual((await uploads(next)).ids, [otherId]);
  const rolled = await uploads({ Delimiter: "/" });
  assert.deepEqual(rolled.listed.CommonPrefixes, [{ Prefix: "a/" }]);
  assert.equal(rolled.ids?.length, 2);
  await s3.send(new DeleteBucketCommand({ Bucket }));
});

test("a part may be a part of another object, and shares its bytes", async () => {
  covers("s3.UploadPartCopy");
  const { s3, Bucket, named, part, complete, get } = await startUpload();
  await s3.send(new PutObjectCommand({ Bucket, Key: "source", Body: whole }));
  const copy = (PartNumber: number, more: object = {}) =>
    s3.send(
      new UploadPartCopyCommand({ ...named, PartNumber, CopySource: `${Bucket}/source`, ...more }),
    );
  const range = { CopySourceRange: `bytes=10-${5 * MiB + 9}` };
  const copied = await copy(1, range);
  const slice = whole.subarray(10, 5 * MiB + 10);
  assert.equal(copied.CopyPartResult?.ETag, `"${md5(slice).toString("hex")}"`);
  await assert.rejects(copy(2, { CopySourceIfMatch: '"x"' }), {
    name: "PreconditionFailed",
    Condition: "x-amz-copy-source-If-Match",
  });
  await assert.rejects(copy(2, { CopySourceRange: "bytes=0-99999999" }), {
    name: "InvalidArgument",
  });
  const last = await part(2, "end");
  await s3.send(new DeleteObjectCommand({ Bucket, Key: "source" }));
  await complete([{ PartNumber: 1, ETag: copied.CopyPartResult?.ETag }, last]);
  assert.ok((await get()).bytes.equals(Buffer.concat([slice, Buffer.from("end")])));
});

test("a completion is a conditional write, too", async () => {
  covers("s3.CompleteMultipartUpload");
  const { s3, Bucket, Key, part, complete } = await startUpload();
  const parts = [await part(1, "one")];
  // Recorded.
  await assert.rejects(complete(parts, { IfMatch: '"x"' }), { name: "NoSuchKey", Key });
  await s3.send(new PutObjectCommand({ Bucket, Key, Body: "there" }));
  await assert.rejects(complete(parts, { IfNoneMatch: "*" }), {
    name: "PreconditionFailed",
    Condition: "If-None-Match",
  });
  await complete(parts, { IfMatch: `"${md5(Buffer.from("there")).toString("hex")}"` });
});

test("lib-storage uploads a stream in parts", async () => {
  covers("s3.CreateMultipartUpload", "s3.UploadPart", "s3.CompleteMultipartUpload");
  const s3 = tule.s3();
  const Bucket = newBucket();
  await s3.send(new CreateBucketCommand({ Bucket }));
  const upload = new Upload({ client: s3, params: { Bucket, Key: "key", Body: whole } });
  await upload.done();
  const got = await s3.send(new GetObjectCommand({ Bucket, Key: "key" }));
  assert.ok(Buffer.from(await got.Body!.transformToByteArray()).equals(whole));
});
