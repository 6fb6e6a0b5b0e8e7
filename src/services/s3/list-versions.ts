import { endOfPrefix, keyAfter, type Key } from "#base/key.ts";
import { integer, text, textPrefix } from "#base/tuple.ts";
import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { ListObjectVersionsRequest, S3 } from "#models/s3.ts";
import type { Entry, Snapshot } from "#store/store.ts";
import type { BucketRecord } from "./bucket-record.ts";
import { wholeSecondMs } from "./conditions.ts";
import { invalidArgument } from "./errors.ts";
import { objectsPrefix, versionsPrefix } from "./keyspace.ts";
import { describeListed, prefixes } from "./list-objects.ts";
import { commonPrefixOf, keyEncoding, maxKeysOf } from "./list-pages.ts";
import { openBucket } from "./open-bucket.ts";
import { ownerOf } from "./owners.ts";
import { versionCodec, type Version } from "./version-record.ts";
import { findVersion } from "./versions.ts";

export const listVersions = {
  async ListObjectVersions(ctx, input) {
    const encode = keyEncoding(input.EncodingType);
    const { VersionIdMarker: versionIdMarker, Delimiter: delimiter } = input;
    if (versionIdMarker && !input.KeyMarker) {
      const message = "A version-id marker cannot be specified without a key marker.";
      throw invalidArgument(message, "version-id-marker", versionIdMarker);
    }
    const maxKeys = maxKeysOf(input.MaxKeys);
    const { bucket, page } = await ctx.read((snapshot) => {
      const found = openBucket(snapshot, ctx, input);
      return { bucket: found, page: pageOfVersions(snapshot, ctx, found, input, maxKeys) };
    });
    const owner = ownerOf(bucket.account);
    const { listed, commonPrefixes, next } = page;
    return {
      IsTruncated: next !== undefined,
      KeyMarker: encode(input.KeyMarker ?? ""),
      VersionIdMarker: versionIdMarker ?? "",
      ...(next && { NextKeyMarker: encode(next.key), NextVersionIdMarker: next.versionId }),
      Versions: listed.flatMap(({ version, isLatest }) =>
        version.isDeleteMarker
          ? []
          : [
              {
                ...describeListed(version, encode),
                VersionId: version.versionId,
                IsLatest: isLatest,
                Owner: owner,
                StorageClass: (version.storageClass ?? "STANDARD") as never,
              },
            ],
      ),
      DeleteMarkers: listed.flatMap(({ version, isLatest }) =>
        version.isDeleteMarker
          ? [
              {
                Owner: owner,
                Key: encode(version.key),
                VersionId: version.versionId,
                IsLatest: isLatest,
                LastModified: wholeSecondMs(version.modifiedMs),
              },
            ]
          : [],
      ),
      Name: bucket.name,
      Prefix: encode(input.Prefix ?? ""),
      ...(delimiter && { Delimiter: encode(delimiter) }),
      MaxKeys: maxKeys,
      CommonPrefixes: prefixes(commonPrefixes, encode),
      EncodingType: input.EncodingType,
    };
  },
} satisfies Handlers<S3>;

interface ListedVersion {
  readonly version: Version;
  readonly isLatest: boolean;
}

interface VersionsPage {
  readonly listed: readonly ListedVersion[];
  readonly commonPrefixes: readonly string[];
  /** Where the next page goes on; undefined at the end. */
  readonly next: { readonly key: string; readonly versionId: string | undefined } | undefined;
}

function pageOfVersions(
  snapshot: Snapshot,
  ctx: Context,
  bucket: BucketRecord,
  input: ListObjectVersionsRequest,
  maxKeys: number,
): VersionsPage {
  const { Prefix: prefix = "", Delimiter: delimiter = "" } = input;
  const listed: ListedVersion[] = [];
  const commonPrefixes: string[] = [];
  const page = (next: VersionsPage["next"]): VersionsPage => ({ listed, commonPrefixes, next });
  if (maxKeys === 0) return page(undefined);
  const place = { objects: objectsPrefix(ctx, bucket), versions: versionsPrefix(ctx, bucket) };
  const last = endOfPrefix(textPrefix(prefix));
  let start: Start | undefined = startOf(snapshot, ctx, bucket, input);
  let latestOf = start.objects === start.versions ? undefined : input.KeyMarker;
  let next: VersionsPage["next"];
  while (start !== undefined) {
    const from: Start = start;
    start = undefined;
    for (const { version } of merged(snapshot, place, from, last)) {
      if (listed.length + commonPrefixes.length === maxKeys) return page(next);
      const { key, versionId } = version;
      const common = commonPrefixOf(key, prefix, delimiter);
      if (common !== undefined) {
        commonPrefixes.push(common);
        next = { key: common, versionId: undefined };
        const behind = endOfPrefix(textPrefix(common));
        start = { objects: behind, versions: behind };
        break;
      }
      listed.push({ version, isLatest: key !== latestOf });
      latestOf = key;
      next = { key, versionId };
    }
  }
  return page(undefined);
}

/** Where a page begins, behind the two places' prefixes. */
export interface Start {
  readonly objects: Key;
  readonly versions: Key;
}

function startOf(
  snapshot: Snapshot,
  ctx: Context,
  bucket: BucketRecord,
  { Prefix = "", Delimiter = "", KeyMarker = "", VersionIdMarker }: ListObjectVersionsRequest,
): Start {
  const first = textPrefix(Prefix);
  const atLeast = (key: Key): Key => (key > first ? key : first);
  if (KeyMarker === "") return { objects: first, versions: first };
  const common = commonPrefixOf(KeyMarker, Prefix, Delimiter);
  const behindKey = atLeast(
    common === undefined ? endOfPrefix(text(KeyMarker)) : endOfPrefix(textPrefix(common)),
  );
  const marker = VersionIdMarker
    ? findVersion(snapshot, ctx, bucket, KeyMarker, VersionIdMarker)
    : undefined;
  if (common !== undefined || marker === undefined)
    return { objects: behindKey, versions: behindKey };
  const behindVersion = text(KeyMarker) + integer(Number.MAX_SAFE_INTEGER - marker.number);
  return { objects: behindKey, versions: atLeast(keyAfter(behindVersion)) };
}

/** All versions of a bucket from a place on, each with the place behind it. */
export function* allVersions(
  snapshot: Snapshot,
  ctx: Context,
  bucket: BucketRecord,
  from: Start,
): Generator<{ readonly version: Version; readonly behind: Start }, void, undefined> {
  const place = { objects: objectsPrefix(ctx, bucket), versions: versionsPrefix(ctx, bucket) };
  const last = endOfPrefix(textPrefix(""));
  for (const { version, isCurrent } of merged(snapshot, place, from, last)) {
    const { key, number } = version;
    const versions = isCurrent
      ? text(key)
      : keyAfter(text(key) + integer(Number.MAX_SAFE_INTEGER - number));
    yield { version, behind: { objects: keyAfter(text(key)), versions } };
  }
}

/** All versions by key, the newest of each first: a current object stands before its key's other versions. */
function* merged(
  snapshot: Snapshot,
  place: Start,
  from: Start,
  last: Key,
): Generator<{ version: Version; isCurrent: boolean }, void, undefined> {
  const rangeOf = (prefix: Key, start: Key): Iterator<Entry> =>
    snapshot.range({ start: prefix + start, end: prefix + last })[Symbol.iterator]();
  const objects = rangeOf(place.objects, from.objects);
  const versions = rangeOf(place.versions, from.versions);
  let object = objects.next();
  let version = versions.next();
  while (object.done !== true || version.done !== true) {
    const isObject =
      version.done === true ||
      (object.done !== true &&
        object.value.key.slice(place.objects.length) <
          version.value.key.slice(place.versions.length));
    const entry = (isObject ? object : version).value as Entry;
    yield { version: versionCodec.decode(entry.value), isCurrent: isObject };
    if (isObject) object = objects.next();
    else version = versions.next();
  }
}
