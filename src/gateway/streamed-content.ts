import { createHash, hash } from "node:crypto";
import type { StreamingBody } from "#models/contract.ts";
import {
  AwsChunkedDecoder,
  ChunkedProblem,
  chunkedOptionsOf,
  decodeAwsChunked,
  decodeAwsChunkedBuffer,
  type ChunkSigner,
} from "#wire/aws-chunked.ts";
import { algorithmOfHeader } from "#base/checksums.ts";
import { WireProblem } from "#wire/protocol.ts";
import { chunkedError } from "./content.ts";
import type { HttpRequest } from "./front/http.ts";

/*
 * The content of a body that an operation takes as it arrives: out of its aws-chunks, and compared at its end with what
 * its signature and its trailers say. So whoever reads it keeps nothing before the end has come without a failure.
 * Unlike other bodies it is never unzipped: an object's Content-Encoding is its reader's business.
 */

export interface StreamedContent {
  readonly stream: StreamingBody;
  /** The request's, as they would be had the content been sent plainly. */
  readonly headers: HttpRequest["headers"];
}

/** `body`: the whole of it, where it is there already. */
export function streamedContentOf(
  request: HttpRequest,
  body: Buffer | undefined,
  signer: ChunkSigner | undefined,
): StreamedContent {
  const { headers } = request;
  const declared = headers["x-amz-content-sha256"];
  if (declared?.startsWith("STREAMING-") === true) return outOfChunks(request, body, signer);
  if (declared === undefined || !/^[0-9a-fA-F]{64}$/.test(declared)) {
    return { headers, stream: body ?? request.body.stream() };
  }
  if (body === undefined) return { headers, stream: checked(request.body.stream(), declared) };
  if (hash("sha256", body) !== declared.toLowerCase()) throw hashMismatch();
  return { headers, stream: body };
}

function outOfChunks(
  request: HttpRequest,
  body: Buffer | undefined,
  signer: ChunkSigner | undefined,
): StreamedContent {
  try {
    const options = chunkedOptionsOf(request.headers, signer);
    if (options === undefined) throw new TypeError("a body that is not chunked");
    const decoder = new AwsChunkedDecoder(options);
    const headers = plainHeaders(request.headers, options.decodedBytes);
    const stream =
      body === undefined
        ? named(decodeAwsChunked(request.body.stream(), decoder))
        : decodeAwsChunkedBuffer(body, decoder);
    return { headers, stream };
  } catch (problem) {
    throw problem instanceof ChunkedProblem ? chunkedError(problem) : problem;
  }
}

function plainHeaders(
  headers: HttpRequest["headers"],
  decodedBytes: number | undefined,
): HttpRequest["headers"] {
  const plain: Record<string, string> = { ...headers };
  if (decodedBytes !== undefined) plain["content-length"] = String(decodedBytes);
  const coding = headers["content-encoding"]
    ?.split(",")
    .map((each) => each.trim())
    .filter((each) => each !== "" && each.toLowerCase() !== "aws-chunked");
  if (coding !== undefined && coding.length > 0) plain["content-encoding"] = coding.join(",");
  else delete plain["content-encoding"];
  // The trailer that was announced says which checksum to keep, where no header does.
  const trailer = headers["x-amz-trailer"]?.split(",").map((name) => name.trim());
  const algorithm = trailer?.map(algorithmOfHeader).find((found) => found !== undefined);
  if (algorithm !== undefined) plain["x-amz-sdk-checksum-algorithm"] ??= algorithm;
  return plain;
}

async function* named(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* content;
  } catch (problem) {
    throw problem instanceof ChunkedProblem ? chunkedError(problem) : problem;
  }
}

async function* checked(
  content: AsyncIterable<Buffer>,
  declared: string,
): AsyncGenerator<Buffer, void, undefined> {
  const sha256 = createHash("sha256");
  for await (const bytes of content) {
    sha256.update(bytes);
    yield bytes;
  }
  if (sha256.digest("hex") !== declared.toLowerCase()) throw hashMismatch();
}

const hashMismatch = (): WireProblem =>
  new WireProblem(
    "XAmzContentSHA256Mismatch",
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
  );
