import type { HttpResponse } from "./http.ts";
import { writeHighWaterBytes } from "./limits.ts";

export function isStream(body: HttpResponse["body"]): body is AsyncIterable<Buffer> {
  return (
    body !== undefined &&
    typeof body !== "string" &&
    !Buffer.isBuffer(body) &&
    Symbol.asyncIterator in body
  );
}

export function byteLength(body: Exclude<HttpResponse["body"], AsyncIterable<Buffer>>): number {
  if (body === undefined) return 0;
  if (typeof body === "string") return Buffer.byteLength(body);
  if (Buffer.isBuffer(body)) return body.length;
  let sum = 0;
  for (const part of body) sum += part.length;
  return sum;
}

/**
 * How long the body on the wire is (undefined: a stream of unknown length). The author's Content-Length counts for
 * streams and where no body is sent; otherwise the body itself does.
 */
export function framed(
  contentLength: number | undefined,
  body: HttpResponse["body"],
  isSilent: boolean,
): { readonly length: number | undefined } {
  if (isStream(body)) return { length: contentLength };
  if (isSilent && contentLength !== undefined) return { length: contentLength };
  return { length: byteLength(body) };
}

/** Head and body in one buffer: one write, one packet. */
export function oneBuffer(
  head: string,
  body: Buffer | string | readonly Buffer[],
  length: number,
): Buffer {
  const bytes = Buffer.allocUnsafe(head.length + length);
  let at = bytes.write(head, 0, "latin1");
  if (typeof body === "string") bytes.write(body, at, "utf8");
  else if (Buffer.isBuffer(body)) body.copy(bytes, at);
  else for (const part of body) at += part.copy(bytes, at);
  return bytes;
}

/** A large body in slices, so that its progress can be seen and a client that takes nothing is noticed. */
export async function* slices(
  body: Buffer | string | readonly Buffer[],
): AsyncGenerator<Buffer, void, undefined> {
  const parts =
    typeof body === "string" ? [Buffer.from(body)] : Buffer.isBuffer(body) ? [body] : body;
  for (const part of parts)
    for (let at = 0; at < part.length; at += writeHighWaterBytes)
      yield part.subarray(at, at + writeHighWaterBytes);
}

/** What can be written to, by node:http and by HTTP/2. */
interface Drain {
  readonly destroyed: boolean;
  write(chunk: Buffer): boolean;
  end(): unknown;
  on(event: "drain" | "close", wake: () => void): unknown;
  off(event: "drain" | "close", wake: () => void): unknown;
}

/** Writes the body at the pace of its reader and ends it. Throws if it is not as long as it was said to be. */
export async function writeStream(
  out: Drain,
  body: AsyncIterable<Buffer>,
  length: number | undefined,
): Promise<void> {
  let sent = 0;
  for await (const chunk of body) {
    if (out.destroyed) return;
    sent += chunk.length;
    if (length !== undefined && sent > length) throw tooLong();
    if (out.write(chunk)) continue;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        out.off("drain", wake);
        out.off("close", wake);
        resolve();
      };
      out.on("drain", wake);
      out.on("close", wake);
    });
  }
  if (length !== undefined && sent < length) throw tooShort();
  out.end();
}

export const tooLong = (): Error =>
  new Error("the answer's stream yielded more than its Content-Length");
export const tooShort = (): Error =>
  new Error("the answer's stream ended before its Content-Length");

/** Lets a stream that nobody will read free what it holds. */
export async function closeStream(body: AsyncIterable<Buffer>): Promise<void> {
  try {
    await body[Symbol.asyncIterator]().return?.();
  } catch {
    // Its owner's failure, and nobody was to see its bytes.
  }
}
