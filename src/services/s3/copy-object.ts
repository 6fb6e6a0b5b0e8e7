import { askedAcl } from "./access-control/acl.ts";
import { ownershipOf } from "./access-control/object-acl.ts";
import type { Handlers } from "#kernel/service.ts";
import type { CopyObjectRequest, S3 } from "#models/s3.ts";
import { algorithmOf, checksumMembers, defaultAlgorithm } from "./bodies.ts";
import { checkWriteConditions, checkWriteHeaders, wholeSecondMs } from "./conditions.ts";
import { openCopySource, type CopySource } from "./copy-source.ts";
import { digestsOf } from "./digests.ts";
import { encryptionMember } from "./encryption.ts";
import { invalidArgument, s3Error } from "./errors.ts";
import { putLayout } from "./layouts.ts";
import { checkKey, describeObject, storageClassOf } from "./object-headers.ts";
import { locksIn, locksOf } from "./object-lock.ts";
import { openBucket } from "./open-bucket.ts";
import { refuseUnbuiltOptions } from "./unbuilt-options.ts";
import type { StoredChecksum } from "./version-record.ts";
import { currentObject, putVersion } from "./versions.ts";

/** Larger ones are copied in parts. */
const largestCopyBytes = 5 * 1024 ** 3;

export const copyObject = {
  /** The copy shares its source's bytes: nothing is written but a record. */
  async CopyObject(ctx, input) {
    refuseUnbuiltOptions(input);
    checkKey(input.Key);
    checkWriteHeaders(input);
    checkDirective("x-amz-metadata-directive", input.MetadataDirective, "metadata");
    checkDirective("x-amz-tagging-directive", input.TaggingDirective, "tagging");
    const given = describeObject(input);
    const asked = locksOf(ctx, input);
    const acl = askedAcl(input);
    const hold = ctx.blobs.hold();
    const source = await ctx
      .read((snapshot) => {
        openBucket(snapshot, ctx, input);
        return openCopySource(snapshot, ctx, input);
      })
      .catch((failure: unknown) => {
        hold.release();
        throw failure;
      });
    hold.keep(source.body);
    const digests = await digestsOfCopy(input, source, (body, end) =>
      ctx.blobs.read(body, 0, end, hold),
    ).finally(() => hold.release());
    const random = ctx.random.bytes(16);
    const layoutId = ctx.random.bytes(16).toString("hex");
    const modifiedMs = ctx.now();
    return ctx.transact((tx) => {
      const bucket = openBucket(tx, ctx, input);
      // What was looked at is what is copied: by now the source may be another object.
      const now = openCopySource(tx, ctx, input);
      const { object } = now;
      if (object.number !== source.object.number) throw s3Error("ConditionalRequestConflict");
      refuseIdleCopy(input, now, bucket.name);
      checkWriteConditions(currentObject(tx, ctx, bucket, input.Key), input.Key, input);
      const replaces = input.MetadataDirective === "REPLACE";
      const { pieces } = now.layout;
      for (const { blob } of pieces) ctx.blobs.retain(tx, blob);
      const version = putVersion(tx, ctx, bucket, random, {
        key: input.Key,
        modifiedMs,
        sizeBytes: object.sizeBytes,
        etag: digests.etag,
        checksum: digests.checksum,
        ...locksIn(tx, ctx, bucket, asked, modifiedMs),
        ...ownershipOf(tx, ctx, bucket, input.Key, acl),
        ...putLayout(tx, ctx, bucket, layoutId, { pieces }),
        storageClass: storageClassOf(input.StorageClass),
        headers: replaces
          ? given.headers
          : { ...object.headers, WebsiteRedirectLocation: input.WebsiteRedirectLocation },
        metadata: replaces ? given.metadata : object.metadata,
        tags: input.TaggingDirective === "REPLACE" ? given.tags : object.tags,
      });
      return {
        ...now.versionMember,
        ...encryptionMember,
        ...(bucket.versioning === "Enabled" && { VersionId: version.versionId }),
        CopyObjectResult: {
          ETag: `"${digests.etag}"`,
          LastModified: wholeSecondMs(modifiedMs),
          ...checksumMembers(digests.checksum),
        },
      };
    });
  },
} satisfies Handlers<S3>;

interface CopyDigests {
  readonly etag: string;
  readonly checksum: StoredChecksum | undefined;
}

/** A copy is one whole: what its source had of its parts, or has in another algorithm, is computed anew. */
async function digestsOfCopy(
  input: CopyObjectRequest,
  { object, body }: CopySource,
  read: (body: CopySource["body"], end: number) => Parameters<typeof digestsOf>[0],
): Promise<CopyDigests> {
  if (object.sizeBytes > largestCopyBytes) {
    const message = `The specified copy source is larger than the maximum allowable size for a copy source: ${largestCopyBytes}`;
    throw s3Error("InvalidRequest", { message });
  }
  const stored = object.checksum;
  const wanted =
    input.ChecksumAlgorithm === undefined
      ? (stored?.algorithm ?? defaultAlgorithm)
      : algorithmOf(input.ChecksumAlgorithm);
  const isKept = stored?.type === "FULL_OBJECT" && stored.algorithm === wanted;
  if (object.partsCount === undefined && isKept) return { etag: object.etag, checksum: stored };
  const found = await digestsOf(read(body, object.sizeBytes), wanted);
  return {
    etag: found.md5.toString("hex"),
    checksum: { algorithm: wanted, value: found.checksumIn(wanted), type: "FULL_OBJECT" },
  };
}

function checkDirective(header: string, value: string | undefined, what: string): void {
  if (value === undefined || value === "COPY" || value === "REPLACE") return;
  throw invalidArgument(`Unknown ${what} directive.`, header, value);
}

function refuseIdleCopy(
  input: CopyObjectRequest,
  { bucket, object }: CopySource,
  target: string,
): void {
  if (bucket.name !== target || object.key !== input.Key) return;
  const isCurrent = !/\?versionId=/.test(input.CopySource);
  const changes =
    input.MetadataDirective === "REPLACE" ||
    input.StorageClass !== undefined ||
    input.WebsiteRedirectLocation !== undefined ||
    input.ChecksumAlgorithm !== undefined;
  if (changes || !isCurrent) return;
  const message =
    "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.";
  throw s3Error("InvalidRequest", { message });
}
