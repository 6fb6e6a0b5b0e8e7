import { decodeDecimal, encodeDecimal } from "#base/decimal.ts";
import { base64Bytes, bytesOf } from "./attribute-values.ts";
import type { AttributeValue } from "./attribute-values.ts";
import { utf8Bytes } from "./item-size.ts";
import { invalidParameter, ValidationProblem } from "../validation-problem.ts";

/** The types that a key attribute can have. */
export type KeyType = "S" | "N" | "B";

export const maximumPartitionKeyBytes = 2048;
export const maximumSortKeyBytes = 1024;

/**
 * The bytes of a key attribute's value, one character a byte, in an order that is the order of the
 * values: strings by their UTF-8 bytes, numbers numerically, binaries by unsigned bytes. Not
 * terminated: the keyspace puts several into one tuple.
 */
export function encodeKeyValue(value: AttributeValue, type: KeyType): string {
  const text = value[type]!;
  if (type === "N") return encodeDecimal(text);
  if (type === "B") return bytesOf(text).toString("latin1");
  return isAscii(text) ? text : Buffer.from(text, "utf8").toString("latin1");
}

/** The value that `encodeKeyValue` made these bytes from. */
export function decodeKeyValue(bytes: string, type: KeyType): AttributeValue {
  if (type === "N") return { N: decodeDecimal(bytes) };
  if (type === "B") return { B: Buffer.from(bytes, "latin1").toString("base64") };
  return { S: isAscii(bytes) ? bytes : Buffer.from(bytes, "latin1").toString("utf8") };
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    if (text.charCodeAt(at) > 0x7f) return false;
  }
  return true;
}

/** Refuses a value that is empty or too long for a key attribute of a table. The type is right already. */
export function checkKeyValue(
  name: string,
  value: AttributeValue,
  type: KeyType,
  role: "HASH" | "RANGE",
): void {
  if (type === "N") return;
  const bytes = keyValueBytes(value, type);
  if (bytes === 0) {
    throw new ValidationProblem(`${emptyKeyValue(type)} Key: ${name}`);
  }
  checkKeyBytes(bytes, role);
}

/** The same for a key attribute of a secondary index. */
export function checkIndexKeyValue(
  name: string,
  value: AttributeValue,
  type: KeyType,
  role: "HASH" | "RANGE",
  indexName: string,
): void {
  if (type === "N") return;
  checkIndexKeyIsNotEmpty(name, value, type, indexName);
  const bytes = keyValueBytes(value, type);
  const maximumBytes = role === "HASH" ? maximumPartitionKeyBytes : maximumSortKeyBytes;
  if (bytes > maximumBytes) {
    // Reported from AWS in architect/dynalite#35 and elsewhere.
    throw new ValidationProblem(
      `${invalidParameter}Size limit exceeded for Index Key ${name} Actual Size: ${bytes} bytes ` +
        `Max Size: ${maximumBytes} bytes IndexName: ${indexName}`,
    );
  }
}

/** Refuses an empty value as of an index's key: of an item, a key condition or a start key. */
export function checkIndexKeyIsNotEmpty(
  name: string,
  value: AttributeValue,
  type: KeyType,
  indexName: string,
): void {
  if (type === "N" || keyValueBytes(value, type) > 0) return;
  throw new ValidationProblem(
    `${notValid}A value specified for a secondary index key is not supported. ` +
      `${emptyKeyText(type)} IndexName: ${indexName}, IndexKey: ${name}`,
  );
}

const notValid = "One or more parameter values are not valid. ";

/** Whether a problem is that of an empty value in a key: a transaction reports those at once, not as a reason. */
export function isEmptyKeyProblem(problem: ValidationProblem): boolean {
  return problem.message.startsWith(notValid);
}

/** What DynamoDB says of an empty value in a key; the caller adds the attribute's name. */
export function emptyKeyValue(type: KeyType): string {
  return notValid + emptyKeyText(type);
}

function emptyKeyText(type: KeyType): string {
  const kind = type === "B" ? "binary" : "string";
  return `The AttributeValue for a key attribute cannot contain an empty ${kind} value.`;
}

export function keyValueBytes(value: AttributeValue, type: "S" | "B"): number {
  return type === "S" ? utf8Bytes(value.S!) : base64Bytes(value.B!);
}

function checkKeyBytes(bytes: number, role: "HASH" | "RANGE"): void {
  if (role === "HASH" && bytes > maximumPartitionKeyBytes) {
    // The missing space is AWS's.
    throw new ValidationProblem(
      `${invalidParameter}Size of hashkey has exceeded the maximum size limit of${maximumPartitionKeyBytes} bytes`,
    );
  }
  if (role === "RANGE" && bytes > maximumSortKeyBytes) {
    throw new ValidationProblem(
      `${invalidParameter}Aggregated size of all range keys has exceeded the size limit of ${maximumSortKeyBytes} bytes`,
    );
  }
}
