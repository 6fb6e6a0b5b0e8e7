import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { CommonPrefix, S3, ObjectShape as ListedObject } from "#models/s3.ts";
import { invalidArgument } from "./errors.ts";
import { objectsPrefix } from "./keyspace.ts";
import { keyEncoding, pageOfKeys } from "./list-pages.ts";
import { openBucket } from "./open-bucket.ts";
import { ownerOf } from "./owners.ts";
import { objectCodec, type ObjectVersion } from "./version-record.ts";
import type { BucketRecord } from "./bucket-record.ts";
import { wholeSecondMs } from "./conditions.ts";

export const listObjects = {
  async ListObjects(ctx, input) {
    const encode = keyEncoding(input.EncodingType);
    const { bucket, page } = await listPage(ctx, input, input.Marker);
    const { contents, commonPrefixes, maxKeys, isTruncated, last } = page;
    const { Delimiter: delimiter } = input;
    return {
      IsTruncated: isTruncated,
      Marker: encode(input.Marker ?? ""),
      // Without a delimiter the last key says as much.
      ...(isTruncated && delimiter && last !== undefined && { NextMarker: encode(last) }),
      Contents: contents.map((each) => listed(bucket, each, encode, true)),
      Name: bucket.name,
      Prefix: encode(input.Prefix ?? ""),
      ...(delimiter && { Delimiter: encode(delimiter) }),
      MaxKeys: maxKeys,
      CommonPrefixes: prefixes(commonPrefixes, encode),
      EncodingType: input.EncodingType,
    };
  },

  async ListObjectsV2(ctx, input) {
    const encode = keyEncoding(input.EncodingType);
    const { ContinuationToken: token, Delimiter: delimiter } = input;
    const after = token === undefined ? input.StartAfter : keyOfToken(token);
    const { bucket, page } = await listPage(ctx, input, after);
    const { contents, commonPrefixes, maxKeys, isTruncated, last } = page;
    return {
      IsTruncated: isTruncated,
      Contents: contents.map((each) => listed(bucket, each, encode, input.FetchOwner === true)),
      Name: bucket.name,
      Prefix: encode(input.Prefix ?? ""),
      ...(delimiter && { Delimiter: encode(delimiter) }),
      MaxKeys: maxKeys,
      CommonPrefixes: prefixes(commonPrefixes, encode),
      EncodingType: input.EncodingType,
      KeyCount: contents.length + commonPrefixes.length,
      ContinuationToken: token,
      ...(isTruncated && last !== undefined && { NextContinuationToken: tokenOfKey(last) }),
      ...(input.StartAfter !== undefined && { StartAfter: encode(input.StartAfter) }),
    };
  },
} satisfies Handlers<S3>;

interface ListInput {
  readonly Bucket: string;
  readonly ExpectedBucketOwner?: string | undefined;
  readonly Delimiter?: string | undefined;
  readonly Prefix?: string | undefined;
  readonly MaxKeys?: number | undefined;
}

function listPage(ctx: Context, input: ListInput, after: string | undefined) {
  return ctx.read((snapshot) => {
    const bucket = openBucket(snapshot, ctx, input);
    const page = pageOfKeys(snapshot, objectsPrefix(ctx, bucket), objectCodec, {
      prefix: input.Prefix ?? "",
      delimiter: input.Delimiter ?? "",
      after: after ?? "",
      maxKeys: input.MaxKeys,
    });
    return { bucket, page };
  });
}

type Encode = (key: string) => string;

function listed(
  bucket: BucketRecord,
  object: ObjectVersion,
  encode: Encode,
  withOwner: boolean,
): ListedObject {
  return {
    ...describeListed(object, encode),
    ...(withOwner && { Owner: ownerOf(bucket.account) }),
  };
}

/** What lists say of an object. */
export function describeListed(
  { key, modifiedMs, etag, checksum, sizeBytes, storageClass }: ObjectVersion,
  encode: Encode,
): ListedObject {
  return {
    Key: encode(key),
    LastModified: wholeSecondMs(modifiedMs),
    ETag: `"${etag}"`,
    ...(checksum && {
      ChecksumAlgorithm: [checksum.algorithm],
      ChecksumType: checksum.type,
    }),
    Size: sizeBytes,
    StorageClass: (storageClass ?? "STANDARD") as never,
  };
}

export function prefixes(found: readonly string[], encode: Encode): CommonPrefix[] {
  return found.map((prefix) => ({ Prefix: encode(prefix) }));
}

/** A token says where the next page begins; who made one up is told so. */
const tokenOfKey = (key: string): string => Buffer.from(`1${key}`).toString("base64url");

function keyOfToken(token: string): string {
  const text = Buffer.from(token, "base64url").toString();
  if (text.startsWith("1") && tokenOfKey(text.slice(1)) === token) return text.slice(1);
  throw invalidArgument(
    "The continuation token provided is incorrect",
    "continuation-token",
    token,
  );
}
