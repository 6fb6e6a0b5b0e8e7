import assert from "node:assert/strict";
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  type DynamoDBClient,
  DynamoDBServiceException,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";

/** Makes a table and waits until it is ACTIVE. Its name, for convenience. */
export async function makeTable(
  client: DynamoDBClient,
  definition: CreateTableCommandInput,
): Promise<string> {
  await client.send(new CreateTableCommand(definition));
  const TableName = definition.TableName!;
  await waitUntilTableExists({ client, maxWaitTime: 5, minDelay: 0.01 }, { TableName });
  return TableName;
}

/** `pk` (S), nothing else. */
export const plainTable: CreateTableCommandInput = {
  TableName: "plain",
  AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
  KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
  BillingMode: "PAY_PER_REQUEST",
};

/**
 * `pk` (S) and `sk` (N); a global index `by-g` on `g` (S) with all attributes, one `by-h` on `h` (N) that includes
 * `note`, and a local one `by-l` on `l` (S) with the keys alone.
 */
export const indexedTable: CreateTableCommandInput = {
  TableName: "indexed",
  AttributeDefinitions: [
    { AttributeName: "pk", AttributeType: "S" },
    { AttributeName: "sk", AttributeType: "N" },
    { AttributeName: "g", AttributeType: "S" },
    { AttributeName: "h", AttributeType: "N" },
    { AttributeName: "l", AttributeType: "S" },
  ],
  KeySchema: [
    { AttributeName: "pk", KeyType: "HASH" },
    { AttributeName: "sk", KeyType: "RANGE" },
  ],
  BillingMode: "PAY_PER_REQUEST",
  GlobalSecondaryIndexes: [
    {
      IndexName: "by-g",
      KeySchema: [{ AttributeName: "g", KeyType: "HASH" }],
      Projection: { ProjectionType: "ALL" },
    },
    {
      IndexName: "by-h",
      KeySchema: [{ AttributeName: "h", KeyType: "HASH" }],
      Projection: { ProjectionType: "INCLUDE", NonKeyAttributes: ["note"] },
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
};

/** What a request is refused with: "ValidationException: The message". Fails if it is not refused. */
export async function refusal(request: Promise<unknown>): Promise<string> {
  const error = await refusalError(request);
  return `${error.name}: ${error.message}`;
}

export async function refusalError(request: Promise<unknown>): Promise<DynamoDBServiceException> {
  try {
    await request;
  } catch (error) {
    assert(
      error instanceof DynamoDBServiceException,
      `not an answer of the service: ${String(error)}`,
    );
    return error;
  }
  assert.fail("the request was not refused");
}
