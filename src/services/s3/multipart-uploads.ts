import { askedAcl } from "./access-control/acl.ts";
import { ownershipOf } from "./access-control/object-acl.ts";
import { endOfPrefix, keyAfter, type Key } from "#base/key.ts";
import { integer, text, textPrefix } from "#base/tuple.ts";
import type { ChecksumAlgorithm } from "#base/checksums.ts";
import { isCombinable } from "#base/crc-combine.ts";
import type { Handlers } from "#kernel/service.ts";
import type { CreateMultipartUploadRequest, S3 } from "#models/s3.ts";
import type { KeyRange, Transaction } from "#store/store.ts";
import type { Context } from "#kernel/context.ts";
import { algorithmOf, defaultAlgorithm } from "./bodies.ts";
import type { BucketRecord } from "./bucket-record.ts";
import { wholeSecondMs } from "./conditions.ts";
import { encryptionFor, encryptionMembers } from "./encryption/object-encryption.ts";
import { s3Error } from "./errors.ts";
import { uploadKey, uploadsPrefix } from "./keyspace.ts";
import { prefixes } from "./list-objects.ts";
import { commonPrefixOf, keyEncoding, maxKeysOf } from "./list-pages.ts";
import { checkKey, describeObject } from "./object-headers.ts";
import { locksIn, locksOf } from "./object-lock.ts";
import { openBucket } from "./open-bucket.ts";
import { ownerOf } from "./owners.ts";
import { sweepLater } from "./sweep-upload.ts";
import { refuseUnbuiltOptions } from "./unbuilt-options.ts";
import { openUpload, uploadCodec, type UploadRecord } from "./upload-record.ts";
import { numberOfVersionId, versionIdOf } from "./version-ids.ts";

export const multipartUploads = {
  async CreateMultipartUpload(ctx, input) {
    refuseUnbuiltOptions(input);
    checkKey(input.Key);
    const checksum = checksumOf(input);
    const described = describeObject(input);
    const asked = locksOf(ctx, input);
    const acl = askedAcl(input);
    const random = ctx.random.bytes(16);
    const initiatedMs = ctx.now();
    const found = await ctx.read((snapshot) => openBucket(snapshot, ctx, input));
    const encryption = await encryptionFor(ctx, found, input.Key, input);
    const uploadId = await ctx.transact((tx) => {
      const bucket = openBucket(tx, ctx, input);
      const number = nextNumber(tx, ctx, bucket, input.Key, initiatedMs);
      const upload: UploadRecord = {
        key: input.Key,
        uploadId: versionIdOf(number, random),
        number,
        initiatedMs,
        ...checksum,
        ...described,
        encryption: encryption?.stored,
        ...locksIn(tx, ctx, bucket, asked, initiatedMs),
        ...ownershipOf(tx, ctx, bucket, input.Key, acl),
      };
      tx.putRecord(uploadKey(ctx, bucket, input.Key, number), uploadCodec, upload);
      return upload.uploadId;
    });
    return {
      Bucket: input.Bucket,
      Key: input.Key,
      UploadId: uploadId,
      ...encryptionMembers(encryption?.stored, input),
      ...(checksum.isChecksumChosen && {
        ChecksumAlgorithm: checksum.algorithm,
        ChecksumType: checksum.checksumType,
      }),
    };
  },

  async AbortMultipartUpload(ctx, input) {
    await ctx.transact((tx) => {
      const bucket = openBucket(tx, ctx, input);
      const upload = openUpload(tx, ctx, bucket, input);
      tx.delete(uploadKey(ctx, bucket, upload.key, upload.number));
      sweepLater(tx, ctx, bucket, upload.uploadId, []);
    });
    return {};
  },

  async ListMultipartUploads(ctx, input) {
    const encode = keyEncoding(input.EncodingType);
    const maxUploads = maxKeysOf(input.MaxUploads, "max-uploads");
    const { Prefix: prefix = "", Delimiter: delimiter = "" } = input;
    const { bucket, uploads, commonPrefixes, isTruncated } = await ctx.read((snapshot) => {
      const found = openBucket(snapshot, ctx, input);
      const place = uploadsPrefix(ctx, found);
      const page: UploadRecord[] = [];
      const common: string[] = [];
      const end = endOfPrefix(place + textPrefix(prefix));
      const full = (isMore: boolean) => ({
        bucket: found,
        uploads: page,
        commonPrefixes: common,
        isTruncated: isMore,
      });
      let start = maxUploads === 0 ? undefined : startBehind(place, input);
      while (start !== undefined) {
        const range: KeyRange = { start, end };
        start = undefined;
        for (const { value } of snapshot.range(range)) {
          if (page.length + common.length === maxUploads) return full(true);
          const upload = uploadCodec.decode(value);
          const rolled = commonPrefixOf(upload.key, prefix, delimiter);
          if (rolled === undefined) {
            page.push(upload);
            continue;
          }
          common.push(rolled);
          start = endOfPrefix(place + textPrefix(rolled));
          break;
        }
      }
      return full(false);
    });
    const owner = ownerOf(bucket.account);
    const last = uploads.at(-1);
    return {
      Bucket: bucket.name,
      KeyMarker: encode(input.KeyMarker ?? ""),
      UploadIdMarker: input.UploadIdMarker ?? "",
      NextKeyMarker: encode(last?.key ?? commonPrefixes.at(-1) ?? ""),
      NextUploadIdMarker: last?.uploadId ?? "",
      Prefix: input.Prefix === undefined ? undefined : encode(prefix),
      Delimiter: input.Delimiter === undefined ? undefined : encode(delimiter),
      MaxUploads: maxUploads,
      IsTruncated: isTruncated,
      Uploads: uploads.map((upload) => ({
        UploadId: upload.uploadId,
        Key: encode(upload.key),
        Initiated: wholeSecondMs(upload.initiatedMs),
        StorageClass: (upload.storageClass ?? "STANDARD") as never,
        Owner: owner,
        Initiator: owner,
        ...chosenChecksum(upload),
      })),
      CommonPrefixes: prefixes(commonPrefixes, encode),
      EncodingType: input.EncodingType,
    };
  },
} satisfies Handlers<S3>;

/** What a client chose of its upload's checksums, as answers say it. */
export function chosenChecksum(upload: UploadRecord) {
  if (!upload.isChecksumChosen) return {};
  return { ChecksumAlgorithm: upload.algorithm, ChecksumType: upload.checksumType };
}

type UploadChecksum = Pick<UploadRecord, "algorithm" | "checksumType" | "isChecksumChosen">;

/** Words as recorded. */
function checksumOf(input: CreateMultipartUploadRequest): UploadChecksum {
  const { ChecksumAlgorithm: named, ChecksumType: type } = input;
  if (named === undefined) {
    if (type !== undefined) {
      const message =
        "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.";
      throw s3Error("InvalidRequest", { message });
    }
    return { algorithm: defaultAlgorithm, checksumType: "FULL_OBJECT", isChecksumChosen: false };
  }
  const algorithm = algorithmOf(named);
  const checksumType = type ?? (algorithm === "CRC64NVME" ? "FULL_OBJECT" : "COMPOSITE");
  if (!mayBe(algorithm, checksumType)) {
    const message = `The ${checksumType} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`;
    throw s3Error("InvalidRequest", { message });
  }
  return { algorithm, checksumType, isChecksumChosen: true };
}

function mayBe(algorithm: ChecksumAlgorithm, type: string): boolean {
  return type === "FULL_OBJECT" ? isCombinable(algorithm) : algorithm !== "CRC64NVME";
}

/** Behind those of the key's other uploads, whatever the clock did. */
function nextNumber(
  tx: Transaction,
  ctx: Context,
  bucket: BucketRecord,
  key: string,
  nowMs: number,
): number {
  const prefix = uploadsPrefix(ctx, bucket) + text(key);
  const range = { start: prefix, end: endOfPrefix(prefix), reverse: true, limit: 1 };
  let last = 0;
  for (const { value } of tx.range(range)) last = uploadCodec.decode(value).number;
  return Math.max(Math.max(0, nowMs) * 1000, last + 1);
}

function startBehind(
  place: Key,
  input: {
    Prefix?: string | undefined;
    Delimiter?: string | undefined;
    KeyMarker?: string | undefined;
    UploadIdMarker?: string | undefined;
  },
): Key {
  const { Prefix = "", Delimiter = "", KeyMarker = "", UploadIdMarker = "" } = input;
  const first = place + textPrefix(Prefix);
  if (KeyMarker === "") return first;
  const common = commonPrefixOf(KeyMarker, Prefix, Delimiter);
  const number = numberOfVersionId(UploadIdMarker);
  const behind =
    common !== undefined
      ? endOfPrefix(place + textPrefix(common))
      : number === undefined
        ? endOfPrefix(place + text(KeyMarker))
        : keyAfter(place + text(KeyMarker) + integer(number));
  return behind > first ? behind : first;
}
