import { DecimalProblem, normalizeDecimal } from "#base/decimal.ts";
import type { CborWriter } from "./cbor-writer.ts";
import { deepestLevel, major, type CborReader } from "./cbor-reader.ts";
import { Malformed } from "./malformed.ts";
import { tag } from "./methods.ts";

/** A value as DynamoDB's JSON has it: one member, named for its type; binaries in base64, numbers as text. */
export interface AttributeValue {
  S?: string;
  N?: string;
  B?: string;
  SS?: string[];
  NS?: string[];
  BS?: string[];
  M?: Record<string, AttributeValue>;
  L?: AttributeValue[];
  NULL?: boolean;
  BOOL?: boolean;
}

export type Item = Record<string, AttributeValue>;

export function readAttributeValue(reader: CborReader, level = 0): AttributeValue {
  if (level > deepestLevel) throw new Malformed("nested too deeply");
  switch (reader.nextMajor()) {
    case major.text:
      return { S: reader.text() };
    case major.bytes:
      return { B: reader.byteString().toString("base64") };
    case major.array: {
      const values: AttributeValue[] = [];
      for (const _ of reader.elements()) values.push(readAttributeValue(reader, level + 1));
      return { L: values };
    }
    case major.map: {
      const members: Item = {};
      for (const _ of reader.pairs()) {
        const name = reader.text();
        setMember(members, name, readAttributeValue(reader, level + 1));
      }
      return { M: members };
    }
    case major.tag:
      return readTagged(reader);
    case major.simple: {
      if (reader.tryNull()) return { NULL: true };
      const boolean = reader.tryBoolean();
      return boolean === undefined ? { N: normal(reader.numberText()) } : { BOOL: boolean };
    }
    default:
      return { N: normal(reader.numberText()) };
  }
}

function readTagged(reader: CborReader): AttributeValue {
  const number = reader.tag();
  switch (number) {
    case tag.stringSet:
      return { SS: members(reader, () => reader.text()) };
    case tag.numberSet:
      return { NS: members(reader, () => normal(reader.numberText())) };
    case tag.binarySet:
      return { BS: members(reader, () => reader.byteString().toString("base64")) };
    default:
      return { N: normal(reader.taggedNumberText(number)) };
  }
}

/** As DynamoDB stores it; what it does not have stays as it is, for DynamoDB to refuse. */
function normal(text: string): string {
  try {
    return normalizeDecimal(text);
  } catch (error) {
    if (error instanceof DecimalProblem) return text;
    throw error;
  }
}

function members(reader: CborReader, read: () => string): string[] {
  const found: string[] = [];
  for (const _ of reader.elements()) found.push(read());
  return found;
}

/** A member of any name, `__proto__` included. */
export function setMember<T>(target: Record<string, T>, name: string, value: T): void {
  if (name !== "__proto__") target[name] = value;
  else Object.defineProperty(target, name, { value, ...ordinary });
}

const ordinary = { writable: true, enumerable: true, configurable: true };

export function writeAttributeValue(writer: CborWriter, value: AttributeValue): void {
  if (value.S !== undefined) writer.text(value.S);
  else if (value.N !== undefined) writeNumber(writer, value.N);
  else if (value.M !== undefined) {
    const entries = Object.entries(value.M);
    writer.map(entries.length);
    for (const [name, member] of entries) {
      writer.text(name);
      writeAttributeValue(writer, member);
    }
  } else if (value.L !== undefined) {
    writer.array(value.L.length);
    for (const element of value.L) writeAttributeValue(writer, element);
  } else if (value.BOOL !== undefined) writer.boolean(value.BOOL);
  else if (value.B !== undefined) writer.byteString(Buffer.from(value.B, "base64"));
  else if (value.SS !== undefined) {
    writer.tag(tag.stringSet).array(value.SS.length);
    for (const member of value.SS) writer.text(member);
  } else if (value.NS !== undefined) {
    writer.tag(tag.numberSet).array(value.NS.length);
    for (const member of value.NS) writeNumber(writer, member);
  } else if (value.BS !== undefined) {
    writer.tag(tag.binarySet).array(value.BS.length);
    for (const member of value.BS) writer.byteString(Buffer.from(member, "base64"));
  } else writer.null();
}

const plainNumber = /^(-?)(\d+)(?:\.(\d+))?$/;

/** `text` is plain digits, perhaps with a point: DynamoDB's own form. Whole numbers go as integers, others exactly. */
export function writeNumber(writer: CborWriter, text: string): void {
  if (text.length < 16 && !text.includes(".")) {
    writer.integer(Number(text));
    return;
  }
  const parts = plainNumber.exec(text);
  if (parts === null) throw new RangeError(`not a number in plain digits: ${text}`);
  const [, sign, whole, fraction = ""] = parts;
  const digits = BigInt(`${whole}${fraction}`);
  const mantissa = sign === "-" ? -digits : digits;
  if (fraction !== "") writer.tag(4).array(2).integer(-fraction.length);
  writer.bigInteger(mantissa);
}
