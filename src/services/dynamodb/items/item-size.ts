import { isNestedDeeper } from "#base/nesting.ts";
import { base64Bytes } from "./attribute-values.ts";
import type { AttributeType, AttributeValue, Item } from "./attribute-values.ts";
import { normalizeNumber, numberBytes } from "./numbers.ts";
import { orderBinaries, orderNumbers, orderStrings } from "./set-members.ts";
import { invalidParameter, ValidationProblem } from "../validation-problem.ts";
import {
  asBase64,
  asBoolean,
  asList,
  asMap,
  asString,
  checkShape,
  checkShapes,
  notAStructure,
} from "./value-shapes.ts";

export const maximumItemBytes = 400 * 1024;

/** An attribute itself is level 1. */
const maximumNesting = 32;
/** In JSON each is an object, and its map or list another; a set of the last level one more. */
const deepestItemLevels = 2 * maximumNesting + 1;

/** A list or a map costs this, and a byte for each entry. */
const containerBytes = 3;

/**
 * Checks an item (or a key) as it came from JSON and normalizes it in place: numbers to their normal
 * form, sets to their order, members that are null or unknown removed. Returns its size in bytes by DynamoDB's rule; the
 * caller compares it with `maximumItemBytes`.
 *
 * One pass over the input's own members, without a copy: it is on the path of each write.
 */
export function checkItem(item: Item): number {
  try {
    return checkAttributes(item, 1, 0);
  } catch (problem) {
    if (!(problem instanceof ValidationProblem)) throw problem;
    // AWS parses the whole request before it validates any of it: a wrong shape further on goes first. Then it looks
    // for attributes without a name, and then how deep it is (deepRequests in paritysuite/dynamodb-conformance).
    checkShapes(item);
    if (Object.hasOwn(item, "")) throw new ValidationProblem(emptyName);
    if (isNestedDeeper(item, deepestItemLevels)) throw new ValidationProblem(tooDeep);
    throw problem;
  }
}

/** `checkItem` for a single value, as in ExpressionAttributeValues: its size without a name. */
export function checkValue(value: AttributeValue): number {
  try {
    return checkAt(value, 1);
  } catch (problem) {
    if (problem instanceof ValidationProblem) checkShape(value);
    throw problem;
  }
}

/** The size of an item that has been checked: the names and the values. Refuses too deep nesting. */
export function itemBytes(item: Item): number {
  return checkAttributes(item, 1, 0);
}

export function checkItemBytes(bytes: number): void {
  if (bytes > maximumItemBytes) {
    throw new ValidationProblem("Item size has exceeded the maximum allowed size");
  }
}

export function checkUpdatedItemBytes(bytes: number): void {
  if (bytes > maximumItemBytes) {
    throw new ValidationProblem("Item size to update has exceeded the maximum allowed size");
  }
}

function checkAttributes(item: Item, level: number, entryBytes: number): number {
  let bytes = 0;
  for (const name in item) {
    const value = item[name];
    if (value === null || value === undefined) throw new ValidationProblem(emptyValue);
    if (name === "") throw new ValidationProblem(emptyName);
    bytes += utf8Bytes(name) + checkAt(value, level) + entryBytes;
  }
  return bytes;
}

function checkAt(value: AttributeValue, level: number): number {
  if (level > maximumNesting) throw new ValidationProblem(tooDeep);
  if (typeof value !== "object" || Array.isArray(value)) throw notAStructure(value);
  let bytes = 0;
  let types = 0;
  for (const type in value) {
    const content: unknown = value[type as AttributeType];
    if (content === null || content === undefined) {
      delete value[type as AttributeType];
      continue;
    }
    switch (type) {
      case "S":
        bytes = utf8Bytes(asString(content));
        break;
      case "N": {
        const text = asString(content);
        const normal = normalizeNumber(text);
        if (normal !== text) value.N = normal;
        bytes = numberBytes(normal);
        break;
      }
      case "M":
        bytes = containerBytes + checkAttributes(asMap(content), level + 1, 1);
        break;
      case "L":
        bytes = containerBytes + checkElements(asList(content), level + 1);
        break;
      case "BOOL":
        asBoolean(content);
        bytes = 1;
        break;
      case "NULL":
        if (!asBoolean(content)) throw new ValidationProblem(nullMustBeTrue);
        bytes = 1;
        break;
      case "B":
        bytes = base64Bytes(asBase64(content));
        break;
      case "SS":
        bytes = checkStringSet(asList(content));
        break;
      case "NS":
        bytes = checkNumberSet(asList(content));
        break;
      case "BS":
        bytes = checkBinarySet(asList(content));
        break;
      default:
        // A member that the API does not have: ignored, as everywhere.
        delete (value as Record<string, unknown>)[type];
        continue;
    }
    types++;
  }
  if (types === 1) return bytes;
  throw new ValidationProblem(types === 0 ? emptyValue : manyTypes);
}

const emptyValue =
  "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes";
const manyTypes =
  "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes";
const emptyName = "Empty attribute name";
const tooDeep =
  "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit";
export const nullMustBeTrue = `${invalidParameter}Null attribute value types must have the value of true`;

function checkElements(list: unknown[], level: number): number {
  let bytes = 0;
  for (const element of list) {
    if (element === null) throw new ValidationProblem(emptyValue);
    bytes += checkAt(element as AttributeValue, level) + 1;
  }
  return bytes;
}

function checkStringSet(members: unknown[]): number {
  let bytes = 0;
  for (const member of members) bytes += utf8Bytes(asString(member));
  if (members.length === 0) {
    throw new ValidationProblem(`${invalidParameter}An string set  may not be empty`);
  }
  orderStrings(members as string[]);
  return bytes;
}

function checkNumberSet(members: unknown[]): number {
  if (members.length === 0) {
    throw new ValidationProblem(`${invalidParameter}An number set  may not be empty`);
  }
  let bytes = 0;
  for (let index = 0; index < members.length; index++) {
    const normal = normalizeNumber(asString(members[index]));
    members[index] = normal;
    bytes += numberBytes(normal);
  }
  orderNumbers(members as string[]);
  return bytes;
}

function checkBinarySet(members: unknown[]): number {
  let bytes = 0;
  for (const member of members) bytes += base64Bytes(asBase64(member));
  if (members.length === 0) {
    throw new ValidationProblem(`${invalidParameter}Binary sets should not be empty`);
  }
  orderBinaries(members as string[]);
  return bytes;
}

/** Below this length a loop finds the size of an ASCII string sooner than a call into native code. */
const shortString = 48;

export function utf8Bytes(text: string): number {
  const length = text.length;
  if (length > shortString) return Buffer.byteLength(text);
  for (let at = 0; at < length; at++) {
    if (text.charCodeAt(at) > 0x7f) return Buffer.byteLength(text);
  }
  return length;
}
