import { normalizeDecimal } from "#base/decimal.ts";
import {
  readAttributeValue,
  setMember,
  writeAttributeValue,
  writeNumber,
} from "./attribute-values.ts";
import type { AttributeValue, Item } from "./attribute-values.ts";
import { CborReader, major } from "./cbor-reader.ts";
import { encoded } from "./cbor-writer.ts";
import { Malformed } from "./malformed.ts";
import { decodeSortNumber, encodeSortNumber } from "./sort-number.ts";

/** One attribute of a table's primary key. */
export interface KeyAttribute {
  readonly name: string;
  readonly type: "S" | "N" | "B";
}

/** The partition key, and the sort key if there is one. */
export type KeySchema = readonly [KeyAttribute, KeyAttribute?];

/*
 * A key is bytes without names. Of a partition key alone: the string's or binary's own bytes, or a CBOR number. With
 * a sort key: the partition key as a CBOR value, then the sort key's bytes, a number of them in bytes that sort.
 */

/** Throws a DecimalProblem for a number that DynamoDB does not have. */
export function decodeKey(bytes: Buffer, [partition, sort]: KeySchema): Item {
  const key: Item = {};
  if (sort === undefined) {
    setMember(key, partition.name, loneValue(bytes, partition.type));
    return key;
  }
  const reader = new CborReader(bytes);
  setMember(key, partition.name, typedValue(reader, partition.type));
  const rest = bytes.subarray(reader.at);
  const value = sort.type === "N" ? { N: normalizeDecimal(decodeSortNumber(rest)) } : undefined;
  setMember(key, sort.name, value ?? loneValue(rest, sort.type));
  return key;
}

function loneValue(bytes: Buffer, type: KeyAttribute["type"]): AttributeValue {
  if (type === "S") return { S: bytes.toString("utf8") };
  if (type === "B") return { B: bytes.toString("base64") };
  return typedValue(new CborReader(bytes), type);
}

function typedValue(reader: CborReader, type: KeyAttribute["type"]): AttributeValue {
  if (type === "N") return { N: normalizeDecimal(reader.numberText()) };
  if (type === "S") return { S: reader.text() };
  return { B: reader.byteString().toString("base64") };
}

/** The key of an item, always in the same bytes. */
export function encodeKey(item: Item, [partition, sort]: KeySchema): Buffer {
  const partitionValue = item[partition.name] ?? {};
  if (sort === undefined) return bytesOf(partitionValue, partition.type);
  const head = encoded((writer) => writeAttributeValue(writer, partitionValue));
  const sortValue = item[sort.name] ?? {};
  const tail =
    sort.type === "N" ? encodeSortNumber(sortValue.N ?? "0") : bytesOf(sortValue, sort.type);
  return Buffer.concat([head, tail]);
}

function bytesOf(value: AttributeValue, type: KeyAttribute["type"]): Buffer {
  if (type === "S") return Buffer.from(value.S ?? "", "utf8");
  if (type === "B") return Buffer.from(value.B ?? "", "base64");
  return encoded((writer) => writeNumber(writer, value.N ?? "0"));
}

/**
 * The same key always as the same bytes, whichever client wrote it: numbers and lengths have several forms in CBOR.
 * Most keys are in their one form already.
 */
export function canonicalKey(bytes: Buffer, schema: KeySchema): Buffer {
  const [partition, sort] = schema;
  if (partition.type !== "N") {
    if (sort === undefined) return bytes;
    if (sort.type !== "N" && hasShortestHead(bytes)) return bytes;
  }
  return encodeKey(decodeKey(bytes, schema), schema);
}

function hasShortestHead(bytes: Buffer): boolean {
  const initial = bytes[0] ?? 0;
  const type = initial >> 5;
  if (type !== major.text && type !== major.bytes) throw new Malformed("not a key");
  const info = initial & 31;
  return info < 24 || (info === 24 && bytes[1]! >= 24);
}

/** Of an index: all attributes by name, the index's and the table's. */
export function readNamedKey(reader: CborReader): Item {
  const key: Item = {};
  for (const _ of reader.pairs()) {
    const name = reader.text();
    setMember(key, name, readAttributeValue(reader));
  }
  return key;
}
