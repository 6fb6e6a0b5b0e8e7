import assert from "node:assert/strict";
import test from "node:test";
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandInput,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { covers } from "../../support/covers.ts";
import { newBucket, scopeOfS3 } from "../../support/s3-buckets.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();

type Status = "Enabled" | "Suspended";

async function startBucket(status?: Status) {
  const s3 = tule.s3();
  const Bucket = newBucket();
  await s3.send(new CreateBucketCommand({ Bucket }));
  if (status !== undefined) await setVersioning(s3, Bucket, status);
  const put = async (Key: string, Body = Key): Promise<string | undefined> =>
    (await s3.send(new PutObjectCommand({ Bucket, Key, Body }))).VersionId;
  const get = async (Key: string, VersionId?: string): Promise<string | undefined> =>
    (await s3.send(new GetObjectCommand({ Bucket, Key, VersionId }))).Body?.transformToString();
  const remove = (Key: string, VersionId?: string) =>
    s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId }));
  /** Each version in order, latest ones marked. */
  const versions = async (input: Partial<ListObjectVersionsCommandInput> = {}) => {
    const listed = await s3.send(new ListObjectVersionsCommand({ Bucket, ...input }));
    const show =
      (kind: string) =>
      (each: {
        VersionId?: string | undefined;
        IsLatest?: boolean | undefined;
        Key?: string | undefined;
      }) =>
        `${kind} ${each.Key} ${each.VersionId}${each.IsLatest ? " latest" : ""}`;
    return {
      listed,
      all: [
        ...(listed.Versions ?? []).map(show("object")),
        ...(listed.DeleteMarkers ?? []).map(show("marker")),
      ],
    };
  };
  return { s3, Bucket, put, get, remove, versions };
}

const setVersioning = (s3: S3Client, Bucket: string, Status: Status) =>
  s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }));

test("versioning is off, then on or suspended, and never off again", async () => {
  covers("s3.PutBucketVersioning", "s3.GetBucketVersioning");
  const { s3, Bucket } = await startBucket();
  const status = async () => (await s3.send(new GetBucketVersioningCommand({ Bucket }))).Status;
  assert.equal(await status(), undefined);
  for (const wanted of ["Suspended", "Enabled", "Suspended"] as const) {
    await setVersioning(s3, Bucket, wanted);
    assert.equal(await status(), wanted);
  }
  // Recorded.
  for (const wanted of ["enabled", "Disabled"]) {
    await assert.rejects(setVersioning(s3, Bucket, wanted as Status), { name: "MalformedXML" });
  }
  await assert.rejects(
    s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: {} })),
    {
      name: "IllegalVersioningConfigurationException",
      message: "The Versioning element must be specified",
    },
  );
});

test("each write is a version of its own, and a deletion hides them all", async () => {
  covers("s3.PutObject", "s3.GetObject", "s3.DeleteObject", "s3.ListObjectVersions");
  const { s3, Bucket, put, get, remove, versions } = await startBucket("Enabled");
  const first = await put("key", "one");
  const second = await put("key", "two");
  assert.match(first ?? "", /^[\w-]{32}$/);
  assert.notEqual(first, second);
  assert.equal(await get("key"), "two");
  assert.equal(await get("key", first), "one");
  const { VersionId: marker, DeleteMarker } = await remove("key");
  assert.equal(DeleteMarker, true);
  // Recorded.
  await assert.rejects(get("key"), { name: "NoSuchKey" });
  assert.equal(await get("key", second), "two");
  await assert.rejects(get("key", marker), {
    name: "MethodNotAllowed",
    message: "The specified method is not allowed against this resource.",
    Method: "GET",
    ResourceType: "DeleteMarker",
  });
  const headers = (error: { $response?: { headers: Record<string, string> } }) => {
    assert.equal(error.$response?.headers["x-amz-delete-marker"], "true");
    assert.equal(error.$response?.headers["x-amz-version-id"], marker);
    return true;
  };
  await assert.rejects(s3.send(new HeadObjectCommand({ Bucket, Key: "key" })), headers);
  assert.deepEqual((await versions()).all, [
    `object key ${second}`,
    `object key ${first}`,
    `marker key ${marker} latest`,
  ]);
  assert.equal((await s3.send(new ListObjectsV2Command({ Bucket }))).KeyCount, 0);
  const undone = await remove("key", marker);
  assert.deepEqual([undone.DeleteMarker, undone.VersionId], [true, marker]);
  assert.equal(await get("key"), "two");
  const removed = await remove("key", second);
  assert.deepEqual([removed.DeleteMarker, removed.VersionId], [undefined, second]);
  assert.equal(await get("key"), "one");
  await assert.rejects(get("key", second), {
    name: "NoSuchVersion",
    message: "The specified version does not exist.",
    Key: "key",
    VersionId: second,
  });
  await assert.rejects(remove("key", "no-version"), {
    name: "InvalidArgument",
    message: "Invalid version id specified",
    ArgumentName: "versionId",
  });
  await remove("key", first);
  assert.deepEqual((await versions()).all, []);
});

test("what was there before versioning, and what is written while it is suspended, is the version null", async () => {
  covers("s3.PutObject", "s3.DeleteObject", "s3.ListObjectVersions");
  const { s3, Bucket, put, get, remove, versions } = await startBucket();
  assert.equal(await put("key", "before"), undefined);
  await setVersioning(s3, Bucket, "Enabled");
  const second = await put("key", "second");
  assert.deepEqual((await versions()).all, [`object key ${second} latest`, "object key null"]);
  assert.equal(await get("key", "null"), "before");
  await setVersioning(s3, Bucket, "Suspended");
  await put("key", "suspended");
  assert.deepEqual((await versions()).all, ["object key null latest", `object key ${second}`]);
  assert.equal(await get("key", "null"), "suspended");
  const marker = await remove("key");
  assert.equal(marker.VersionId, "null");
  assert.deepEqual((await versions()).all, [`object key ${second}`, "marker key null latest"]);
  await put("key", "again");
  assert.deepEqual((await versions()).all, ["object key null latest", `object key ${second}`]);
  await setVersioning(s3, Bucket, "Enabled");
  const third = await put("key", "third");
  assert.deepEqual((await versions()).all, [
    `object key ${third} latest`,
    "object key null",
    `object key ${second}`,
  ]);
  await remove("key", "null");
  await assert.rejects(get("key", "null"), { name: "NoSuchVersion" });
  await remove("key", third);
  assert.equal(await get("key"), "second");
});

test("the order of versions is that of the writes, even if the clock goes back", async () => {
  covers("s3.ListObjectVersions");
  const { put, versions } = await startBucket("Enabled");
  const first = await put("key");
  const nowMs = tule.clock.nowMs();
  tule.clock.moveTo(nowMs - 86_400_000);
  const second = await put("key");
  tule.clock.moveTo(nowMs);
  assert.deepEqual((await versions()).all, [`object key ${second} latest`, `object key ${first}`]);
});

test("versions are listed page by page, from a key or from a version of it", async () => {
  covers("s3.ListObjectVersions");
  const { s3, Bucket, put, remove, versions } = await startBucket("Enabled");
  const ids: string[] = [];
  // Recorded: test_list_objects_versions_markers.
  for (const key of ["test_0", "test_1", "test_2", "test_2"]) ids.push((await put(key))!);
  for (const key of ["test_0", "test_1", "test_2"]) ids.push((await remove(key)).VersionId!);
  for (const key of ["test_0", "test_1"]) ids.push((await put(key))!);
  const [v1, v2, v3, v4, v5, v6, v7, v8, v9] = ids;
  const all = await versions();
  assert.deepEqual(all.all, [
    `object test_0 ${v8} latest`,
    `object test_0 ${v1}`,
    `object test_1 ${v9} latest`,
    `object test_1 ${v2}`,
    `object test_2 ${v4}`,
    `object test_2 ${v3}`,
    `marker test_0 ${v5}`,
    `marker test_1 ${v6}`,
    `marker test_2 ${v7} latest`,
  ]);
  const page = async (input: Partial<ListObjectVersionsCommandInput>) => {
    const { all: shown, listed } = await versions({ MaxKeys: 1, ...input });
    return [shown, listed.IsTruncated, listed.NextKeyMarker, listed.NextVersionIdMarker];
  };
  const [, isTruncated, key, version] = await page({ MaxKeys: 5 });
  assert.deepEqual([isTruncated, key, version], [true, "test_1", v6]);
  assert.deepEqual(await page({ KeyMarker: "test_1" }), [
    [`marker test_2 ${v7} latest`],
    true,
    "test_2",
    v7,
  ]);
  assert.deepEqual(await page({ KeyMarker: "test_2" }), [[], false, undefined, undefined]);
  assert.deepEqual(await page({ KeyMarker: "test_1", VersionIdMarker: v6 }), [
    [`object test_1 ${v2}`],
    true,
    "test_1",
    v2,
  ]);
  assert.deepEqual(await page({ KeyMarker: "test_2", VersionIdMarker: v4 }), [
    [`object test_2 ${v3}`],
    false,
    undefined,
    undefined,
  ]);
  await assert.rejects(s3.send(new ListObjectVersionsCommand({ Bucket, VersionIdMarker: v6 })), {
    name: "InvalidArgument",
    message: "A version-id marker cannot be specified without a key marker.",
  });
  const seen: string[] = [];
  let KeyMarker: string | undefined;
  let VersionIdMarker: string | undefined;
  do {
    const next = await versions({ MaxKeys: 2, KeyMarker, VersionIdMarker });
    seen.push(...next.all);
    ({ NextKeyMarker: KeyMarker, NextVersionIdMarker: VersionIdMarker } = next.listed);
  } while (KeyMarker !== undefined);
  assert.deepEqual(seen.toSorted(), all.all.toSorted());
});

test("common prefixes of versions are rolled up", async () => {
  covers("s3.ListObjectVersions");
  const { put, versions } = await startBucket("Enabled");
  const keys = ["folder/aSubfolder/1", "folder/aSubfolder/2", "folder/file1", "folder/file2"];
  for (const key of keys) await put(key);
  const page = async (KeyMarker?: string) => {
    const { listed } = await versions({ Prefix: "folder/", Delimiter: "/", MaxKeys: 1, KeyMarker });
    return [
      listed.CommonPrefixes?.map(({ Prefix }) => Prefix) ?? listed.Versions?.map(({ Key }) => Key),
      listed.NextKeyMarker,
    ];
  };
  // Recorded.
  assert.deepEqual(await page(), [["folder/aSubfolder/"], "folder/aSubfolder/"]);
  assert.deepEqual(await page("folder/aSubfolder/"), [["folder/file1"], "folder/file1"]);
  assert.deepEqual(await page("folder/aSubfolder/1"), [["folder/file1"], "folder/file1"]);
  assert.deepEqual(await page("folder/file1"), [["folder/file2"], undefined]);
});

test("many keys are deleted at once, each with its own answer", async () => {
  covers("s3.DeleteObjects");
  const { s3, Bucket, put } = await startBucket();
  const removeAll = (Objects: { Key: string; VersionId?: string | undefined }[], Quiet?: boolean) =>
    s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet } }));
  for (const key of ["a", "b", "c"]) await put(key);
  const deleted = await removeAll([{ Key: "a" }, { Key: "none" }]);
  assert.deepEqual(deleted.Deleted, [{ Key: "a" }, { Key: "none" }]);
  assert.equal((await removeAll([{ Key: "b" }], true)).Deleted, undefined);
  const left = await s3.send(new ListObjectsV2Command({ Bucket }));
  assert.deepEqual(
    left.Contents?.map(({ Key }) => Key),
    ["c"],
  );
  await assert.rejects(removeAll([]), { name: "MalformedXML" });
  const tooMany = Array.from({ length: 1001 }, (_, at) => ({ Key: `${at}` }));
  await assert.rejects(removeAll(tooMany), { name: "MalformedXML" });
  await setVersioning(s3, Bucket, "Enabled");
  const version = await put("v");
  // Recorded.
  const marked = (await removeAll([{ Key: "v" }])).Deleted?.[0];
  assert.equal(marked?.DeleteMarker, true);
  const VersionId = marked.DeleteMarkerVersionId;
  assert.deepEqual((await removeAll([{ Key: "v", VersionId }])).Deleted, [
    { Key: "v", VersionId, DeleteMarker: true, DeleteMarkerVersionId: VersionId },
  ]);
  const wrong = await removeAll([{ Key: "v", VersionId: "no-version" }]);
  assert.deepEqual(wrong.Errors, [
    {
      Key: "v",
      VersionId: "no-version",
      Code: "NoSuchVersion",
      Message: "The specified version does not exist.",
    },
  ]);
  assert.deepEqual((await removeAll([{ Key: "v", VersionId: version }])).Deleted, [
    { Key: "v", VersionId: version },
  ]);
});

test("a list of keys that is not what was said of it deletes nothing", async () => {
  covers("s3.DeleteObjects");
  const { s3, Bucket, put, get } = await startBucket();
  await put("a");
  const { accessKeyId } = await s3.config.credentials();
  for (const [name, code] of [
    ["content-md5", "BadDigest"],
    ["x-amz-checksum-sha256", "BadDigest"],
  ] as const) {
    const { status, text } = await tule.raw({
      path: `/${Bucket}?delete`,
      headers: { ...scopeOfS3(accessKeyId), [name]: "1B2M2Y8AsgTpgAmY7PhCfg==" },
      body: "<Delete><Object><Key>a</Key></Object></Delete>",
    });
    assert.equal(status, 400);
    assert.ok(text.includes(`<Code>${code}</Code>`), text);
  }
  assert.equal(await get("a"), "a");
});

test("a bucket with nothing but a delete marker is not empty", async () => {
  covers("s3.DeleteBucket");
  const { s3, Bucket, remove } = await startBucket("Enabled");
  const { VersionId } = await remove("key");
  // Recorded.
  await assert.rejects(s3.send(new DeleteBucketCommand({ Bucket })), {
    name: "BucketNotEmpty",
    message:
      "The bucket you tried to delete is not empty. You must delete all versions in the bucket.",
  });
  await remove("key", VersionId);
  await s3.send(new DeleteBucketCommand({ Bucket }));
});
