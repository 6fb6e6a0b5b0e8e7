import { AuthorizationNeeded } from "#kernel/authorization/authorize.ts";
import type { Context } from "#kernel/context.ts";
import type { Snapshot } from "#store/store.ts";
import { bucketCodec, type BucketRecord } from "./bucket-record.ts";
import { s3Error } from "./errors.ts";
import { bucketKey } from "./keyspace.ts";
import { ServiceError } from "#kernel/errors.ts";

/** Which bucket a request names, and whose it thinks that it is. */
export interface BucketInput {
  readonly Bucket: string;
  readonly ExpectedBucketOwner?: string | undefined;
  readonly RequestPayer?: string | undefined;
}

export function findBucket(
  snapshot: Snapshot,
  ctx: Context,
  name: string,
): BucketRecord | undefined {
  return snapshot.record(bucketKey(ctx, name), bucketCodec);
}

/** The bucket that a job is about, wherever its name stands now; undefined once it is deleted. */
export function findBucketById(
  snapshot: Snapshot,
  ctx: Context,
  { id, name }: { readonly id: string; readonly name: string },
): BucketRecord | undefined {
  const bucket = findBucket(snapshot, ctx, name);
  return bucket?.id === id ? bucket : undefined;
}

/**
 * The bucket that a request is about. Throws S3's errors for one that is not there, is in another region, or is not
 * the caller's.
 */
export function openBucket(snapshot: Snapshot, ctx: Context, input: BucketInput): BucketRecord {
  const bucket = findBucket(snapshot, ctx, input.Bucket);
  if (bucket === undefined) {
    throw s3Error("NoSuchBucket", { members: { BucketName: input.Bucket } });
  }
  // Services inside ask from wherever their own resources are, and who signs nothing names no region.
  const { kind } = ctx.caller;
  if (bucket.region !== ctx.region && kind !== "service" && kind !== "anonymous") {
    throw wrongRegion(bucket);
  }
  checkOwner(bucket, input.ExpectedBucketOwner);
  obeyPolicies(ctx, bucket);
  if (bucket.requesterPays === true) checkPayer(ctx, bucket, input);
  return bucket;
}

/** What an owner's root may do whatever its bucket's policy says, so that nobody is locked out for good. */
const alwaysRoots: ReadonlySet<string> = new Set([
  "GetBucketPolicy",
  "PutBucketPolicy",
  "DeleteBucketPolicy",
]);

/** Has policies and lists decided on what they may concern, unless that is done. */
function obeyPolicies(ctx: Context, bucket: BucketRecord): void {
  if (ctx.isAuthorized) return;
  const { kind } = ctx.caller;
  if (bucket.account !== ctx.account) throw new AuthorizationNeeded();
  if (bucket.hasPolicy !== true || kind === "service") return;
  if (kind === "root" && alwaysRoots.has(ctx.operation)) return;
  throw new AuthorizationNeeded();
}

/** Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/RequesterPaysBuckets.html */
function checkPayer(ctx: Context, { account }: BucketRecord, { RequestPayer }: BucketInput): void {
  const { kind } = ctx.caller;
  if (kind === "service" || ctx.caller.account === account) return;
  if (RequestPayer !== "requester" || kind === "anonymous") throw s3Error("AccessDenied");
}

/** boto3 and the AWS CLI read the header and ask again; others tell their user. */
function wrongRegion({ name, region }: BucketRecord): Error {
  return s3Error("PermanentRedirect", {
    members: { Endpoint: `${name}.s3.${region}.amazonaws.com`, Bucket: name },
    headers: { "x-amz-bucket-region": region },
  });
}

// Recorded.
function checkOwner(bucket: BucketRecord, expected: string | undefined): void {
  if (expected === undefined) return;
  if (!/^\d{12}$/.test(expected)) {
    throw new ServiceError(
      "InvalidBucketOwnerAWSAccountID",
      `The value of the expected bucket owner parameter must be an AWS Account ID... [${expected}]`,
    );
  }
  if (expected !== bucket.account) throw s3Error("AccessDenied");
}
