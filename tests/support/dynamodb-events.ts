import {
  type AttributeValue,
  BatchWriteItemCommand,
  type CreateTableCommandInput,
  type DynamoDBClient,
} from "@aws-sdk/client-dynamodb";
import { makeTable } from "./dynamodb-tables.ts";

export type Attributes = Record<string, AttributeValue>;

/**
 * `device` and `at` (S). Local indexes: `by-level` on `level` (S) with everything, `by-size` on `size` (N) with the
 * keys alone. Global ones: `by-kind` on `kind` (S) with everything, `by-kind-level` on `kind` and `level` with `note`.
 */
export const eventsTable: CreateTableCommandInput = {
  TableName: "events",
  AttributeDefinitions: [
    { AttributeName: "device", AttributeType: "S" },
    { AttributeName: "at", AttributeType: "S" },
    { AttributeName: "level", AttributeType: "S" },
    { AttributeName: "size", AttributeType: "N" },
    { AttributeName: "kind", AttributeType: "S" },
  ],
  KeySchema: [
    { AttributeName: "device", KeyType: "HASH" },
    { AttributeName: "at", KeyType: "RANGE" },
  ],
  BillingMode: "PAY_PER_REQUEST",
  LocalSecondaryIndexes: [
    {
      IndexName: "by-level",
      KeySchema: [
        { AttributeName: "device", KeyType: "HASH" },
        { AttributeName: "level", KeyType: "RANGE" },
      ],
      Projection: { ProjectionType: "ALL" },
    },
    {
      IndexName: "by-size",
      KeySchema: [
        { AttributeName: "device", KeyType: "HASH" },
        { AttributeName: "size", KeyType: "RANGE" },
      ],
      Projection: { ProjectionType: "KEYS_ONLY" },
    },
  ],
  GlobalSecondaryIndexes: [
    {
      IndexName: "by-kind",
      KeySchema: [{ AttributeName: "kind", KeyType: "HASH" }],
      Projection: { ProjectionType: "ALL" },
    },
    {
      IndexName: "by-kind-level",
      KeySchema: [
        { AttributeName: "kind", KeyType: "HASH" },
        { AttributeName: "level", KeyType: "RANGE" },
      ],
      Projection: { ProjectionType: "INCLUDE", NonKeyAttributes: ["note"] },
    },
  ],
};

/** Each on a device of its own sort: "d1" has six events with all attributes, "d2" one without any index's. */
export const events: readonly Attributes[] = [
  ...Array.from({ length: 6 }, (_, at) => ({
    device: { S: "d1" },
    at: { S: `t${at}` },
    level: { S: ["low", "high", "low", "mid", "high", "low"][at]! },
    size: { N: String([30, 4, 100, 4, -2, 0.5][at]) },
    kind: { S: at < 4 ? "heat" : "noise" },
    note: { S: `note ${at}` },
    place: { M: { room: { S: `room ${at}` }, floor: { N: "2" } } },
  })),
  { device: { S: "d2" }, at: { S: "t0" }, note: { S: "bare" } },
];

export async function makeEvents(client: DynamoDBClient): Promise<void> {
  await makeTable(client, eventsTable);
  await putAll(client, "events", events);
}

export async function putAll(
  client: DynamoDBClient,
  tableName: string,
  items: readonly Attributes[],
): Promise<void> {
  for (let at = 0; at < items.length; at += 25) {
    const requests = items.slice(at, at + 25).map((Item) => ({ PutRequest: { Item } }));
    await client.send(new BatchWriteItemCommand({ RequestItems: { [tableName]: requests } }));
  }
}
