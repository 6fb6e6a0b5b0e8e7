import { checkedCustomerKey } from "./encryption/object-encryption.ts";
import type { Handlers } from "#kernel/service.ts";
import type { GetObjectAttributesOutput, GetObjectAttributesRequest, S3 } from "#models/s3.ts";
import { checksumMembers } from "./bodies.ts";
import { wholeSecondMs } from "./conditions.ts";
import { invalidArgument } from "./errors.ts";
import { openObject } from "./get-object.ts";
import { layoutOf, type Layout } from "./layouts.ts";
import type { ObjectVersion } from "./version-record.ts";

const partsOnPage = 1000;
const known: ReadonlySet<string> = new Set([
  "ETag",
  "Checksum",
  "ObjectParts",
  "StorageClass",
  "ObjectSize",
]);

export const objectAttributes = {
  async GetObjectAttributes(ctx, input) {
    const asked = input.ObjectAttributes.filter((name) => (name as string) !== "");
    if (asked.length === 0 || asked.some((name) => !known.has(name))) {
      const message = "Invalid attribute name specified.";
      throw invalidArgument(message, "x-amz-object-attributes", asked.join(","));
    }
    const { bucket, object, layout } = await ctx.read((snapshot) => {
      const found = openObject(snapshot, ctx, input, "GET");
      return { ...found, layout: layoutOf(snapshot, ctx, found.bucket, found.object) };
    });
    checkedCustomerKey(object.encryption, input);
    const all: GetObjectAttributesOutput = {
      ETag: object.etag,
      Checksum: checksumOf(object),
      ObjectParts: partsOf(object, layout, input),
      StorageClass: (object.storageClass ?? "STANDARD") as never,
      ObjectSize: object.sizeBytes,
    };
    return {
      LastModified: wholeSecondMs(object.modifiedMs),
      ...(bucket.versioning !== undefined && { VersionId: object.versionId }),
      ...Object.fromEntries(asked.map((name) => [name, all[name]])),
    };
  },
} satisfies Handlers<S3>;

/** Recorded: without the number of parts behind it. */
function checksumOf({ checksum }: ObjectVersion) {
  return checksum && checksumMembers({ ...checksum, value: checksum.value.replace(/-\d+$/, "") });
}

/** Recorded: single parts are told only where each has a checksum of its own. */
function partsOf(
  { checksum, partsCount }: ObjectVersion,
  { parts }: Layout,
  { MaxParts = partsOnPage, PartNumberMarker = 0 }: GetObjectAttributesRequest,
) {
  if (parts === undefined || partsCount === undefined) return undefined;
  if (checksum?.type !== "COMPOSITE") return { TotalPartsCount: partsCount };
  const maxParts = Math.min(MaxParts, partsOnPage);
  const behind = parts.filter(({ number }) => number > PartNumberMarker);
  const page = behind.slice(0, maxParts);
  return {
    TotalPartsCount: partsCount,
    PartNumberMarker,
    NextPartNumberMarker: page.at(-1)?.number ?? 0,
    MaxParts: maxParts,
    IsTruncated: behind.length > page.length,
    Parts: page.map((part) => ({
      PartNumber: part.number,
      Size: part.sizeBytes,
      [`Checksum${checksum.algorithm}`]: part.checksum,
    })),
  };
}
