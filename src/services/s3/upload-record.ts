import type { ChecksumAlgorithm } from "#base/checksums.ts";
import type { Context } from "#kernel/context.ts";
import type { Codec, Snapshot } from "#store/store.ts";
import type { BucketRecord } from "./bucket-record.ts";
import { s3Error } from "./errors.ts";
import { uploadKey } from "./keyspace.ts";
import { numberOfVersionId } from "./version-ids.ts";
import type { ObjectVersion, SealedPiece } from "./version-record.ts";

/** A multipart upload that is neither completed nor aborted. */
export interface UploadRecord extends Pick<
  ObjectVersion,
  | "storageClass"
  | "headers"
  | "metadata"
  | "tags"
  | "lock"
  | "legalHold"
  | "owner"
  | "acl"
  | "encryption"
> {
  readonly key: string;
  readonly uploadId: string;
  /** Uploads of a key are listed in this order; their ids lead to it as versions' ids do to theirs. */
  readonly number: number;
  readonly initiatedMs: number;
  /** What every part's checksum is kept in. */
  readonly algorithm: ChecksumAlgorithm;
  readonly checksumType: "FULL_OBJECT" | "COMPOSITE";
  /** Whether the client asked for these, or they are the usual ones. */
  readonly isChecksumChosen: boolean;
}

export const uploadCodec: Codec<UploadRecord> = {
  encode: (upload) => Buffer.from(JSON.stringify(upload)),
  decode: (bytes) => JSON.parse(bytes.toString("utf8")) as UploadRecord,
};

export interface PartRecord {
  readonly number: number;
  readonly sizeBytes: number;
  /** MD5, hexadecimal. */
  readonly etag: string;
  /** Base64, in the upload's algorithm. */
  readonly checksum: string;
  readonly modifiedMs: number;
  readonly pieces: readonly SealedPiece[];
}

export const partCodec: Codec<PartRecord> = {
  encode: (part) => Buffer.from(JSON.stringify(part)),
  decode: (bytes) => JSON.parse(bytes.toString("utf8")) as PartRecord,
};

/** The upload that a request names. Throws NoSuchUpload. */
export function openUpload(
  snapshot: Snapshot,
  ctx: Context,
  bucket: BucketRecord,
  { Key: key, UploadId: uploadId }: { readonly Key: string; readonly UploadId: string },
): UploadRecord {
  const number = numberOfVersionId(uploadId);
  const found =
    number === undefined
      ? undefined
      : snapshot.record(uploadKey(ctx, bucket, key, number), uploadCodec);
  if (found?.uploadId === uploadId) return found;
  throw s3Error("NoSuchUpload", { members: { UploadId: uploadId } });
}
