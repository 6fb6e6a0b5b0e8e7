import type { Handlers } from "#kernel/service.ts";
import type { S3 } from "#models/s3.ts";
import { bucketCodec } from "../bucket-record.ts";
import { invalidArgument, notBuilt, s3Error } from "../errors.ts";
import { bucketKey } from "../keyspace.ts";
import { openBucket } from "../open-bucket.ts";

/** What a bucket's objects are encrypted with that say nothing themselves. */
export interface DefaultEncryption {
  readonly algorithm: "AES256" | "aws:kms";
  /** Undefined for the key that AWS manages. */
  readonly keyId?: string | undefined;
  readonly isBucketKeyEnabled: boolean;
}

const usual: DefaultEncryption = { algorithm: "AES256", isBucketKeyEnabled: false };

export const bucketEncryption = {
  async GetBucketEncryption(ctx, input) {
    const { encryption = usual } = await ctx.read((snapshot) => openBucket(snapshot, ctx, input));
    const { algorithm, keyId, isBucketKeyEnabled } = encryption;
    return {
      ServerSideEncryptionConfiguration: {
        Rules: [
          {
            ApplyServerSideEncryptionByDefault: {
              SSEAlgorithm: algorithm,
              ...(keyId !== undefined && { KMSMasterKeyID: keyId }),
            },
            BucketKeyEnabled: isBucketKeyEnabled,
          },
        ],
      },
    };
  },

  async PutBucketEncryption(ctx, input) {
    const [rule, ...more] = input.ServerSideEncryptionConfiguration.Rules;
    if (rule === undefined || more.length > 0) throw s3Error("MalformedXML");
    const { SSEAlgorithm: algorithm = "AES256", KMSMasterKeyID: keyId } =
      rule.ApplyServerSideEncryptionByDefault ?? {};
    if (algorithm === "aws:kms:dsse") throw notBuilt("Encryption by KMS in two layers");
    if (algorithm !== "AES256" && algorithm !== "aws:kms") throw s3Error("MalformedXML");
    if (keyId !== undefined && algorithm !== "aws:kms") {
      const message =
        "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse";
      throw invalidArgument(message, "ApplyServerSideEncryptionByDefault", undefined);
    }
    const isBucketKeyEnabled = rule.BucketKeyEnabled ?? false;
    const encryption: DefaultEncryption = { algorithm, keyId, isBucketKeyEnabled };
    await ctx.transact((tx) => {
      const bucket = openBucket(tx, ctx, input);
      tx.putRecord(bucketKey(ctx, bucket.name), bucketCodec, { ...bucket, encryption });
    });
  },

  async DeleteBucketEncryption(ctx, input) {
    await ctx.transact((tx) => {
      const { encryption: _, ...bucket } = openBucket(tx, ctx, input);
      tx.putRecord(bucketKey(ctx, bucket.name), bucketCodec, bucket);
    });
  },
} satisfies Handlers<S3>;
