import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { PutObjectRequest, S3 } from "#models/s3.ts";
import type { Snapshot } from "#store/store.ts";
import { bucketCodec, type BucketRecord } from "./bucket-record.ts";
import { BucketSetting } from "./bucket-settings.ts";
import { invalidArgument, s3Error } from "./errors.ts";
import { openObject, type FoundObject } from "./get-object.ts";
import { bucketKey } from "./keyspace.ts";
import { protects, weakens } from "./object-lock-rules.ts";
import { openBucket } from "./open-bucket.ts";
import type { ObjectLock, ObjectVersion, Version } from "./version-record.ts";
import { rewriteVersion } from "./versions.ts";

const dayMs = 86_400_000;

/** What new objects of a bucket get that say nothing themselves. */
interface DefaultRetention {
  readonly mode: ObjectLock["mode"];
  readonly days?: number | undefined;
  readonly years?: number | undefined;
}

const retention = new BucketSetting<DefaultRetention>("retention");

export const objectLock = {
  async GetObjectLockConfiguration(ctx, input) {
    const { bucket, found } = await ctx.read((snapshot) => {
      const opened = openBucket(snapshot, ctx, input);
      return { bucket: opened, found: retention.read(snapshot, ctx, opened) };
    });
    if (bucket.objectLock !== true) {
      const members = { BucketName: bucket.name };
      throw s3Error("ObjectLockConfigurationNotFoundError", { members });
    }
    const { mode: Mode, days: Days, years: Years } = found ?? {};
    return {
      ObjectLockConfiguration: {
        ObjectLockEnabled: "Enabled",
        ...(found && { Rule: { DefaultRetention: { Mode, Days, Years } } }),
      },
    };
  },

  async PutObjectLockConfiguration(ctx, input) {
    const { ObjectLockEnabled, Rule } = input.ObjectLockConfiguration ?? {};
    if (ObjectLockEnabled !== "Enabled") throw s3Error("MalformedXML");
    const { Mode: mode, Days: days, Years: years } = Rule?.DefaultRetention ?? {};
    const isOne = (days === undefined) !== (years === undefined);
    if (Rule !== undefined && (mode === undefined || !isOne)) throw s3Error("MalformedXML");
    if ((days ?? years ?? 1) < 1) {
      throw s3Error("InvalidArgument", {
        message: "Default retention period must be a positive integer value.",
      });
    }
    await ctx.transact((tx) => {
      const bucket = openBucket(tx, ctx, input);
      if (bucket.versioning !== "Enabled") {
        const message =
          "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration";
        throw s3Error("InvalidBucketState", { message });
      }
      if (bucket.objectLock !== true) {
        tx.putRecord(bucketKey(ctx, bucket.name), bucketCodec, { ...bucket, objectLock: true });
      }
      if (mode === undefined) retention.delete(tx, ctx, bucket);
      else retention.put(tx, ctx, bucket, { mode, days, years });
    });
    return {};
  },

  async GetObjectRetention(ctx, input) {
    const { lock } = await ctx.read((snapshot) => openLockable(snapshot, ctx, input, "GET").object);
    if (lock === undefined) throw s3Error("NoSuchObjectLockConfiguration");
    return { Retention: { Mode: lock.mode, RetainUntilDate: lock.untilMs } };
  },

  async PutObjectRetention(ctx, input) {
    const { Mode: mode, RetainUntilDate: untilMs } = input.Retention ?? {};
    if ((mode === undefined) !== (untilMs === undefined)) throw s3Error("MalformedXML");
    const nowMs = ctx.now();
    if (untilMs !== undefined && untilMs <= nowMs) {
      const message = "The retain until date must be in the future!";
      throw s3Error("InvalidArgument", { message });
    }
    const lock = mode === undefined ? undefined : { mode, untilMs: untilMs! };
    await ctx.transact((tx) => {
      const { bucket, object } = openLockable(tx, ctx, input, "PUT");
      if (weakens(object.lock, lock, nowMs, input.BypassGovernanceRetention === true))
        throw isProtected();
      rewriteVersion(tx, ctx, bucket, { ...object, lock });
    });
    return {};
  },

  async GetObjectLegalHold(ctx, input) {
    const { object } = await ctx.read((snapshot) => openLockable(snapshot, ctx, input, "GET"));
    if (object.legalHold === undefined) throw s3Error("NoSuchObjectLockConfiguration");
    return { LegalHold: { Status: object.legalHold ? "ON" : "OFF" } };
  },

  async PutObjectLegalHold(ctx, input) {
    const status = input.LegalHold?.Status;
    if (status === undefined) throw s3Error("MalformedXML");
    await ctx.transact((tx) => {
      const { bucket, object } = openLockable(tx, ctx, input, "PUT");
      rewriteVersion(tx, ctx, bucket, { ...object, legalHold: status === "ON" });
    });
    return {};
  },
} satisfies Handlers<S3>;

function openLockable(
  snapshot: Snapshot,
  ctx: Context,
  input: Parameters<typeof openObject>[2],
  method: string,
): FoundObject {
  const found = openObject(snapshot, ctx, input, method);
  if (found.bucket.objectLock !== true) throw noLockConfiguration();
  return found;
}

// Recorded.
const noLockConfiguration = (): Error =>
  s3Error("InvalidRequest", { message: "Bucket is missing Object Lock Configuration" });
const isProtected = (): Error =>
  s3Error("AccessDenied", { message: "Access Denied because object protected by object lock." });

/** Refuses to remove a version that is locked. */
export function checkUnlocked(version: Version, nowMs: number, bypass: boolean): void {
  if (protects(version, nowMs, bypass)) throw isProtected();
}

type LockInput = Pick<
  PutObjectRequest,
  "ObjectLockMode" | "ObjectLockRetainUntilDate" | "ObjectLockLegalHoldStatus"
>;

export type Locks = Pick<ObjectVersion, "lock" | "legalHold">;

/** What a request asks for its new object, checked. Words as recorded. */
export function locksOf(ctx: Context, input: LockInput): Locks {
  const { ObjectLockMode: mode, ObjectLockRetainUntilDate: untilMs } = input;
  const status = input.ObjectLockLegalHoldStatus;
  if (
    mode !== undefined &&
    (mode as string) !== "GOVERNANCE" &&
    (mode as string) !== "COMPLIANCE"
  ) {
    throw invalidArgument("Unknown wormMode directive.", "x-amz-object-lock-mode", mode);
  }
  if ((mode === undefined) !== (untilMs === undefined)) {
    const missing = mode === undefined ? "mode" : "retain-until-date";
    const message =
      "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied";
    throw invalidArgument(message, `x-amz-object-lock-${missing}`, undefined);
  }
  if (untilMs !== undefined && untilMs <= ctx.now()) {
    const message = "The retain until date must be in the future!";
    throw invalidArgument(
      message,
      "x-amz-object-lock-retain-until-date",
      new Date(untilMs).toISOString(),
    );
  }
  if (status !== undefined && (status as string) !== "ON" && (status as string) !== "OFF") {
    throw invalidArgument(
      "Legal Hold must be either of 'ON' or 'OFF'",
      "x-amz-object-lock-legal-hold",
      status,
    );
  }
  return {
    ...(mode !== undefined && { lock: { mode, untilMs: untilMs! } }),
    ...(status !== undefined && { legalHold: status === "ON" }),
  };
}

/** The same in a bucket: its default where the request says nothing, and nothing where it has no object lock. */
export function locksIn(
  snapshot: Snapshot,
  ctx: Context,
  bucket: BucketRecord,
  asked: Locks,
  nowMs: number,
): Locks {
  if (bucket.objectLock !== true) {
    if (asked.lock === undefined && asked.legalHold === undefined) return asked;
    throw noLockConfiguration();
  }
  if (asked.lock !== undefined) return asked;
  const found = retention.read(snapshot, ctx, bucket);
  if (found === undefined) return asked;
  const { mode, days, years } = found;
  const until = new Date(nowMs + (days ?? 0) * dayMs);
  until.setUTCFullYear(until.getUTCFullYear() + (years ?? 0));
  return { ...asked, lock: { mode, untilMs: until.getTime() } };
}

export function lockMembers({ lock, legalHold }: ObjectVersion) {
  return {
    ...(lock && { ObjectLockMode: lock.mode, ObjectLockRetainUntilDate: lock.untilMs }),
    ...(legalHold !== undefined &&
      ({ ObjectLockLegalHoldStatus: legalHold ? "ON" : "OFF" } as const)),
  };
}
