/** Writes a sorted file (sorted-file.ts) from entries that come in key order, or from whole partitions. */
import { crc32 } from "node:zlib";
import type { Key } from "#base/key.ts";
import type { OpenFile } from "#world/world.ts";
import { BlockWriter, entryHeaderBytes, separatorOf } from "./block.ts";
import type { Block } from "./block.ts";
import { bloomFilter } from "./bloom-filter.ts";
import { blockFactsBytes, crcBytes, partitionFactsBytes } from "./sorted-file.ts";
import type { FileFacts, Partition } from "./sorted-file.ts";

export interface FileSizes {
  /** A data block ends before it would be larger; one entry may be. */
  readonly blockBytes: number;
  readonly partitionBytes: number;
  /** Memory for what is to be written next. */
  readonly chunkBytes: number;
  /** So much is written between two syncs: a long one would hold up those of the log. */
  readonly bytesPerSync: number;
}

export const defaultFileSizes: FileSizes = {
  blockBytes: 4096,
  partitionBytes: 262_144,
  chunkBytes: 524_288,
  bytesPerSync: 8 * 1024 * 1024,
};

/** A partition that another file has, with its bytes: data blocks and index. */
export interface WholePartition extends Partition {
  readonly bytes: Buffer;
  readonly firstKey: Key;
  readonly lastKey: Key;
}

export class SortedFileWriter {
  entries = 0;
  private readonly number: number;
  private readonly file: OpenFile;
  private readonly sizes: FileSizes;
  private tombstones = 0;
  private firstKey: Key = "";
  private lastKey: Key = "";
  /** Full ones wait to be written; the last one is being filled. */
  private readonly full: Buffer[] = [];
  private chunk: Buffer;
  /** Where the chunk is filled up to, and where it begins in the file. */
  private filled = 0;
  private chunkStart = 0;
  private writtenBytes = 0;
  private unsyncedBytes = 0;
  private readonly data = new BlockWriter();
  private readonly indexEntries: { separator: Key; facts: Buffer }[] = [];
  private readonly rootEntries: { separator: Key; facts: Buffer }[] = [];
  private hashes: number[] = [];
  private partitionStart = 0;
  private partitionTombstones = 0;
  /** The last key of the block, and of the partition, before. */
  private blockBefore: Key = "";
  private partitionBefore: Key = "";

  constructor(number: number, file: OpenFile, sizes: FileSizes) {
    this.number = number;
    this.file = file;
    this.sizes = sizes;
    this.chunk = Buffer.allocUnsafeSlow(sizes.chunkBytes);
  }

  /** Bytes so far. */
  get sizeBytes(): number {
    return this.chunkStart + this.filled + this.data.bytes;
  }

  /** Whether `drain` has something to write. */
  get isFull(): boolean {
    return this.full.length > 0;
  }

  /** Adds an entry; keys rise. */
  add(key: Key, value: Buffer | null): void {
    this.beginEntry(entryHeaderBytes + key.length + (value === null ? 0 : value.length));
    this.endEntry(key, value === null, this.data.add(this.chunk, this.filled, key, value));
  }

  /** Adds the entry with this key as a block has it: cheaper than taking it apart. */
  addFrom(key: Key, from: Block, index: number): void {
    this.beginEntry(from.entryBytes(index));
    const hash = this.data.addFrom(this.chunk, this.filled, key, from, index);
    this.endEntry(key, from.isTombstone(index), hash);
  }

  /** Adds a partition as it is; its keys come after all that is there. */
  addPartition(partition: WholePartition): void {
    this.endPartition();
    const { bytes, firstKey, lastKey, entries, tombstones } = partition;
    this.makeRoom(bytes.length);
    bytes.copy(this.chunk, this.filled);
    this.filled += bytes.length;
    if (this.entries === 0) this.firstKey = firstKey;
    this.entries += entries;
    this.lastKey = lastKey;
    this.blockBefore = lastKey;
    this.notePartition({ ...partition, start: this.partitionStart }, firstKey);
    this.tombstones += tombstones;
  }

  /** Writes what is full. */
  async drain(): Promise<void> {
    for (const chunk of this.full.splice(0)) {
      await this.file.write(this.writtenBytes, chunk);
      this.writtenBytes += chunk.length;
      this.unsyncedBytes += chunk.length;
      if (this.unsyncedBytes < this.sizes.bytesPerSync) continue;
      await this.file.sync();
      this.unsyncedBytes = 0;
    }
  }

  /** Writes the rest and syncs it. More than no entries must have been added. */
  async finish(): Promise<FileFacts> {
    this.endPartition();
    const rootAt = this.chunkStart + this.filled;
    this.writeIndexBlock(this.rootEntries, undefined);
    this.full.push(this.chunk.subarray(0, this.filled));
    this.chunkStart += this.filled;
    this.filled = 0;
    this.chunk = Buffer.alloc(0);
    await this.drain();
    await this.file.sync();
    const { number, chunkStart, firstKey, lastKey, entries, tombstones } = this;
    return { number, sizeBytes: chunkStart, rootAt, firstKey, lastKey, entries, tombstones };
  }

  private beginEntry(entryBytes: number): void {
    const { data, sizes } = this;
    if (data.count > 0 && data.roomWith(entryBytes) > sizes.blockBytes) {
      this.endBlock();
      if (this.filled + this.chunkStart - this.partitionStart >= sizes.partitionBytes) {
        this.endPartition();
      }
    }
    this.makeRoom(data.roomWith(entryBytes) + crcBytes);
  }

  private endEntry(key: Key, isTombstone: boolean, hash: number): void {
    this.hashes.push(hash);
    if (isTombstone) this.partitionTombstones += 1;
    if (this.entries === 0) this.firstKey = key;
    this.entries += 1;
    this.lastKey = key;
  }

  /** Makes the chunk have room for so many bytes behind what is filled; a block that was begun moves along. */
  private makeRoom(bytes: number): void {
    if (this.filled + bytes <= this.chunk.length) return;
    const begun = this.chunk.subarray(this.filled, this.filled + this.data.bytes);
    const next = Buffer.allocUnsafeSlow(Math.max(this.sizes.chunkBytes, bytes));
    begun.copy(next);
    if (this.filled > 0) this.full.push(this.chunk.subarray(0, this.filled));
    this.chunkStart += this.filled;
    this.chunk = next;
    this.filled = 0;
  }

  private endBlock(): void {
    const { data } = this;
    if (data.count === 0) return;
    const start = this.filled;
    const { firstKey, lastKey } = data;
    const end = data.end(this.chunk, start);
    this.filled = this.writeCrc(start, end);
    const facts = Buffer.allocUnsafe(blockFactsBytes);
    facts.writeUInt32LE(this.chunkStart + start - this.partitionStart, 0);
    facts.writeUInt32LE(this.filled - start, 4);
    this.indexEntries.push({ separator: this.separator(this.blockBefore, firstKey), facts });
    this.blockBefore = lastKey;
  }

  private endPartition(): void {
    this.endBlock();
    if (this.indexEntries.length === 0) return;
    const indexAt = this.chunkStart + this.filled;
    const filter = bloomFilter(this.hashes);
    const { separator } = this.indexEntries[0]!;
    this.writeIndexBlock(this.indexEntries.splice(0), filter);
    this.notePartition(
      {
        start: this.partitionStart,
        dataBytes: indexAt - this.partitionStart,
        indexBytes: this.chunkStart + this.filled - indexAt,
        filterBytes: filter.length,
        entries: this.hashes.length,
        tombstones: this.partitionTombstones,
      },
      separator,
    );
    this.tombstones += this.partitionTombstones;
    this.partitionTombstones = 0;
    this.hashes = [];
  }

  /** @param key the first of the partition, or a separator for it. */
  private notePartition(partition: Partition, key: Key): void {
    const { start, dataBytes, indexBytes, filterBytes, entries, tombstones } = partition;
    const facts = Buffer.allocUnsafe(partitionFactsBytes);
    for (const [at, number] of [
      start,
      dataBytes,
      indexBytes,
      filterBytes,
      entries,
      tombstones,
    ].entries()) {
      facts.writeUInt32LE(number, 4 * at);
    }
    this.rootEntries.push({ separator: this.separator(this.partitionBefore, key), facts });
    this.partitionBefore = this.lastKey;
    this.partitionStart = this.chunkStart + this.filled;
  }

  private writeIndexBlock(
    entries: readonly { separator: Key; facts: Buffer }[],
    filter: Buffer | undefined,
  ): void {
    const writer = new BlockWriter();
    let room = crcBytes + (filter?.length ?? 0) + 8;
    for (const { separator, facts } of entries) room += 10 + separator.length + facts.length;
    this.makeRoom(room);
    const start = this.filled;
    if (filter !== undefined) filter.copy(this.chunk, start);
    const blockStart = start + (filter?.length ?? 0);
    for (const { separator, facts } of entries)
      writer.add(this.chunk, blockStart, separator, facts);
    this.filled = this.writeCrc(start, writer.end(this.chunk, blockStart));
  }

  /** The file's first one is not shortened: all keys are to have much in common. */
  private separator(before: Key, key: Key): Key {
    return before === "" ? key : separatorOf(before, key);
  }

  private writeCrc(start: number, end: number): number {
    this.chunk.writeUInt32LE(crc32(this.chunk.subarray(start, end)), end);
    return end + crcBytes;
  }
}
