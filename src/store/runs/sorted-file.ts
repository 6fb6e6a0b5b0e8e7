/**
 * An immutable file of entries in key order.
 *
 *     file         partitions, root
 *     partition    data blocks, index           some 256 KB: what is written, merged and copied as one
 *     index        filter of the partition's keys, block: separator -> data block
 *     root         block: separator -> partition
 *
 * A separator is not after the first key of what it leads to, and after the last key of what comes before.
 * Data blocks are found by their place in their partition, so that a partition can be copied as it is. Each
 * block, each index and the root are followed by their CRC-32.
 *
 * F1. A file that a manifest names is whole and synced, and never changes. Where it differs from its CRCs or
 *     from what the manifest says of it, it is damaged: that is refused loudly, never read as "not there".
 */
import { crc32 } from "node:zlib";
import type { Key } from "#base/key.ts";
import type { OpenFile } from "#world/world.ts";
import { StoreFailed } from "../store.ts";
import { Block } from "./block.ts";
import type { BlockCache, CachedBlock } from "./block-cache.ts";
import { mayContain } from "./bloom-filter.ts";
import type { Probe } from "./probe.ts";

export const crcBytes = 4;

/** What the manifest knows of a file. */
export interface FileFacts {
  readonly number: number;
  readonly sizeBytes: number;
  readonly rootAt: number;
  readonly firstKey: Key;
  readonly lastKey: Key;
  readonly entries: number;
  /** Entries that say that a key is deleted. */
  readonly tombstones: number;
}

/** What the root knows of a partition. */
export interface Partition {
  readonly start: number;
  readonly dataBytes: number;
  /** With its CRC. */
  readonly indexBytes: number;
  readonly filterBytes: number;
  readonly entries: number;
  readonly tombstones: number;
}

export const partitionFactsBytes = 24;
export const blockFactsBytes = 8;

/** Where a block is read to that is not kept: what was found in it is copied before the next is read. */
const passing = Buffer.allocUnsafeSlow(64 * 1024);

/** A file of the store is not as it was written. */
export class StoreDamaged extends Error {
  override name = "StoreDamaged";
}

export class SortedFile {
  readonly facts: FileFacts;
  readonly path: string;
  readonly file: OpenFile;
  private readonly cache: BlockCache;
  private readonly root: [CachedBlock | undefined] = [undefined];

  constructor(facts: FileFacts, path: string, file: OpenFile, cache: BlockCache) {
    this.facts = facts;
    this.path = path;
    this.file = file;
    this.cache = cache;
  }

  /** `null` is deleted; undefined: the file says nothing of the key. */
  get(probe: Probe, hash: number): Buffer | null | undefined {
    const root = this.rootBlock();
    const partition = root.block.lastNotAfter(probe, 0);
    if (partition < 0) return undefined;
    const index = this.indexAt(root, partition);
    if (!mayContain(index.filter!, hash)) return undefined;
    const block = index.block.lastNotAfter(probe, root.block.agreed);
    if (block < 0) return undefined;
    if (index.children[block] === undefined && !this.cache.isWanted(index, block)) {
      return this.getPassing(probe, root, partition, index, block);
    }
    return this.dataAt(root, partition, index, block).block.get(probe, index.block.agreed);
  }

  /** Looks into a block without keeping it: nothing is allocated but the value. */
  private getPassing(
    probe: Probe,
    root: CachedBlock,
    partition: number,
    index: CachedBlock,
    block: number,
  ): Buffer | null | undefined {
    const facts = index.block.valueStart(block);
    const position =
      root.block.uint32(root.block.valueStart(partition)) + index.block.uint32(facts);
    const length = index.block.uint32(facts + 4);
    const into = length <= passing.length ? passing : undefined;
    const bytes = checked(this.readBytes(position, length, into), length, this.path, position);
    const value = new Block(bytes).get(probe, index.block.agreed);
    return value && Buffer.from(value);
  }

  rootBlock(): CachedBlock {
    const cached = this.root[0];
    if (cached !== undefined) {
      cached.used = true;
      return cached;
    }
    const { rootAt, sizeBytes } = this.facts;
    return this.keep(this.root, 0, this.read(rootAt, sizeBytes - rootAt));
  }

  indexAt(root: CachedBlock, partition: number): CachedBlock {
    const cached = root.children[partition];
    if (cached !== undefined) {
      cached.used = true;
      return cached;
    }
    const { start, dataBytes, indexBytes, filterBytes } = partitionAt(root.block, partition);
    const bytes = this.read(start + dataBytes, indexBytes);
    return this.keep(
      root.children,
      partition,
      bytes.subarray(filterBytes),
      bytes.subarray(0, filterBytes),
    );
  }

  /** @param ahead so many blocks behind it are read with it, as far as they are not there: a walk wants them next. */
  dataAt(
    root: CachedBlock,
    partition: number,
    index: CachedBlock,
    block: number,
    ahead = 0,
  ): CachedBlock {
    const cached = index.children[block];
    if (cached !== undefined) {
      cached.used = true;
      return cached;
    }
    const facts = index.block.valueStart(block);
    const start = index.block.uint32(facts);
    const position = root.block.uint32(root.block.valueStart(partition)) + start;
    let last = block;
    const end = Math.min(block + ahead, index.block.count - 1);
    while (last < end && index.children[last + 1] === undefined) last += 1;
    if (last === block) {
      const bytes = this.read(position, index.block.uint32(facts + 4));
      return this.keep(index.children, block, bytes);
    }
    return this.readBlocks(position - start, index, block, last);
  }

  /** Reads neighbours as one piece and keeps each. Answers the first. */
  private readBlocks(
    partitionStart: number,
    index: CachedBlock,
    first: number,
    last: number,
  ): CachedBlock {
    const place = (block: number): { start: number; length: number } => {
      const facts = index.block.valueStart(block);
      return { start: index.block.uint32(facts), length: index.block.uint32(facts + 4) };
    };
    const { start } = place(first);
    const end = place(last).start + place(last).length;
    const bytes = this.readBytes(partitionStart + start, end - start);
    const checkedAt = (block: number): Buffer => {
      const { start: at, length } = place(block);
      const part = bytes.subarray(at - start, at - start + length);
      return checked(part, length, this.path, partitionStart + at);
    };
    const wanted = this.keep(index.children, first, checkedAt(first));
    for (let block = first + 1; block <= last; block++) {
      this.keep(index.children, block, checkedAt(block));
    }
    return wanted;
  }

  /** Closes the file and frees what the cache has of it. */
  async close(): Promise<void> {
    this.cache.forget(this.root);
    await this.file.close();
  }

  /** What was written as one piece, without its CRC. */
  private read(position: number, length: number): Buffer {
    return checked(this.readBytes(position, length), length, this.path, position);
  }

  private readBytes(position: number, length: number, into?: Buffer): Buffer {
    try {
      return this.file.readNow(position, length, into);
    } catch (cause) {
      throw new StoreFailed(`${this.path} could not be read`, { cause });
    }
  }

  private keep(
    slots: (CachedBlock | undefined)[],
    slot: number,
    bytes: Buffer,
    filter?: Buffer,
  ): CachedBlock {
    const block = new Block(bytes);
    const total = bytes.length + (filter?.length ?? 0);
    const cached = { block, filter, children: [], bytes: total, used: true };
    this.cache.keep(slots, slot, cached);
    return cached;
  }
}

export function partitionAt(root: Block, index: number): Partition {
  const at = root.valueStart(index);
  return {
    start: root.uint32(at),
    dataBytes: root.uint32(at + 4),
    indexBytes: root.uint32(at + 8),
    filterBytes: root.uint32(at + 12),
    entries: root.uint32(at + 16),
    tombstones: root.uint32(at + 20),
  };
}

/** The bytes without their CRC, which must be right. */
export function checked(bytes: Buffer, length: number, path: string, position: number): Buffer {
  const end = length - crcBytes;
  if (bytes.length !== length || crc32(bytes.subarray(0, end)) !== bytes.readUInt32LE(end)) {
    throw new StoreDamaged(`${path} is damaged: its bytes at ${position} are not what was written`);
  }
  return bytes.subarray(0, end);
}
