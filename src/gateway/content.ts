import {
  AwsChunkedDecoder,
  ChunkedProblem,
  chunkedOptionsOf,
  decodeAwsChunkedBuffer,
  type ChunkSigner,
} from "#wire/aws-chunked.ts";
import { WireProblem } from "#wire/protocol.ts";
import { contentCodingOf, ContentCodingProblem, decodeContent } from "./front/content-coding.ts";
import type { HttpRequest } from "./front/http.ts";

/**
 * A body's content: out of its aws-chunks, their signatures and checksums checked, and unzipped. At once for the usual
 * body, which is neither. What a signature covers is the body before this.
 */
export function contentOf(
  request: HttpRequest,
  body: Buffer,
  signer: ChunkSigner | undefined,
  limitBytes: number,
): Buffer | Promise<Buffer> {
  const { headers } = request;
  const chunked = headers["x-amz-content-sha256"]?.startsWith("STREAMING-") === true;
  if (!chunked && headers["content-encoding"] === undefined) return body;
  return decoded(headers, chunked, body, signer, limitBytes);
}

async function decoded(
  headers: HttpRequest["headers"],
  chunked: boolean,
  body: Buffer,
  signer: ChunkSigner | undefined,
  limitBytes: number,
): Promise<Buffer> {
  try {
    const options = chunked ? chunkedOptionsOf(headers, signer) : undefined;
    const content =
      options === undefined ? body : decodeAwsChunkedBuffer(body, new AwsChunkedDecoder(options));
    // "aws-chunked" is named among the codings, but stands for what is undone already.
    const named = headers["content-encoding"]?.replace(/(^|,)\s*aws-chunked\s*(,|$)/i, "");
    const coding = contentCodingOf(named);
    return coding === undefined ? content : await decodeContent(content, coding, limitBytes);
  } catch (problem) {
    if (problem instanceof ChunkedProblem) throw chunkedError(problem);
    if (problem instanceof ContentCodingProblem) {
      throw new WireProblem("SerializationException", problem.message, problem.status);
    }
    throw problem;
  }
}

export function chunkedError({ code, message }: ChunkedProblem): WireProblem {
  const status = { NotImplemented: 501, SignatureDoesNotMatch: 403, MissingContentLength: 411 };
  return new WireProblem(code, message, code in status ? status[code as keyof typeof status] : 400);
}
