import { createHash } from "node:crypto";
import { attributeOf } from "../items/attribute-values.ts";
import type { Item } from "../items/attribute-values.ts";
import { checkItem } from "../items/item-size.ts";
import { checkKeyValue } from "../items/key-encoding.ts";
import type { ReadSource } from "../reads/read-source.ts";
import { ValidationProblem } from "../validation-problem.ts";

/*
 * A NextToken is the key of the last item that was looked at, with the table or index that it belongs to and a check
 * sum. It refers to nothing that the server remembers: so it survives restarts, and is good as long as the table is.
 */
interface Content {
  readonly version: 1;
  /** The id of the table or index. */
  readonly of: string;
  readonly key: Item;
}

export function nextToken(source: ReadSource, key: Item): string {
  const content: Content = { version: 1, of: idOf(source), key };
  const text = JSON.stringify(content);
  return Buffer.from(checkSum(text) + text).toString("base64");
}

/** The key that a token stands for; throws if it is none of this table or index. */
export function startKeyOf(source: ReadSource, token: string): Item {
  const text = Buffer.from(token, "base64").toString("utf8");
  const json = text.slice(checkSumLength);
  if (text.slice(0, checkSumLength) !== checkSum(json)) throw invalidToken();
  try {
    // The sum is no secret: whoever makes a token up gets no further than with an ExclusiveStartKey.
    const { of, key } = JSON.parse(json) as Content;
    if (of !== idOf(source)) throw invalidToken();
    checkKey(source, key);
    return key;
  } catch {
    throw invalidToken();
  }
}

export function invalidToken(): ValidationProblem {
  return new ValidationProblem("Invalid NextToken");
}

const checkSumLength = 22;

function checkSum(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, checkSumLength);
}

function idOf({ layout, index }: ReadSource): string {
  return `${layout.table.id}/${index?.index.id ?? ""}`;
}

function checkKey(source: ReadSource, key: Item): void {
  const { partition, sort } = source.layout.table.key;
  const attributes = [
    ...source.key,
    ...partition.map((attribute) => ({ ...attribute, role: "HASH" as const })),
    ...sort.map((attribute) => ({ ...attribute, role: "RANGE" as const })),
  ];
  checkItem(key);
  for (const { name, type, role } of attributes) {
    const value = attributeOf(key, name);
    if (value?.[type] === undefined) throw invalidToken();
    checkKeyValue(name, value, type, role);
  }
}
