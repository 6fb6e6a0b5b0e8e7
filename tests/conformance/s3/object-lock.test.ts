import assert from "node:assert/strict";
import test from "node:test";
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectLegalHoldCommand,
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
  HeadObjectCommand,
  type ObjectLockConfiguration,
  type ObjectLockRetention,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  PutObjectLegalHoldCommand,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
} from "@aws-sdk/client-s3";
import { covers } from "../../support/covers.ts";
import { newBucket } from "../../support/s3-buckets.ts";
import { startTule } from "../../support/tule.ts";

const dayMs = 86_400_000;

async function start(isLocking = true) {
  const tule = await startTule();
  tule.clock.moveTo(Date.UTC(2030, 0, 1));
  tule.clock.freeze();
  const s3 = tule.s3();
  const Bucket = newBucket();
  await s3.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: isLocking }));
  const put = async (more: Partial<PutObjectCommandInput> = {}) =>
    (await s3.send(new PutObjectCommand({ Bucket, Key: "key", Body: "body", ...more }))).VersionId!;
  const remove = (VersionId: string, BypassGovernanceRetention?: boolean) =>
    s3.send(new DeleteObjectCommand({ Bucket, Key: "key", VersionId, BypassGovernanceRetention }));
  const retain = (Retention: ObjectLockRetention, BypassGovernanceRetention?: boolean) =>
    s3.send(
      new PutObjectRetentionCommand({ Bucket, Key: "key", Retention, BypassGovernanceRetention }),
    );
  const inDays = (days: number) => new Date(tule.clock.nowMs() + days * dayMs);
  return { tule, s3, Bucket, put, remove, retain, inDays };
}

// Recorded.
const isProtected = {
  name: "AccessDenied",
  message: "Access Denied because object protected by object lock.",
};
const lockDays = (Days: number): ObjectLockConfiguration => ({
  ObjectLockEnabled: "Enabled",
  Rule: { DefaultRetention: { Mode: "GOVERNANCE", Days } },
});

test("a version that governance retains is removed only by who bypasses it, until its time is over", async () => {
  covers("s3.PutObject", "s3.DeleteObject", "s3.HeadObject", "s3.GetObjectRetention");
  const { tule, s3, Bucket, put, remove, inDays } = await start();
  const locked = { ObjectLockMode: "GOVERNANCE", ObjectLockRetainUntilDate: inDays(2) } as const;
  const first = await put(locked);
  const second = await put(locked);
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key: "key" }));
  assert.deepEqual(
    [head.ObjectLockMode, head.ObjectLockRetainUntilDate],
    ["GOVERNANCE", inDays(2)],
  );
  const { Retention } = await s3.send(new GetObjectRetentionCommand({ Bucket, Key: "key" }));
  assert.deepEqual(Retention, { Mode: "GOVERNANCE", RetainUntilDate: inDays(2) });
  await assert.rejects(remove(first), isProtected);
  const many = await s3.send(
    new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: "key", VersionId: first }] } }),
  );
  assert.equal(many.Errors?.[0]?.Code, "AccessDenied");
  // A delete marker hides it, and takes nothing away.
  await s3.send(new DeleteObjectCommand({ Bucket, Key: "key" }));
  await remove(first, true);
  await assert.rejects(remove(second), isProtected);
  tule.clock.moveTo(tule.clock.nowMs() + 3 * dayMs);
  await remove(second);
});

test("compliance is not bypassed or weakened by anybody", async () => {
  covers("s3.PutObjectRetention", "s3.DeleteObject");
  const { put, remove, retain, inDays } = await start();
  const locked = { ObjectLockMode: "COMPLIANCE", ObjectLockRetainUntilDate: inDays(5) } as const;
  const version = await put(locked);
  await assert.rejects(remove(version, true), isProtected);
  await assert.rejects(
    retain({ Mode: "COMPLIANCE", RetainUntilDate: inDays(4) }, true),
    isProtected,
  );
  await assert.rejects(
    retain({ Mode: "GOVERNANCE", RetainUntilDate: inDays(9) }, true),
    isProtected,
  );
  await retain({ Mode: "COMPLIANCE", RetainUntilDate: inDays(6) });
});

test("governance is extended by anybody, and weakened by who bypasses it", async () => {
  covers("s3.PutObjectRetention");
  const { put, remove, retain, inDays } = await start();
  const version = await put();
  await retain({ Mode: "GOVERNANCE", RetainUntilDate: inDays(2) });
  await retain({ Mode: "GOVERNANCE", RetainUntilDate: inDays(3) });
  await assert.rejects(retain({ Mode: "GOVERNANCE", RetainUntilDate: inDays(1) }), isProtected);
  await assert.rejects(retain({}), isProtected);
  await assert.rejects(retain({ Mode: "GOVERNANCE", RetainUntilDate: new Date(3) }), {
    name: "InvalidArgument",
    message: "The retain until date must be in the future!",
  });
  await retain({}, true);
  await remove(version);
});

test("a legal hold holds until it is taken off", async () => {
  covers("s3.PutObjectLegalHold", "s3.GetObjectLegalHold");
  const { s3, Bucket, put, remove } = await start();
  const version = await put({ ObjectLockLegalHoldStatus: "ON" });
  const status = async () =>
    (await s3.send(new GetObjectLegalHoldCommand({ Bucket, Key: "key" }))).LegalHold?.Status;
  assert.equal(await status(), "ON");
  await assert.rejects(remove(version, true), isProtected);
  const LegalHold = { Status: "OFF" } as const;
  await s3.send(new PutObjectLegalHoldCommand({ Bucket, Key: "key", LegalHold }));
  assert.equal(await status(), "OFF");
  await remove(version);
});

test("a bucket's default is what its new objects get", async () => {
  covers("s3.PutObjectLockConfiguration", "s3.GetObjectLockConfiguration");
  const { s3, Bucket, put, inDays } = await start();
  const configuration = async () =>
    (await s3.send(new GetObjectLockConfigurationCommand({ Bucket }))).ObjectLockConfiguration;
  const configure = (ObjectLockConfiguration: ObjectLockConfiguration) =>
    s3.send(new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration }));
  assert.deepEqual(await configuration(), { ObjectLockEnabled: "Enabled" });
  await configure(lockDays(7));
  assert.deepEqual(await configuration(), lockDays(7));
  await put();
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key: "key" }));
  assert.equal(head.ObjectLockMode, "GOVERNANCE");
  const untilMs = head.ObjectLockRetainUntilDate!.getTime();
  assert.ok(Math.abs(untilMs - inDays(7).getTime()) < 60_000);
  // Recorded.
  const both = { DefaultRetention: { Mode: "GOVERNANCE", Days: 1, Years: 1 } } as const;
  for (const Rule of [{}, { DefaultRetention: {} }, { DefaultRetention: { Days: 1 } }, both]) {
    await assert.rejects(configure({ ObjectLockEnabled: "Enabled", Rule }), {
      name: "MalformedXML",
    });
  }
  await configure({ ObjectLockEnabled: "Enabled" });
  assert.deepEqual(await configuration(), { ObjectLockEnabled: "Enabled" });
  const VersioningConfiguration = { Status: "Suspended" } as const;
  await assert.rejects(
    s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration })),
    { name: "InvalidBucketState" },
  );
});

test("without object lock nothing can be locked", async () => {
  covers("s3.PutObjectRetention", "s3.GetObjectLockConfiguration", "s3.PutObject");
  const { s3, Bucket, put, retain, inDays } = await start(false);
  await put();
  const missing = {
    name: "InvalidRequest",
    message: "Bucket is missing Object Lock Configuration",
  };
  await assert.rejects(retain({ Mode: "GOVERNANCE", RetainUntilDate: inDays(1) }), missing);
  await assert.rejects(put({ ObjectLockLegalHoldStatus: "ON" }), missing);
  await assert.rejects(s3.send(new GetObjectLockConfigurationCommand({ Bucket })), {
    name: "ObjectLockConfigurationNotFoundError",
    message: "Object Lock configuration does not exist for this bucket",
  });
  // Recorded.
  for (const [input, ArgumentName, message] of [
    [
      { ObjectLockMode: "GOVERNANCE" },
      "x-amz-object-lock-retain-until-date",
      "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied",
    ],
    [
      { ObjectLockMode: "BAD-VALUE", ObjectLockRetainUntilDate: inDays(1) },
      "x-amz-object-lock-mode",
      "Unknown wormMode directive.",
    ],
  ] as const) {
    await assert.rejects(put(input as Partial<PutObjectCommandInput>), {
      name: "InvalidArgument",
      message,
      ArgumentName,
    });
  }
});
