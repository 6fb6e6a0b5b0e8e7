import type { Files, OpenFile } from "#world/world.ts";

/** What is gathered before it is written: each write costs a turn through the thread pool. */
const writeBytes = 1024 * 1024;
/** What may be written and not synced: so the last sync has little left to do, and dirty pages stay few. */
const unsyncedBytes = 32 * 1024 * 1024;

/**
 * A file being written at the pace of its disk: while one piece is on its way the next is gathered, and who
 * brings more waits. So at most two pieces are in memory.
 */
export class BlobFile {
  readonly #file: OpenFile;
  #gathered: Uint8Array[] = [];
  #gatheredBytes = 0;
  #position = 0;
  #syncedTo = 0;
  #writing: Promise<void> = Promise.resolve();
  #syncing: Promise<void> = Promise.resolve();

  private constructor(file: OpenFile) {
    this.#file = file;
  }

  static async create(files: Pick<Files, "open">, path: string): Promise<BlobFile> {
    return new BlobFile(await files.open(path));
  }

  /** Takes bytes; the promise, where there is one, is to be waited for before the next ones. */
  add(bytes: Uint8Array): Promise<void> | undefined {
    this.#gathered.push(bytes);
    this.#gatheredBytes += bytes.length;
    return this.#gatheredBytes < writeBytes ? undefined : this.#write();
  }

  /** Resolves when all of it is on the disk; the file is closed then. */
  async finish(): Promise<void> {
    try {
      if (this.#gatheredBytes > 0) await this.#write();
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

  async #write(): Promise<void> {
    await this.#writing;
    if (this.#position - this.#syncedTo >= unsyncedBytes) {
      await this.#syncing;
      this.#syncedTo = this.#position;
      this.#syncing = quietly(this.#file.sync());
    }
    const bytes = joined(this.#gathered, this.#gatheredBytes);
    this.#gathered = [];
    this.#gatheredBytes = 0;
    this.#writing = quietly(this.#file.write(this.#position, bytes));
    this.#position += bytes.length;
  }
}

/** Its failure is met by whoever waits for it next; until then it is nobody's. */
function quietly(promise: Promise<void>): Promise<void> {
  promise.catch(() => undefined);
  return promise;
}

function joined(parts: readonly Uint8Array[], length: number): Buffer {
  const [only] = parts;
  return parts.length === 1 && only !== undefined
    ? Buffer.from(only.buffer, only.byteOffset, only.byteLength)
    : Buffer.concat(parts, length);
}
