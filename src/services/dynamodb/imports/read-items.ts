import type { InputFormat } from "#models/dynamodb.ts";
import { type Item, setAttribute } from "../items/attribute-values.ts";
import type { TableRecord } from "../tables/table-record.ts";
import { CsvReader } from "./read-csv.ts";
import { readRecords, type RecordProblem, untilFileEnds } from "./read-records.ts";

/*
 * Items from the lines of an object, in one of the formats of imports.
 * Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataImport.Format.html
 */

/** What one line, or one record of CSV, gives. */
export type ReadItem = { readonly item: Item } | RecordProblem;

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
  if (format === "CSV") {
    yield* untilFileEnds(csvItems(lines, csv, table));
    return;
  }
  for await (const read of readRecords(lines, format)) {
    yield "members" in read ? { item: read.members.Item } : read;
  }
}

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
