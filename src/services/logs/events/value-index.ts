import { crc32 } from "node:zlib";
import { discoveredFields } from "./fields.ts";
import type { LogEvent } from "./event-block.ts";
import { VarintReader, VarintWriter } from "./varints.ts";

/*
 * What a chunk's events have in the fields that the group's index policy names: for each field the hashes of its values,
 * sorted. A query that wants one value skips the chunks that do not have its hash, unread.
 */

export type IndexedFields = readonly string[];

/** A field with more values than this in one chunk tells nothing apart. */
const valuesAtMost = 2_000;

/** Numbers have one hash, however they are written. */
export function hashOfValue(value: string): number {
  const isNumber = /^[+-]?\d+(\.\d+)?$/.test(value);
  return crc32(isNumber ? String(Number(value)) : value);
}

export function indexOfValues(
  events: readonly LogEvent[],
  fields: IndexedFields | undefined,
): Buffer {
  if (fields === undefined || fields.length === 0) return Buffer.alloc(0);
  const found = new Map(fields.map((field) => [field, new Set<number>()]));
  for (const { message } of events) {
    const values = discoveredFields(message);
    if (values === undefined) continue;
    for (const [field, hashes] of found) {
      const value = values.get(field);
      if (value !== undefined) hashes.add(hashOfValue(value));
    }
  }
  const writer = new VarintWriter();
  for (const [field, hashes] of found) {
    if (hashes.size > valuesAtMost) continue;
    writer.unsigned(field.length);
    for (let at = 0; at < field.length; at += 1) writer.unsigned(field.charCodeAt(at));
    writer.unsigned(hashes.size);
    let before = 0;
    for (const hash of [...hashes].toSorted((one, other) => one - other)) {
      writer.unsigned(hash - before);
      before = hash;
    }
  }
  return writer.finish();
}

/** Hashes by field; undefined where no field was indexed. */
export function readValueIndex(bytes: Buffer): ReadonlyMap<string, Uint32Array> | undefined {
  if (bytes.length === 0) return undefined;
  const index = new Map<string, Uint32Array>();
  const reader = new VarintReader(bytes);
  while (reader.at < bytes.length) {
    let field = "";
    for (let rest = reader.unsigned(); rest > 0; rest -= 1) {
      field += String.fromCharCode(reader.unsigned());
    }
    const hashes = new Uint32Array(reader.unsigned());
    let hash = 0;
    for (let at = 0; at < hashes.length; at += 1) hashes[at] = hash += reader.unsigned();
    index.set(field, hashes);
  }
  return index;
}
