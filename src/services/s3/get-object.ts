import { AuthorizationNeeded } from "#kernel/authorization/authorize.ts";
import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type {
  GetObjectRequest,
  HeadObjectOutput,
  HeadObjectRequest,
  LifecycleRule,
  S3,
} from "#models/s3.ts";
import type { Snapshot } from "#store/store.ts";
import { expirationMember, lifecycleRules } from "./bucket-lifecycle.ts";
import { checksumMembers } from "./bodies.ts";
import { objectOwner } from "./access-control/ownership-controls.ts";
import type { BucketRecord } from "./bucket-record.ts";
import { checkReadConditions, wholeSecondMs } from "./conditions.ts";
import {
  checkedCustomerKey,
  encryptionMembers,
  openingKey,
} from "./encryption/object-encryption.ts";
import { unsealed } from "./encryption/sealed-bytes.ts";
import { sliceOf } from "#kernel/blobs/blobs.ts";
import { invalidArgument, s3Error } from "./errors.ts";
import { lockMembers } from "./object-lock.ts";
import { openBucket } from "./open-bucket.ts";
import { layoutOf, type Layout } from "./layouts.ts";
import { checkPartNumber } from "./part-numbers.ts";
import { parseRange, type ByteRange } from "./ranges.ts";
import { refuseUnbuiltOptions } from "./unbuilt-options.ts";
import { numberOfVersionId } from "./version-ids.ts";
import type { ObjectVersion, StoredChecksum } from "./version-record.ts";
import { findVersion } from "./versions.ts";

export const getObject = {
  async GetObject(ctx, input) {
    refuseUnbuiltOptions(input);
    const hold = ctx.blobs.hold();
    try {
      const found = await ctx.read((snapshot) => {
        const { bucket, object } = openObject(snapshot, ctx, input, "GET");
        const layout = layoutOf(snapshot, ctx, bucket, object);
        checkReadable(object);
        const rules = lifecycleRules(snapshot, ctx, bucket);
        return { bucket, object, layout, rules, body: ctx.blobs.body(snapshot, layout.pieces) };
      });
      const { object, body } = found;
      const { range, members } = answerFor(ctx, found, input);
      const { start, end } = range ?? { start: 0, end: object.sizeBytes };
      const key = await openingKey(ctx, found.bucket, object.encryption, input);
      const bytes = ctx.blobs.read(body, start, end, hold);
      if (key === undefined) return { ...members, Body: bytes };
      const pieces = sliceOf(found.layout.pieces, start, end);
      return { ...members, Body: unsealed(bytes, pieces, key) };
    } catch (failure) {
      hold.release();
      throw failure;
    }
  },

  async HeadObject(ctx, input) {
    refuseUnbuiltOptions(input);
    const found = await ctx.read((snapshot) => {
      const { bucket, object } = openObject(snapshot, ctx, input, "HEAD");
      const needsParts = input.PartNumber !== undefined;
      const layout = needsParts ? layoutOf(snapshot, ctx, bucket, object) : noLayout;
      return { bucket, object, layout, rules: lifecycleRules(snapshot, ctx, bucket) };
    });
    checkedCustomerKey(found.object.encryption, input);
    return answerFor(ctx, found, input).members;
  },
} satisfies Handlers<S3>;

const noLayout: Layout = { pieces: [] };

type ReadRequest = GetObjectRequest & HeadObjectRequest;

export interface FoundObject {
  readonly bucket: BucketRecord;
  readonly object: ObjectVersion;
}

type ObjectInput = Pick<GetObjectRequest, "Bucket" | "Key" | "VersionId" | "ExpectedBucketOwner">;

/** The object that a request is about: the current one or the version that it names. Errors as recorded. */
export function openObject(
  snapshot: Snapshot,
  ctx: Context,
  input: ObjectInput,
  method: string,
): FoundObject {
  const bucket = openBucket(snapshot, ctx, input);
  const { Key: key, VersionId: versionId } = input;
  checkVersionId(versionId);
  const found = findVersion(snapshot, ctx, bucket, key, versionId);
  if (found === undefined) {
    if (versionId === undefined) throw s3Error("NoSuchKey", { members: { Key: key } });
    throw s3Error("NoSuchVersion", { members: { Key: key, VersionId: versionId } });
  }
  if (!found.isDeleteMarker) {
    // What its writer kept is for its own list to give.
    if (!ctx.isAuthorized && objectOwner(bucket, found) !== bucket.account)
      throw new AuthorizationNeeded();
    return { bucket, object: found };
  }
  const headers = { "x-amz-delete-marker": "true", "x-amz-version-id": found.versionId };
  if (versionId === undefined) throw s3Error("NoSuchKey", { members: { Key: key }, headers });
  throw s3Error("MethodNotAllowed", {
    members: { Method: method, ResourceType: "DeleteMarker" },
    headers: {
      ...headers,
      allow: "DELETE",
      "last-modified": new Date(wholeSecondMs(found.modifiedMs)).toUTCString(),
    },
  });
}

export function checkVersionId(versionId: string | undefined): void {
  if (versionId === undefined || versionId === "null") return;
  if (versionId === "") {
    throw invalidArgument("Version id cannot be the empty string", "versionId", "");
  }
  if (numberOfVersionId(versionId) === undefined) {
    throw invalidArgument("Invalid version id specified", "versionId", versionId);
  }
}

interface Readable extends FoundObject {
  readonly layout: Layout;
  readonly rules: readonly LifecycleRule[];
}

/** Bytes in these classes come back only after they were restored. */
const archives: ReadonlySet<string | undefined> = new Set(["GLACIER", "DEEP_ARCHIVE"]);

export function checkReadable({ storageClass }: ObjectVersion): void {
  if (!archives.has(storageClass)) return;
  throw s3Error("InvalidObjectState", { members: { StorageClass: storageClass } });
}

/** All of the answer but the bytes, and which of them it has. */
function answerFor(
  ctx: Context,
  { bucket, object, layout, rules }: Readable,
  input: ReadRequest,
): { readonly range: ByteRange | undefined; readonly members: HeadObjectOutput } {
  checkReadConditions(object, input, ctx.now());
  const part = partFor(object, layout, input);
  const range = part?.range ?? rangeFor(object, input);
  const { start, end } = range ?? { start: 0, end: object.sizeBytes };
  const members: HeadObjectOutput = {
    AcceptRanges: "bytes",
    LastModified: wholeSecondMs(object.modifiedMs),
    ContentLength: end - start,
    ETag: `"${object.etag}"`,
    ...(bucket.versioning !== undefined && { VersionId: object.versionId }),
    ...object.headers,
    ...overrides(input),
    ...encryptionMembers(object.encryption, input),
    Metadata: object.metadata,
    StorageClass: object.storageClass as never,
    ...(range !== undefined && { ContentRange: `bytes ${start}-${end - 1}/${object.sizeBytes}` }),
    ...expirationMember(rules, object),
    ...lockMembers(object),
    ...(object.replication !== undefined && { ReplicationStatus: object.replication }),
    ...(object.tags !== undefined && { TagCount: Object.keys(object.tags).length }),
    ...(part !== undefined && object.partsCount !== undefined && { PartsCount: object.partsCount }),
    // Of a part of the object nobody could compare the whole object's checksum.
    ...(input.ChecksumMode === "ENABLED" &&
      checksumMembers(range === undefined ? object.checksum : part?.checksum)),
  };
  return { range, members };
}

function rangeFor({ sizeBytes }: ObjectVersion, { Range }: ReadRequest): ByteRange | undefined {
  const range = parseRange(Range, sizeBytes);
  if (range !== "unsatisfiable") return range;
  const members = { RangeRequested: Range, ActualObjectSize: String(sizeBytes) };
  throw s3Error("InvalidRange", { members, headers: { "content-range": `bytes */${sizeBytes}` } });
}

/** The part that a request asks for by its number. As recorded. */
function partFor(
  { sizeBytes, partsCount, checksum }: ObjectVersion,
  { parts }: Layout,
  { PartNumber: number, Range }: ReadRequest,
): { readonly range: ByteRange; readonly checksum: StoredChecksum | undefined } | undefined {
  if (number === undefined) return undefined;
  if (Range !== undefined) {
    const message = "Cannot specify both Range header and partNumber query parameter";
    throw s3Error("InvalidRequest", { message });
  }
  checkPartNumber(number);
  if (parts === undefined || partsCount === undefined) {
    if (number === 1) return { range: { start: 0, end: sizeBytes }, checksum };
    throw noSuchPart(number, 1);
  }
  const part = parts[number - 1];
  if (part === undefined) throw noSuchPart(number, partsCount);
  const start = parts.slice(0, number - 1).reduce((sum, each) => sum + each.sizeBytes, 0);
  const range = { start, end: start + part.sizeBytes };
  if (parts.length === 1) return { range, checksum };
  const own = checksum?.type === "COMPOSITE" ? { ...checksum, value: part.checksum } : undefined;
  return { range, checksum: own };
}

function noSuchPart(number: number, count: number): Error {
  const members = { PartNumberRequested: String(number), ActualPartCount: String(count) };
  return s3Error("InvalidPartNumber", { members });
}

/** What the request wants to see in place of the stored headers. */
function overrides(input: ReadRequest): Partial<HeadObjectOutput> {
  const { ResponseExpires: expires } = input;
  const given = {
    CacheControl: input.ResponseCacheControl,
    ContentDisposition: input.ResponseContentDisposition,
    ContentEncoding: input.ResponseContentEncoding,
    ContentLanguage: input.ResponseContentLanguage,
    ContentType: input.ResponseContentType,
    Expires: expires === undefined ? undefined : new Date(expires).toUTCString(),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
