import {
  type AttributeValue,
  type DynamoDBClient,
  paginateScan,
  QueryCommand,
  type TableDescription,
} from "@aws-sdk/client-dynamodb";
import type { SeededRandom } from "#world/seeded-random.ts";
import type { Problems } from "./problems.ts";
import {
  type ExpectedIndex,
  type Item,
  lastingIndexes,
  mainTable,
  nameOf,
  passingIndex,
  shortTextOf,
  textOf,
} from "./schema.ts";
import { describeTable } from "./tables-life.ts";

const { TableName } = mainTable;

/** All items of the main table, or of one like it, by name. */
export async function readItems(
  client: DynamoDBClient,
  problems: Problems,
  tableName: string = TableName,
): Promise<Map<string, Item>> {
  const items = new Map<string, Item>();
  for (const item of await scan(client, { TableName: tableName, ConsistentRead: true })) {
    if (items.has(nameOf(item))) problems.add("index", `a scan shows ${nameOf(item)} twice`);
    items.set(nameOf(item), item);
  }
  return items;
}

/** Whether each index holds exactly what the items imply, and sizes are right; by Scan and by Query. */
export async function verifyIndexes(
  client: DynamoDBClient,
  items: ReadonlyMap<string, Item>,
  random: SeededRandom,
  problems: Problems,
): Promise<void> {
  await verifyContents(client, TableName, items, problems);
  await verifyQuery(client, "by-g", { g: { S: `group ${random.below(20)}` } }, items, problems);
  await verifyQuery(client, "by-h", { h: { N: String(random.below(10)) } }, items, problems);
  const [pk] = [...items.keys()][random.below(items.size)]!.split("/");
  await verifyQuery(client, undefined, { pk: { S: pk! } }, items, problems);
}

/** The same by Scan alone, for the main table or one like it. */
export async function verifyContents(
  client: DynamoDBClient,
  tableName: string,
  items: ReadonlyMap<string, Item>,
  problems: Problems,
): Promise<void> {
  const table = await describeTable(client, tableName);
  if (table?.ItemCount !== items.size) {
    problems.add("index", `ItemCount is ${table?.ItemCount}, a scan shows ${items.size} items`);
  }
  const isThere = table?.GlobalSecondaryIndexes?.some(
    ({ IndexName }) => IndexName === passingIndex.name,
  );
  for (const index of isThere === true ? [...lastingIndexes, passingIndex] : lastingIndexes) {
    const entries = await scan(client, { TableName: tableName, IndexName: index.name });
    verifyEntries(index, items, entries, problems);
    const described = describedCount(table, index.name);
    if (described !== entries.length) {
      problems.add("index", `${index.name} is described with ${described}, has ${entries.length}`);
    }
  }
}

export function verifyEntries(
  index: ExpectedIndex,
  items: ReadonlyMap<string, Item>,
  entries: readonly Item[],
  problems: Problems,
): void {
  const found = new Map<string, Item>();
  for (const entry of entries) {
    if (found.has(nameOf(entry))) problems.add("index", `${index.name}: two of ${nameOf(entry)}`);
    found.set(nameOf(entry), entry);
  }
  for (const [name, item] of items) {
    const entry = found.get(name);
    found.delete(name);
    const isDue = index.keys.every((key) => item[key] !== undefined);
    const due = isDue ? projected(item, index.keeps) : undefined;
    if (textOf(entry) !== textOf(due)) {
      const texts = `${shortTextOf(entry)}, not ${shortTextOf(due)}`;
      problems.add("index", `${index.name} has for ${name} ${texts}`);
    }
  }
  for (const name of found.keys()) problems.add("index", `${index.name} has ${name}, no item is`);
}

function projected(item: Item, keeps: readonly string[] | undefined): Item {
  if (keeps === undefined) return item;
  return Object.fromEntries(Object.entries(item).filter(([name]) => keeps.includes(name)));
}

async function verifyQuery(
  client: DynamoDBClient,
  IndexName: string | undefined,
  key: Readonly<Record<string, AttributeValue>>,
  items: ReadonlyMap<string, Item>,
  problems: Problems,
): Promise<void> {
  const [name, value] = Object.entries(key)[0]!;
  const { Items = [], LastEvaluatedKey } = await client.send(
    new QueryCommand({
      TableName,
      ...(IndexName === undefined ? { ConsistentRead: true } : { IndexName }),
      KeyConditionExpression: "#name = :value",
      ExpressionAttributeNames: { "#name": name },
      ExpressionAttributeValues: { ":value": value },
    }),
  );
  if (LastEvaluatedKey !== undefined) return; // More than a page: the scans have seen all of it.
  const index = lastingIndexes.find((candidate) => candidate.name === IndexName);
  const due = [...items.values()].filter(
    (item) =>
      JSON.stringify(item[name]) === JSON.stringify(value) &&
      (index?.keys ?? []).every((attribute) => item[attribute] !== undefined),
  );
  const [foundNames, dueNames] = [Items, due].map((some) => some.map(nameOf).sort().join(" "));
  if (foundNames !== dueNames) {
    const where = IndexName ?? "the table";
    problems.add("index", `a query of ${where} finds ${foundNames}; due are ${dueNames}`);
  }
}

function describedCount(table: TableDescription | undefined, name: string): number | undefined {
  const indexes = [
    ...(table?.GlobalSecondaryIndexes ?? []),
    ...(table?.LocalSecondaryIndexes ?? []),
  ];
  return indexes.find(({ IndexName }) => IndexName === name)?.ItemCount;
}

export async function scan(
  client: DynamoDBClient,
  how: {
    readonly TableName: string;
    readonly IndexName?: string;
    readonly ConsistentRead?: boolean;
  },
): Promise<Item[]> {
  const items: Item[] = [];
  for await (const page of paginateScan({ client }, how)) {
    items.push(...(page.Items ?? []));
  }
  return items;
}
