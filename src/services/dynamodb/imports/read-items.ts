import type { InputFormat } from "#models/dynamodb.ts";
import { type Item, setAttribute } from "../items/attribute-values.ts";
import { IonProblem, readIonStruct } from "../ion/read-ion.ts";
import type { TableRecord } from "../tables/table-record.ts";
import { CsvReader } from "./read-csv.ts";
import { CompressionProblem } from "./read-lines.ts";

/*
 * Items from the lines of an object, in one of the formats of imports.
 * Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataImport.Format.html
 */

/** What one line, or one record of CSV, gives. */
export type ReadItem =
  | { readonly item: Item }
  /** `endsFile`: what follows in the file is not looked at, as with AWS (ack-api-quirks, DDB-IMPORT-013). */
  | { readonly problem: string; readonly endsFile: boolean };

export interface CsvForm {
  readonly delimiter: string;
  /** Undefined: the first line of each object has the names. */
  readonly header: readonly string[] | undefined;
}

export interface ItemForm {
  readonly format: InputFormat;
  readonly csv: CsvForm;
}

export async function* readItems(
  lines: AsyncIterable<string>,
  { format, csv }: ItemForm,
  table: TableRecord,
): AsyncIterable<ReadItem> {
  const read =
    format === "CSV" ? csvItems(lines, csv, table) : wrappedItems(lines, format === "ION");
  try {
    for await (const result of read) {
      yield result;
      if ("problem" in result && result.endsFile) return;
    }
  } catch (error) {
    if (!(error instanceof CompressionProblem)) throw error;
    yield { problem: error.message, endsFile: true };
  }
}

/** `{"Item": {...}}` in DynamoDB JSON, `$ion_1_0 {Item:{...}}` in Ion: one a line. */
async function* wrappedItems(
  lines: AsyncIterable<string>,
  isIon: boolean,
): AsyncIterable<ReadItem> {
  for await (const line of lines) {
    if (line.trim() === "") continue;
    yield isIon ? ionItem(line) : jsonItem(line);
  }
}

function jsonItem(line: string): ReadItem {
  let read: unknown;
  try {
    read = JSON.parse(line);
  } catch (error) {
    return { problem: String(error), endsFile: true };
  }
  const item = isObject(read) ? read["Item"] : undefined;
  if (!isObject(item)) return { problem: 'a line is {"Item": {...}}', endsFile: false };
  return { item: item as Item };
}

function ionItem(line: string): ReadItem {
  try {
    const item = readIonStruct(line)["Item"]?.M;
    return item === undefined
      ? { problem: "a line is $ion_1_0 {Item:{...}}", endsFile: false }
      : { item };
  } catch (error) {
    if (!(error instanceof IonProblem)) throw error;
    return { problem: error.message, endsFile: true };
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** All values are strings but those of keys, which are of their type. */
async function* csvItems(
  lines: AsyncIterable<string>,
  { delimiter, header }: CsvForm,
  table: TableRecord,
): AsyncIterable<ReadItem> {
  const types = new Map(table.attributeDefinitions.map(({ name, type }) => [name, type]));
  const tableKeys = new Set(
    [...table.key.partition, ...table.key.sort].map((attribute) => attribute.name),
  );
  const reader = new CsvReader(delimiter);
  let names = header;
  for await (const line of lines) {
    if (line === "" && !reader.isOpen) continue;
    const values = reader.read(line);
    if (values === undefined) continue;
    if (names === undefined) {
      names = values;
      continue;
    }
    if (values.length > names.length) {
      yield { problem: "a record with more values than names", endsFile: false };
      continue;
    }
    const item: Item = {};
    for (const [at, value] of values.entries()) {
      const name = names[at]!;
      // Nothing is no key of an index: the item is just not in it.
      if (value === "" && types.has(name) && !tableKeys.has(name)) continue;
      setAttribute(item, name, { [types.get(name) ?? "S"]: value });
    }
    yield { item };
  }
  if (reader.isOpen) yield { problem: "a quoted value without an end", endsFile: true };
}
