import type { Context } from "#kernel/context.ts";
import { ServiceError } from "#kernel/errors.ts";

/*
 * What exports, imports and bulk operations need of S3: its public operations, called as DynamoDB.
 */

/** Where in S3: a bucket, perhaps only if it is this account's. */
export interface BucketPlace {
  readonly bucket: string;
  readonly owner: string | undefined;
}

/** What DescribeExport and DescribeImport say of a job that S3 refused. */
export interface StorageFailure {
  readonly code: string;
  readonly message: string;
}

/** Undefined: what is the bucket's default. */
export type ObjectEncryption = "AES256" | { readonly kmsKeyId: string | undefined };

/** Writes an object; answers its entity tag, without quotes. */
export async function putObject(
  ctx: Context,
  { bucket, owner }: BucketPlace,
  key: string,
  body: Buffer,
  encryption: ObjectEncryption | undefined,
): Promise<string> {
  const { ETag } = await ctx.services.s3.PutObject({
    Bucket: bucket,
    Key: key,
    Body: body,
    ExpectedBucketOwner: owner,
    ...(encryption === "AES256" && { ServerSideEncryption: encryption }),
    ...(typeof encryption === "object" && {
      ServerSideEncryption: "aws:kms",
      SSEKMSKeyId: encryption.kmsKeyId,
    }),
  });
  return (ETag ?? "").replaceAll('"', "");
}

/** The keys with this prefix, in order. */
export async function listObjects(
  ctx: Context,
  { bucket, owner }: BucketPlace,
  prefix: string | undefined,
): Promise<{ readonly key: string; readonly sizeBytes: number }[]> {
  const objects: { key: string; sizeBytes: number }[] = [];
  let token: string | undefined;
  do {
    const page = await ctx.services.s3.ListObjectsV2({
      Bucket: bucket,
      Prefix: prefix,
      ExpectedBucketOwner: owner,
      ContinuationToken: token,
    });
    for (const { Key, Size } of page.Contents ?? []) {
      if (Key !== undefined) objects.push({ key: Key, sizeBytes: Size ?? 0 });
    }
    token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
  } while (token !== undefined);
  return objects;
}

export async function getObject(
  ctx: Context,
  { bucket, owner }: BucketPlace,
  key: string,
): Promise<AsyncIterable<Uint8Array>> {
  const { Body } = await ctx.services.s3.GetObject({
    Bucket: bucket,
    Key: key,
    ExpectedBucketOwner: owner,
  });
  return pieces(Body);
}

async function* pieces(
  body: Uint8Array | AsyncIterable<Uint8Array> | undefined,
): AsyncIterable<Uint8Array> {
  if (body === undefined) return;
  if (body instanceof Uint8Array) yield body;
  else yield* body;
}

/**
 * What S3 refused, as AWS tells it of a job ("S3NoSuchBucket"); what else went wrong is tried again.
 * Source: ack-api-quirks, DDB-EXPORT-010 and 011, DDB-IMPORT-012.
 */
export function storageFailure(error: unknown): StorageFailure {
  if (!(error instanceof ServiceError) || (error.status ?? 400) >= 500) throw error;
  const code = error.code.startsWith("KMS.") ? "KmsNotFoundException" : `S3${error.code}`;
  return { code, message: error.message };
}
