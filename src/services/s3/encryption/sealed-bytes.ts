import { createCipheriv, createHash, createHmac, type Cipheriv } from "node:crypto";
import type { StreamingBody } from "#models/contract.ts";
import type { SealedPiece } from "../version-record.ts";

/*
 * Bytes of objects whose key is not the server's own: encrypted before they become a blob (which the server's key then
 * encrypts once more). AES-256 in counter mode, so that any byte is read without those before it and nothing grows.
 * Each body has a key of its own, made of the object's key and sixteen random bytes that its piece keeps: no two
 * bodies ever share a key and a counter.
 */

export const nonceBytes = 16;
const blockBytes = 16;

function cipherAt(key: Buffer, nonce: Buffer, offset: number): Cipheriv {
  const own = createHmac("sha256", key).update(nonce).digest();
  const counter = Buffer.alloc(blockBytes);
  counter.writeBigUInt64BE(BigInt(Math.floor(offset / blockBytes)), 8);
  const cipher = createCipheriv("aes-256-ctr", own, counter);
  const within = offset % blockBytes;
  if (within > 0) cipher.update(Buffer.alloc(within));
  return cipher;
}

/** Encrypts a body on its way in. */
export class SealedBody {
  readonly nonce: string;
  readonly #cipher: Cipheriv;
  readonly #md5 = createHash("md5");

  constructor(key: Buffer, nonce: Buffer) {
    this.nonce = nonce.toString("base64");
    this.#cipher = cipherAt(key, nonce, 0);
    // Of no bytes at all, too, the tag is nobody's to know beforehand.
    this.#md5.update(nonce);
  }

  seal(body: StreamingBody): StreamingBody {
    return body instanceof Uint8Array ? this.#update(body) : this.#pass(body);
  }

  /** Of what was encrypted: the entity tag of such an object says nothing of its contents. */
  md5(): Buffer {
    return this.#md5.digest();
  }

  async *#pass(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const bytes of body) yield this.#update(bytes);
  }

  #update(bytes: Uint8Array): Buffer {
    const sealed = this.#cipher.update(bytes);
    this.#md5.update(sealed);
    return sealed;
  }
}

/** What was encrypted so, in the clear. `pieces`: those that the bytes are of, in order. */
export function unsealed(
  bytes: Buffer | AsyncIterable<Buffer>,
  pieces: readonly SealedPiece[],
  key: Buffer,
): Buffer | AsyncIterable<Buffer> {
  const opener = new Opener(pieces, key);
  return Buffer.isBuffer(bytes) ? opener.open(bytes) : new OpenedStream(bytes, opener);
}

class Opener {
  readonly #pieces: readonly SealedPiece[];
  readonly #key: Buffer;
  #at = 0;
  /** Bytes that are left of the piece. */
  #left = 0;
  #cipher: Cipheriv | undefined;

  constructor(pieces: readonly SealedPiece[], key: Buffer) {
    this.#pieces = pieces;
    this.#key = key;
  }

  open(bytes: Buffer): Buffer {
    const parts: Buffer[] = [];
    for (let from = 0; from < bytes.length;) {
      if (this.#left === 0) this.#next();
      const some = bytes.subarray(from, from + this.#left);
      parts.push(this.#cipher!.update(some));
      from += some.length;
      this.#left -= some.length;
    }
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  }

  #next(): void {
    const piece = this.#pieces[this.#at];
    if (piece?.nonce === undefined) throw new Error("a piece of an encrypted object has no nonce");
    this.#at += 1;
    this.#left = piece.length;
    this.#cipher = cipherAt(this.#key, Buffer.from(piece.nonce, "base64"), piece.offset);
  }
}

/** A class and not a generator: closing it before the first byte closes what it reads from. */
class OpenedStream implements AsyncIterable<Buffer>, AsyncIterator<Buffer, undefined> {
  readonly #source: AsyncIterator<Buffer, undefined>;
  readonly #opener: Opener;

  constructor(source: AsyncIterable<Buffer>, opener: Opener) {
    this.#source = source[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>;
    this.#opener = opener;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Buffer, undefined>> {
    const next = await this.#source.next();
    if (next.done === true) return { done: true, value: undefined };
    return { done: false, value: this.#opener.open(next.value) };
  }

  async return(): Promise<IteratorResult<Buffer, undefined>> {
    await this.#source.return?.();
    return { done: true, value: undefined };
  }
}
