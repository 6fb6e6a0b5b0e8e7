import { nonceBytes, SealedBody } from "./encryption/sealed-bytes.ts";
import { checksumAlgorithms, type ChecksumAlgorithm } from "#base/checksums.ts";
import type { ReceivedBlob } from "#kernel/blobs/blobs.ts";
import type { Context } from "#kernel/context.ts";
import type { StreamingBody } from "#models/contract.ts";
import { Digests } from "./digests.ts";
import { invalidArgument, notBuilt, s3Error } from "./errors.ts";

/** What an operation that takes a body says of it. */
export interface BodyInput {
  readonly Body?: StreamingBody | undefined;
  readonly ContentLength?: number | undefined;
  readonly ContentMD5?: string | undefined;
  readonly ChecksumAlgorithm?: string | undefined;
  /** Its length is known when its form ends: nobody has to say it before. */
  readonly endsWithForm?: boolean;
}

/** A body that has arrived as it should: on the disk, and not yet anybody's. */
export interface ReceivedBody {
  readonly blob: ReceivedBlob;
  /** MD5, hexadecimal; of what is encrypted with a key of its own, not of its contents. */
  readonly etag: string;
  /** What the body's piece keeps, where it is encrypted so. */
  readonly nonce: string | undefined;
  /** The one that the request named or, without one, the usual one. */
  readonly checksum: ComputedChecksum;
  /** In the algorithm that `receiveBody` was asked for besides. */
  readonly kept: ComputedChecksum;
}

export interface ComputedChecksum {
  readonly algorithm: ChecksumAlgorithm;
  /** Base64. */
  readonly value: string;
}

export interface ReceiveOptions {
  /** A checksum to compute besides. */
  readonly kept?: ChecksumAlgorithm | undefined;
  /** What the bytes are to be encrypted with, beside the server's own key. */
  readonly key?: Buffer | undefined;
}

/** Of a single upload. Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const largestUploadBytes = 5 * 1024 ** 3;
const noBytes = Buffer.alloc(0);

/**
 * Takes a body to its end and compares it with all that was said of it. What can be refused at once is, before a byte
 * was read; when this rejects, nothing is left behind.
 */
export async function receiveBody(
  ctx: Context,
  input: BodyInput,
  { kept, key }: ReceiveOptions = {},
): Promise<ReceivedBody> {
  const { Body: body = noBytes, ContentLength: announced } = input;
  const isWhole = body instanceof Uint8Array;
  const mayBeUnknown = input.endsWithForm === true || ctx.caller.kind === "service";
  if (announced === undefined && !isWhole && !mayBeUnknown) {
    throw s3Error("MissingContentLength");
  }
  const expectedBytes = announced ?? (isWhole ? body.length : undefined);
  if (expectedBytes !== undefined && expectedBytes > largestUploadBytes) {
    const members = {
      ProposedSize: String(expectedBytes),
      MaxSizeAllowed: String(largestUploadBytes),
    };
    throw s3Error("EntityTooLarge", { members });
  }
  const md5 = expectedMd5(input.ContentMD5);
  const expected = expectedChecksum(input, kept);
  const digests = new Digests(expected.algorithm, kept ?? expected.algorithm);
  const sealed = key && new SealedBody(key, ctx.random.bytes(nonceBytes));
  const observed = digests.observe(body);
  const blob = await ctx.blobs.receive(sealed?.seal(observed) ?? observed);
  try {
    if (expectedBytes !== undefined && blob.sizeBytes !== expectedBytes) {
      throw s3Error("IncompleteBody");
    }
    const found = digests.end();
    if (md5 !== undefined && !md5.equals(found.md5)) {
      const members = {
        ExpectedDigest: md5.toString("hex"),
        CalculatedDigest: found.md5.toString("base64"),
      };
      throw s3Error("BadDigest", { members });
    }
    const value = found.checksumIn(expected.algorithm);
    if (expected.value !== undefined && expected.value !== value) {
      const message = `The ${expected.algorithm} you specified did not match the calculated checksum.`;
      throw s3Error("BadDigest", { message });
    }
    const checksum = { algorithm: expected.algorithm, value };
    const keptIn = kept ?? expected.algorithm;
    return {
      blob,
      etag: (sealed?.md5() ?? found.md5).toString("hex"),
      nonce: sealed?.nonce,
      checksum,
      kept: { algorithm: keptIn, value: found.checksumIn(keptIn) },
    };
  } catch (failure) {
    await blob.discard();
    throw failure;
  }
}

function expectedMd5(text: string | undefined): Buffer | undefined {
  if (text === undefined) return undefined;
  const md5 = Buffer.from(text, "base64");
  if (md5.length !== 16 || md5.toString("base64") !== text)
    throw s3Error("InvalidDigest", { members: { "Content-MD5": text } });
  return md5;
}

interface ExpectedChecksum {
  readonly algorithm: ChecksumAlgorithm;
  /** Base64; undefined where the algorithm is all that was said. */
  readonly value: string | undefined;
}

/** What S3 computes where nothing is said. */
export const defaultAlgorithm: ChecksumAlgorithm = "CRC64NVME";

/** The checksum that a request gives or asks for. */
export function expectedChecksum(
  input: object & { ChecksumAlgorithm?: string | undefined },
  otherwise: ChecksumAlgorithm = defaultAlgorithm,
): ExpectedChecksum {
  const given = Object.entries(input as Record<string, unknown>).filter(
    ([name, value]) => /^Checksum(CRC|SHA|MD5|XXHASH)/.test(name) && value !== undefined,
  ) as [string, string][];
  if (given.length > 1) {
    const message =
      "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.";
    throw s3Error("InvalidRequest", { message });
  }
  const [header] = given;
  const named = input.ChecksumAlgorithm;
  if (header === undefined) {
    return { algorithm: algorithmOf(named ?? otherwise), value: undefined };
  }
  const algorithm = algorithmOf(header[0].slice("Checksum".length));
  if (named !== undefined && named.toUpperCase() !== algorithm) {
    const message = "Value for x-amz-sdk-checksum-algorithm header is invalid.";
    throw s3Error("InvalidRequest", { message });
  }
  const value = header[1];
  if (Buffer.from(value, "base64").length !== lengthsBytes[algorithm]) {
    const message = `Value for x-amz-checksum-${algorithm.toLowerCase()} header is invalid.`;
    throw s3Error("InvalidRequest", { message });
  }
  return { algorithm, value };
}

const lengthsBytes: Readonly<Record<ChecksumAlgorithm, number>> = {
  CRC32: 4,
  CRC32C: 4,
  CRC64NVME: 8,
  SHA1: 20,
  SHA256: 32,
  SHA512: 64,
  MD5: 16,
};

export function algorithmOf(name: string): ChecksumAlgorithm {
  const upper = name.toUpperCase();
  const found = checksumAlgorithms.find((each) => each === upper);
  if (found !== undefined) return found;
  if (upper.startsWith("XXHASH")) throw notBuilt(`The checksum ${upper}`);
  throw invalidArgument(
    "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]",
    "x-amz-checksum-algorithm",
    name,
  );
}

/** The checksum as a member of an answer: `{ ChecksumCRC32: "...", ChecksumType: "FULL_OBJECT" }`. */
export function checksumMembers(
  checksum:
    | { algorithm: ChecksumAlgorithm; value: string; type: "FULL_OBJECT" | "COMPOSITE" }
    | undefined,
): Record<string, string> {
  if (checksum === undefined) return {};
  return { [`Checksum${checksum.algorithm}`]: checksum.value, ChecksumType: checksum.type };
}
