import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketReplicationCommand,
  DeleteObjectCommand,
  GetBucketReplicationCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutBucketReplicationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type ReplicationRule,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { covers } from "../../support/covers.ts";
import { newBucket } from "../../support/s3-buckets.ts";
import { startTule, type Tule } from "../../support/tule.ts";
import { until } from "../../support/until.ts";

const tule = await startTule();
const dataFolder = mkdtempSync(join(tmpdir(), "tule-s3-replication-"));
after(() => rmSync(dataFolder, { recursive: true }));

async function versionedBucket(s3: S3Client, region = "us-east-1"): Promise<string> {
  const Bucket = newBucket();
  await s3.send(
    new CreateBucketCommand({
      Bucket,
      ...(region !== "us-east-1" && {
        CreateBucketConfiguration: { LocationConstraint: region as "eu-west-1" },
      }),
    }),
  );
  await s3.send(
    new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }),
  );
  return Bucket;
}

async function start(on: Tule = tule) {
  const account = on.newAccount();
  const s3 = on.s3(account);
  const there = on.s3(account, { region: "eu-west-1" });
  const source = await versionedBucket(s3);
  const target = await versionedBucket(there, "eu-west-1");
  const rule = (more: Partial<ReplicationRule> = {}): ReplicationRule => ({
    ID: "all",
    Status: "Enabled",
    Priority: 1,
    Filter: { Prefix: "" },
    DeleteMarkerReplication: { Status: "Enabled" },
    Destination: { Bucket: `arn:aws:s3:::${target}` },
    ...more,
  });
  const configure = (...Rules: ReplicationRule[]) =>
    s3.send(
      new PutBucketReplicationCommand({
        Bucket: source,
        ReplicationConfiguration: { Role: "arn:aws:iam::123456789012:role/r", Rules },
      }),
    );
  const statusOf = async (Key: string) =>
    (await s3.send(new HeadObjectCommand({ Bucket: source, Key }))).ReplicationStatus;
  const replicated = (Key: string) =>
    until(
      () => statusOf(Key),
      (status) => status === "COMPLETED",
    );
  return { account, s3, there, source, target, rule, configure, statusOf, replicated };
}

test("a configuration is kept, and what is none is refused", async () => {
  covers("s3.PutBucketReplication", "s3.GetBucketReplication", "s3.DeleteBucketReplication");
  // Recorded.
  const { s3, source, rule, configure } = await start();
  const read = () => s3.send(new GetBucketReplicationCommand({ Bucket: source }));
  const none = {
    name: "ReplicationConfigurationNotFoundError",
    message: "The replication configuration was not found",
  };
  await assert.rejects(read(), none);
  await assert.rejects(configure(), { name: "MalformedXML" });
  const nowhere = rule({ Destination: { Bucket: "arn:aws:s3:::not-there" } });
  await assert.rejects(configure(nowhere), {
    name: "InvalidRequest",
    message: "Destination bucket must have versioning enabled.",
  });
  await configure(rule());
  assert.deepEqual((await read()).ReplicationConfiguration?.Rules, [rule()]);
  await assert.rejects(
    s3.send(
      new PutBucketVersioningCommand({
        Bucket: source,
        VersioningConfiguration: { Status: "Suspended" },
      }),
    ),
    { name: "InvalidBucketState" },
  );
  await s3.send(new DeleteBucketReplicationCommand({ Bucket: source }));
  await s3.send(new DeleteBucketReplicationCommand({ Bucket: source }));
  await assert.rejects(read(), none);
  const plain = newBucket();
  await s3.send(new CreateBucketCommand({ Bucket: plain }));
  const unversioned = new PutBucketReplicationCommand({
    Bucket: plain,
    ReplicationConfiguration: { Role: "r", Rules: [rule()] },
  });
  await assert.rejects(s3.send(unversioned), {
    message: "Versioning must be 'Enabled' on the bucket to apply a replication configuration",
  });
});

test("new versions and delete markers go to another region, with their ids and all that is said of them", async () => {
  covers("s3.PutBucketReplication", "s3.PutObject", "s3.DeleteObject", "s3.HeadObject");
  const { s3, there, source, target, rule, configure, replicated } = await start();
  await s3.send(new PutObjectCommand({ Bucket: source, Key: "before", Body: "" }));
  await configure(
    rule({ Destination: { Bucket: `arn:aws:s3:::${target}`, StorageClass: "STANDARD_IA" } }),
  );
  const body = "large ".repeat(20_000);
  const put = await s3.send(
    new PutObjectCommand({
      Bucket: source,
      Key: "a",
      Body: body,
      ContentType: "text/plain",
      Metadata: { one: "1" },
      Tagging: "T=1",
    }),
  );
  await replicated("a");
  const got = await there.send(new GetObjectCommand({ Bucket: target, Key: "a" }));
  assert.equal(await got.Body!.transformToString(), body);
  assert.deepEqual(
    [got.VersionId, got.ETag, got.ContentType, got.Metadata, got.TagCount],
    [put.VersionId, put.ETag, "text/plain", { one: "1" }, 1],
  );
  assert.deepEqual([got.ReplicationStatus, got.StorageClass], ["REPLICA", "STANDARD_IA"]);
  const deleted = await s3.send(new DeleteObjectCommand({ Bucket: source, Key: "a" }));
  await until(
    () => there.send(new ListObjectVersionsCommand({ Bucket: target })),
    ({ DeleteMarkers }) => DeleteMarkers?.[0]?.VersionId === deleted.VersionId,
  );
  // A version that is deleted here stays there, and its bytes with it.
  await s3.send(new DeleteObjectCommand({ Bucket: source, Key: "a", VersionId: put.VersionId }));
  const kept = await there.send(
    new GetObjectCommand({ Bucket: target, Key: "a", VersionId: put.VersionId }),
  );
  assert.equal(await kept.Body!.transformToString(), body);
  const listed = await there.send(new ListObjectVersionsCommand({ Bucket: target }));
  assert.deepEqual(
    listed.Versions?.map(({ Key }) => Key),
    ["a"],
  );
});

test("rules choose by prefix and tags, and the one of the highest priority holds", async () => {
  covers("s3.PutBucketReplication", "s3.CompleteMultipartUpload");
  const { s3, there, source, target, rule, configure, statusOf, replicated } = await start();
  const { Destination } = rule() as { Destination: { Bucket: string } };
  await configure(
    rule({ ID: "1", Filter: { And: { Prefix: "in/", Tags: [{ Key: "go", Value: "yes" }] } } }),
    rule({
      ID: "2",
      Priority: 2,
      Filter: { Prefix: "in/cold/" },
      Destination: { ...Destination, StorageClass: "GLACIER_IR" },
      DeleteMarkerReplication: { Status: "Disabled" },
    }),
  );
  const put = (Key: string, Tagging?: string) =>
    s3.send(new PutObjectCommand({ Bucket: source, Key, Body: Key, Tagging }));
  await put("in/1");
  await put("out", "go=yes");
  assert.deepEqual([await statusOf("in/1"), await statusOf("out")], [undefined, undefined]);
  await put("in/2", "go=yes");
  await put("in/cold/3", "go=yes");
  await replicated("in/2");
  await replicated("in/cold/3");
  const cold = await there.send(new HeadObjectCommand({ Bucket: target, Key: "in/cold/3" }));
  assert.equal(cold.StorageClass, "GLACIER_IR");
  // In parts, too; and in one region.
  const Key = "in/cold/parts";
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket: source, Key }));
  const part = await s3.send(
    new UploadPartCommand({ Bucket: source, Key, UploadId, PartNumber: 1, Body: "p" }),
  );
  await s3.send(
    new CompleteMultipartUploadCommand({
      Bucket: source,
      Key,
      UploadId,
      MultipartUpload: { Parts: [{ PartNumber: 1, ETag: part.ETag }] },
    }),
  );
  await replicated(Key);
  const got = await there.send(new GetObjectCommand({ Bucket: target, Key, PartNumber: 1 }));
  assert.equal(await got.Body!.transformToString(), "p");
});

test("what a cut holds back is pending, through a restart, and arrives when it is healed", async () => {
  covers("s3.PutBucketReplication");
  const first = await startTule({ dataFolder });
  const { account, s3, source, target, rule, configure, statusOf } = await start(first);
  await configure(rule());
  const cut = await fetch(`${first.endpoint}/_tule/links`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ regions: ["us-east-1", "eu-west-1"], cut: true }),
  });
  assert.equal(cut.status, 200, await cut.text());
  await s3.send(new PutObjectCommand({ Bucket: source, Key: "a", Body: "late" }));
  assert.equal(await statusOf("a"), "PENDING");
  await first.close();
  // Links are whole again where a server starts.
  const second = await startTule({ dataFolder });
  const there = second.s3(account, { region: "eu-west-1" });
  await until(
    () => there.send(new HeadObjectCommand({ Bucket: target, Key: "a" })).catch(() => undefined),
    (head) => head?.ReplicationStatus === "REPLICA",
  );
  await second.close();
});
