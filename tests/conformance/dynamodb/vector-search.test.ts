import assert from "node:assert/strict";
import test from "node:test";
import {
  type AttributeValue,
  BatchExecuteStatementCommand,
  BatchWriteItemCommand,
  type CreateTableCommandInput,
  DeleteItemCommand,
  type DynamoDBClient,
  ExecuteStatementCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  SearchVectorsCommand,
  type SearchVectorsCommandInput,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { covers } from "../../support/covers.ts";
import { makeTable, refusal } from "../../support/dynamodb-tables.ts";
import { startTule } from "../../support/tule.ts";

const TableName = "vectors";

const list = (numbers: readonly (number | string)[]): AttributeValue[] =>
  numbers.map((number) => ({ N: String(number) }));

/** `by-shape` on `embedding`, three dimensions, of one `tenant`, by `kind`; and `whole`, of all items. */
const table: CreateTableCommandInput = {
  TableName,
  AttributeDefinitions: [
    { AttributeName: "pk", AttributeType: "S" },
    { AttributeName: "tenant", AttributeType: "S" },
    { AttributeName: "kind", AttributeType: "N" },
  ],
  KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
  BillingMode: "PAY_PER_REQUEST",
  VectorIndexes: [
    {
      IndexName: "whole",
      VectorAttribute: { AttributeName: "embedding" },
      Dimensions: 3,
      DistanceFunction: "COSINE",
      Projection: { ProjectionType: "ALL" },
    },
    {
      IndexName: "by-tenant",
      VectorAttribute: { AttributeName: "embedding" },
      SearchSchema: [
        { AttributeName: "tenant", SearchSchemaElementType: "HASH" },
        { AttributeName: "kind", SearchSchemaElementType: "INLINE_FILTER" },
      ],
      Dimensions: 3,
      DistanceFunction: "EUCLIDEAN",
      Projection: { ProjectionType: "INCLUDE", NonKeyAttributes: ["title"] },
    },
  ],
};

const tule = await startTule();

async function newTable(): Promise<DynamoDBClient> {
  const client = tule.dynamodb();
  await makeTable(client, table);
  return client;
}

async function put(
  client: DynamoDBClient,
  pk: string,
  vector: readonly (number | string)[],
  more: Record<string, AttributeValue> = {},
): Promise<void> {
  const Item = { pk: { S: pk }, embedding: { L: list(vector) }, ...more };
  await client.send(new PutItemCommand({ TableName, Item }));
}

function search(
  input: Partial<Omit<SearchVectorsCommandInput, "SearchVector">>,
  vector: readonly (number | string)[] = [1, 0, 0],
): SearchVectorsCommand {
  return new SearchVectorsCommand({
    TableName,
    IndexName: "whole",
    TopK: 10,
    ...input,
    SearchVector: list(vector),
  });
}

async function found(
  client: DynamoDBClient,
  input: Partial<Omit<SearchVectorsCommandInput, "SearchVector">> = {},
  vector?: readonly number[],
): Promise<string[]> {
  const { SearchResults = [] } = await client.send(search(input, vector));
  return SearchResults.map(({ Item }) => Item!["pk"]!.S!);
}

const ofTenant = (tenant: string): Partial<SearchVectorsCommandInput> => ({
  IndexName: "by-tenant",
  SearchConditionExpression: "tenant = :tenant",
  ExpressionAttributeValues: { ":tenant": { S: tenant } },
});

test("the nearest items come first, with their scores and without their vectors", async () => {
  covers("dynamodb.SearchVectors", "dynamodb.CreateTable");
  const client = await newTable();
  await put(client, "same", [2, 0, 0], { title: { S: "the same direction" } });
  await put(client, "opposite", [-1, 0, 0]);
  await put(client, "across", [0, 3, 0]);
  await put(client, "zero", [0, 0, 0]);
  await client.send(new PutItemCommand({ TableName, Item: { pk: { S: "none" } } }));
  const { SearchResults, ConsumedCapacity } = await client.send(search({}));
  assert.equal(ConsumedCapacity, undefined);
  assert.deepEqual(SearchResults![0], {
    Item: { pk: { S: "same" }, title: { S: "the same direction" } },
    Score: 0,
  });
  const scores = SearchResults!.map(({ Item, Score }) => [Item!["pk"]!.S, Score]);
  assert.deepEqual(Object.fromEntries(scores), { across: 1, opposite: 2, same: 0, zero: 1 });
  assert.deepEqual(await found(client, { TopK: 1 }), ["same"]);
});

test("a search keeps to its tenant and its filters", async () => {
  covers("dynamodb.SearchVectors");
  const client = await newTable();
  await put(client, "near", [1, 0, 0], { tenant: { S: "a" }, kind: { N: "1" }, title: { S: "t" } });
  await put(client, "far", [9, 0, 0], { tenant: { S: "a" }, kind: { N: "2.0" } });
  await put(client, "plain", [2, 0, 0], { tenant: { S: "a" } });
  await put(client, "other", [1, 0, 0], { tenant: { S: "b" }, kind: { N: "1" } });
  await put(client, "nobody's", [1, 0, 0]);
  assert.deepEqual(await found(client, ofTenant("a")), ["near", "plain", "far"]);
  assert.deepEqual(await found(client, ofTenant("c")), []);
  const filtered = {
    ...ofTenant("a"),
    SearchConditionExpression: "#t = :tenant AND :kind = kind",
    ExpressionAttributeNames: { "#t": "tenant" },
    ExpressionAttributeValues: { ":tenant": { S: "a" }, ":kind": { N: "2" } },
  };
  assert.deepEqual(await found(client, filtered), ["far"]);
  const { SearchResults } = await client.send(search({ ...ofTenant("a"), TopK: 1 }));
  assert.deepEqual(SearchResults, [
    {
      Item: { pk: { S: "near" }, tenant: { S: "a" }, kind: { N: "1" }, title: { S: "t" } },
      Score: 0,
    },
  ]);
});

test("each kind of write keeps the indexes, and tells what that took", async () => {
  covers("dynamodb.PutItem", "dynamodb.UpdateItem", "dynamodb.DeleteItem");
  covers("dynamodb.BatchWriteItem", "dynamodb.TransactWriteItems", "dynamodb.SearchVectors");
  const client = await newTable();
  const Key = { pk: { S: "moving" } };
  await put(client, "moving", [1, 0, 0], { tenant: { S: "a" } });
  assert.deepEqual(await found(client, ofTenant("a")), ["moving"]);
  const update = async (
    UpdateExpression: string,
    values?: Record<string, AttributeValue>,
  ): Promise<Record<string, number | undefined>> => {
    const { ConsumedCapacity } = await client.send(
      new UpdateItemCommand({
        TableName,
        Key,
        UpdateExpression,
        ExpressionAttributeValues: values,
        ReturnConsumedCapacity: "INDEXES",
      }),
    );
    const used = Object.entries(ConsumedCapacity!.VectorIndexes ?? {});
    return Object.fromEntries(used.map(([name, by]) => [name, by.VectorWriteRequestBytes]));
  };
  assert.deepEqual(await update("SET tenant = :t", { ":t": { S: "b" } }), {
    whole: 1024,
    "by-tenant": 2048,
  });
  assert.deepEqual(await found(client, ofTenant("a")), []);
  assert.deepEqual(await found(client, ofTenant("b")), ["moving"]);
  // Only one of the indexes holds it.
  assert.deepEqual(await update("SET remark = :o", { ":o": { N: "1" } }), { whole: 1024 });
  assert.deepEqual(await update("SET remark = :o", { ":o": { N: "1" } }), {});
  await update("REMOVE tenant");
  assert.deepEqual(await found(client, ofTenant("b")), []);
  assert.deepEqual(await found(client), ["moving"]);
  await update("REMOVE embedding");
  assert.deepEqual(await found(client), []);
  const PutRequest = { Item: { pk: { S: "batch" }, embedding: { L: list([1, 1, 0]) } } };
  await client.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: [{ PutRequest }] } }));
  const Item = { pk: { S: "transaction" }, embedding: { L: list([1, 2, 0]) } };
  await client.send(
    new TransactWriteItemsCommand({ TransactItems: [{ Put: { TableName, Item } }] }),
  );
  assert.deepEqual(await found(client), ["batch", "transaction"]);
  await client.send(new DeleteItemCommand({ TableName, Key: { pk: { S: "batch" } } }));
  assert.deepEqual(await found(client), ["transaction"]);
});

test("batches of statements tell what each vector index took, summed up", async () => {
  covers("dynamodb.BatchExecuteStatement", "dynamodb.ExecuteStatement");
  const client = await newTable();
  const insert = (pk: string) => ({
    Statement: `INSERT INTO "${TableName}" VALUE {'pk': ?, 'embedding': ?, 'tenant': 'a'}`,
    Parameters: [{ S: pk }, { L: list([1, 2, 3]) }],
  });
  const { ConsumedCapacity: one } = await client.send(
    new ExecuteStatementCommand({ ...insert("0"), ReturnConsumedCapacity: "INDEXES" }),
  );
  const { ConsumedCapacity: sums } = await client.send(
    new BatchExecuteStatementCommand({
      Statements: ["1", "2", "3"].map(insert),
      ReturnConsumedCapacity: "INDEXES",
    }),
  );
  assert.deepEqual(one!.VectorIndexes, {
    whole: { VectorWriteRequestBytes: 1024 },
    "by-tenant": { VectorWriteRequestBytes: 1024 },
  });
  assert.deepEqual(sums![0]!.VectorIndexes, {
    whole: { VectorWriteRequestBytes: 3072 },
    "by-tenant": { VectorWriteRequestBytes: 3072 },
  });
});

test("what a vector index cannot hold is refused", async () => {
  covers("dynamodb.PutItem", "dynamodb.UpdateItem");
  const client = await newTable();
  const invalid = "One or more parameter values were invalid.";
  const refused = (embedding: AttributeValue, more: Record<string, AttributeValue> = {}) =>
    refusal(
      client.send(
        new PutItemCommand({ TableName, Item: { pk: { S: "bad" }, embedding, ...more } }),
      ),
    );
  const message = async (answer: Promise<string>): Promise<string> =>
    (await answer).replace(/^ValidationException: /, "");
  assert.equal(
    await message(refused({ L: list([1, 2]) })),
    `${invalid} Invalid size for parameter embedding, Expected: 3, Actual: 2 IndexName: whole`,
  );
  assert.equal(
    await message(refused({ S: "1,2,3" })),
    `${invalid} Invalid type for parameter embedding, Expected: 32-bit floating point number list IndexName: whole`,
  );
  assert.equal(
    await message(refused({ L: [{ N: "1" }, { S: "2" }, { N: "3" }] })),
    `${invalid} Invalid type for parameter embedding[1], Expected: 32-bit floating point number, Actual: S. IndexName: whole`,
  );
  assert.match(
    await message(refused({ L: list([1, 2, "1e39"]) })),
    /Invalid value for parameter embedding\[2\], Value: 1\d* is outside valid range \[-3.4028235E38, 3.4028235E38\]. IndexName: whole$/,
  );
  assert.equal(
    await message(refused({ L: list([1, 2, 3]) }, { tenant: { N: "1" } })),
    `${invalid} Attribute 'tenant' type mismatch. Expected: S, Actual: N. IndexName: by-tenant`,
  );
  assert.match(
    await message(refused({ L: list([1, 2, 3]) }, { tenant: { S: "" } })),
    /cannot contain an empty string value. IndexName: by-tenant, IndexKey: tenant$/,
  );
  const update = new UpdateItemCommand({
    TableName,
    Key: { pk: { S: "bad" } },
    UpdateExpression: "SET embedding = :e",
    ExpressionAttributeValues: { ":e": { L: list([1]) } },
  });
  assert.match(await message(refusal(client.send(update))), /Expected: 3, Actual: 1 IndexName: /);
});

test("what a search cannot ask is refused", async () => {
  covers("dynamodb.SearchVectors", "dynamodb.Query", "dynamodb.Scan");
  const client = await newTable();
  const message = async (
    input: Partial<SearchVectorsCommandInput>,
    vector?: readonly (number | string)[],
  ): Promise<string> => {
    const answer = await refusal(client.send(search(input, vector)));
    return answer.replace(/^ValidationException: /, "");
  };
  assert.equal(
    await message({ TopK: 101 }),
    "Provided TopK value '101' is out of valid range. The value must be between 1 and 100 inclusive",
  );
  assert.equal(
    await message({ IndexName: "missing" }),
    "The table does not have the specified index: missing",
  );
  assert.equal(
    await message({}, [1, 2]),
    "Input search vector dimension 2 does not match vector index dimension 3",
  );
  assert.equal(
    await message({}, [1, "1e39", 2]),
    "Search vector contains invalid values. All values in the search vector must be a 32-bit floating-point number attribute",
  );
  assert.equal(
    await message({ IndexName: "by-tenant" }),
    "SearchConditionExpression must be provided when SearchSchema has a HASH key",
  );
  const withCondition = (
    SearchConditionExpression: string,
    values: Record<string, AttributeValue>,
  ): Promise<string> =>
    message({
      IndexName: "by-tenant",
      SearchConditionExpression,
      ExpressionAttributeValues: values,
    });
  assert.equal(
    await withCondition("kind = :k", { ":k": { N: "1" } }),
    "SearchConditionExpression must have all HASH attributes in configured SearchSchema",
  );
  for (const comparison of ["tenant < :t", "begins_with(tenant, :t)", "tenant IN (:t)"]) {
    assert.equal(
      await withCondition(comparison, { ":t": { S: "a" } }),
      "Invalid SearchConditionExpression: Invalid comparator used in SearchConditionExpression",
    );
  }
  assert.equal(
    await withCondition("title = :t", { ":t": { S: "a" } }),
    "SearchConditionExpression must not contain any attributes that is not in SearchSchema. Invalid attribute: title",
  );
  assert.equal(
    await withCondition("tenant = :t", { ":t": { N: "1" } }),
    "Type of 'tenant' attribute in SearchConditionExpression (N) does not match type in search schema (S)",
  );
  const query = new QueryCommand({
    TableName,
    IndexName: "whole",
    KeyConditionExpression: "pk = :p",
    ExpressionAttributeValues: { ":p": { S: "p" } },
  });
  assert.equal(
    await refusal(client.send(query)),
    "ValidationException: Query operation not supported on this index type.",
  );
  const scan = new ScanCommand({ TableName, IndexName: "whole" });
  assert.equal(
    await refusal(client.send(scan)),
    "ValidationException: Scan operation not supported on this index type",
  );
});

test("a projection takes what the index holds, the vector too", async () => {
  covers("dynamodb.SearchVectors");
  const client = await newTable();
  await put(client, "one", ["0.1", 0, "-12345678.9"], {
    tenant: { S: "a" },
    title: { S: "t" },
    secret: { S: "s" },
  });
  const { SearchResults, ConsumedCapacity } = await client.send(
    search({
      ...ofTenant("a"),
      ProjectionExpression: "embedding, title, secret",
      ReturnConsumedCapacity: "TOTAL",
    }),
  );
  // As 32-bit floats: the index does not hold what is not projected, and that is no mistake.
  assert.deepEqual(
    SearchResults!.map(({ Item }) => Item),
    [{ embedding: { L: list(["0.1", "0", "-12345679"]) }, title: { S: "t" } }],
  );
  assert.deepEqual(ConsumedCapacity, { VectorSearchRequestBytes: 1024 });
});
