import assert from "node:assert/strict";
import test from "node:test";
import {
  CreateBucketCommand,
  DeleteBucketTaggingCommand,
  DeleteObjectTaggingCommand,
  GetBucketTaggingCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutBucketTaggingCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type Tag,
} from "@aws-sdk/client-s3";
import { covers } from "../../support/covers.ts";
import { newBucket } from "../../support/s3-buckets.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();

async function start() {
  const s3 = tule.s3();
  const Bucket = newBucket();
  await s3.send(new CreateBucketCommand({ Bucket }));
  const tag = (TagSet: Tag[], VersionId?: string) =>
    s3.send(new PutObjectTaggingCommand({ Bucket, Key: "a", VersionId, Tagging: { TagSet } }));
  const tags = async (VersionId?: string) =>
    (await s3.send(new GetObjectTaggingCommand({ Bucket, Key: "a", VersionId }))).TagSet;
  const put = (Tagging?: string) =>
    s3.send(new PutObjectCommand({ Bucket, Key: "a", Body: "", Tagging }));
  return { s3, Bucket, tag, tags, put };
}

test("an object's tags come with it, are replaced and deleted", async () => {
  covers("s3.PutObjectTagging", "s3.GetObjectTagging", "s3.DeleteObjectTagging", "s3.PutObject");
  const { s3, Bucket, tag, tags, put } = await start();
  const count = async () => (await s3.send(new HeadObjectCommand({ Bucket, Key: "a" }))).TagCount;
  await assert.rejects(tag([]), { name: "NoSuchKey", Key: "a" });
  await put("tag1=one&tag+2=%C3%BC&tag3");
  assert.deepEqual(await tags(), [
    { Key: "tag1", Value: "one" },
    { Key: "tag 2", Value: "ü" },
    { Key: "tag3", Value: "" },
  ]);
  assert.equal(await count(), 3);
  await tag([{ Key: "x", Value: "y" }]);
  assert.deepEqual(await tags(), [{ Key: "x", Value: "y" }]);
  await put();
  assert.deepEqual(await tags(), []);
  assert.equal(await count(), undefined);
  await tag([{ Key: "x", Value: "y" }]);
  const deleted = await s3.send(new DeleteObjectTaggingCommand({ Bucket, Key: "a" }));
  assert.equal(deleted.$metadata.httpStatusCode, 204);
  assert.deepEqual(await tags(), []);
});

test("each version has tags of its own", async () => {
  covers("s3.PutObjectTagging", "s3.GetObjectTagging");
  const { s3, Bucket, tag, tags, put } = await start();
  const VersioningConfiguration = { Status: "Enabled" } as const;
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
  const { VersionId } = await put("v=1");
  await put("v=2");
  assert.deepEqual(await tags(), [{ Key: "v", Value: "2" }]);
  const answer = await tag([{ Key: "v", Value: "1b" }], VersionId);
  assert.equal(answer.VersionId, VersionId);
  assert.deepEqual(await tags(VersionId), [{ Key: "v", Value: "1b" }]);
  assert.deepEqual(await tags(), [{ Key: "v", Value: "2" }]);
});

test("a bucket's tags are replaced as a whole", async () => {
  covers("s3.PutBucketTagging", "s3.GetBucketTagging", "s3.DeleteBucketTagging");
  const { s3, Bucket } = await start();
  const tags = async () => (await s3.send(new GetBucketTaggingCommand({ Bucket }))).TagSet;
  const tag = (TagSet: Tag[]) =>
    s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } }));
  const none = { name: "NoSuchTagSet", message: "The TagSet does not exist", BucketName: Bucket };
  await assert.rejects(tags(), none);
  await tag([{ Key: "a", Value: "b" }]);
  await tag([{ Key: "c", Value: "d" }]);
  assert.deepEqual(await tags(), [{ Key: "c", Value: "d" }]);
  await s3.send(new DeleteBucketTaggingCommand({ Bucket }));
  await assert.rejects(tags(), none);
  await tag([{ Key: "a", Value: "b" }]);
  await tag([]);
  await assert.rejects(tags(), none);
});

test("tags that are not well formed are refused", async () => {
  covers("s3.PutObjectTagging", "s3.PutBucketTagging", "s3.PutObject");
  const { s3, Bucket, tag, put } = await start();
  await put();
  const tagBucket = (TagSet: Tag[]) =>
    s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } }));
  // Recorded.
  for (const each of [tag, tagBucket]) {
    const refuses = (given: Tag[], error: object) =>
      assert.rejects(each(given), { name: "InvalidTag", ...error });
    const twice = [
      { Key: "Key1", Value: "1" },
      { Key: "Key1", Value: "2" },
    ];
    await refuses(twice, {
      message: "Cannot provide multiple Tags with the same key",
      TagKey: "Key1",
    });
    await refuses([{ Key: "Key1,Key2", Value: "" }], {
      message: "The TagKey you have provided is invalid",
      TagKey: "Key1,Key2",
    });
    await refuses([{ Key: "Key1", Value: "Val1,Val2" }], {
      message: "The TagValue you have provided is invalid",
      TagValue: "Val1,Val2",
    });
  }
  const aws = [{ Key: "aws:prefixed", Value: "" }];
  await assert.rejects(tag(aws), { message: "Your TagKey cannot be prefixed with aws:" });
  await assert.rejects(tagBucket(aws), {
    message: "System tags cannot be added/updated by requester",
  });
  const eleven = Array.from({ length: 11 }, (_, at) => ({ Key: `${at}`, Value: "" }));
  await assert.rejects(tag(eleven), {
    name: "BadRequest",
    message: "Object tags cannot be greater than 10",
  });
  for (const ArgumentValue of ["key1=val1&key1=val2", "key1=val1,key2=val2"]) {
    await assert.rejects(put(ArgumentValue), {
      name: "InvalidArgument",
      message:
        "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
      ArgumentName: "x-amz-tagging",
      ArgumentValue,
    });
  }
});
