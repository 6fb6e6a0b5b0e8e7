import type { ObjectEncryption } from "./encryption/object-encryption.ts";
import type { Grants } from "./access-control/acl.ts";
import type { Piece } from "#kernel/blobs/blobs.ts";
import type { Codec } from "#store/store.ts";
import type { ChecksumAlgorithm } from "#base/checksums.ts";

/** What all versions of a key have: objects and delete markers. */
interface AnyVersion {
  readonly key: string;
  /** Of two versions of a key, the newer has the higher number. */
  readonly number: number;
  /** "null" for what was written while the bucket had no versioning. */
  readonly versionId: string;
  readonly modifiedMs: number;
}

/** "This key has no object any more", as a version of its own. */
export interface DeleteMarker extends AnyVersion {
  readonly isDeleteMarker: true;
}

export interface ObjectVersion extends AnyVersion {
  readonly isDeleteMarker?: undefined;
  readonly sizeBytes: number;
  /** Without the quotes around it. */
  readonly etag: string;
  /** Undefined where there are many: they stand in a layout of their own (layout.ts). */
  readonly pieces?: readonly SealedPiece[] | undefined;
  readonly layoutId?: string | undefined;
  /** Of an object that was uploaded in parts: the upload, and how many they were. */
  readonly uploadId?: string | undefined;
  readonly partsCount?: number | undefined;
  readonly checksum?: StoredChecksum | undefined;
  /** Undefined where the server's own key is all. */
  readonly encryption?: ObjectEncryption | undefined;
  /** "STANDARD" if it is not there. */
  readonly storageClass?: string | undefined;
  readonly headers: ObjectHeaders;
  /** The user's own; names in lower case. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Undefined for none. */
  readonly tags?: Tags | undefined;
  readonly lock?: ObjectLock | undefined;
  /** Undefined where nobody ever said. */
  readonly legalHold?: boolean | undefined;
  /** The account that owns it, if that is not the bucket's: buckets may leave objects to their writers. */
  readonly owner?: string | undefined;
  /** How far its replicas are, or that it is one. */
  readonly replication?: "PENDING" | "COMPLETED" | "FAILED" | "REPLICA" | undefined;
  /** Undefined for its owner alone. */
  readonly acl?: Grants | undefined;
}

/** A piece of a body; with a nonce, if it is encrypted with the object's own key (sealed-bytes.ts). */
export interface SealedPiece extends Piece {
  /** Base64. */
  readonly nonce?: string | undefined;
}

/** Until then the version cannot be removed. */
export interface ObjectLock {
  readonly mode: "GOVERNANCE" | "COMPLIANCE";
  readonly untilMs: number;
}

/** Tags by key. */
export type Tags = Readonly<Record<string, string>>;

export type Version = ObjectVersion | DeleteMarker;

export interface StoredChecksum {
  readonly algorithm: ChecksumAlgorithm;
  /** Base64; behind it "-3" where it is one of three parts' checksums. */
  readonly value: string;
  readonly type: "FULL_OBJECT" | "COMPOSITE";
}

/** Headers that come back as they were sent. */
export interface ObjectHeaders {
  readonly CacheControl?: string | undefined;
  readonly ContentDisposition?: string | undefined;
  readonly ContentEncoding?: string | undefined;
  readonly ContentLanguage?: string | undefined;
  readonly ContentType?: string | undefined;
  readonly Expires?: string | undefined;
  readonly WebsiteRedirectLocation?: string | undefined;
}

export const versionCodec: Codec<Version> = {
  encode: (version) => Buffer.from(JSON.stringify(version)),
  decode: (bytes) => JSON.parse(bytes.toString("utf8")) as Version,
};

/** Of what stands under `object`, which is never a delete marker. */
export const objectCodec = versionCodec as Codec<ObjectVersion>;
