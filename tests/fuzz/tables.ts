import type { CreateTableCommandInput } from "@aws-sdk/client-dynamodb";
import type { JsonObject } from "./json.ts";

/** `pk` (S) and `sk` (N) with indexes of every kind: what most requests are about. */
export const mainTable = {
  TableName: "main",
  BillingMode: "PAY_PER_REQUEST",
  AttributeDefinitions: [
    { AttributeName: "pk", AttributeType: "S" },
    { AttributeName: "sk", AttributeType: "N" },
    { AttributeName: "g", AttributeType: "S" },
    { AttributeName: "h", AttributeType: "N" },
    { AttributeName: "b", AttributeType: "B" },
    { AttributeName: "l", AttributeType: "S" },
  ],
  KeySchema: [
    { AttributeName: "pk", KeyType: "HASH" },
    { AttributeName: "sk", KeyType: "RANGE" },
  ],
  GlobalSecondaryIndexes: [
    {
      IndexName: "by-g",
      KeySchema: [
        { AttributeName: "g", KeyType: "HASH" },
        { AttributeName: "h", KeyType: "RANGE" },
      ],
      Projection: { ProjectionType: "ALL" },
    },
    {
      IndexName: "by-h",
      KeySchema: [
        { AttributeName: "h", KeyType: "HASH" },
        { AttributeName: "b", KeyType: "RANGE" },
      ],
      Projection: { ProjectionType: "INCLUDE", NonKeyAttributes: ["note", "things"] },
    },
  ],
  LocalSecondaryIndexes: [
    {
      IndexName: "by-l",
      KeySchema: [
        { AttributeName: "pk", KeyType: "HASH" },
        { AttributeName: "l", KeyType: "RANGE" },
      ],
      Projection: { ProjectionType: "KEYS_ONLY" },
    },
  ],
} satisfies CreateTableCommandInput & JsonObject;

/** A binary key and nothing else. */
export const plainTable = {
  TableName: "plain",
  BillingMode: "PROVISIONED",
  ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5 },
  AttributeDefinitions: [{ AttributeName: "id", AttributeType: "B" }],
  KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
} satisfies CreateTableCommandInput & JsonObject;
