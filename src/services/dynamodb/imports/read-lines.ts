import { createGunzip, createZstdDecompress } from "node:zlib";
import { pipeline, Readable } from "node:stream";
import type { InputCompressionType } from "#models/dynamodb.ts";

/** The object is not compressed as the request says. */
export class CompressionProblem extends Error {
  override name = "CompressionProblem";
}

/** A line may hold an item with its names and notation, not everything. */
const longestLineBytes = 16_000_000;

/** The lines of an object as text, without their ends, whatever their size together. */
export async function* readLines(
  body: AsyncIterable<Uint8Array>,
  compression: InputCompressionType,
): AsyncIterable<string> {
  let rest = Buffer.alloc(0);
  for await (const piece of decompressed(body, compression)) {
    let bytes = rest.length === 0 ? Buffer.from(piece) : Buffer.concat([rest, piece]);
    for (let end = bytes.indexOf(0x0a); end !== -1; end = bytes.indexOf(0x0a)) {
      yield textOf(bytes.subarray(0, end));
      bytes = bytes.subarray(end + 1);
    }
    if (bytes.length > longestLineBytes) throw new CompressionProblem("a line that is too long");
    rest = bytes;
  }
  if (rest.length > 0) yield textOf(rest);
}

const textOf = (line: Buffer): string => line.toString("utf8").replace(/\r$/, "");

async function* decompressed(
  body: AsyncIterable<Uint8Array>,
  compression: InputCompressionType,
): AsyncIterable<Uint8Array> {
  if (compression === "NONE") {
    yield* body;
    return;
  }
  const decompress = compression === "GZIP" ? createGunzip() : createZstdDecompress();
  let failure: unknown;
  const source = Readable.from(body);
  source.on("error", (error) => (failure = error));
  pipeline(source, decompress, () => undefined);
  try {
    for await (const piece of decompress) yield piece as Uint8Array;
  } catch (error) {
    // What S3 said is not about the compression.
    throw failure ?? new CompressionProblem(String(error));
  }
}
