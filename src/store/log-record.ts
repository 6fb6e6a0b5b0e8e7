/**
 * The bytes of the write-ahead log. A segment begins with a header; records follow without gaps.
 *
 *     header   magic 8, salt 8, first sequence 8, CRC-32 of these 4, zeros 4
 *     record   CRC-32 of all that follows 4, bytes of the entries 4, sequence 8, entries
 *     entry    bytes of the key 2, bytes of the value 4 (0xFFFFFFFF: deleted), key, value
 *
 * Numbers are little endian. The CRC of a record starts from the segment's salt, which is drawn anew for
 * each use of a segment: neither a record of an earlier use nor bytes that a user stored can pass for one.
 */
import { crc32 } from "node:zlib";
import type { Key } from "#base/key.ts";
import type { Batch } from "./engine.ts";

export const headerBytes = 32;
const recordHeaderBytes = 16;
const entryHeaderBytes = 6;
const deleted = 0xffff_ffff;
const magic = Buffer.from("TuleLog1", "latin1");

export interface SegmentHeader {
  readonly salt: number;
  readonly firstSequence: number;
}

export interface LogRecord {
  readonly sequence: number;
  readonly entries: Batch;
  /** Where it stands in the segment. */
  readonly start: number;
  readonly end: number;
}

export function encodeHeader(saltBytes: Buffer, firstSequence: number, into: Buffer): number {
  magic.copy(into, 0);
  saltBytes.copy(into, 8, 0, 8);
  writeSequence(into, firstSequence, 16);
  into.writeUInt32LE(crc32(into.subarray(0, 24)), 24);
  into.writeUInt32LE(0, 28);
  return saltOf(into);
}

/** Undefined for what is not (or not wholly) written. */
export function decodeHeader(bytes: Buffer): SegmentHeader | undefined {
  if (bytes.length < headerBytes || !bytes.subarray(0, 8).equals(magic)) return undefined;
  if (bytes.readUInt32LE(24) !== crc32(bytes.subarray(0, 24))) return undefined;
  return { salt: saltOf(bytes), firstSequence: readSequence(bytes, 16) };
}

export function recordBytes(batch: Batch): number {
  let size = recordHeaderBytes;
  for (const [key, value] of batch) {
    size += entryHeaderBytes + key.length + (value === null ? 0 : value.length);
  }
  return size;
}

/** Writes the record at `start`; there must be room for it. Returns its end. */
export function encodeRecord(
  batch: Batch,
  sequence: number,
  salt: number,
  into: Buffer,
  start: number,
): number {
  let position = start + recordHeaderBytes;
  for (const [key, value] of batch) {
    const keyBytes = key.length;
    into[position] = keyBytes & 0xff;
    into[position + 1] = keyBytes >>> 8;
    into.writeUInt32LE(value === null ? deleted : value.length, position + 2);
    position += entryHeaderBytes;
    into.write(key, position, keyBytes, "latin1");
    position += keyBytes;
    if (value === null) continue;
    into.set(value, position);
    position += value.length;
  }
  into.writeUInt32LE(position - start - recordHeaderBytes, start + 4);
  writeSequence(into, sequence, start + 8);
  into.writeUInt32LE(crc32(into.subarray(start + 4, position), salt), start);
  return position;
}

/** The record at `start`, or undefined if none is whole there: the end of the log. */
export function decodeRecord(segment: Buffer, salt: number, start: number): LogRecord | undefined {
  const entriesStart = start + recordHeaderBytes;
  if (entriesStart > segment.length) return undefined;
  const end = entriesStart + segment.readUInt32LE(start + 4);
  if (end === entriesStart || end > segment.length) return undefined;
  if (segment.readUInt32LE(start) !== crc32(segment.subarray(start + 4, end), salt)) {
    return undefined;
  }
  const entries = new Map<Key, Buffer | null>();
  let position = entriesStart;
  while (position < end) {
    const keyEnd = position + entryHeaderBytes + segment.readUInt16LE(position);
    const valueBytes = segment.readUInt32LE(position + 2);
    const key = segment.toString("latin1", position + entryHeaderBytes, keyEnd);
    position = keyEnd;
    if (valueBytes === deleted) {
      entries.set(key, null);
    } else {
      // A copy: a slice would keep the whole segment in memory.
      entries.set(key, Buffer.from(segment.subarray(position, position + valueBytes)));
      position += valueBytes;
    }
  }
  return { sequence: readSequence(segment, start + 8), entries, start, end };
}

function saltOf(header: Buffer): number {
  return crc32(header.subarray(8, 16));
}

function writeSequence(into: Buffer, sequence: number, position: number): void {
  into.writeUInt32LE(sequence >>> 0, position);
  into.writeUInt32LE(Math.floor(sequence / 0x1_0000_0000), position + 4);
}

function readSequence(bytes: Buffer, position: number): number {
  return bytes.readUInt32LE(position + 4) * 0x1_0000_0000 + bytes.readUInt32LE(position);
}
