import type { Context } from "#kernel/context.ts";
import { ServiceError } from "#kernel/errors.ts";
import { arnOfBucket, type BucketRecord } from "../bucket-record.ts";
import { BucketSetting } from "../bucket-settings.ts";
import { invalidArgument, s3Error } from "../errors.ts";
import { openBucket } from "../open-bucket.ts";

/*
 * Data keys that KMS makes, and opens again: for each object, or for a bucket for some time (a bucket key), so that
 * KMS is asked less often. Errors as recorded: KMS's, with its name in front.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html, bucket-key.html
 */

export interface KmsEncryption {
  readonly kind: "kms";
  readonly keyArn: string;
  /** The data key as KMS opens it, base64. */
  readonly sealedKey: string;
  readonly context: Readonly<Record<string, string>>;
  readonly hasBucketKey?: true;
}

export interface KmsKey {
  readonly stored: KmsEncryption;
  readonly key: Buffer;
}

/** What AWS makes and manages where nobody names a key. */
const defaultKey = "alias/aws/s3";
/** A bucket key is good for some time. */
const bucketKeyMs = 3_600_000;

interface BucketKey extends KmsEncryption {
  readonly madeMs: number;
}

export interface KmsRequest {
  readonly keyId: string | undefined;
  readonly hasBucketKey: boolean;
  /** What the request adds to the encryption context, base64 of JSON. */
  readonly context?: string | undefined;
}

export async function kmsKeyFor(
  ctx: Context,
  bucket: BucketRecord,
  objectKey: string,
  { keyId = defaultKey, hasBucketKey, context }: KmsRequest,
): Promise<KmsKey> {
  const arn = arnOfBucket(bucket.name);
  if (!hasBucketKey) {
    const added = { ...contextOf(context), "aws:s3:arn": `${arn}/${objectKey}` };
    return makeKey(ctx, bucket, keyId, added);
  }
  const setting = new BucketSetting<BucketKey>(`bucket-key ${keyId}`);
  const known = await ctx.read((snapshot) => setting.read(snapshot, ctx, bucket));
  if (known !== undefined && ctx.now() - known.madeMs < bucketKeyMs && ctx.now() >= known.madeMs) {
    const { madeMs: _, ...stored } = known;
    return { stored, key: await openKmsKey(ctx, bucket, stored) };
  }
  const made = await makeKey(ctx, bucket, keyId, { "aws:s3:arn": arn });
  const stored = { ...made.stored, hasBucketKey: true } as const;
  await ctx.transact((tx) => {
    const now = openBucket(tx, ctx, { Bucket: bucket.name });
    if (now.id === bucket.id) setting.put(tx, ctx, bucket, { ...stored, madeMs: ctx.now() });
  });
  return { ...made, stored };
}

async function makeKey(
  ctx: Context,
  bucket: BucketRecord,
  keyId: string,
  context: Readonly<Record<string, string>>,
): Promise<KmsKey> {
  const made = await asked(() =>
    kmsOf(ctx, bucket).GenerateDataKey({
      KeyId: keyId,
      KeySpec: "AES_256",
      EncryptionContext: context,
    }),
  );
  return {
    key: Buffer.from(made.Plaintext!),
    stored: {
      kind: "kms",
      keyArn: made.KeyId!,
      sealedKey: Buffer.from(made.CiphertextBlob!).toString("base64"),
      context,
    },
  };
}

export async function openKmsKey(
  ctx: Context,
  bucket: BucketRecord,
  { keyArn, sealedKey, context }: KmsEncryption,
): Promise<Buffer> {
  if (ctx.caller.kind === "anonymous") {
    const message =
      "Requests specifying Server Side Encryption with AWS KMS managed keys require AWS Signature Version 4.";
    throw invalidArgument(message, "Authorization", "null");
  }
  const opened = await asked(() =>
    kmsOf(ctx, bucket).Decrypt({
      KeyId: keyArn,
      CiphertextBlob: Buffer.from(sealedKey, "base64"),
      EncryptionContext: context,
    }),
  );
  return Buffer.from(opened.Plaintext!);
}

/** The keys of a bucket's objects are used where the bucket is. */
function kmsOf(ctx: Context, { account, region }: BucketRecord) {
  return ctx.inAccount(account).inRegion(region).services.kms;
}

async function asked<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (failure) {
    if (!(failure instanceof ServiceError)) throw failure;
    throw new ServiceError(`KMS.${failure.code}`, failure.message, {}, 400);
  }
}

function contextOf(text: string | undefined): Record<string, string> {
  if (text === undefined) return {};
  const refuse = (): Error =>
    invalidArgument(
      "The header 'x-amz-server-side-encryption-context' shall be Base64-encoded UTF-8 string holding JSON which represents a string-string map",
      "x-amz-server-side-encryption-context",
      text,
    );
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(text, "base64").toString("utf8"));
  } catch {
    throw refuse();
  }
  const isMap =
    typeof json === "object" &&
    json !== null &&
    !Array.isArray(json) &&
    Object.values(json).every((value) => typeof value === "string");
  if (!isMap) throw refuse();
  return json as Record<string, string>;
}

/** A key is named for encryption by KMS alone. */
export function refuseKeyWithoutKms(
  algorithm: string | undefined,
  keyId: string | undefined,
): void {
  if (keyId === undefined || algorithm === "aws:kms") return;
  const message =
    "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms";
  throw s3Error("InvalidArgument", { message });
}
