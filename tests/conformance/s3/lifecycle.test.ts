import assert from "node:assert/strict";
import test from "node:test";
import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketLifecycleCommand,
  DeleteObjectCommand,
  GetBucketLifecycleConfigurationCommand,
  GetObjectCommand,
  HeadObjectCommand,
  type LifecycleRule,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
} from "@aws-sdk/client-s3";
import { covers } from "../../support/covers.ts";
import { newBucket } from "../../support/s3-buckets.ts";
import { startTule, type Tule } from "../../support/tule.ts";
import { until } from "../../support/until.ts";

const dayMs = 86_400_000;

/** Each test moves a clock, so each has a server of its own. */
async function start(isVersioned = false) {
  const tule: Tule = await startTule();
  tule.clock.moveTo(Date.UTC(2030, 0, 10, 12));
  const s3 = tule.s3();
  const Bucket = newBucket();
  await s3.send(new CreateBucketCommand({ Bucket }));
  if (isVersioned) {
    const VersioningConfiguration = { Status: "Enabled" } as const;
    await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
  }
  const put = (Key: string, more: Partial<PutObjectCommandInput> = {}) =>
    s3.send(new PutObjectCommand({ Bucket, Key, Body: "body", ...more }));
  const rules = (...Rules: LifecycleRule[]) =>
    s3.send(
      new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules } }),
    );
  const keys = async () =>
    (await s3.send(new ListObjectsV2Command({ Bucket }))).Contents?.map(({ Key }) => Key) ?? [];
  const versions = async () => {
    const listed = await s3.send(new ListObjectVersionsCommand({ Bucket }));
    return [listed.Versions?.length ?? 0, listed.DeleteMarkers?.length ?? 0];
  };
  const later = (days: number): void => tule.clock.moveTo(tule.clock.nowMs() + days * dayMs);
  return { tule, s3, Bucket, put, rules, keys, versions, later };
}

const enabled = { Status: "Enabled" } as const;

test("objects expire at the midnight after their days, and say so before", async () => {
  covers("s3.PutBucketLifecycleConfiguration", "s3.PutObject", "s3.HeadObject");
  const { s3, Bucket, put, rules, keys, later } = await start();
  await put("logs/before");
  await rules({ ...enabled, ID: "old logs", Filter: { Prefix: "logs/" }, Expiration: { Days: 2 } });
  const { Expiration } = await put("logs/after");
  assert.equal(Expiration, 'expiry-date="Sun, 13 Jan 2030 00:00:00 GMT", rule-id="old%20logs"');
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key: "logs/before" }));
  assert.equal(head.Expiration, Expiration);
  assert.equal((await put("other")).Expiration, undefined);
  later(2);
  await put("logs/new");
  assert.deepEqual(await keys(), ["logs/after", "logs/before", "logs/new", "other"]);
  later(1);
  await until(keys, (found) => found.length === 2);
  assert.deepEqual(await keys(), ["logs/new", "other"]);
  later(3);
  await until(keys, (found) => found.length === 1);
  assert.deepEqual(await keys(), ["other"]);
});

test("filters look at tags and sizes, and a date is a day for all", async () => {
  covers("s3.PutBucketLifecycleConfiguration", "s3.GetBucketLifecycleConfiguration");
  const { s3, Bucket, put, rules, keys, later } = await start();
  const given: LifecycleRule[] = [
    {
      ...enabled,
      ID: "1",
      Filter: { Tag: { Key: "temp", Value: "yes" } },
      Expiration: { Days: 1 },
    },
    {
      ...enabled,
      ID: "2",
      Filter: {
        And: { Prefix: "big/", ObjectSizeGreaterThan: 10, Tags: [{ Key: "a", Value: "b" }] },
      },
      Expiration: { Date: new Date("2030-01-12T00:00:00Z") },
    },
    { Status: "Disabled", ID: "3", Filter: { Prefix: "" }, Expiration: { Days: 1 } },
  ];
  await rules(...given);
  const stored = await s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket }));
  assert.deepEqual(stored.Rules, given);
  assert.equal(stored.TransitionDefaultMinimumObjectSize, "all_storage_classes_128K");
  await put("tagged", { Tagging: "temp=yes" });
  await put("untagged", { Tagging: "temp=no" });
  await put("big/one", { Tagging: "a=b", Body: "x".repeat(11) });
  await put("big/small", { Tagging: "a=b" });
  later(3);
  await until(keys, (found) => found.length === 2);
  assert.deepEqual(await keys(), ["big/small", "untagged"]);
});

test("in a bucket with versions, expiry hides objects, and what is hidden goes by rules of its own", async () => {
  covers("s3.PutBucketLifecycleConfiguration", "s3.ListObjectVersions");
  const { put, rules, versions, later } = await start(true);
  await rules(
    { ...enabled, ID: "1", Filter: { Prefix: "" }, Expiration: { Days: 10 } },
    {
      ...enabled,
      ID: "2",
      Filter: { Prefix: "" },
      NoncurrentVersionExpiration: { NoncurrentDays: 1, NewerNoncurrentVersions: 1 },
    },
  );
  for (let version = 0; version < 4; version++) await put("key");
  assert.deepEqual(await versions(), [4, 0]);
  later(3);
  assert.deepEqual(await until(versions, ([count]) => count === 2), [2, 0]);
  later(10);
  assert.deepEqual(await until(versions, ([, markers]) => markers === 1), [2, 1]);
  later(3);
  assert.deepEqual(await until(versions, ([count]) => count === 1), [1, 1]);
});

test("delete markers with nothing behind them go where a rule says so", async () => {
  covers("s3.PutBucketLifecycleConfiguration");
  const { s3, Bucket, put, rules, versions, later } = await start(true);
  await rules({
    ...enabled,
    ID: "1",
    Filter: { Prefix: "" },
    Expiration: { ExpiredObjectDeleteMarker: true },
  });
  await put("kept");
  await s3.send(new DeleteObjectCommand({ Bucket, Key: "kept" }));
  await s3.send(new DeleteObjectCommand({ Bucket, Key: "alone" }));
  assert.deepEqual(await versions(), [1, 2]);
  later(1);
  assert.deepEqual(await until(versions, ([, markers]) => markers === 1), [1, 1]);
});

test("uploads that nobody completes are aborted", async () => {
  covers("s3.PutBucketLifecycleConfiguration", "s3.ListMultipartUploads");
  const { s3, Bucket, rules, later } = await start();
  await rules({
    ...enabled,
    ID: "1",
    Filter: { Prefix: "up" },
    AbortIncompleteMultipartUpload: { DaysAfterInitiation: 3 },
  });
  for (const Key of ["upload", "other"]) {
    await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
  }
  const uploads = async () =>
    (await s3.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads?.map(({ Key }) => Key);
  later(5);
  assert.deepEqual(await until(uploads, (found) => found?.length === 1), ["other"]);
});

test("objects move to another class, and from an archive they are not read", async () => {
  covers("s3.PutBucketLifecycleConfiguration", "s3.GetObject");
  const { s3, Bucket, put, rules, later } = await start();
  await put("key");
  await rules({
    ...enabled,
    ID: "1",
    Filter: { Prefix: "" },
    Transitions: [
      { Days: 30, StorageClass: "STANDARD_IA" },
      { Days: 90, StorageClass: "GLACIER" },
    ],
  });
  const storageClass = async () =>
    (await s3.send(new HeadObjectCommand({ Bucket, Key: "key" }))).StorageClass;
  later(31);
  await until(storageClass, (found) => found === "STANDARD_IA");
  await s3.send(new GetObjectCommand({ Bucket, Key: "key" }));
  later(60);
  await until(storageClass, (found) => found === "GLACIER");
  // Recorded.
  await assert.rejects(s3.send(new GetObjectCommand({ Bucket, Key: "key" })), {
    name: "InvalidObjectState",
    message: "The operation is not valid for the object's storage class",
    StorageClass: "GLACIER",
  });
});

test("rules that say nothing, or too much, are refused; deleted ones do nothing", async () => {
  covers("s3.PutBucketLifecycleConfiguration", "s3.DeleteBucketLifecycle");
  const { s3, Bucket, put, rules, keys, later } = await start();
  const none = {
    name: "NoSuchLifecycleConfiguration",
    message: "The lifecycle configuration does not exist",
  };
  const get = () => s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket }));
  await assert.rejects(get(), none);
  const rule = { ...enabled, ID: "1", Filter: { Prefix: "" } };
  await assert.rejects(rules(rule), { name: "InvalidRequest" });
  await assert.rejects(rules({ ...rule, Expiration: { Days: 0 } }), { name: "InvalidArgument" });
  await assert.rejects(rules({ ...rule, Expiration: { Date: new Date(3) } }), {
    message: "'Date' must be at midnight GMT",
  });
  const good = { ...rule, Expiration: { Days: 1 } };
  await assert.rejects(rules(good, good), { name: "InvalidArgument" });
  await rules(good);
  await put("key");
  await s3.send(new DeleteBucketLifecycleCommand({ Bucket }));
  await assert.rejects(get(), none);
  later(5);
  assert.deepEqual(await keys(), ["key"]);
});
