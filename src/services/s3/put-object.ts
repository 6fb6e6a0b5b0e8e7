import type { Handlers } from "#kernel/service.ts";
import type { PutObjectRequest, S3 } from "#models/s3.ts";
import { checksumMembers, receiveBody } from "./bodies.ts";
import { checkWriteConditions, checkWriteHeaders } from "./conditions.ts";
import { notBuilt } from "./errors.ts";
import { checkKey, headersOf, metadataOf, storageClassOf } from "./object-headers.ts";
import { openBucket } from "./open-bucket.ts";
import { currentObject, putVersion } from "./versions.ts";

export const putObject = {
  async PutObject(ctx, input) {
    refuseUnbuilt(input);
    checkKey(input.Key);
    checkWriteHeaders(input);
    const described = {
      storageClass: storageClassOf(input.StorageClass),
      headers: headersOf(input),
      metadata: metadataOf(input.Metadata),
    };
    // Before the body: a client that asks first (Expect: 100-continue) need not send it.
    await ctx.read((snapshot) => openBucket(snapshot, ctx, input));
    const { blob, md5, checksum: computed } = await receiveBody(ctx, input);
    const etag = md5.toString("hex");
    const checksum = { ...computed, type: "FULL_OBJECT" as const };
    const random = ctx.random.bytes(16);
    const modifiedMs = ctx.now();
    const version = await blob.commit((tx, id) => {
      const bucket = openBucket(tx, ctx, input);
      checkWriteConditions(currentObject(tx, ctx, bucket, input.Key), input.Key, input);
      const { versionId } = putVersion(tx, ctx, bucket, random, {
        key: input.Key,
        modifiedMs,
        sizeBytes: blob.sizeBytes,
        etag,
        pieces: blob.sizeBytes === 0 ? [] : [{ blob: id, offset: 0, length: blob.sizeBytes }],
        checksum,
        ...described,
      });
      if (blob.sizeBytes === 0) ctx.blobs.release(tx, id);
      return { versionId, bucket };
    });
    return {
      ETag: `"${etag}"`,
      ...checksumMembers(checksum),
      ...(version.bucket.versioning === "Enabled" && { VersionId: version.versionId }),
    };
  },
} satisfies Handlers<S3>;

function refuseUnbuilt(input: PutObjectRequest): void {
  if (
    input.ACL !== undefined &&
    input.ACL !== "private" &&
    input.ACL !== "bucket-owner-full-control"
  ) {
    throw notBuilt(`The ACL ${input.ACL}`);
  }
  refuseUnbuiltOfUploads(input);
}

type UploadOptions = Pick<
  PutObjectRequest,
  | "GrantFullControl"
  | "GrantRead"
  | "GrantReadACP"
  | "GrantWriteACP"
  | "ServerSideEncryption"
  | "SSECustomerAlgorithm"
  | "Tagging"
  | "ObjectLockMode"
  | "ObjectLockLegalHoldStatus"
>;

/** What every way to make an object takes, and is not built yet. */
export function refuseUnbuiltOfUploads(input: UploadOptions): void {
  const { GrantFullControl, GrantRead, GrantReadACP, GrantWriteACP } = input;
  if (GrantFullControl ?? GrantRead ?? GrantReadACP ?? GrantWriteACP) throw notBuilt("A grant");
  if (input.ServerSideEncryption !== undefined) throw notBuilt("Server-side encryption");
  if (input.SSECustomerAlgorithm !== undefined) throw notBuilt("Server-side encryption");
  if (input.Tagging !== undefined) throw notBuilt("Tagging");
  if (input.ObjectLockMode ?? input.ObjectLockLegalHoldStatus) throw notBuilt("Object lock");
}
