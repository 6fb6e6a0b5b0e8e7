import type { BulkOperationInputFormat } from "#models/dynamodb.ts";
import type { AttributeValue, Item } from "../items/attribute-values.ts";
import { IonProblem, readIonStruct } from "../ion/read-ion.ts";
import { CompressionProblem } from "./read-lines.ts";

/*
 * Records of DynamoDB JSON (`{"Item": {...}}`) and of Ion (`$ion_1_0 {Item:{...}}`), one a line.
 * Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataImport.Format.html
 */

/** What cannot be read. */
export interface RecordProblem {
  readonly problem: string;
  /** What follows in the file is not looked at, as with AWS (ack-api-quirks, DDB-IMPORT-013). */
  readonly endsFile: boolean;
}

/** An item, and whatever stands beside it, in the form of the API; nothing of it is checked. */
export interface RecordMembers {
  readonly Item: Item;
  readonly [name: string]: unknown;
}

export type ReadRecord = { readonly members: RecordMembers } | RecordProblem;

export function readRecords(
  lines: AsyncIterable<string>,
  format: BulkOperationInputFormat,
): AsyncIterable<ReadRecord> {
  return untilFileEnds(recordsOf(lines, format === "ION" ? ionRecord : jsonRecord));
}

/** What is read, up to a problem behind which nothing is looked at. */
export async function* untilFileEnds<T extends object>(
  read: AsyncIterable<T | RecordProblem>,
): AsyncIterable<T | RecordProblem> {
  try {
    for await (const result of read) {
      yield result;
      if ("endsFile" in result && result.endsFile) return;
    }
  } catch (error) {
    if (!(error instanceof CompressionProblem)) throw error;
    yield { problem: error.message, endsFile: true };
  }
}

async function* recordsOf(
  lines: AsyncIterable<string>,
  recordOf: (line: string) => ReadRecord,
): AsyncIterable<ReadRecord> {
  for await (const line of lines) if (line.trim() !== "") yield recordOf(line);
}

function jsonRecord(line: string): ReadRecord {
  let read: unknown;
  try {
    read = JSON.parse(line);
  } catch (error) {
    return { problem: String(error), endsFile: true };
  }
  if (!isObject(read) || !isObject(read["Item"])) {
    return { problem: 'a line is {"Item": {...}}', endsFile: false };
  }
  return { members: read as RecordMembers };
}

function ionRecord(line: string): ReadRecord {
  try {
    const struct = readIonStruct(line);
    const members = mapped(struct, (value, name) => plainOf.get(name)?.(value) ?? value);
    return struct["Item"]?.M === undefined
      ? { problem: "a line is $ion_1_0 {Item:{...}}", endsFile: false }
      : { members: members as RecordMembers };
  } catch (error) {
    if (!(error instanceof IonProblem)) throw error;
    return { problem: error.message, endsFile: true };
  }
}

/** Ion reads all as values of attributes; these members are none. */
const plainOf = new Map<string, (value: AttributeValue) => unknown>([
  ["Item", ({ M }) => M],
  ["ConditionExpression", ({ S }) => S],
  ["ExpressionAttributeNames", ({ M }) => M && mapped(M, ({ S }) => S)],
  ["ExpressionAttributeValues", ({ M }) => M],
]);

const mapped = (
  struct: Item,
  of: (value: AttributeValue, name: string) => unknown,
): Record<string, unknown> =>
  Object.fromEntries(Object.entries(struct).map(([name, value]) => [name, of(value, name)]));

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
