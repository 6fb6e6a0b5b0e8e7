/**
 * The write-ahead log: what makes commits durable, one sequential write and one sync a group.
 *
 * L1. Record n + 1 is written only after record n was synced. So at most the last record on the disk is
 *     torn or unsynced, and whatever follows the first record that is not whole was never acknowledged.
 * L2. The log ends only at its end: a missing number in the middle is damage, and refused loudly.
 * L3. A start never writes behind a torn record: it begins another segment (with a new salt).
 * L4. What a start finds whole but perhaps not synced (the last record) it writes and syncs again before
 *     anybody sees it: after a failed sync the system may believe that it is on the disk.
 * L5. A segment's name is on the disk before a record is: whoever made it may have died, or its disk failed, between
 *     making the file and syncing the folder.
 *
 * Segments are files of fixed size, written with zeros once and then used again and again: overwriting
 * needs no change of the file's metadata, which makes the sync up to four times faster.
 */
import { join } from "node:path";
import type { Files, OpenFile, Random } from "#world/world.ts";
import type { Batch } from "./engine.ts";
import {
  decodeHeader,
  decodeRecord,
  encodeHeader,
  encodeRecord,
  headerBytes,
  recordBytes,
} from "./log-record.ts";
import type { LogRecord } from "./log-record.ts";

const defaultSegmentBytes = 4 * 1024 * 1024;
const scratchBytes = 1024 * 1024;

export interface LogOptions {
  readonly files: Files;
  readonly random: Random;
  /** Where the segments lie; only they lie there. */
  readonly folder: string;
  readonly segmentBytes?: number;
}

/** The log lacks records that were once acknowledged. */
export class LogDamaged extends Error {
  override name = "LogDamaged";
}

interface Segment {
  readonly file: OpenFile;
  /** 0 as long as it holds nothing that is needed. */
  lastSequence: number;
}

interface FoundSegment extends Segment {
  readonly bytes: Buffer;
  readonly salt: number;
  readonly firstSequence: number;
}

export class Log {
  lastSequence: number;
  private readonly options: LogOptions;
  private readonly segmentBytes: number;
  private segments: Segment[] = [];
  private current: Segment | undefined;
  private position = 0;
  private salt = 0;
  private made = 0;
  private scratch = Buffer.allocUnsafeSlow(scratchBytes);

  private constructor(options: LogOptions, lastSequence: number) {
    this.options = options;
    this.segmentBytes = options.segmentBytes ?? defaultSegmentBytes;
    this.lastSequence = lastSequence;
  }

  /** Opens the log and hands over, in order, what was written after the write numbered `after`. */
  static async open(
    options: LogOptions,
    after: number,
    replay: (entries: Batch, sequence: number) => void,
  ): Promise<Log> {
    const log = new Log(options, after);
    await options.files.makeFolder(options.folder);
    await log.recover(replay);
    return log;
  }

  /** Resolves when it is on the disk. One at a time, numbers rise by one. */
  async append(batch: Batch, sequence: number): Promise<void> {
    const size = recordBytes(batch);
    if (this.current === undefined || this.position + size > this.segmentBytes) {
      this.current = await this.freeSegment();
      this.position = 0;
    }
    const room = headerBytes + size;
    const bytes = room <= this.scratch.length ? this.scratch : Buffer.allocUnsafeSlow(room);
    let start = 0;
    if (this.position === 0) {
      this.salt = encodeHeader(this.options.random.bytes(8), sequence, bytes);
      start = headerBytes;
    }
    const end = encodeRecord(batch, sequence, this.salt, bytes, start);
    const segment = this.current;
    await segment.file.write(this.position, bytes.subarray(0, end));
    await segment.file.sync();
    this.position += end;
    segment.lastSequence = sequence;
    this.lastSequence = sequence;
  }

  /** What was written up to this number is safe elsewhere: its segments may be used again. */
  release(sequence: number): void {
    for (const segment of this.segments) {
      if (segment !== this.current && segment.lastSequence <= sequence) segment.lastSequence = 0;
    }
  }

  async close(): Promise<void> {
    for (const { file } of this.segments.splice(0)) await file.close();
  }

  private async recover(replay: (entries: Batch, sequence: number) => void): Promise<void> {
    const applied = this.lastSequence;
    const found = await this.openSegments();
    // L5. Before anything is written to a segment that is only seen by now.
    if (this.segments.length > 0) await this.options.files.syncFolder(this.options.folder);
    let last: { segment: FoundSegment; record: LogRecord } | undefined;
    for (const segment of found) {
      const { bytes, salt } = segment;
      let record = decodeRecord(bytes, salt, headerBytes);
      for (; record !== undefined; record = decodeRecord(bytes, salt, record.end)) {
        if (record.sequence <= this.lastSequence) continue;
        if (record.sequence !== this.lastSequence + 1) {
          throw new LogDamaged(
            `the log in ${this.options.folder} goes on at write ${record.sequence}, but write ` +
              `${this.lastSequence + 1} is missing`,
          );
        }
        replay(record.entries, record.sequence);
        this.lastSequence = record.sequence;
        segment.lastSequence = record.sequence;
        last = { segment, record };
      }
    }
    if (last !== undefined) {
      // L4. From the start of the segment if the header may be as new as the record.
      const from = last.record.start === headerBytes ? 0 : last.record.start;
      await last.segment.file.write(from, last.segment.bytes.subarray(from, last.record.end));
      await last.segment.file.sync();
    }
    this.segments = this.segments.map((segment) => ({
      file: segment.file,
      lastSequence: segment.lastSequence > applied ? segment.lastSequence : 0,
    }));
    if (this.segments.every((segment) => segment.lastSequence > 0)) await this.makeSegment();
  }

  /** Opens all segments; returns those that may hold something new, in order, with their bytes. */
  private async openSegments(): Promise<FoundSegment[]> {
    const { files, folder } = this.options;
    const headed: { segment: Segment; salt: number; firstSequence: number }[] = [];
    for (const name of await files.list(folder)) {
      const file = await files.open(join(folder, name));
      const segment = { file, lastSequence: 0 };
      this.segments.push(segment);
      this.made = Math.max(this.made, Number.parseInt(name, 10) || 0);
      const header = decodeHeader(await file.read(0, headerBytes));
      if (header !== undefined) headed.push({ segment, ...header });
    }
    headed.sort((a, b) => a.firstSequence - b.firstSequence);
    const found: FoundSegment[] = [];
    for (const { segment, salt, firstSequence } of headed) {
      const next = headed.find((other) => other.firstSequence > firstSequence);
      if (next !== undefined && next.firstSequence <= this.lastSequence + 1) continue;
      const bytes = await segment.file.read(0, await segment.file.sizeBytes());
      const with_ = Object.assign(segment, { bytes, salt, firstSequence });
      found.push(with_);
    }
    return found;
  }

  private async freeSegment(): Promise<Segment> {
    const free = this.segments.find(
      (segment) => segment !== this.current && segment.lastSequence === 0,
    );
    return free ?? this.makeSegment();
  }

  private async makeSegment(): Promise<Segment> {
    const { files, folder } = this.options;
    this.made += 1;
    const file = await files.open(join(folder, `${String(this.made).padStart(6, "0")}.log`));
    await file.write(0, Buffer.alloc(this.segmentBytes));
    await file.sync();
    await files.syncFolder(folder);
    const segment = { file, lastSequence: 0 };
    this.segments.push(segment);
    return segment;
  }
}
