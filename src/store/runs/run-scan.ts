/** Reads a run from its beginning to its end for a merge: a partition at a time, and past the cache. */
import type { Key } from "#base/key.ts";
import { Block } from "./block.ts";
import type { Run } from "./run-cursor.ts";
import { checked, partitionAt } from "./sorted-file.ts";
import type { Partition, SortedFile } from "./sorted-file.ts";
import type { WholePartition } from "./sorted-file-writer.ts";

interface Loaded {
  readonly file: SortedFile;
  readonly facts: Partition;
  readonly bytes: Buffer;
  readonly index: Block;
  readonly firstKey: Key;
  readonly lastKey: Key;
}

export class RunScan {
  /** Undefined: at the end, or (`needsLoad`) the next partition must be loaded first. */
  key: Key | undefined;
  needsLoad = true;
  /** Where the entry is. */
  block: Block | undefined;
  entry = 0;
  private readonly run: Run;
  private file = -1;
  private root: Block | undefined;
  private partition = 0;
  private loaded: Loaded | undefined;
  private blockNumber = 0;

  constructor(run: Run) {
    this.run = run;
  }

  /** Loads the next partition, if there is one. */
  async load(): Promise<void> {
    this.needsLoad = false;
    this.partition += 1;
    if (this.root === undefined || this.partition >= this.root.count) {
      this.file += 1;
      const file = this.run[this.file];
      if (file === undefined) return;
      const { rootAt, sizeBytes } = file.facts;
      const length = sizeBytes - rootAt;
      this.root = new Block(
        checked(await file.file.read(rootAt, length), length, file.path, rootAt),
      );
      this.partition = 0;
    }
    const file = this.run[this.file]!;
    const facts = partitionAt(this.root, this.partition);
    const { start, dataBytes, indexBytes, filterBytes } = facts;
    const bytes = await file.file.read(start, dataBytes + indexBytes);
    const index = new Block(
      checked(bytes.subarray(dataBytes), indexBytes, file.path, start + dataBytes).subarray(
        filterBytes,
      ),
    );
    const partition = { file, facts, bytes, index };
    const last = blockAt(partition, index.count - 1);
    const firstKey = blockAt(partition, 0).keyAt(0);
    this.loaded = { ...partition, firstKey, lastKey: last.keyAt(last.count - 1) };
    this.blockNumber = -1;
    this.nextBlock();
  }

  /** The partition that the scan has just come to, if it has seen no other entry of it than the first. */
  wholePartition(): WholePartition | undefined {
    const { loaded } = this;
    if (this.entry > 0 || this.blockNumber > 0 || loaded === undefined) return undefined;
    const { facts, bytes, firstKey, lastKey } = loaded;
    return { ...facts, bytes, firstKey, lastKey };
  }

  /** Passes what `wholePartition` has shown; all of its bytes have been checked then. */
  skipPartition(): void {
    for (let block = 0; block < this.loaded!.index.count; block++) blockAt(this.loaded!, block);
    this.endPartition();
  }

  advance(): void {
    this.entry += 1;
    if (this.entry < this.block!.count) this.key = this.block!.keyAt(this.entry);
    else this.nextBlock();
  }

  private nextBlock(): void {
    this.blockNumber += 1;
    this.entry = 0;
    if (this.blockNumber >= this.loaded!.index.count) {
      this.endPartition();
      return;
    }
    this.block = blockAt(this.loaded!, this.blockNumber);
    this.key = this.block.keyAt(0);
  }

  private endPartition(): void {
    this.key = undefined;
    this.loaded = undefined;
    this.block = undefined;
    this.needsLoad = true;
  }
}

function blockAt(
  { file, facts, bytes, index }: Pick<Loaded, "file" | "facts" | "bytes" | "index">,
  number: number,
): Block {
  const at = index.valueStart(number);
  const start = index.uint32(at);
  const length = index.uint32(at + 4);
  const block = bytes.subarray(start, start + length);
  return new Block(checked(block, length, file.path, facts.start + start));
}
