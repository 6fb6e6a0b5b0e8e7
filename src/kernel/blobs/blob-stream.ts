import { join } from "node:path";
import type { OpenFile } from "#world/world.ts";
import type { Snapshot } from "#store/store.ts";
import type { BlobCiphers, ByteCipher } from "./blob-cipher.ts";
import { groupOf, isStored, numberOf, readBlob } from "./blob-record.ts";
import type { BlobId } from "./blob-record.ts";
import type { BlobFiles, Hold } from "./blobs.ts";

/** A part of a blob; what a service stores as a body is a list of them. */
export interface Piece {
  readonly blob: BlobId;
  /** Where in the blob it begins. */
  readonly offset: number;
  readonly length: number;
}

/** A piece as a look-up finds it: with its blob's bytes, still encrypted, if they are not in a file. */
export interface FoundPiece extends Piece {
  readonly bytes: Buffer | undefined;
}

export function findPiece(snapshot: Snapshot, piece: Piece): FoundPiece {
  if (!isStored(piece.blob)) return { ...piece, bytes: undefined };
  const bytes = readBlob(snapshot, piece.blob)?.bytes;
  if (bytes === undefined) throw new Error(`there is no blob ${piece.blob}`);
  return { ...piece, bytes };
}

const readBytes = 512 * 1024;

export interface BlobStreamOptions {
  readonly files: BlobFiles;
  readonly folder: string;
  readonly pieces: readonly FoundPiece[];
  readonly ciphers: BlobCiphers;
  /** Keeps the files until this stream has ended. */
  readonly hold: Hold;
}

/**
 * The bytes of some pieces, one after another, read at the pace of whoever takes them. One reader, once. A class and
 * not a generator: it must let go of its files even if it is closed before anybody took the first byte.
 */
export class BlobStream implements AsyncIterable<Buffer>, AsyncIterator<Buffer, undefined> {
  readonly #options: BlobStreamOptions;
  #piece = 0;
  /** Within the piece. */
  #position = 0;
  #file: OpenFile | undefined;
  #cipher: ByteCipher | undefined;
  #ahead: Promise<Buffer> | undefined;
  #ended = false;

  constructor(options: BlobStreamOptions) {
    this.#options = options;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Buffer, undefined>> {
    try {
      if (this.#ended) return end;
      const bytes = await (this.#ahead ?? this.#read());
      this.#ahead = undefined;
      if (bytes.length === 0) {
        await this.#end();
        return end;
      }
      // The next piece is read while this one is sent; a failure is met when it is asked for.
      this.#ahead = this.#read();
      this.#ahead.catch(() => undefined);
      return { done: false, value: bytes };
    } catch (failure) {
      await this.#end();
      throw failure;
    }
  }

  async return(): Promise<IteratorResult<Buffer, undefined>> {
    await this.#end();
    return end;
  }

  async #end(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#ahead?.catch(() => undefined);
    const file = this.#file;
    this.#file = undefined;
    this.#options.hold.release();
    await file?.close();
  }

  /** Empty at the end. */
  async #read(): Promise<Buffer> {
    const { pieces } = this.#options;
    for (;;) {
      const piece = pieces[this.#piece];
      if (piece === undefined) return nothing;
      const left = piece.length - this.#position;
      if (left > 0) {
        const bytes = await this.#readOf(piece, Math.min(left, readBytes));
        if (bytes.length === 0) throw new Error(`blob ${piece.blob} is shorter than it should be`);
        this.#position += bytes.length;
        return bytes;
      }
      this.#piece += 1;
      this.#position = 0;
      this.#cipher = undefined;
      const file = this.#file;
      this.#file = undefined;
      await file?.close();
    }
  }

  async #readOf(piece: FoundPiece, wanted: number): Promise<Buffer> {
    const { files, folder } = this.#options;
    const { blob, offset, length, bytes } = piece;
    this.#cipher ??= this.#options.ciphers.at(blob, offset + this.#position);
    if (bytes !== undefined) {
      return this.#cipher.update(bytes.subarray(offset + this.#position, offset + length));
    }
    this.#file ??= await files.open(join(folder, groupOf(blob), numberOf(blob)));
    return this.#cipher.update(await this.#file.read(offset + this.#position, wanted));
  }
}

const end: IteratorReturnResult<undefined> = { done: true, value: undefined };
const nothing = Buffer.alloc(0);

/** The part of some pieces from `start` to before `end`, counted in bytes of them all. */
export function sliceOf<P extends Piece>(pieces: readonly P[], start: number, stop: number): P[] {
  const slice: P[] = [];
  let at = 0;
  for (const piece of pieces) {
    const { offset, length } = piece;
    const from = Math.max(start, at);
    const to = Math.min(stop, at + length);
    if (from < to) slice.push({ ...piece, offset: offset + from - at, length: to - from });
    at += length;
  }
  return slice;
}
