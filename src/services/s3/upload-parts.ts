import { endOfPrefix, keyAfter } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { S3, UploadPartCopyOutput, UploadPartCopyRequest } from "#models/s3.ts";
import type { StreamingBody } from "#models/contract.ts";
import type { Transaction } from "#store/store.ts";
import { checksumMembers, expectedChecksum, receiveBody } from "./bodies.ts";
import type { BucketRecord } from "./bucket-record.ts";
import { wholeSecondMs } from "./conditions.ts";
import { openCopySource, sourceCustomerKey, type CopySource } from "./copy-source.ts";
import { digestsOf } from "./digests.ts";
import { encryptionMembers, openingKey } from "./encryption/object-encryption.ts";
import type { CustomerKeyInput } from "./encryption/customer-keys.ts";
import { unsealed } from "./encryption/sealed-bytes.ts";
import { invalidArgument, s3Error } from "./errors.ts";
import { partKey, partsPrefix } from "./keyspace.ts";
import { chosenChecksum } from "./multipart-uploads.ts";
import { openBucket } from "./open-bucket.ts";
import { ownerOf } from "./owners.ts";
import { checkPartNumber } from "./part-numbers.ts";
import { refuseUnbuiltOptions } from "./unbuilt-options.ts";
import { openUpload, partCodec, type PartRecord, type UploadRecord } from "./upload-record.ts";
import { sliceOf } from "#kernel/blobs/blobs.ts";

const partsOnPage = 1000;

export const uploadParts = {
  async UploadPart(ctx, input) {
    refuseUnbuiltOptions(input);
    checkPartNumber(input.PartNumber);
    const { found, upload } = await ctx.read((snapshot) => {
      const opened = openBucket(snapshot, ctx, input);
      return { found: opened, upload: openUpload(snapshot, ctx, opened, input) };
    });
    const isChecksumGiven = checkAlgorithm(upload, input);
    const key = await partKeyOf(ctx, found, upload, input);
    const options = { kept: upload.algorithm, key };
    const { blob, etag, nonce, checksum, kept } = await receiveBody(ctx, input, options);
    const modifiedMs = ctx.now();
    await blob.commit((tx, id) => {
      const bucket = openBucket(tx, ctx, input);
      openUpload(tx, ctx, bucket, input);
      putPart(tx, ctx, bucket, input.UploadId, {
        number: input.PartNumber,
        sizeBytes: blob.sizeBytes,
        etag,
        checksum: kept.value,
        modifiedMs,
        pieces: [{ blob: id, offset: 0, length: blob.sizeBytes, nonce }],
      });
    });
    const { ChecksumType: _, ...members } = checksumMembers({ ...checksum, type: "FULL_OBJECT" });
    return {
      ETag: `"${etag}"`,
      ...(isChecksumGiven && members),
      ...encryptionMembers(upload.encryption, input),
    };
  },

  async UploadPartCopy(ctx, input) {
    refuseUnbuiltOptions(input);
    checkPartNumber(input.PartNumber);
    const hold = ctx.blobs.hold();
    const found = await ctx
      .read((snapshot) => {
        const upload = openUpload(snapshot, ctx, openBucket(snapshot, ctx, input), input);
        const source = openCopySource(snapshot, ctx, input);
        return {
          upload,
          source,
          bucket: openBucket(snapshot, ctx, input),
          range: rangeOf(input.CopySourceRange, source.object.sizeBytes),
        };
      })
      .catch((failure: unknown) => {
        hold.release();
        throw failure;
      });
    const { upload, source } = found;
    const { start, end } = found.range;
    // All keys before the first byte: whoever begins to read holds the source's files until the end.
    const keys = await copyKeys(ctx, input, found.bucket, found).catch((failure: unknown) => {
      hold.release();
      throw failure;
    });
    const read = ctx.blobs.read(source.body, start, end, hold);
    const bytes =
      keys.source === undefined
        ? read
        : unsealed(read, sliceOf(source.layout.pieces, start, end), keys.source);
    if (keys.source !== undefined || keys.part !== undefined) {
      return copyAnew(ctx, input, { upload, source, bytes, key: keys.part });
    }
    const digests = await digestsOf(bytes, upload.algorithm);
    const etag = digests.md5.toString("hex");
    const checksum = digests.checksumIn(upload.algorithm);
    const modifiedMs = ctx.now();
    await ctx.transact((tx) => {
      const bucket = openBucket(tx, ctx, input);
      openUpload(tx, ctx, bucket, input);
      // What was read is what is shared: by now the source may be another object.
      const now = openCopySource(tx, ctx, input);
      if (now.object.number !== source.object.number) throw s3Error("ConditionalRequestConflict");
      const pieces = sliceOf(now.layout.pieces, start, end);
      for (const { blob } of pieces) ctx.blobs.retain(tx, blob);
      putPart(tx, ctx, bucket, input.UploadId, {
        number: input.PartNumber,
        sizeBytes: end - start,
        etag,
        checksum,
        modifiedMs,
        pieces,
      });
    });
    const { ChecksumType: _, ...members } = checksumMembers({
      algorithm: upload.algorithm,
      value: checksum,
      type: "FULL_OBJECT",
    });
    return {
      ...source.versionMember,
      ...encryptionMembers(undefined, input),
      CopyPartResult: {
        ETag: `"${etag}"`,
        LastModified: wholeSecondMs(modifiedMs),
        ...(upload.isChecksumChosen && members),
      },
    };
  },

  async ListParts(ctx, input) {
    const { PartNumberMarker: after = 0, MaxParts = partsOnPage } = input;
    if (MaxParts < 0) {
      const message = "Argument max-parts must be an integer between 0 and 2147483647";
      throw invalidArgument(message, "max-parts", String(MaxParts));
    }
    const maxParts = Math.min(MaxParts, partsOnPage);
    const { bucket, upload, found } = await ctx.read((snapshot) => {
      const opened = openBucket(snapshot, ctx, input);
      const prefix = partsPrefix(ctx, opened, input.UploadId);
      const start = keyAfter(partKey(ctx, opened, input.UploadId, after));
      const range = { start, end: endOfPrefix(prefix), limit: maxParts + 1 };
      return {
        bucket: opened,
        upload: openUpload(snapshot, ctx, opened, input),
        found: Array.from(snapshot.range(range), ({ value }) => partCodec.decode(value)),
      };
    });
    const parts = found.slice(0, maxParts);
    const owner = ownerOf(bucket.account);
    return {
      Bucket: bucket.name,
      Key: upload.key,
      UploadId: upload.uploadId,
      PartNumberMarker: after,
      NextPartNumberMarker: parts.at(-1)?.number ?? 0,
      MaxParts: maxParts,
      IsTruncated: found.length > maxParts,
      Parts: parts.map((part) => ({
        PartNumber: part.number,
        LastModified: wholeSecondMs(part.modifiedMs),
        ETag: `"${part.etag}"`,
        Size: part.sizeBytes,
        ...(upload.isChecksumChosen && { [`Checksum${upload.algorithm}`]: part.checksum }),
      })),
      Initiator: owner,
      Owner: owner,
      StorageClass: (upload.storageClass ?? "STANDARD") as never,
      ...chosenChecksum(upload),
    };
  },
} satisfies Handlers<S3>;

/** What a part is encrypted with: its upload's key, which a customer has to bring each time. */
async function partKeyOf(
  ctx: Context,
  bucket: BucketRecord,
  { encryption }: UploadRecord,
  input: CustomerKeyInput,
): Promise<Buffer | undefined> {
  if (encryption?.kind === "customer" && input.SSECustomerKey === undefined) {
    const message =
      "The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate encryption parameters.";
    throw s3Error("InvalidRequest", { message });
  }
  return openingKey(ctx, bucket, encryption, input);
}

/** What opens a copy's source, and what its part is encrypted with. */
async function copyKeys(
  ctx: Context,
  input: UploadPartCopyRequest,
  bucket: BucketRecord,
  { upload, source }: Pick<CopiedPart, "upload" | "source">,
): Promise<{ readonly source: Buffer | undefined; readonly part: Buffer | undefined }> {
  const { encryption } = source.object;
  return {
    source: await openingKey(ctx, source.bucket, encryption, sourceCustomerKey(input)),
    part: await partKeyOf(ctx, bucket, upload, input),
  };
}

interface CopiedPart {
  readonly upload: UploadRecord;
  readonly source: CopySource;
  readonly bytes: StreamingBody;
  readonly key: Buffer | undefined;
}

/** A part whose bytes are encrypted otherwise than its source's cannot share them. */
async function copyAnew(
  ctx: Context,
  input: UploadPartCopyRequest,
  { upload, source, bytes, key }: CopiedPart,
): Promise<UploadPartCopyOutput> {
  const body = { Body: bytes, endsWithForm: true };
  const received = await receiveBody(ctx, body, { kept: upload.algorithm, key });
  const { blob, etag, nonce, kept } = received;
  const modifiedMs = ctx.now();
  await blob.commit((tx, id) => {
    const now = openBucket(tx, ctx, input);
    openUpload(tx, ctx, now, input);
    putPart(tx, ctx, now, input.UploadId, {
      number: input.PartNumber,
      sizeBytes: blob.sizeBytes,
      etag,
      checksum: kept.value,
      modifiedMs,
      pieces: [{ blob: id, offset: 0, length: blob.sizeBytes, nonce }],
    });
  });
  const { ChecksumType: _, ...members } = checksumMembers({ ...kept, type: "FULL_OBJECT" });
  return {
    ...source.versionMember,
    ...encryptionMembers(upload.encryption, input),
    CopyPartResult: {
      ETag: `"${etag}"`,
      LastModified: wholeSecondMs(modifiedMs),
      ...(upload.isChecksumChosen && members),
    },
  };
}

/** Answers whether the request says anything of a checksum; refuses one of another kind than the upload's. */
function checkAlgorithm(
  upload: UploadRecord,
  input: { readonly ChecksumAlgorithm?: string | undefined },
): boolean {
  const isGiven =
    input.ChecksumAlgorithm !== undefined ||
    Object.keys(input).some((name) => /^Checksum(CRC|SHA|MD5|XXHASH)/.test(name));
  const { algorithm } = expectedChecksum(input, upload.algorithm);
  if (upload.isChecksumChosen && algorithm !== upload.algorithm) {
    const message = `Checksum Type mismatch occurred, expected checksum Type: ${upload.algorithm.toLowerCase()}, actual checksum Type: ${algorithm.toLowerCase()}`;
    throw s3Error("InvalidRequest", { message });
  }
  return isGiven;
}

function putPart(
  tx: Transaction,
  ctx: Context,
  bucket: BucketRecord,
  uploadId: string,
  part: PartRecord,
): void {
  const key = partKey(ctx, bucket, uploadId, part.number);
  const replaced = tx.record(key, partCodec);
  for (const { blob } of replaced?.pieces ?? []) ctx.blobs.release(tx, blob);
  tx.putRecord(key, partCodec, part);
}

/** `bytes=first-last`, both of them, inside the source. */
function rangeOf(header: string | undefined, sizeBytes: number): { start: number; end: number } {
  if (header === undefined) return { start: 0, end: sizeBytes };
  const [, first, last] = /^bytes=(\d{1,15})-(\d{1,15})$/.exec(header) ?? [];
  if (first === undefined || last === undefined || Number(last) < Number(first)) {
    const message =
      "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy";
    throw invalidArgument(message, "x-amz-copy-source-range", header);
  }
  if (Number(last) >= sizeBytes) {
    const message = `Range specified is not valid for source object of size: ${sizeBytes}`;
    throw invalidArgument(message, "x-amz-copy-source-range", header);
  }
  return { start: Number(first), end: Number(last) + 1 };
}
