import { s3Error } from "./errors.ts";
import { tagsOfHeader } from "./tags.ts";
import type { ObjectHeaders, ObjectVersion } from "./version-record.ts";

/** What is said of an object beside its bytes: checked, and as it is stored. */

/** Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
const longestKeyBytes = 1024;
/** Names and values of a user's own metadata together. */
const largestMetadataBytes = 2048;

export function checkKey(key: string): void {
  const bytes = Buffer.byteLength(key);
  if (bytes <= longestKeyBytes) return;
  throw s3Error("KeyTooLongError", {
    members: { Size: String(bytes), MaxSizeAllowed: String(longestKeyBytes) },
  });
}

/** What a request says of the object that it makes. */
export interface ObjectDescription extends ObjectHeaders {
  readonly StorageClass?: string | undefined;
  readonly Metadata?: Readonly<Record<string, string>> | undefined;
  readonly Tagging?: string | undefined;
}

/** Checked, as it is stored. */
export function describeObject(
  input: ObjectDescription,
): Pick<ObjectVersion, "storageClass" | "headers" | "metadata" | "tags"> {
  return {
    storageClass: storageClassOf(input.StorageClass),
    headers: headersOf(input),
    metadata: metadataOf(input.Metadata),
    tags: tagsOfHeader(input.Tagging),
  };
}

export function headersOf(input: ObjectHeaders): ObjectHeaders {
  return {
    CacheControl: input.CacheControl,
    ContentDisposition: input.ContentDisposition,
    ContentEncoding: input.ContentEncoding,
    ContentLanguage: input.ContentLanguage,
    ContentType: input.ContentType || "binary/octet-stream",
    Expires: input.Expires,
    WebsiteRedirectLocation: input.WebsiteRedirectLocation,
  };
}

export function metadataOf(
  given: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  const metadata: Record<string, string> = {};
  let bytes = 0;
  for (const [name, value] of Object.entries(given ?? {})) {
    metadata[name.toLowerCase()] = value;
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
  }
  if (bytes > largestMetadataBytes) {
    throw s3Error("MetadataTooLarge", {
      members: { Size: String(bytes), MaxSizeAllowed: String(largestMetadataBytes) },
    });
  }
  return metadata;
}

const storageClasses: ReadonlySet<string> = new Set([
  "STANDARD",
  "REDUCED_REDUNDANCY",
  "STANDARD_IA",
  "ONEZONE_IA",
  "INTELLIGENT_TIERING",
  "GLACIER",
  "DEEP_ARCHIVE",
  "GLACIER_IR",
]);

/** Undefined for the usual one. */
export function storageClassOf(given: string | undefined): string | undefined {
  if (given === undefined || given === "STANDARD") return undefined;
  if (!storageClasses.has(given)) {
    throw s3Error("InvalidStorageClass", { members: { StorageClassRequested: given } });
  }
  return given;
}
