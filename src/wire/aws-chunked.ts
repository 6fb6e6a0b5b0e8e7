/**
 * The aws-chunked content coding: a body in chunks inside the HTTP body, each perhaps signed, perhaps with trailing
 * checksums. Grammar as AWS documents it for S3 ("Transferring payload in multiple chunks"):
 *
 *     size-in-hex [";chunk-signature=" hex] CRLF bytes CRLF ... "0" [";chunk-signature=" hex] CRLF *(name ":" value CRLF) CRLF
 *
 * C1. Bytes are handed on as they come; a chunk's signature can only be judged at its end. So whoever stores them must
 *     not make them visible before the end, where everything has been checked. A failure there is thrown.
 * C2. What the decoder keeps is bounded: one line of a chunk's head, and the trailers.
 */
import { createHash, hash, timingSafeEqual } from "node:crypto";
import type { Hash, KeyObject } from "node:crypto";
import { algorithmOfHeader, createChecksum } from "#base/checksums.ts";
import type { Checksum, ChecksumAlgorithm } from "#base/checksums.ts";
import { hmacHex, signingKey } from "./sigv4-keys.ts";
import type { Signed } from "./sigv4.ts";

/** How a body is chunked, by its x-amz-content-sha256. */
export interface ChunkedForm {
  readonly signed: boolean;
  readonly trailer: boolean;
}

export type ChunkedProblemCode =
  | "NotImplemented"
  | "InvalidRequest"
  | "MissingContentLength"
  | "IncompleteBody"
  | "InvalidChunkSizeError"
  | "MalformedTrailerError"
  | "SignatureDoesNotMatch"
  | "BadDigest";

/** What is wrong with such a body, in S3's codes and words. */
export class ChunkedProblem extends Error {
  override readonly name = "ChunkedProblem";
  readonly code: ChunkedProblemCode;

  constructor(code: ChunkedProblemCode, message: string) {
    super(message);
    this.code = code;
  }
}

const forms: Readonly<Record<string, ChunkedForm>> = {
  "STREAMING-AWS4-HMAC-SHA256-PAYLOAD": { signed: true, trailer: false },
  "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER": { signed: true, trailer: true },
  "STREAMING-UNSIGNED-PAYLOAD-TRAILER": { signed: false, trailer: true },
};

/** The form, or undefined for a body that is not chunked. Throws for the forms that nobody here can verify. */
export function chunkedFormOf(contentSha256: string | undefined): ChunkedForm | undefined {
  if (contentSha256 === undefined || !contentSha256.startsWith("STREAMING-")) return undefined;
  const form = forms[contentSha256];
  if (form !== undefined) return form;
  throw contentSha256.startsWith("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD")
    ? new ChunkedProblem("NotImplemented", "Signature Version 4A payloads are not implemented.")
    : new ChunkedProblem(
        "InvalidRequest",
        "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER or a valid sha256 value.",
      );
}

export interface ChunkedOptions {
  readonly form: ChunkedForm;
  /** x-amz-decoded-content-length; S3 requires it. */
  readonly decodedBytes: number | undefined;
  /** x-amz-trailer: which trailers were announced, separated by commas. */
  readonly announced: string | undefined;
  /** Who signed the request; undefined where signatures are not enforced: they are then read over. */
  readonly signer: ChunkSigner | undefined;
}

/** Carries the chain of signatures: each chunk's is signed into the next. */
export interface ChunkSigner {
  readonly key: KeyObject;
  readonly timestamp: string;
  readonly scope: string;
  readonly seedSignature: string;
}

export function chunkSigner(signed: Signed, secretAccessKey: string): ChunkSigner {
  return {
    key: signingKey(signed.accessKeyId, secretAccessKey, signed),
    timestamp: signed.timestamp,
    scope: `${signed.date}/${signed.region}/${signed.service}/aws4_request`,
    seedSignature: signed.signature,
  };
}

/** The options that a request's headers (lower-case names) ask for; undefined if its body is not chunked. */
export function chunkedOptionsOf(
  headers: Readonly<Record<string, string>>,
  signer: ChunkSigner | undefined,
): ChunkedOptions | undefined {
  const form = chunkedFormOf(headers["x-amz-content-sha256"]);
  if (form === undefined) return undefined;
  const decoded = headers["x-amz-decoded-content-length"];
  if (decoded === undefined || !/^\d{1,15}$/.test(decoded))
    throw new ChunkedProblem(
      "MissingContentLength",
      "You must provide the Content-Length HTTP header.",
    );
  return { form, decodedBytes: Number(decoded), announced: headers["x-amz-trailer"], signer };
}

const lineMax = 1024;
const trailersMax = 16 * 1024;
const smallestChunk = 8192;
const emptyHash = hash("sha256", "");

const inHead = 0;
const inData = 1;
const afterData = 2;
const inTrailers = 3;
const done = 4;

export class AwsChunkedDecoder {
  /** Once ended: what came behind the last chunk, names in lower case; the trailer signature is not among them. */
  readonly trailers: Record<string, string> = Object.create(null) as Record<string, string>;
  private readonly options: ChunkedOptions;
  private readonly checksums = new Map<ChecksumAlgorithm, Checksum>();
  private state = inHead;
  private line: Buffer = Buffer.alloc(0);
  private leftBytes = 0;
  private decoded = 0;
  private smallSeen = false;
  private signature = "";
  private previousSignature: string;
  private chunkHash: Hash | undefined = undefined;
  private trailerBytes = 0;
  private trailerLines = "";
  private trailerSignature: string | undefined = undefined;

  constructor(options: ChunkedOptions) {
    this.options = options;
    this.previousSignature = options.signer?.seedSignature ?? "";
    for (const name of options.announced?.split(",") ?? []) {
      const algorithm = algorithmOfHeader(name.trim());
      if (algorithm !== undefined) this.checksums.set(algorithm, createChecksum(algorithm));
    }
  }

  /** Takes the next bytes of the body and returns what of the content is in them. */
  push(bytes: Buffer): Buffer[] {
    const content: Buffer[] = [];
    let rest = bytes;
    while (rest.length > 0) {
      if (this.state === inData) {
        const part = rest.length <= this.leftBytes ? rest : rest.subarray(0, this.leftBytes);
        rest = rest.subarray(part.length);
        this.takeData(part);
        content.push(part);
        continue;
      }
      if (this.state === done)
        throw new ChunkedProblem("InvalidRequest", "There are bytes behind the last chunk.");
      const feed = rest.indexOf(10);
      const part = feed < 0 ? rest : rest.subarray(0, feed + 1);
      rest = rest.subarray(part.length);
      this.line = this.line.length === 0 ? part : Buffer.concat([this.line, part]);
      if (this.line.length > lineMax)
        throw new ChunkedProblem("InvalidRequest", "A chunk's head is too long.");
      if (feed >= 0) this.takeLine();
    }
    return content;
  }

  /** The body is over: now everything must be there, and right. */
  end(): void {
    // The last CRLF may be missing where no trailers are expected; nothing depends on it.
    if (this.state === inTrailers && !this.options.form.trailer && this.line.length === 0)
      this.finish();
    if (this.state !== done) throw incomplete();
  }

  private takeLine(): void {
    const { line } = this;
    this.line = Buffer.alloc(0);
    const text = line.toString("latin1", 0, line.length - 1).replace(/\r$/, "");
    if (this.state === inHead) this.takeHead(text);
    else if (this.state === afterData) {
      if (text !== "")
        throw new ChunkedProblem("InvalidRequest", "A chunk is longer than its size says.");
      this.state = inHead;
    } else if (text === "") this.finish();
    else this.takeTrailer(text, line.length);
  }

  private takeHead(text: string): void {
    const head = /^([0-9a-fA-F]{1,12})(?:;chunk-signature=([0-9a-fA-F]{64}))?$/.exec(text);
    if (head === null)
      throw new ChunkedProblem("InvalidRequest", "A chunk's head is not well formed.");
    const { form, signer, decodedBytes } = this.options;
    this.signature = head[2] ?? "";
    if (form.signed && this.signature === "")
      throw new ChunkedProblem("SignatureDoesNotMatch", mismatch);
    this.leftBytes = Number.parseInt(head[1] as string, 16);
    if (form.signed && signer !== undefined) this.chunkHash = createHash("sha256");
    if (this.leftBytes === 0) {
      this.endChunk();
      this.state = inTrailers;
      return;
    }
    if (this.smallSeen)
      throw new ChunkedProblem(
        "InvalidChunkSizeError",
        "Only the last chunk is allowed to have a size less than 8192 bytes",
      );
    this.smallSeen = this.leftBytes < smallestChunk;
    this.decoded += this.leftBytes;
    if (decodedBytes !== undefined && this.decoded > decodedBytes) throw incomplete();
    this.state = inData;
  }

  private takeData(part: Buffer): void {
    this.chunkHash?.update(part);
    for (const checksum of this.checksums.values()) checksum.update(part);
    this.leftBytes -= part.length;
    if (this.leftBytes > 0) return;
    this.endChunk();
    this.state = afterData;
  }

  private endChunk(): void {
    const { signer } = this.options;
    if (signer === undefined || this.chunkHash === undefined) return;
    const contentHash = this.chunkHash.digest("hex");
    this.chunkHash = undefined;
    const expected = hmacHex(
      signer.key,
      `AWS4-HMAC-SHA256-PAYLOAD\n${signer.timestamp}\n${signer.scope}\n${this.previousSignature}\n${emptyHash}\n${contentHash}`,
    );
    requireSame(this.signature, expected);
    this.previousSignature = expected;
  }

  private takeTrailer(text: string, bytes: number): void {
    this.trailerBytes += bytes;
    const colon = text.indexOf(":");
    const name = text.slice(0, Math.max(0, colon)).trim().toLowerCase();
    const value = text.slice(colon + 1).trim();
    if (!this.options.form.trailer || name === "" || this.trailerBytes > trailersMax)
      throw malformedTrailer();
    if (name === "x-amz-trailer-signature") {
      this.trailerSignature = value;
      return;
    }
    // Nothing may follow the signature: it would be unsigned.
    if (this.trailerSignature !== undefined || this.trailers[name] !== undefined)
      throw malformedTrailer();
    this.trailers[name] = value;
    this.trailerLines += `${name}:${value}\n`;
  }

  private finish(): void {
    this.state = done;
    const { form, signer, decodedBytes, announced } = this.options;
    if (decodedBytes !== undefined && this.decoded !== decodedBytes) throw incomplete();
    if (form.signed && form.trailer && signer !== undefined) {
      const expected = hmacHex(
        signer.key,
        `AWS4-HMAC-SHA256-TRAILER\n${signer.timestamp}\n${signer.scope}\n${this.previousSignature}\n${hash("sha256", this.trailerLines)}`,
      );
      requireSame(this.trailerSignature ?? "", expected);
    }
    const expectedNames = (announced ?? "")
      .split(",")
      .map((name) => name.trim().toLowerCase())
      .filter((name) => name !== "");
    if (expectedNames.some((name) => this.trailers[name] === undefined)) throw malformedTrailer();
    if (Object.keys(this.trailers).some((name) => !expectedNames.includes(name)))
      throw malformedTrailer();
    for (const [algorithm, checksum] of this.checksums) {
      const computed = checksum.digest().toString("base64");
      if (computed !== this.trailers[`x-amz-checksum-${algorithm.toLowerCase()}`])
        throw new ChunkedProblem(
          "BadDigest",
          `The ${algorithm} you specified did not match the calculated checksum.`,
        );
    }
  }
}

const mismatch =
  "The request signature we calculated does not match the signature you provided. Check your key and signing method.";

function requireSame(given: string, expected: string): void {
  const a = Buffer.from(given.toLowerCase(), "latin1");
  const b = Buffer.from(expected, "latin1");
  if (a.length !== b.length || !timingSafeEqual(a, b))
    throw new ChunkedProblem("SignatureDoesNotMatch", mismatch);
}

const incomplete = (): ChunkedProblem =>
  new ChunkedProblem(
    "IncompleteBody",
    "You did not provide the number of bytes specified by the Content-Length HTTP header.",
  );

const malformedTrailer = (): ChunkedProblem =>
  new ChunkedProblem(
    "MalformedTrailerError",
    "The request contained trailing data that was not well-formed or did not conform to our published schema.",
  );

/** The content as it arrives (C1). The decoder has the trailers once this has ended. */
export async function* decodeAwsChunked(
  source: AsyncIterable<Buffer>,
  decoder: AwsChunkedDecoder,
): AsyncGenerator<Buffer, void, undefined> {
  for await (const bytes of source) yield* decoder.push(bytes);
  decoder.end();
}

/** A whole body at once. */
export function decodeAwsChunkedBuffer(body: Buffer, decoder: AwsChunkedDecoder): Buffer {
  const content = decoder.push(body);
  decoder.end();
  return content.length === 1 ? (content[0] as Buffer) : Buffer.concat(content);
}
