import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { LifecycleRule, S3 } from "#models/s3.ts";
import type { Snapshot } from "#store/store.ts";
import { BucketSetting } from "./bucket-settings.ts";
import { notBuilt, s3Error } from "./errors.ts";
import type { Place } from "./keyspace.ts";
import { placeOf } from "./layouts.ts";
import { firstExpiry, nextMidnight, type Filtered } from "./lifecycle-rules.ts";
import { openBucket } from "./open-bucket.ts";

interface Lifecycle {
  readonly rules: readonly LifecycleRule[];
  readonly smallest: string;
}

const lifecycle = new BucketSetting<Lifecycle>("lifecycle");
const usualSmallest = "all_storage_classes_128K";
const rulesAtMost = 1000;
const dayMs = 86_400_000;

export const bucketLifecycle = {
  async PutBucketLifecycleConfiguration(ctx, input) {
    const given = input.LifecycleConfiguration?.Rules ?? [];
    if (given.length === 0 || given.length > rulesAtMost) throw s3Error("MalformedXML");
    const rules = given.map((rule) => ({
      ...rule,
      ID: rule.ID ?? ctx.random.bytes(24).toString("hex"),
    }));
    for (const rule of rules) checkRule(rule);
    if (new Set(rules.map(({ ID }) => ID)).size < rules.length) {
      throw s3Error("InvalidArgument", {
        message: "Rule ID must be unique. Found same ID for more than one rule",
      });
    }
    const smallest = input.TransitionDefaultMinimumObjectSize ?? usualSmallest;
    await ctx.transact((tx) => {
      const bucket = openBucket(tx, ctx, input);
      lifecycle.put(tx, ctx, bucket, { rules, smallest });
      // AWS looks once a day, at midnight.
      const at = nextMidnight(ctx.now());
      const payload = { ...placeOf(bucket), name: bucket.name };
      ctx.schedule(tx, { at, job: "applyLifecycle", key: bucket.id, payload });
    });
    return { TransitionDefaultMinimumObjectSize: smallest as never };
  },

  async GetBucketLifecycleConfiguration(ctx, input) {
    const found = await ctx.read((snapshot) =>
      lifecycle.read(snapshot, ctx, openBucket(snapshot, ctx, input)),
    );
    if (found === undefined) {
      throw s3Error("NoSuchLifecycleConfiguration", { members: { BucketName: input.Bucket } });
    }
    return {
      Rules: [...found.rules],
      TransitionDefaultMinimumObjectSize: found.smallest as never,
    };
  },

  async DeleteBucketLifecycle(ctx, input) {
    await ctx.transact((tx) => {
      const bucket = openBucket(tx, ctx, input);
      lifecycle.delete(tx, ctx, bucket);
      ctx.unschedule(tx, "applyLifecycle", bucket.id);
    });
  },
} satisfies Handlers<S3>;

/** A bucket's rules; none if it has none. */
export function lifecycleRules(
  snapshot: Snapshot,
  ctx: Context,
  bucket: Place,
): readonly LifecycleRule[] {
  return lifecycle.read(snapshot, ctx, bucket)?.rules ?? [];
}

/** The member that tells when an object will expire, and by which rule. */
export function expirationMember(
  rules: readonly LifecycleRule[],
  object: Filtered & { readonly modifiedMs: number },
): { readonly Expiration?: string } {
  if (rules.length === 0) return {};
  const expiry = firstExpiry(rules, object);
  if (expiry === undefined) return {};
  const date = new Date(expiry.atMs).toUTCString();
  return { Expiration: `expiry-date="${date}", rule-id="${encodeURIComponent(expiry.ruleId)}"` };
}

// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html
function checkRule(rule: LifecycleRule): void {
  const { Filter, Prefix, Expiration, NoncurrentVersionExpiration, ID = "" } = rule;
  const invalid = (message: string): Error => s3Error("InvalidArgument", { message });
  if (ID.length > 255) throw invalid("ID length should not exceed allowed limit of 255");
  if ((Filter === undefined) === (Prefix === undefined)) throw s3Error("MalformedXML");
  if (Object.values(Filter ?? {}).filter((each) => each !== undefined).length > 1) {
    throw s3Error("MalformedXML");
  }
  const actions = [
    Expiration,
    NoncurrentVersionExpiration,
    rule.Transitions,
    rule.NoncurrentVersionTransitions,
    rule.AbortIncompleteMultipartUpload,
  ];
  if (actions.every((action) => action === undefined)) {
    throw s3Error("InvalidRequest", {
      message: "At least one action needs to be specified in a rule",
    });
  }
  if (Expiration !== undefined) {
    const { Days, Date: dateMs, ExpiredObjectDeleteMarker } = Expiration;
    const said = [Days, dateMs, ExpiredObjectDeleteMarker].filter((each) => each !== undefined);
    if (said.length !== 1) throw s3Error("MalformedXML");
    if (Days !== undefined && Days < 1) {
      throw invalid("'Days' for Expiration action must be a positive integer");
    }
    if (dateMs !== undefined && dateMs % dayMs !== 0)
      throw invalid("'Date' must be at midnight GMT");
  }
  if (NoncurrentVersionExpiration !== undefined) {
    const { NoncurrentDays = 0 } = NoncurrentVersionExpiration;
    if (NoncurrentDays < 1) {
      throw invalid(
        "'NoncurrentDays' for NoncurrentVersionExpiration action must be a positive integer",
      );
    }
  }
  if (rule.AbortIncompleteMultipartUpload !== undefined) {
    const { DaysAfterInitiation = 0 } = rule.AbortIncompleteMultipartUpload;
    if (DaysAfterInitiation < 1) {
      throw invalid(
        "'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a positive integer",
      );
    }
    if (Filter?.Tag !== undefined || Filter?.And?.Tags !== undefined) {
      throw s3Error("InvalidRequest", {
        message: "AbortIncompleteMultipartUpload cannot be specified with Tags.",
      });
    }
  }
  for (const { Days, Date: dateMs } of rule.Transitions ?? []) {
    if ((Days === undefined) === (dateMs === undefined)) throw s3Error("MalformedXML");
    if (Days !== undefined && Days < 0)
      throw invalid("'Days' in Transition action must be nonnegative");
    if (dateMs !== undefined && dateMs % dayMs !== 0)
      throw invalid("'Date' must be at midnight GMT");
  }
  if (rule.NoncurrentVersionTransitions !== undefined) {
    throw notBuilt("A transition of noncurrent versions");
  }
}
