import type { Handlers } from "#kernel/service.ts";
import type { S3 } from "#models/s3.ts";
import { BucketSetting } from "./bucket-settings.ts";
import { invalidArgument, notBuilt, s3Error } from "./errors.ts";
import { openBucket } from "./open-bucket.ts";

/** Every object is encrypted by the server's own key (the kernel's blobs are), so every answer may say so. */
export const encryptionMember = { ServerSideEncryption: "AES256" } as const;

interface EncryptionInput {
  readonly ServerSideEncryption?: string | undefined;
  readonly SSECustomerAlgorithm?: string | undefined;
  readonly SSECustomerKey?: string | undefined;
  readonly SSEKMSKeyId?: string | undefined;
}

/** Refuses other keys than the server's own: ignoring them would be a lie. */
export function checkEncryption(input: EncryptionInput): void {
  const { ServerSideEncryption: algorithm } = input;
  if (input.SSECustomerAlgorithm ?? input.SSECustomerKey)
    throw notBuilt("Encryption by customers' keys");
  if (algorithm?.startsWith("aws:kms") === true || input.SSEKMSKeyId !== undefined) {
    throw notBuilt("Encryption by KMS");
  }
  if (algorithm !== undefined && algorithm !== "AES256") {
    const message = "The encryption method specified is not supported";
    throw invalidArgument(message, "x-amz-server-side-encryption", algorithm);
  }
}

interface StoredEncryption {
  readonly isBucketKeyEnabled: boolean;
}

const setting = new BucketSetting<StoredEncryption>("encryption");

export const bucketEncryption = {
  async GetBucketEncryption(ctx, input) {
    const found = await ctx.read((snapshot) =>
      setting.read(snapshot, ctx, openBucket(snapshot, ctx, input)),
    );
    return {
      ServerSideEncryptionConfiguration: {
        Rules: [
          {
            ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" },
            BucketKeyEnabled: found?.isBucketKeyEnabled ?? false,
          },
        ],
      },
    };
  },

  async PutBucketEncryption(ctx, input) {
    const [rule, ...more] = input.ServerSideEncryptionConfiguration.Rules;
    if (rule === undefined || more.length > 0) throw s3Error("MalformedXML");
    const { SSEAlgorithm = "AES256", KMSMasterKeyID } =
      rule.ApplyServerSideEncryptionByDefault ?? {};
    checkEncryption({ ServerSideEncryption: SSEAlgorithm, SSEKMSKeyId: KMSMasterKeyID });
    await ctx.transact((tx) =>
      setting.put(tx, ctx, openBucket(tx, ctx, input), {
        isBucketKeyEnabled: rule.BucketKeyEnabled ?? false,
      }),
    );
  },

  async DeleteBucketEncryption(ctx, input) {
    await ctx.transact((tx) => setting.delete(tx, ctx, openBucket(tx, ctx, input)));
  },
} satisfies Handlers<S3>;
