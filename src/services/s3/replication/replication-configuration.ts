import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { ReplicationConfiguration, ReplicationRule, S3 } from "#models/s3.ts";
import type { Snapshot } from "#store/store.ts";
import { bucketCodec, type BucketRecord } from "../bucket-record.ts";
import { BucketSetting } from "../bucket-settings.ts";
import { notBuilt, s3Error } from "../errors.ts";
import { bucketKey } from "../keyspace.ts";
import { findBucket, openBucket } from "../open-bucket.ts";

export const replicationSetting = new BucketSetting<ReplicationConfiguration>("replication");

const rulesAtMost = 1000;
const invalid = (message: string): Error => s3Error("InvalidRequest", { message });

export const replicationConfiguration = {
  async GetBucketReplication(ctx, input) {
    const found = await ctx.read((snapshot) =>
      replicationSetting.read(snapshot, ctx, openBucket(snapshot, ctx, input)),
    );
    if (found === undefined) {
      const members = { BucketName: input.Bucket };
      throw s3Error("ReplicationConfigurationNotFoundError", { members });
    }
    return { ReplicationConfiguration: found };
  },

  async PutBucketReplication(ctx, input) {
    const given = input.ReplicationConfiguration;
    if (given.Rules.length === 0 || given.Rules.length > rulesAtMost) throw s3Error("MalformedXML");
    const Rules = given.Rules.map((rule) => ({
      ...rule,
      ID: rule.ID ?? ctx.random.bytes(18).toString("base64url"),
    }));
    await ctx.transact((tx) => {
      const bucket = openBucket(tx, ctx, input);
      // Recorded, as are the words below.
      if (bucket.versioning !== "Enabled") {
        throw invalid(
          "Versioning must be 'Enabled' on the bucket to apply a replication configuration",
        );
      }
      for (const rule of Rules) checkRule(tx, ctx, bucket, rule);
      replicationSetting.put(tx, ctx, bucket, { ...given, Rules });
      tx.putRecord(bucketKey(ctx, bucket.name), bucketCodec, { ...bucket, isReplicated: true });
    });
  },

  async DeleteBucketReplication(ctx, input) {
    await ctx.transact((tx) => {
      const { isReplicated: _, ...bucket } = openBucket(tx, ctx, input);
      replicationSetting.delete(tx, ctx, bucket);
      tx.putRecord(bucketKey(ctx, bucket.name), bucketCodec, bucket);
    });
  },
} satisfies Handlers<S3>;

function checkRule(
  snapshot: Snapshot,
  ctx: Context,
  bucket: BucketRecord,
  rule: ReplicationRule,
): void {
  const { Filter, Prefix, Destination, DeleteMarkerReplication, Priority } = rule;
  if (Filter !== undefined && Prefix !== undefined) throw s3Error("MalformedXML");
  if (Filter !== undefined && (Priority === undefined || DeleteMarkerReplication === undefined)) {
    throw s3Error("MalformedXML");
  }
  const { Account, AccessControlTranslation, EncryptionConfiguration } = Destination;
  const target = findBucket(snapshot, ctx, nameOf(Destination.Bucket));
  if (target?.versioning !== "Enabled") {
    throw invalid("Destination bucket must have versioning enabled.");
  }
  const isForeign = Account !== undefined && Account !== bucket.account;
  if (isForeign || AccessControlTranslation || target.account !== bucket.account) {
    throw notBuilt("Replication into another account's bucket");
  }
  if (
    EncryptionConfiguration !== undefined ||
    rule.SourceSelectionCriteria?.SseKmsEncryptedObjects?.Status === "Enabled"
  ) {
    throw notBuilt("Replication of objects that KMS's keys encrypt");
  }
}

/** A destination is an ARN. */
export const nameOf = (arn: string): string => arn.slice(arn.lastIndexOf(":") + 1);
