import assert from "node:assert/strict";
import test from "node:test";
import {
  CopyObjectCommand,
  type CopyObjectCommandInput,
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
} from "@aws-sdk/client-s3";
import { covers } from "../../support/covers.ts";
import { newBucket } from "../../support/s3-buckets.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();

async function startSource(input: Partial<PutObjectCommandInput> = {}) {
  const s3 = tule.s3();
  const Bucket = newBucket();
  await s3.send(new CreateBucketCommand({ Bucket }));
  const put = await s3.send(new PutObjectCommand({ Bucket, Key: "a b/ü", Body: "data", ...input }));
  const copy = (more: Partial<CopyObjectCommandInput> = {}) =>
    s3.send(
      new CopyObjectCommand({
        Bucket,
        Key: "copy",
        CopySource: `${Bucket}/${encodeURIComponent("a b/ü")}`,
        ...more,
      }),
    );
  const head = (Key = "copy") =>
    s3.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: "ENABLED" }));
  return { s3, Bucket, put, copy, head };
}

test("a copy has its source's bytes, headers and tags, or others", async () => {
  covers("s3.CopyObject");
  const { s3, Bucket, put, copy, head } = await startSource({
    ContentType: "application/json",
    ContentLanguage: "en-US",
    Metadata: { key: "value" },
    Tagging: "key1=value1",
  });
  const tags = async () =>
    (await s3.send(new GetObjectTaggingCommand({ Bucket, Key: "copy" }))).TagSet;
  const copied = await copy();
  assert.equal(copied.CopyObjectResult?.ETag, put.ETag);
  assert.equal(copied.CopyObjectResult?.ChecksumCRC32, put.ChecksumCRC32);
  assert.ok(copied.CopyObjectResult?.LastModified);
  const same = await head();
  assert.deepEqual(
    [same.ContentType, same.ContentLanguage, same.Metadata],
    ["application/json", "en-US", { key: "value" }],
  );
  assert.deepEqual(await tags(), [{ Key: "key1", Value: "value1" }]);
  // Recorded: what is given without the directive says nothing.
  await copy({ ContentType: "image/jpg", Metadata: { other: "x" } });
  assert.deepEqual((await head()).Metadata, { key: "value" });
  await copy({ MetadataDirective: "REPLACE", ContentType: "image/jpg", Metadata: { other: "x" } });
  const replaced = await head();
  assert.deepEqual(
    [replaced.ContentType, replaced.ContentLanguage, replaced.Metadata],
    ["image/jpg", undefined, { other: "x" }],
  );
  await copy({ TaggingDirective: "REPLACE", Tagging: "a=b" });
  assert.deepEqual(await tags(), [{ Key: "a", Value: "b" }]);
});

test("a copy outlives its source", async () => {
  covers("s3.CopyObject");
  const Body = "x".repeat(200_000);
  const { s3, Bucket, copy } = await startSource({ Body });
  await copy();
  await s3.send(new DeleteObjectCommand({ Bucket, Key: "a b/ü" }));
  const got = await s3.send(new GetObjectCommand({ Bucket, Key: "copy" }));
  assert.equal(await got.Body?.transformToString(), Body);
});

test("an object is copied onto itself only to change something", async () => {
  covers("s3.CopyObject");
  const { copy, head } = await startSource();
  const inPlace = (more: object = {}) => copy({ Key: "a b/ü", ...more });
  await assert.rejects(inPlace(), {
    name: "InvalidRequest",
    message:
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
  });
  await inPlace({ StorageClass: "STANDARD_IA" });
  assert.equal((await head("a b/ü")).StorageClass, "STANDARD_IA");
  await inPlace({ WebsiteRedirectLocation: "/elsewhere" });
  assert.equal((await head("a b/ü")).WebsiteRedirectLocation, "/elsewhere");
});

test("a copy may have another checksum", async () => {
  covers("s3.CopyObject", "s3.GetObjectAttributes");
  const { s3, Bucket, copy } = await startSource({ Body: "123456789" });
  const copied = await copy({ ChecksumAlgorithm: "SHA1" });
  assert.equal(copied.CopyObjectResult?.ChecksumSHA1, "98O8HYCOBHMq32eZZczDTKeuNEE=");
  const { Checksum, ETag, ObjectSize } = await s3.send(
    new GetObjectAttributesCommand({
      Bucket,
      Key: "copy",
      ObjectAttributes: ["Checksum", "ETag", "ObjectSize"],
    }),
  );
  assert.deepEqual(Checksum, {
    ChecksumSHA1: "98O8HYCOBHMq32eZZczDTKeuNEE=",
    ChecksumType: "FULL_OBJECT",
  });
  assert.deepEqual([ETag, ObjectSize], ["25f9e794323b453885f5181f1b624d0b", 9]);
});

test("a copy is made only under its conditions", async () => {
  covers("s3.CopyObject");
  const { copy, put } = await startSource();
  const past = new Date(Date.now() - 3_600_000);
  const fails = (Condition: string) => ({ name: "PreconditionFailed", Condition });
  // Recorded.
  await assert.rejects(copy({ CopySourceIfMatch: '"x"' }), fails("x-amz-copy-source-If-Match"));
  await assert.rejects(
    copy({ CopySourceIfUnmodifiedSince: past }),
    fails("x-amz-copy-source-If-Unmodified-Since"),
  );
  await assert.rejects(
    copy({ CopySourceIfNoneMatch: put.ETag }),
    fails("x-amz-copy-source-If-None-Match"),
  );
  await copy({ CopySourceIfModifiedSince: new Date(Date.now() + 3_600_000) });
  await assert.rejects(copy({ IfNoneMatch: "*" }), fails("If-None-Match"));
  await assert.rejects(copy({ IfMatch: '"x"' }), fails("If-Match"));
  await copy({ IfMatch: put.ETag });
  await assert.rejects(copy({ Key: "none", IfMatch: put.ETag }), { name: "NoSuchKey" });
  await assert.rejects(copy({ CopySource: "nothing" }), { name: "InvalidArgument" });
  await assert.rejects(copy({ CopySource: `${newBucket()}/a` }), { name: "NoSuchBucket" });
});

test("any version may be copied, to make it the newest again", async () => {
  covers("s3.CopyObject");
  const { s3, Bucket } = await startSource();
  const Key = "versioned";
  const VersioningConfiguration = { Status: "Enabled" } as const;
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
  const { VersionId } = await s3.send(new PutObjectCommand({ Bucket, Key, Body: "one" }));
  await s3.send(new PutObjectCommand({ Bucket, Key, Body: "two" }));
  const CopySource = `/${Bucket}/${Key}?versionId=${VersionId}`;
  const copied = await s3.send(new CopyObjectCommand({ Bucket, Key, CopySource }));
  assert.equal(copied.CopySourceVersionId, VersionId);
  assert.notEqual(copied.VersionId, VersionId);
  const got = await s3.send(new GetObjectCommand({ Bucket, Key }));
  assert.equal(await got.Body?.transformToString(), "one");
  await s3.send(new DeleteObjectCommand({ Bucket, Key }));
  await assert.rejects(
    s3.send(new CopyObjectCommand({ Bucket, Key: "other", CopySource: `${Bucket}/${Key}` })),
    { name: "NoSuchKey" },
  );
});
