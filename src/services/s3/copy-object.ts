import { askedAcl, type AskedAcl } from "./access-control/acl.ts";
import { ownershipOf } from "./access-control/object-acl.ts";
import type { Handlers } from "#kernel/service.ts";
import type { CopyObjectOutput, CopyObjectRequest, S3 } from "#models/s3.ts";
import type { ChecksumAlgorithm } from "#base/checksums.ts";
import type { Hold } from "#kernel/blobs/blobs.ts";
import type { Context } from "#kernel/context.ts";
import type { Transaction } from "#store/store.ts";
import { algorithmOf, checksumMembers, defaultAlgorithm, receiveBody } from "./bodies.ts";
import { checkWriteConditions, checkWriteHeaders, wholeSecondMs } from "./conditions.ts";
import { openCopySource, sourceCustomerKey, type CopySource } from "./copy-source.ts";
import { digestsOf } from "./digests.ts";
import {
  encryptionFor,
  encryptionMembers,
  openingKey,
  type Encryption,
} from "./encryption/object-encryption.ts";
import { unsealed } from "./encryption/sealed-bytes.ts";
import { invalidArgument, s3Error } from "./errors.ts";
import { putLayout } from "./layouts.ts";
import { checkKey, describeObject, storageClassOf } from "./object-headers.ts";
import { locksIn, locksOf, type Locks } from "./object-lock.ts";
import { openBucket } from "./open-bucket.ts";
import { refuseUnbuiltOptions } from "./unbuilt-options.ts";
import type { ObjectVersion, StoredChecksum } from "./version-record.ts";
import { currentObject, putVersion } from "./versions.ts";

/** Larger ones are copied in parts. */
const largestCopyBytes = 5 * 1024 ** 3;

export const copyObject = {
  /** The copy shares its source's bytes: nothing is written but a record, unless they are encrypted otherwise. */
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
    const found = await ctx
      .read((snapshot) => ({
        bucket: openBucket(snapshot, ctx, input),
        source: openCopySource(snapshot, ctx, input),
      }))
      .catch((failure: unknown) => {
        hold.release();
        throw failure;
      });
    const { source } = found;
    hold.keep(source.body);
    const made = { given, asked, acl, random: ctx.random.bytes(16), modifiedMs: ctx.now() };
    try {
      const key = await openingKey(
        ctx,
        source.bucket,
        source.object.encryption,
        sourceCustomerKey(input),
      );
      const encryption = await encryptionFor(ctx, found.bucket, input.Key, input);
      if (key !== undefined || encryption !== undefined) {
        return await copyAnew(ctx, input, { source, key, encryption, hold, made });
      }
    } catch (failure) {
      hold.release();
      throw failure;
    }
    const digests = await digestsOfCopy(input, source, (body, end) =>
      ctx.blobs.read(body, 0, end, hold),
    ).finally(() => hold.release());
    const layoutId = ctx.random.bytes(16).toString("hex");
    return ctx.transact((tx) => {
      const now = sourceAsSeen(tx, ctx, input, source);
      const { pieces } = now.layout;
      for (const { blob } of pieces) ctx.blobs.retain(tx, blob);
      const bytes = putLayout(tx, ctx, openBucket(tx, ctx, input), layoutId, { pieces });
      return putCopy(tx, ctx, input, now, { ...made, ...digests, ...bytes, encryption: undefined });
    });
  },
} satisfies Handlers<S3>;

/** What a copy is made of beside its source. */
interface MadeCopy {
  readonly given: ReturnType<typeof describeObject>;
  readonly asked: Locks;
  readonly acl: AskedAcl | undefined;
  readonly random: Buffer;
  readonly modifiedMs: number;
}

type CopiedBytes = CopyDigests & Pick<ObjectVersion, "pieces" | "layoutId" | "encryption">;

/** What was looked at is what is copied: by now the source may be another object. */
function sourceAsSeen(
  tx: Transaction,
  ctx: Context,
  input: CopyObjectRequest,
  seen: CopySource,
): CopySource {
  const now = openCopySource(tx, ctx, input);
  if (now.object.number !== seen.object.number) throw s3Error("ConditionalRequestConflict");
  return now;
}

function putCopy(
  tx: Transaction,
  ctx: Context,
  input: CopyObjectRequest,
  source: CopySource,
  made: MadeCopy & CopiedBytes,
): CopyObjectOutput {
  const { object } = source;
  const { given, modifiedMs, checksum, etag } = made;
  const bucket = openBucket(tx, ctx, input);
  refuseIdleCopy(input, source, bucket.name);
  checkWriteConditions(currentObject(tx, ctx, bucket, input.Key), input.Key, input);
  const replaces = input.MetadataDirective === "REPLACE";
  const version = putVersion(tx, ctx, bucket, made.random, {
    key: input.Key,
    modifiedMs,
    sizeBytes: object.sizeBytes,
    etag,
    checksum,
    encryption: made.encryption,
    ...locksIn(tx, ctx, bucket, made.asked, modifiedMs),
    ...ownershipOf(tx, ctx, bucket, input.Key, made.acl),
    pieces: made.pieces,
    layoutId: made.layoutId,
    storageClass: storageClassOf(input.StorageClass),
    headers: replaces
      ? given.headers
      : { ...object.headers, WebsiteRedirectLocation: input.WebsiteRedirectLocation },
    metadata: replaces ? given.metadata : object.metadata,
    tags: input.TaggingDirective === "REPLACE" ? given.tags : object.tags,
  });
  return {
    ...source.versionMember,
    ...encryptionMembers(made.encryption, input),
    ...(bucket.versioning === "Enabled" && { VersionId: version.versionId }),
    CopyObjectResult: {
      ETag: `"${etag}"`,
      LastModified: wholeSecondMs(modifiedMs),
      ...checksumMembers(checksum),
    },
  };
}

interface CopyAnew {
  readonly source: CopySource;
  /** To the source. */
  readonly key: Buffer | undefined;
  /** Of the copy. */
  readonly encryption: Encryption | undefined;
  readonly hold: Hold;
  readonly made: MadeCopy;
}

/** A copy that is encrypted otherwise than its source cannot share its bytes. */
async function copyAnew(
  ctx: Context,
  input: CopyObjectRequest,
  { source, key, encryption, hold, made }: CopyAnew,
): Promise<CopyObjectOutput> {
  const { object, body, layout } = source;
  checkSize(object);
  const read = ctx.blobs.read(body, 0, object.sizeBytes, hold);
  const Body = key === undefined ? read : unsealed(read, layout.pieces, key);
  const wanted = checksumWanted(input, object);
  const options = { kept: wanted, key: encryption?.key };
  const received = await receiveBody(ctx, { Body, endsWithForm: true }, options);
  const { blob, etag, nonce, kept } = received;
  const checksum = { ...kept, type: "FULL_OBJECT" } as const;
  return blob.commit((tx, id) => {
    const pieces =
      blob.sizeBytes === 0 ? [] : [{ blob: id, offset: 0, length: blob.sizeBytes, nonce }];
    if (blob.sizeBytes === 0) ctx.blobs.release(tx, id);
    return putCopy(tx, ctx, input, sourceAsSeen(tx, ctx, input, source), {
      ...made,
      etag,
      checksum,
      pieces,
      encryption: encryption?.stored,
    });
  });
}

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
  checkSize(object);
  const stored = object.checksum;
  const wanted = checksumWanted(input, object);
  const isKept = stored?.type === "FULL_OBJECT" && stored.algorithm === wanted;
  if (object.partsCount === undefined && isKept) return { etag: object.etag, checksum: stored };
  const found = await digestsOf(read(body, object.sizeBytes), wanted);
  return {
    etag: found.md5.toString("hex"),
    checksum: { algorithm: wanted, value: found.checksumIn(wanted), type: "FULL_OBJECT" },
  };
}

function checkSize({ sizeBytes }: ObjectVersion): void {
  if (sizeBytes <= largestCopyBytes) return;
  const message = `The specified copy source is larger than the maximum allowable size for a copy source: ${largestCopyBytes}`;
  throw s3Error("InvalidRequest", { message });
}

function checksumWanted(input: CopyObjectRequest, object: ObjectVersion): ChecksumAlgorithm {
  if (input.ChecksumAlgorithm !== undefined) return algorithmOf(input.ChecksumAlgorithm);
  return object.checksum?.algorithm ?? defaultAlgorithm;
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
    input.ChecksumAlgorithm !== undefined ||
    input.ServerSideEncryption !== undefined ||
    input.SSECustomerKey !== undefined;
  if (changes || !isCurrent) return;
  const message =
    "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.";
  throw s3Error("InvalidRequest", { message });
}
