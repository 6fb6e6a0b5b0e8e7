import assert from "node:assert/strict";
import test from "node:test";
import {
  CreateBucketCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { covers } from "../../support/covers.ts";
import { newBucket } from "../../support/s3-buckets.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();

async function startBucket(...keys: string[]): Promise<{ s3: S3Client; Bucket: string }> {
  const s3 = tule.s3();
  const Bucket = newBucket();
  await s3.send(new CreateBucketCommand({ Bucket }));
  for (const Key of keys) await s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
  return { s3, Bucket };
}

interface Listed {
  readonly Contents?: { Key?: string | undefined }[] | undefined;
  readonly CommonPrefixes?: { Prefix?: string | undefined }[] | undefined;
}
const keysOf = ({ Contents }: Listed) => Contents?.map(({ Key }) => Key) ?? [];
const prefixesOf = ({ CommonPrefixes }: Listed) =>
  CommonPrefixes?.map(({ Prefix }) => Prefix) ?? [];

test("keys are listed in the order of their UTF-8 bytes", async () => {
  covers("s3.ListObjectsV2", "s3.ListObjects");
  const keys = ["A", "a", "a/b", "a0", "b", "z", "\u{FF5E}", "\u{1F600}"];
  const { s3, Bucket } = await startBucket(...keys.toReversed());
  const listed = await s3.send(new ListObjectsV2Command({ Bucket }));
  assert.deepEqual(keysOf(listed), keys);
  assert.equal(listed.KeyCount, keys.length);
  assert.equal(listed.IsTruncated, false);
  assert.equal(listed.MaxKeys, 1000);
  const [first] = listed.Contents!;
  assert.deepEqual(
    { ...first, LastModified: undefined },
    {
      Key: "A",
      ETag: '"7fc56270e7a70fa81a5935b72eacbe29"',
      Size: 1,
      StorageClass: "STANDARD",
      ChecksumAlgorithm: ["CRC32"],
      ChecksumType: "FULL_OBJECT",
      LastModified: undefined,
    },
  );
  const old = await s3.send(new ListObjectsCommand({ Bucket }));
  assert.deepEqual(keysOf(old), keys);
  assert.match(old.Contents?.[0]?.Owner?.ID ?? "", /^[0-9a-f]{64}$/);
});

test("a delimiter rolls keys up, page by page", async () => {
  covers("s3.ListObjectsV2");
  // Recorded.
  const { s3, Bucket } = await startBucket(
    "folder/aSubfolder/subFile1",
    "folder/aSubfolder/subFile2",
    "folder/file1",
    "folder/file2",
  );
  const list = (input: Partial<ListObjectsV2CommandInput>) =>
    s3.send(new ListObjectsV2Command({ Bucket, Prefix: "folder/", Delimiter: "/", ...input }));
  const whole = await list({});
  assert.deepEqual(prefixesOf(whole), ["folder/aSubfolder/"]);
  assert.deepEqual(keysOf(whole), ["folder/file1", "folder/file2"]);
  assert.equal(whole.KeyCount, 3);
  const pages: unknown[] = [];
  let ContinuationToken: string | undefined;
  do {
    const page = await list({ MaxKeys: 1, ContinuationToken });
    assert.equal(page.ContinuationToken, ContinuationToken);
    assert.equal(page.KeyCount, 1);
    pages.push(...prefixesOf(page), ...keysOf(page));
    ContinuationToken = page.NextContinuationToken;
    assert.equal(page.IsTruncated, ContinuationToken !== undefined);
  } while (ContinuationToken !== undefined);
  assert.deepEqual(pages, ["folder/aSubfolder/", "folder/file1", "folder/file2"]);
});

test("a prefix may end anywhere, and a delimiter may be long", async () => {
  covers("s3.ListObjectsV2");
  const { s3, Bucket } = await startBucket(
    "test/bar/foo/123",
    "test/foo/bar/123",
    "test/foo/bar/456",
    "other",
  );
  const list = (Prefix: string, Delimiter?: string) =>
    s3.send(new ListObjectsV2Command({ Bucket, Prefix, Delimiter }));
  // Recorded.
  assert.deepEqual(prefixesOf(await list("test/", "/")), ["test/bar/", "test/foo/"]);
  assert.deepEqual(prefixesOf(await list("test/foo", "/")), ["test/foo/"]);
  assert.deepEqual(prefixesOf(await list("test/foo/bar", "/")), ["test/foo/bar/"]);
  assert.deepEqual(keysOf(await list("test/foo/bar")), ["test/foo/bar/123", "test/foo/bar/456"]);
  assert.deepEqual(prefixesOf(await list("", "oo/")), ["test/bar/foo/", "test/foo/"]);
  assert.deepEqual(keysOf(await list("none")), []);
});

test("a list begins behind a key that need not be there", async () => {
  covers("s3.ListObjectsV2", "s3.ListObjects");
  const { s3, Bucket } = await startBucket("a", "b/1", "b/2", "c", "d");
  const list = (input: Partial<ListObjectsV2CommandInput>) =>
    s3.send(new ListObjectsV2Command({ Bucket, ...input }));
  assert.deepEqual(keysOf(await list({ StartAfter: "b" })), ["b/1", "b/2", "c", "d"]);
  assert.deepEqual(keysOf(await list({ StartAfter: "b/1" })), ["b/2", "c", "d"]);
  assert.deepEqual(keysOf(await list({ StartAfter: "b/1", Prefix: "b/" })), ["b/2"]);
  assert.deepEqual(keysOf(await list({ StartAfter: "z" })), []);
  const page = await s3.send(
    new ListObjectsCommand({ Bucket, Delimiter: "/", MaxKeys: 2, Marker: "" }),
  );
  assert.deepEqual([keysOf(page), prefixesOf(page), page.NextMarker], [["a"], ["b/"], "b/"]);
  const rest = await s3.send(
    new ListObjectsCommand({ Bucket, Delimiter: "/", Marker: page.NextMarker }),
  );
  assert.deepEqual([keysOf(rest), prefixesOf(rest)], [["c", "d"], []]);
  const plain = await s3.send(new ListObjectsCommand({ Bucket, MaxKeys: 2 }));
  assert.deepEqual([plain.IsTruncated, plain.NextMarker], [true, undefined]);
});

test("keys may be asked for percent-encoded, and strange requests are refused", async () => {
  covers("s3.ListObjectsV2", "s3.ListObjects");
  const { s3, Bucket } = await startBucket("a b+c/ü*~(1)");
  const listed = await s3.send(new ListObjectsV2Command({ Bucket, EncodingType: "url" }));
  assert.deepEqual(keysOf(listed), ["a+b%2Bc/%C3%BC*%7E%281%29"]);
  assert.equal(listed.EncodingType, "url");
  const wrong = { Bucket, EncodingType: "value" as never };
  for (const list of [new ListObjectsCommand(wrong), new ListObjectsV2Command(wrong)]) {
    await assert.rejects(s3.send(list), {
      name: "InvalidArgument",
      message: "Invalid Encoding Method specified in Request",
      ArgumentName: "encoding-type",
      ArgumentValue: "value",
    });
  }
  await assert.rejects(
    s3.send(new ListObjectsV2Command({ Bucket, ContinuationToken: "made up" })),
    {
      name: "InvalidArgument",
      message: "The continuation token provided is incorrect",
    },
  );
  const none = await s3.send(new ListObjectsV2Command({ Bucket, MaxKeys: 0 }));
  assert.deepEqual([none.KeyCount, none.IsTruncated], [0, false]);
  await assert.rejects(s3.send(new ListObjectsV2Command({ Bucket, MaxKeys: -1 })), {
    name: "InvalidArgument",
  });
});
