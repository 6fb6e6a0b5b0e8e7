import {
  type AttributeValue,
  DescribeTableCommand,
  type DynamoDBClient,
  paginateListTables,
  paginateScan,
  type TableDescription,
} from "@aws-sdk/client-dynamodb";
import { clientOf, fuzzedAccount } from "./clients.ts";

type Item = Record<string, AttributeValue>;

/**
 * Compares each table of the fuzzed account with its indexes: an index has what the table's items imply, and no more.
 * All items, as text by name.
 */
export async function verifyTables(
  endpoint: string,
  problems: string[],
): Promise<Map<string, string>> {
  const client = clientOf(endpoint, fuzzedAccount);
  const all = new Map<string, string>();
  for await (const { TableNames = [] } of paginateListTables({ client }, {})) {
    for (const TableName of TableNames) await verifyTable(client, TableName, problems, all);
  }
  client.destroy();
  return all;
}

async function verifyTable(
  client: DynamoDBClient,
  TableName: string,
  problems: string[],
  all: Map<string, string>,
): Promise<void> {
  const table = await settled(client, TableName);
  if (table === undefined) return;
  const items = await scan(client, { TableName, ConsistentRead: true });
  for (const item of items) {
    const name = `${TableName} ${keyText(table, item)}`;
    if (all.has(name)) problems.push(`a scan shows ${name} twice`);
    all.set(name, text(item));
  }
  if (table.ItemCount !== items.length)
    problems.push(`${TableName} says it has ${table.ItemCount} items, shows ${items.length}`);
  const indexes = [...(table.GlobalSecondaryIndexes ?? []), ...(table.LocalSecondaryIndexes ?? [])];
  for (const index of indexes) {
    const IndexName = index.IndexName!;
    const keys = index.KeySchema!.map(({ AttributeName }) => AttributeName!);
    const isDue = (item: Item): boolean => keys.every((key) => isKey(table, key, item[key]));
    const { ProjectionType, NonKeyAttributes = [] } = index.Projection ?? {};
    const kept = new Set([...keyNames(table), ...keys, ...NonKeyAttributes]);
    const projected = (item: Item): Item =>
      ProjectionType === "ALL"
        ? item
        : Object.fromEntries(Object.entries(item).filter(([name]) => kept.has(name)));
    const due = items.filter(isDue).map((item) => text(projected(item)));
    const found = (await scan(client, { TableName, IndexName })).map(text);
    const surplus = found.filter((entry) => !due.includes(entry));
    const missing = due.filter((entry) => !found.includes(entry));
    if (surplus.length > 0 || missing.length > 0 || found.length !== due.length) {
      const sample = [...surplus.map((entry) => `+${entry}`), ...missing.map((each) => `-${each}`)];
      const counts = `${found.length} entries, ${due.length} due`;
      problems.push(`${TableName}/${IndexName}: ${counts}: ${sample.join("\n").slice(0, 1500)}`);
    }
  }
}

/** The table when nothing about it changes any more; undefined if it goes. */
async function settled(
  client: DynamoDBClient,
  TableName: string,
): Promise<TableDescription | undefined> {
  for (;;) {
    try {
      const { Table } = await client.send(new DescribeTableCommand({ TableName }));
      const states = [
        Table?.TableStatus,
        ...(Table?.GlobalSecondaryIndexes ?? []).map(({ IndexStatus }) => IndexStatus),
      ];
      if (states.every((state) => state === "ACTIVE")) return Table;
    } catch (error) {
      if (error instanceof Error && error.name === "ResourceNotFoundException") return undefined;
      throw error;
    }
  }
}

async function scan(
  client: DynamoDBClient,
  input: { TableName: string; IndexName?: string; ConsistentRead?: boolean },
): Promise<Item[]> {
  const items: Item[] = [];
  for await (const { Items = [] } of paginateScan({ client }, input)) items.push(...Items);
  return items;
}

const keyNames = (table: TableDescription): string[] =>
  table.KeySchema!.map(({ AttributeName }) => AttributeName!);

function keyText(table: TableDescription, item: Item): string {
  return keyNames(table)
    .map((name) => text({ value: item[name]! }))
    .join("/");
}

/** An attribute of another type, or an empty one, keeps an item out of an index that was made after it. */
function isKey(table: TableDescription, name: string, value: AttributeValue | undefined): boolean {
  const type = table.AttributeDefinitions!.find(
    ({ AttributeName }) => AttributeName === name,
  )?.AttributeType;
  const inner = type === undefined ? undefined : value?.[type];
  return inner !== undefined && inner.length > 0;
}

/** The same text for the same item, whatever the order of its attributes. */
function text(item: Item): string {
  return JSON.stringify(item, (_name, value: unknown) => {
    if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
