import { type DynamoDBClient, PutItemCommand, ScanCommand } from "@aws-sdk/client-dynamodb";
import { plainTable } from "../support/dynamodb-tables.ts";

const { TableName } = plainTable;

/** Puts an item with a value into the plain table. */
export const put = (pk: string, value = "") =>
  new PutItemCommand({ TableName, Item: { pk: { S: pk }, value: { S: value } } });

/** The values of the plain table, by key. */
export async function items(client: DynamoDBClient): Promise<Record<string, string>> {
  const { Items = [] } = await client.send(new ScanCommand({ TableName, ConsistentRead: true }));
  const pairs = Items.map(({ pk, value }) => [pk?.S, value?.S] as const);
  return Object.fromEntries(pairs.sort(([one = ""], [other = ""]) => (one < other ? -1 : 1)));
}
