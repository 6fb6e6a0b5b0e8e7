import { join } from "node:path";
import { StoreFailed, StoreClosed } from "#store/store.ts";
import type { Snapshot, Store, Transaction, Unwatch } from "#store/store.ts";
import type { Files, Random } from "#world/world.ts";
import { isSystemError } from "#world/system-error.ts";
import type { Log } from "../log.ts";
import type { Vault } from "../vault.ts";
import {
  BlobCiphers,
  isSealed,
  keepMasterKey,
  masterKeyBytes,
  openedKey,
  putMasterKey,
  readMasterKey,
  sealedKey,
} from "./blob-cipher.ts";
import { BlobFile } from "./blob-file.ts";
import {
  closeFolder,
  forgetGarbage,
  garbageBlobs,
  garbageOfBlobs,
  groupOf,
  numberOf,
  openFolder,
  openFolders,
  readBlob,
  releaseBlob,
  retainBlob,
  writeBlob,
  type BlobId,
} from "./blob-record.ts";
import { BlobStream, findPiece, sliceOf, type FoundPiece, type Piece } from "./blob-stream.ts";

export type { BlobId } from "./blob-record.ts";
export { sliceOf, type Piece } from "./blob-stream.ts";

/**
 * Blobs: large bodies as immutable files beside the store, small ones as values in it.
 *
 * B1. A blob exists from the commit that names it to the commit in which its last owner lets go of it. What names it
 *     is committed with it, so whoever finds a name finds the blob: whole, and on the disk.
 * B2. A file is complete and synced, its folder too, before the transaction that names it begins.
 * B3. A file that no key names is garbage and goes: at once if what should have named it failed, after a crash at the
 *     next start. Only folders that were open at the crash can hold such files, so a start does not look at the rest.
 * B4. A file goes only after the commit that freed it is durable, and not while a hold is on it: who began to read a
 *     body reads it to its end.
 * B5. Bytes are encrypted wherever they rest (blob-cipher.ts).
 * B6. Memory is bounded whatever the size: bytes wait for the disk, and readers' bytes for their readers.
 */
export interface Blobs {
  /**
   * Takes a body to its end, onto the disk or, if it is small, into memory. Rejects with the source's failure or the
   * disk's; nothing is left behind then. Whoever gets it must `commit` or `discard` it.
   */
  receive(source: AsyncIterable<Uint8Array> | Uint8Array): Promise<ReceivedBlob>;
  /** One more record names the blob: a copy that shares the bytes. */
  retain(tx: Transaction, id: BlobId): void;
  /** A record that named the blob is gone. */
  release(tx: Transaction, id: BlobId): void;
  /** From now on no file is removed; see `Hold.keep`. To be taken before the look-up that finds names. */
  hold(): Hold;
  /** What the pieces are together, looked up at the moment that found their names. */
  body(snapshot: Snapshot, pieces: readonly Piece[]): BlobBody;
  /**
   * The body's bytes from `start` to before `end`: at once where they stand in the store, as many small bodies do.
   * Takes over the hold that was taken before the look-up, and ends it when the stream has ended or was closed.
   */
  read(body: BlobBody, start: number, end: number, hold: Hold): Buffer | AsyncIterable<Buffer>;
}

export type BlobBody = readonly FoundPiece[];

export interface ReceivedBlob {
  readonly sizeBytes: number;
  /**
   * Runs the body in a transaction that also makes the blob durable, with one owner. If the body throws, the blob
   * goes; the body may then throw on purpose. A body that does not want the blob calls `discard` afterwards.
   */
  commit<T>(body: (tx: Transaction, id: BlobId) => T): Promise<T>;
  discard(): Promise<void>;
}

export interface Hold {
  /** Holds no more than these pieces' files. */
  keep(pieces: readonly Piece[]): void;
  release(): void;
}

export type BlobFiles = Pick<Files, "open" | "remove" | "list" | "makeFolder" | "syncFolder">;

/** Up to here a body is a value in the store: one sync with its record, and no file. */
const defaultStoredBytes = 32 * 1024;
const defaultFilesInFolder = 1000;
const removedAtOnce = 200;

export interface BlobsOptions {
  readonly files: BlobFiles;
  /** Belongs to the blobs alone. */
  readonly folder: string;
  readonly store: Store;
  readonly random: Random;
  readonly log: Log;
  /** What seals the key of the blobs; without one it is stored as it is. */
  readonly vault?: Vault | undefined;
  /** Other sizes than the usual: tests come round sooner. */
  readonly storedBytes?: number;
  readonly filesInFolder?: number;
}

/** A folder that takes new files. */
interface Folder {
  readonly group: string;
  files: number;
  /** Files on their way: not yet named, or about to go. */
  unsettled: number;
}

export class FileBlobs implements Blobs {
  readonly #options: BlobsOptions;
  readonly #storedBytes: number;
  readonly #filesInFolder: number;
  /** Small blobs' ids count on from here. */
  readonly #run: string;
  #stored = 0;
  #folder: Promise<Folder> | undefined;
  readonly #holds = new Set<BlobHold>();
  #unwatch: Unwatch | undefined;
  #collecting: Promise<void> | undefined;
  #collectAgain = false;
  #stopped = false;
  /** How often everything was forgotten. */
  #epoch = 0;
  /** Undefined until there was a blob. */
  #ciphers: BlobCiphers | undefined;

  constructor(options: BlobsOptions) {
    this.#options = options;
    this.#storedBytes = options.storedBytes ?? defaultStoredBytes;
    this.#filesInFolder = options.filesInFolder ?? defaultFilesInFolder;
    this.#run = newGroup("s", options.random);
  }

  /** Removes what a crash left unnamed (B3), and goes on with what was to be removed. */
  async start(): Promise<void> {
    const { files, folder, store } = this.#options;
    const stored = await store.read(readMasterKey);
    if (stored !== undefined) await this.#openKey(stored);
    for (const group of await store.read(openFolders)) {
      const names = await files.list(join(folder, group));
      const unnamed = await store.read((snapshot) =>
        names.filter((name) => readBlob(snapshot, `${group}-${name}`) === undefined),
      );
      for (const name of unnamed) await files.remove(join(folder, group, name));
      // Before the folder is forgotten: a removal that a crash takes back would never be seen again.
      if (unnamed.length > 0) await this.#syncFolder(group);
      if (unnamed.length === names.length) await files.remove(join(folder, group));
      await store.transact((tx) => closeFolder(tx, group));
    }
    this.#unwatch = store.watch(garbageOfBlobs, () => this.#collect());
    this.#collect();
  }

  async #openKey(stored: Buffer): Promise<void> {
    const { store, vault } = this.#options;
    const key = openedKey(vault, stored);
    this.#ciphers = new BlobCiphers(key);
    if (vault === undefined || isSealed(stored)) return;
    const sealed = sealedKey(vault, key);
    await store.transact((tx) => putMasterKey(tx, sealed));
  }

  /** Part of forgetting everything: removes all files. What is still being received can no longer be committed. */
  async clear(): Promise<void> {
    this.#epoch += 1;
    this.#folder = undefined;
    this.#ciphers = undefined;
    await this.#options.files.remove(this.#options.folder);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unwatch?.();
    await this.#collecting;
  }

  async receive(source: AsyncIterable<Uint8Array> | Uint8Array): Promise<ReceivedBlob> {
    const epoch = this.#epoch;
    const ciphers = this.#ciphers ?? (await this.#firstCiphers());
    if (source instanceof Uint8Array && source.length <= this.#storedBytes) {
      return this.#small(ciphers, epoch, [source], source.length);
    }
    let gathered: Uint8Array[] = [];
    let sizeBytes = 0;
    let target: { folder: Folder; id: BlobId; file: BlobFile } | undefined;
    try {
      for await (const bytes of source instanceof Uint8Array ? [source] : source) {
        sizeBytes += bytes.length;
        if (target !== undefined) {
          const room = target.file.add(bytes);
          if (room !== undefined) await room;
          continue;
        }
        gathered.push(bytes);
        if (sizeBytes <= this.#storedBytes) continue;
        target = await this.#create(ciphers);
        for (const early of gathered) await target.file.add(early);
        gathered = [];
      }
      if (target === undefined) return this.#small(ciphers, epoch, gathered, sizeBytes);
      await target.file.finish();
      await this.#options.files.syncFolder(join(this.#options.folder, target.folder.group));
    } catch (failure) {
      if (target !== undefined) {
        await target.file.giveUp().catch(() => undefined);
        await this.#remove(target.folder, target.id);
      }
      throw failure;
    }
    const { folder, id } = target;
    return this.#received(id, epoch, sizeBytes, undefined, folder);
  }

  retain(tx: Transaction, id: BlobId): void {
    retainBlob(tx, id);
  }

  release(tx: Transaction, id: BlobId): void {
    releaseBlob(tx, id);
  }

  hold(): Hold {
    const hold = new BlobHold(() => {
      this.#holds.delete(hold);
      if (hold.wasMet) this.#collect();
    });
    this.#holds.add(hold);
    return hold;
  }

  body(snapshot: Snapshot, pieces: readonly Piece[]): BlobBody {
    return pieces.map((piece) => findPiece(snapshot, piece));
  }

  read(body: BlobBody, start: number, end: number, hold: Hold): Buffer | AsyncIterable<Buffer> {
    const { files, folder } = this.#options;
    const pieces = sliceOf(body, start, end);
    const [first, second] = pieces;
    if (second === undefined && (first === undefined || first.bytes !== undefined)) {
      hold.release();
      if (first?.bytes === undefined) return noBytes;
      const { blob, offset, length } = first;
      return this.#known.at(blob, offset).update(first.bytes.subarray(offset, offset + length));
    }
    hold.keep(pieces);
    return new BlobStream({ files, folder, pieces, hold, ciphers: this.#known });
  }

  #small(
    ciphers: BlobCiphers,
    epoch: number,
    parts: readonly Uint8Array[],
    sizeBytes: number,
  ): ReceivedBlob {
    this.#stored += 1;
    const id = `${this.#run}-${this.#stored}`;
    const [only] = parts;
    const plain = parts.length === 1 && only !== undefined ? only : Buffer.concat(parts, sizeBytes);
    return this.#received(id, epoch, sizeBytes, ciphers.at(id, 0).update(plain), undefined);
  }

  /** Makes the master key, when the first blob comes. */
  async #firstCiphers(): Promise<BlobCiphers> {
    const { store, random, vault } = this.#options;
    for (;;) {
      const epoch = this.#epoch;
      const fresh = sealedKey(vault, random.bytes(masterKeyBytes));
      const master = openedKey(vault, await store.transact((tx) => keepMasterKey(tx, fresh)));
      // A key that was forgotten meanwhile must not come back.
      if (epoch === this.#epoch) return (this.#ciphers ??= new BlobCiphers(master));
    }
  }

  #received(
    id: BlobId,
    epoch: number,
    sizeBytes: number,
    bytes: Buffer | undefined,
    folder: Folder | undefined,
  ): ReceivedBlob {
    const { store } = this.#options;
    let settled = false;
    const discard = async (): Promise<void> => {
      if (settled) return;
      settled = true;
      if (folder !== undefined) await this.#remove(folder, id);
    };
    return {
      sizeBytes,
      discard,
      commit: async (body) => {
        try {
          const result = await store.transact((tx) => {
            if (epoch !== this.#epoch) throw new BlobForgotten(`blob ${id} was forgotten`);
            writeBlob(tx, id, { owners: 1, sizeBytes, bytes });
            return body(tx, id);
          });
          settled = true;
          if (folder !== undefined) this.#settle(folder);
          return result;
        } catch (failure) {
          // Where nobody knows what is on the disk, the next start will.
          if (!(failure instanceof StoreFailed || failure instanceof StoreClosed)) await discard();
          throw failure;
        }
      },
    };
  }

  async #create(ciphers: BlobCiphers): Promise<{ folder: Folder; id: BlobId; file: BlobFile }> {
    const folder = await this.#openFolder();
    folder.files += 1;
    folder.unsettled += 1;
    const id = `${folder.group}-${folder.files}`;
    if (folder.files === this.#filesInFolder) this.#folder = undefined;
    try {
      return {
        folder,
        id,
        file: await BlobFile.create(this.#options.files, this.#pathOf(id), ciphers.at(id, 0)),
      };
    } catch (failure) {
      await this.#remove(folder, id);
      throw failure;
    }
  }

  /** The folder that takes new files; known in the store before its first file is made (B3). */
  #openFolder(): Promise<Folder> {
    this.#folder ??= this.#newFolder().catch((failure: unknown) => {
      this.#folder = undefined;
      throw failure;
    });
    return this.#folder;
  }

  async #newFolder(): Promise<Folder> {
    const { files, folder, store, random } = this.#options;
    const group = newGroup("f", random);
    await store.transact((tx) => openFolder(tx, group));
    await files.makeFolder(join(folder, group));
    return { group, files: 0, unsettled: 0 };
  }

  /** A file is named, or gone. A full folder in which all are needs no more looking at. */
  #settle(folder: Folder): void {
    folder.unsettled -= 1;
    if (folder.unsettled > 0 || folder.files < this.#filesInFolder) return;
    const { store } = this.#options;
    // Removals of files that were given up must not be taken back.
    this.#syncFolder(folder.group)
      .then(() => store.transact((tx) => closeFolder(tx, folder.group)))
      .catch((error: unknown) => this.#options.log.error("a folder was not closed", { error }));
  }

  async #remove(folder: Folder, id: BlobId): Promise<void> {
    try {
      await this.#options.files.remove(this.#pathOf(id));
    } catch (error) {
      // It stays unsettled, so its folder stays open: the next start removes it.
      this.#options.log.error("an unnamed file could not be removed", { blob: id, error });
      return;
    }
    this.#settle(folder);
  }

  /** Makes removals durable. A folder that is gone went with all its files. */
  async #syncFolder(group: string): Promise<void> {
    try {
      await this.#options.files.syncFolder(join(this.#options.folder, group));
    } catch (failure) {
      if (!isSystemError(failure, "ENOENT")) throw failure;
    }
  }

  #pathOf(id: BlobId): string {
    return join(this.#options.folder, groupOf(id), numberOf(id));
  }

  #collect(): void {
    if (this.#collecting !== undefined) {
      this.#collectAgain = true;
      return;
    }
    if (this.#stopped) return;
    this.#collecting = this.#removeGarbage()
      .catch((error: unknown) => {
        if (!this.#stopped) this.#options.log.error("garbage was not removed", { error });
      })
      .finally(() => {
        this.#collecting = undefined;
        if (this.#collectAgain) {
          this.#collectAgain = false;
          this.#collect();
        }
      });
  }

  async #removeGarbage(): Promise<void> {
    const { files, folder, store } = this.#options;
    let after: BlobId | undefined;
    for (;;) {
      const last = after;
      const found = await store.read((snapshot) => garbageBlobs(snapshot, last, removedAtOnce));
      if (found.length === 0 || this.#stopped) return;
      after = found.at(-1);
      const free = found.filter((id) => !this.#isHeld(id));
      if (free.length === 0) continue;
      for (const id of free) await files.remove(this.#pathOf(id));
      const groups = new Set(free.map(groupOf));
      for (const group of groups) await this.#syncFolder(group);
      await store.transact((tx) => {
        for (const id of free) forgetGarbage(tx, id);
      });
      const filling = await this.#folder?.catch(() => undefined);
      for (const group of groups) {
        if (group === filling?.group) continue;
        const left = await files.list(join(folder, group));
        if (left.length === 0) await files.remove(join(folder, group));
      }
    }
  }

  /** Where there is a blob to read, there is a key. */
  get #known(): BlobCiphers {
    if (this.#ciphers === undefined)
      throw new Error("there is no master key, so there are no blobs");
    return this.#ciphers;
  }

  #isHeld(id: BlobId): boolean {
    let isHeld = false;
    for (const hold of this.#holds) if (hold.meets(id)) isHeld = true;
    return isHeld;
  }
}

/** Everything was forgotten while the body was on its way. */
class BlobForgotten extends Error {
  override name = "BlobForgotten";
}

class BlobHold implements Hold {
  /** Undefined: all. */
  #blobs: ReadonlySet<BlobId> | undefined;
  /** Something was to be removed and was not, because of this. */
  wasMet = false;
  readonly #onRelease: () => void;

  constructor(onRelease: () => void) {
    this.#onRelease = onRelease;
  }

  keep(pieces: readonly Piece[]): void {
    this.#blobs = new Set(pieces.map(({ blob }) => blob));
  }

  release(): void {
    this.#onRelease();
  }

  meets(id: BlobId): boolean {
    if (this.#blobs !== undefined && !this.#blobs.has(id)) return false;
    this.wasMet = true;
    return true;
  }
}

const noBytes = Buffer.alloc(0);

/** The kind and sixteen hexadecimal digits that no other run or folder has. */
function newGroup(kind: "f" | "s", random: Random): string {
  return kind + random.bytes(8).toString("hex");
}
