/** Writes a run: as many new files as it takes. They are nobody's until a manifest names them. */
import { join } from "node:path";
import type { Key } from "#base/key.ts";
import type { Files, OpenFile } from "#world/world.ts";
import type { Block } from "./block.ts";
import type { BlockCache } from "./block-cache.ts";
import { fileName } from "./manifest.ts";
import { SortedFile } from "./sorted-file.ts";
import { defaultFileSizes, SortedFileWriter } from "./sorted-file-writer.ts";
import type { FileSizes, WholePartition } from "./sorted-file-writer.ts";

export interface RunSizes extends FileSizes {
  /** A file that has reached this size ends. */
  readonly fileBytes: number;
}

export const defaultRunSizes: RunSizes = { ...defaultFileSizes, fileBytes: 64 * 1024 * 1024 };

/** What the files of a base have in common. */
export interface RunFolder {
  readonly files: Files;
  readonly folder: string;
  readonly sizes: RunSizes;
  readonly cache: BlockCache;
  takeNumber(): number;
}

interface Begun {
  readonly writer: SortedFileWriter;
  readonly path: string;
  readonly file: OpenFile;
}

export class RunWriter {
  private readonly folder: RunFolder;
  private readonly written: SortedFile[] = [];
  private begun: Begun | undefined;

  constructor(folder: RunFolder) {
    this.folder = folder;
  }

  /** Must resolve before entries are added: opens a file, writes what is full, begins the next file. */
  async ready(): Promise<void> {
    await this.begun?.writer.drain();
    if (this.begun !== undefined && this.begun.writer.sizeBytes >= this.folder.sizes.fileBytes) {
      await this.endFile();
    }
    if (this.begun !== undefined) return;
    const number = this.folder.takeNumber();
    const path = join(this.folder.folder, fileName(number));
    const file = await this.folder.files.open(path);
    this.begun = { writer: new SortedFileWriter(number, file, this.folder.sizes), path, file };
  }

  /** Whether `ready` has to be awaited again. */
  get isFull(): boolean {
    const { begun } = this;
    return begun === undefined || begun.writer.isFull;
  }

  add(key: Key, value: Buffer | null): void {
    this.begun!.writer.add(key, value);
  }

  addFrom(key: Key, from: Block, index: number): void {
    this.begun!.writer.addFrom(key, from, index);
  }

  addPartition(partition: WholePartition): void {
    this.begun!.writer.addPartition(partition);
  }

  /** Ends the file that was begun, so that another may follow in the run. */
  async endFile(): Promise<void> {
    if (this.begun === undefined) return;
    const { writer, path, file } = this.begun;
    if (writer.entries === 0) return;
    const facts = await writer.finish();
    this.written.push(new SortedFile(facts, path, file, this.folder.cache));
    this.begun = undefined;
  }

  /** The files, whole and synced; their names are not yet. */
  async finish(): Promise<readonly SortedFile[]> {
    await this.endFile();
    if (this.begun !== undefined) await this.removeBegun(this.begun);
    return this.written;
  }

  /** Removes what was written, as far as the disk lets it. */
  async abandon(): Promise<void> {
    try {
      if (this.begun !== undefined) await this.removeBegun(this.begun);
      for (const file of this.written) {
        await file.close();
        await this.folder.files.remove(file.path);
      }
    } catch {
      // Nobody reads them: they are removed when the store is opened.
    }
  }

  private async removeBegun({ file, path }: Begun): Promise<void> {
    this.begun = undefined;
    await file.close();
    await this.folder.files.remove(path);
  }
}
