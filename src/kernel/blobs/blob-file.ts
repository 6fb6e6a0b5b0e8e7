import type { Files, OpenFile } from "#world/world.ts";
import type { ByteCipher } from "./blob-cipher.ts";

/** What is gathered before it is written: each write costs a turn through the thread pool. */
const writeBytes = 512 * 1024;
/** What may be written and not synced: so the last sync has little left to do, and dirty pages stay few. */
const unsyncedBytes = 32 * 1024 * 1024;

/**
 * A file being written at the pace of its disk: while one buffer is on its way, encrypted, the next is filled, and who
 * brings more waits. So two buffers are in memory, whatever the size, and none of those that brought the bytes.
 */
export class BlobFile {
  readonly #file: OpenFile;
  readonly #cipher: ByteCipher;
  readonly #filling = Buffer.allocUnsafeSlow(writeBytes);
  #filledBytes = 0;
  #position = 0;
  #syncedTo = 0;
  #writing: Promise<void> = Promise.resolve();
  #syncing: Promise<void> = Promise.resolve();

  private constructor(file: OpenFile, cipher: ByteCipher) {
    this.#file = file;
    this.#cipher = cipher;
  }

  static async create(
    files: Pick<Files, "open">,
    path: string,
    cipher: ByteCipher,
  ): Promise<BlobFile> {
    return new BlobFile(await files.open(path), cipher);
  }

  /** Takes bytes; the promise, where there is one, is to be waited for before the next ones. */
  add(bytes: Uint8Array): Promise<void> | undefined {
    const room = writeBytes - this.#filledBytes;
    if (bytes.length >= room) return this.#addMuch(bytes);
    this.#filling.set(bytes, this.#filledBytes);
    this.#filledBytes += bytes.length;
    return undefined;
  }

  /** Resolves when all of it is on the disk; the file is closed then. */
  async finish(): Promise<void> {
    try {
      if (this.#filledBytes > 0) await this.#write();
      await this.#writing;
      await this.#syncing;
      await this.#file.sync();
    } finally {
      await this.#file.close();
    }
  }

  async giveUp(): Promise<void> {
    await Promise.allSettled([this.#writing, this.#syncing]);
    await this.#file.close();
  }

  async #addMuch(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + writeBytes - this.#filledBytes);
      this.#filling.set(part, this.#filledBytes);
      this.#filledBytes += part.length;
      at += part.length;
      if (this.#filledBytes === writeBytes) await this.#write();
    }
  }

  async #write(): Promise<void> {
    await this.#writing;
    if (this.#position - this.#syncedTo >= unsyncedBytes) {
      await this.#syncing;
      this.#syncedTo = this.#position;
      this.#syncing = quietly(this.#file.sync());
    }
    // Encrypting copies, so the buffer is free at once.
    const bytes = this.#cipher.update(this.#filling.subarray(0, this.#filledBytes));
    this.#writing = quietly(this.#file.write(this.#position, bytes));
    this.#position += bytes.length;
    this.#filledBytes = 0;
  }
}

/** Its failure is met by whoever waits for it next; until then it is nobody's. */
function quietly(promise: Promise<void>): Promise<void> {
  promise.catch(() => undefined);
  return promise;
}
