import { createGunzip, createInflate, gunzip, gunzipSync, inflate, inflateSync } from "node:zlib";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { BodyTooLarge } from "./body-errors.ts";

/** The body does not decode (400), or is in a coding that is not offered (415). */
export class ContentCodingProblem extends Error {
  override readonly name = "ContentCodingProblem";
  readonly status: 400 | 415;

  constructor(status: 400 | 415, message: string) {
    super(message);
    this.status = status;
  }
}

export type ContentCoding = "gzip" | "deflate";

/** Of Content-Encoding; undefined when there is nothing to decode. */
export function contentCodingOf(contentEncoding: string | undefined): ContentCoding | undefined {
  if (contentEncoding === undefined) return undefined;
  switch (contentEncoding.trim().toLowerCase()) {
    case "":
    case "identity":
      return undefined;
    case "gzip":
    case "x-gzip":
      return "gzip";
    case "deflate":
      return "deflate";
    default:
      throw new ContentCodingProblem(415, "The Content-Encoding is not supported");
  }
}

/** Up to here decoding in place costs less than a trip to the thread pool, even for the most inflated answer. */
const inPlaceBytes = 8 * 1024;

/** The decoded body. Rejects with BodyTooLarge as soon as it grows beyond the limit, whatever it would become. */
export function decodeContent(
  body: Buffer,
  coding: ContentCoding,
  limitBytes: number,
): Buffer | Promise<Buffer> {
  const options = { maxOutputLength: Math.max(1, limitBytes) };
  if (body.length <= inPlaceBytes)
    try {
      return coding === "gzip" ? gunzipSync(body, options) : inflateSync(body, options);
    } catch (failure) {
      return Promise.reject(problemOf(failure, limitBytes));
    }
  return new Promise((resolve, reject) => {
    const decoded = (failure: Error | null, bytes: Buffer): void => {
      if (failure === null) resolve(bytes);
      else reject(problemOf(failure, limitBytes));
    };
    // Each piece of output is a trip to the thread pool: in zlib's own of 16 KB, 32 MB take five times as long.
    const inLargePieces = { ...options, chunkSize: 256 * 1024 };
    if (coding === "gzip") gunzip(body, inLargePieces, decoded);
    else inflate(body, inLargePieces, decoded);
  });
}

/** The same for a stream, bounded and with backpressure. */
export async function* decodeContentStream(
  source: AsyncIterable<Buffer>,
  coding: ContentCoding,
  limitBytes: number,
): AsyncGenerator<Buffer, void, undefined> {
  const decoder = coding === "gzip" ? createGunzip() : createInflate();
  let failure: unknown;
  const feeding = pipeline(Readable.from(source), decoder).catch((error: unknown) => {
    failure = error;
  });
  let decodedBytes = 0;
  try {
    for await (const bytes of decoder as AsyncIterable<Buffer>) {
      decodedBytes += bytes.length;
      if (decodedBytes > limitBytes)
        throw new BodyTooLarge(`the body is longer than ${limitBytes} bytes`);
      yield bytes;
    }
  } catch (error) {
    throw problemOf(error, limitBytes);
  } finally {
    decoder.destroy();
    await feeding;
  }
  if (failure !== undefined) throw problemOf(failure, limitBytes);
}

function problemOf(failure: unknown, limitBytes: number): unknown {
  const { code = "" } = failure as { readonly code?: unknown };
  if (code === "ERR_BUFFER_TOO_LARGE")
    return new BodyTooLarge(`the body is longer than ${limitBytes} bytes`);
  if (typeof code === "string" && code.startsWith("Z_"))
    return new ContentCodingProblem(400, "The body does not decode as its Content-Encoding says");
  return failure;
}
