import { createHash } from "node:crypto";
import { endOfPrefix } from "#base/key.ts";
import { createChecksum } from "#base/checksums.ts";
import { combineCrcs, isCombinable } from "#base/crc-combine.ts";
import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { CompletedPart, CompleteMultipartUploadRequest, S3 } from "#models/s3.ts";
import type { Snapshot } from "#store/store.ts";
import { checksumMembers } from "./bodies.ts";
import type { BucketRecord } from "./bucket-record.ts";
import { checkWriteConditions, checkWriteHeaders } from "./conditions.ts";
import { encryptionMembers } from "./encryption/object-encryption.ts";
import { s3Error } from "./errors.ts";
import { partsPrefix, uploadKey } from "./keyspace.ts";
import { putLayout } from "./layouts.ts";
import { openBucket } from "./open-bucket.ts";
import { sweepLater } from "./sweep-upload.ts";
import { refuseUnbuiltOptions } from "./unbuilt-options.ts";
import { openUpload, partCodec, type PartRecord, type UploadRecord } from "./upload-record.ts";
import type { ObjectVersion, StoredChecksum } from "./version-record.ts";
import { currentObject, putVersion } from "./versions.ts";

const smallestPartBytes = 5 * 1024 * 1024;
const largestObjectBytes = 50 * 1024 ** 4;

export const completeUpload = {
  /** Makes an object of parts. Their bytes stay where they are: the object's layout names them from now on. */
  async CompleteMultipartUpload(ctx, input) {
    refuseUnbuiltOptions(input);
    checkWriteHeaders(input);
    const listed = input.MultipartUpload?.Parts ?? [];
    if (listed.length === 0) {
      throw s3Error("InvalidRequest", { message: "You must specify at least one part" });
    }
    const found = await ctx.read((snapshot) => openOrDone(snapshot, ctx, input));
    if (found.done !== undefined) return answer(input, found.bucket, found.done);
    const { upload } = found;
    const parts = chosenParts(upload, listed, found.parts);
    const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
    const checksum = wholeChecksum(upload, parts);
    checkWhole(upload, input, sizeBytes, checksum);
    const layoutId = ctx.random.bytes(16).toString("hex");
    const random = ctx.random.bytes(16);
    return ctx.transact((tx) => {
      const now = openOrDone(tx, ctx, input);
      if (now.done !== undefined) return answer(input, now.bucket, now.done);
      const { bucket } = now;
      // A part that was uploaded anew meanwhile is not the one that was looked at.
      for (const part of chosenParts(upload, listed, now.parts)) {
        if (part.modifiedMs !== found.parts.get(part.number)?.modifiedMs)
          throw invalidPart(upload, part);
      }
      checkWriteConditions(currentObject(tx, ctx, bucket, input.Key), input.Key, input);
      const {
        storageClass,
        headers,
        metadata,
        tags,
        lock,
        legalHold,
        owner,
        acl,
        encryption,
        uploadId,
      } = upload;
      const version = putVersion(tx, ctx, bucket, random, {
        key: upload.key,
        modifiedMs: upload.initiatedMs,
        sizeBytes,
        etag: etagOf(parts),
        ...putLayout(tx, ctx, bucket, layoutId, {
          pieces: parts.flatMap(({ pieces }) => pieces.filter(({ length }) => length > 0)),
          parts: parts.map((part) => ({
            number: part.number,
            sizeBytes: part.sizeBytes,
            checksum: part.checksum,
          })),
        }),
        uploadId,
        partsCount: parts.length,
        checksum,
        storageClass,
        headers,
        metadata,
        tags,
        lock,
        legalHold,
        owner,
        acl,
        encryption,
      }) as ObjectVersion;
      // A part without bytes has no place in a layout: it goes with those that were not chosen.
      const used = parts.filter((part) => part.sizeBytes > 0).map(({ number }) => number);
      tx.delete(uploadKey(ctx, bucket, upload.key, upload.number));
      sweepLater(tx, ctx, bucket, uploadId, used);
      return answer(input, bucket, version);
    });
  },
} satisfies Handlers<S3>;

interface Found {
  readonly bucket: BucketRecord;
  readonly upload: UploadRecord;
  readonly parts: ReadonlyMap<number, PartRecord>;
  readonly done: undefined;
}
/** The upload was completed before: who asks again, having heard no answer, gets it now. */
interface Done {
  readonly bucket: BucketRecord;
  readonly done: ObjectVersion;
}

function openOrDone(
  snapshot: Snapshot,
  ctx: Context,
  input: CompleteMultipartUploadRequest,
): Found | Done {
  const bucket = openBucket(snapshot, ctx, input);
  const current = currentObject(snapshot, ctx, bucket, input.Key);
  if (current?.uploadId === input.UploadId) return { bucket, done: current };
  const upload = openUpload(snapshot, ctx, bucket, input);
  const prefix = partsPrefix(ctx, bucket, input.UploadId);
  const parts = new Map<number, PartRecord>();
  for (const { value } of snapshot.range({ start: prefix, end: endOfPrefix(prefix) })) {
    const part = partCodec.decode(value);
    parts.set(part.number, part);
  }
  return { bucket, upload, parts, done: undefined };
}

function answer(
  input: CompleteMultipartUploadRequest,
  bucket: BucketRecord,
  { etag, checksum, versionId, encryption }: ObjectVersion,
): S3["CompleteMultipartUpload"]["output"] {
  const { Bucket, Key } = input;
  const path = Key.split("/").map(encodeURIComponent).join("%2F");
  return {
    Location: `https://${Bucket}.s3.${bucket.region}.amazonaws.com/${path}`,
    Bucket,
    Key,
    ETag: `"${etag}"`,
    ...checksumMembers(checksum),
    ...encryptionMembers(encryption, input),
    ...(bucket.versioning === "Enabled" && { VersionId: versionId }),
  };
}

/** The parts that the request lists, if they are there, as it says they are, and large enough. Errors as recorded. */
function chosenParts(
  upload: UploadRecord,
  listed: readonly CompletedPart[],
  stored: ReadonlyMap<number, PartRecord>,
): PartRecord[] {
  const { algorithm, uploadId } = upload;
  let before = 0;
  const chosen: PartRecord[] = [];
  for (const { PartNumber: number = 0, ETag, ...checksums } of listed) {
    if (number <= before) throw s3Error("InvalidPartOrder", { members: { UploadId: uploadId } });
    before = number;
    const etag = ETag?.replaceAll('"', "");
    const part = stored.get(number);
    if (part === undefined || part.etag !== etag) throw invalidPart(upload, { number, etag });
    const given = (checksums as Record<string, string | undefined>)[`Checksum${algorithm}`];
    if (given === undefined && upload.isChecksumChosen && upload.checksumType === "COMPOSITE") {
      const message = `The upload was created using a ${algorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${number} in the request.`;
      throw s3Error("InvalidRequest", { message });
    }
    if (given !== undefined && given !== part.checksum) throw invalidPart(upload, { number, etag });
    chosen.push(part);
  }
  for (const part of chosen.slice(0, -1)) {
    if (part.sizeBytes >= smallestPartBytes) continue;
    const members = {
      ProposedSize: String(part.sizeBytes),
      MinSizeAllowed: String(smallestPartBytes),
      PartNumber: String(part.number),
      ETag: part.etag,
    };
    throw s3Error("EntityTooSmall", { members });
  }
  return chosen;
}

function invalidPart(
  { uploadId }: UploadRecord,
  { number, etag }: { readonly number: number; readonly etag: string | undefined },
): Error {
  const members = { UploadId: uploadId, PartNumber: String(number), ETag: etag };
  return s3Error("InvalidPart", { members });
}

/** The MD5 of the parts' MD5s, and how many they are. */
function etagOf(parts: readonly PartRecord[]): string {
  const md5 = createHash("md5");
  for (const { etag } of parts) md5.update(etag, "hex");
  return `${md5.digest("hex")}-${parts.length}`;
}

function wholeChecksum(upload: UploadRecord, parts: readonly PartRecord[]): StoredChecksum {
  const { algorithm, checksumType: type } = upload;
  if (type === "FULL_OBJECT" && isCombinable(algorithm)) {
    const whole = combineCrcs(
      algorithm,
      parts.map(({ checksum, sizeBytes }) => ({
        crc: Buffer.from(checksum, "base64"),
        lengthBytes: sizeBytes,
      })),
    );
    return { algorithm, type, value: whole.toString("base64") };
  }
  const composite = createChecksum(algorithm);
  for (const { checksum } of parts) composite.update(Buffer.from(checksum, "base64"));
  return { algorithm, type, value: `${composite.digest().toString("base64")}-${parts.length}` };
}

function checkWhole(
  upload: UploadRecord,
  input: CompleteMultipartUploadRequest,
  sizeBytes: number,
  checksum: StoredChecksum,
): void {
  const { ChecksumType, MpuObjectSize } = input;
  if (sizeBytes > largestObjectBytes) throw s3Error("EntityTooLarge");
  const chosen = upload.isChecksumChosen ? upload.checksumType : undefined;
  if (ChecksumType !== undefined && ChecksumType !== chosen) {
    // Recorded, the "null" included.
    const message = `The upload was created using the ${chosen ?? "null"} checksum mode. The complete request must use the same checksum mode.`;
    throw s3Error("InvalidRequest", { message });
  }
  if (MpuObjectSize !== undefined && MpuObjectSize !== sizeBytes) {
    const message = `The provided 'x-amz-mp-object-size' header value ${MpuObjectSize} does not match what was computed: ${sizeBytes}`;
    throw s3Error("InvalidRequest", { message });
  }
  const { algorithm, value } = checksum;
  const given = (input as unknown as Record<string, string | undefined>)[`Checksum${algorithm}`];
  if (given === undefined) return;
  const isSame = given === value || given === value.replace(/-\d+$/, "");
  if (!isSame) {
    const message = `The ${algorithm} you specified did not match the calculated checksum.`;
    throw s3Error("BadDigest", { message });
  }
}
