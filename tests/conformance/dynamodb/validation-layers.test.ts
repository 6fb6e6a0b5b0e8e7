import assert from "node:assert/strict";
import test from "node:test";
import { covers } from "../../support/covers.ts";
import { makeTable, plainTable } from "../../support/dynamodb-tables.ts";
import { startTule } from "../../support/tule.ts";

/*
 * AWS is moving its operations from an older validation to a newer one, and they differ in words and in order. These are
 * the answers of us-east-1 in October 2026 as paritysuite/dynamodb-conformance recorded them; each test names its file.
 */

const tule = await startTule();
const account = tule.newAccount();
const client = tule.dynamodb(account);
const table = await makeTable(client, plainTable);

type Body = Readonly<Record<string, unknown>>;

/** Sends what no SDK would, and expects a ValidationException with this message; "" if it is to be taken. */
async function check(operation: string, body: Body, message: string): Promise<void> {
  const answer = await tule.raw({ target: `DynamoDB_20120810.${operation}`, account, body });
  const shown = `${operation} ${JSON.stringify(body).slice(0, 300)}`;
  if (message === "") return assert.equal(answer.status, 200, `${shown}: ${answer.text}`);
  const error = answer.json as { readonly __type: string; readonly message: string };
  assert.equal(error.message, message, shown);
  assert.match(error.__type, /#ValidationException$/, shown);
  assert.equal(answer.status, 400);
}

const one = (message: string): string => `1 validation error detected: ${message}`;
const s = (S: string) => ({ S });
const n = (N: string) => ({ N });
const key = { pk: s("a") };

/** The same value sent to each operation that takes one, by the layer that checks it there. */
const enveloped: readonly [string, (value: unknown) => Body][] = [
  ["PutItem", (v) => ({ TableName: table, Item: { ...key, v } })],
  ["PutItem", (v) => ({ TableName: table, Item: key, Expected: { v: { Value: v } } })],
  ["UpdateItem", (v) => ({ TableName: table, Key: { pk: v } })],
  [
    "UpdateItem",
    (v) => ({
      TableName: table,
      Key: key,
      UpdateExpression: "SET v = :v",
      ExpressionAttributeValues: { ":v": v },
    }),
  ],
  ["DeleteItem", (v) => ({ TableName: table, Key: { pk: v } })],
];
const bare: readonly [string, (value: unknown) => Body][] = [
  ["GetItem", (v) => ({ TableName: table, Key: { pk: v } })],
  ["BatchGetItem", (v) => ({ RequestItems: { [table]: { Keys: [{ pk: v }] } } })],
  [
    "Query",
    (v) => ({
      TableName: table,
      KeyConditionExpression: "pk = :p",
      FilterExpression: "v = :v",
      ExpressionAttributeValues: { ":p": s("a"), ":v": v },
    }),
  ],
];
const older: readonly [string, (value: unknown) => Body][] = [
  [
    "BatchWriteItem",
    (v) => ({ RequestItems: { [table]: [{ PutRequest: { Item: { ...key, v } } }] } }),
  ],
  [
    "TransactWriteItems",
    (v) => ({ TransactItems: [{ Put: { TableName: table, Item: { ...key, v } } }] }),
  ],
  ["TransactGetItems", (v) => ({ TransactItems: [{ Get: { TableName: table, Key: { pk: v } } }] })],
];
const olderWrapped: readonly [string, (value: unknown) => Body][] = [
  [
    "Scan",
    (v) => ({
      TableName: table,
      FilterExpression: "v = :v",
      ExpressionAttributeValues: { ":v": v },
    }),
  ],
  [
    "TransactWriteItems",
    (v) => ({
      TransactItems: [
        {
          Update: {
            TableName: table,
            Key: key,
            UpdateExpression: "SET v = :v",
            ExpressionAttributeValues: { ":v": v },
          },
        },
      ],
    }),
  ],
];

async function checkEverywhere(value: unknown, newerWords: string, olderWords: string) {
  for (const [operation, body] of enveloped) await check(operation, body(value), one(newerWords));
  for (const [operation, body] of bare) await check(operation, body(value), newerWords);
  for (const [operation, body] of older) await check(operation, body(value), olderWords);
  const wrapped = `ExpressionAttributeValues contains invalid value: ${olderWords} for key :v`;
  for (const [operation, body] of olderWrapped) await check(operation, body(value), wrapped);
}

const overflow =
  "Number overflow. Attempting to store a number with magnitude larger than supported range";
const underflow =
  "Number underflow. Attempting to store a number with magnitude smaller than supported range";
const notNumeric = "The parameter cannot be converted to a numeric value";

test("a number out of range or that is none is refused in the words of the operation's layer", async () => {
  covers("dynamodb.PutItem", "dynamodb.GetItem", "dynamodb.Query", "dynamodb.Scan");
  // error-messages/valueLayers
  await checkEverywhere(n("abc"), `${notNumeric}: abc`, `${notNumeric}: abc`);
  await checkEverywhere(n(""), `${notNumeric}: `, notNumeric);
  await checkEverywhere(n("1e126"), overflow, overflow);
  await checkEverywhere(n("1e2147483647"), overflow, underflow);
  const put = (N: string) => ({ TableName: table, Item: { ...key, v: { N } } });
  await check("PutItem", put("1e-99999999999"), one(underflow));
  // limits/numberExponent
  await check("PutItem", put("1e99999999999"), one(overflow));
  const long = "1e9223372036854775808";
  await check("PutItem", put(long), one(`${notNumeric}: ${long}`));
  await check("PutItem", put("0e126"), one(overflow));
  await check("PutItem", put("0e-131"), one(underflow));
  await check("PutItem", put("0e125"), "");
});

test("the first of some members with a wrong value is reported alone", async () => {
  covers("dynamodb.PutItem", "dynamodb.UpdateItem", "dynamodb.DeleteItem", "dynamodb.Query");
  // validation-ordering/updateItem, putItem; the misspelt value is AWS's
  const returnValues = one(
    "Failed to satisfy constraint: Member must satisfy enum value set: [ALL_OLD, UPDATED_OLD, ALL_NEW, UPDATE_NEW, NONE]",
  );
  const wrong = { TableName: "missing", ReturnValues: "X", ReturnConsumedCapacity: "X" };
  await check("UpdateItem", { ...wrong, Key: key }, returnValues);
  await check("DeleteItem", { ...wrong, Key: key }, returnValues);
  await check("PutItem", { ...wrong, Item: key }, returnValues);
  const emptyName = one(
    "Value at 'TableName' failed to satisfy constraint: Member must have length greater than or equal to 1",
  );
  await check("PutItem", { ...wrong, TableName: "", Item: key }, emptyName);
  // validation-ordering/deepRequests and query
  const conjunction = "Failed to satisfy constraint: Member must satisfy enum value set: [ALL, OR]";
  const twice = { a: { Exists: false }, b: { Exists: false } };
  const put = { TableName: "missing", Item: key, Expected: twice, ConditionalOperator: "XOR" };
  await check("PutItem", put, one(conjunction));
  const query = {
    TableName: "missing",
    KeyConditions: { pk: { ComparisonOperator: "EQ", AttributeValueList: [s("a")] } },
    QueryFilter: { b: { ComparisonOperator: "NULL" }, c: { ComparisonOperator: "NULL" } },
    ConditionalOperator: "XOR",
    Select: "BOGUS",
  };
  await check("Query", query, conjunction);
});

test("everything is listed where a required member is missing", async () => {
  covers("dynamodb.UpdateItem");
  // validation-ordering/updateItem
  const failed = "failed to satisfy constraint: Member must";
  const body = { TableName: "", ReturnConsumedCapacity: "X", ReturnValues: "X" };
  await check(
    "UpdateItem",
    body,
    `4 validation errors detected: Value 'X' at 'returnConsumedCapacity' ${failed} satisfy enum value set: [INDEXES, TOTAL, NONE]; ` +
      `Value '' at 'tableName' ${failed} have length greater than or equal to 1; ` +
      `Value 'X' at 'returnValues' ${failed} satisfy enum value set: [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]; ` +
      `Value null at 'key' ${failed} not be null`,
  );
  await check(
    "UpdateItem",
    { TableName: "missing", ConditionalOperator: "XOR" },
    `2 validation errors detected: Value 'XOR' at 'conditionalOperator' ${failed} satisfy enum value set: [OR, AND]; ` +
      `Value null at 'key' ${failed} not be null`,
  );
});

test("a short name is no table's name", async () => {
  covers("dynamodb.PutItem", "dynamodb.DescribeTable");
  // scylladb/scylladb test/alternator/test_item.py: not "not found"
  const message = one(
    "Value 'xx' at 'tableName' failed to satisfy constraint: Member must have length greater than or equal to 3",
  );
  await check("PutItem", { TableName: "xx", Item: key }, message);
  await check("DescribeTable", { TableName: "xx" }, message);
});

const mapKeys =
  "at 'requestItems' failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length less than or equal to 255, " +
  "Member must have length greater than or equal to 3, Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+]";
const capacity =
  "Value 'BOGUS' at 'returnConsumedCapacity' failed to satisfy constraint: Member must satisfy enum value set: [INDEXES, TOTAL, NONE]";

test("batches check their tables' names before they look for the tables", async () => {
  covers("dynamodb.BatchGetItem", "dynamodb.BatchWriteItem");
  // error-messages/batchGetItem and batchWriteItem, validation-ordering/batchOperations
  await check(
    "BatchGetItem",
    { RequestItems: {} },
    one(
      "Value at 'RequestItems' failed to satisfy constraint: Member must have length greater than or equal to 1",
    ),
  );
  await check(
    "BatchWriteItem",
    { RequestItems: {} },
    "The requestItems parameter is required for BatchWriteItem",
  );
  const get = { RequestItems: { "bad!name": { Keys: [{ pk: s("a") }] } } };
  const name = `Value '{"bad!name":{"Keys":[{"pk":{"S":"a"}}]}}' ${mapKeys}`;
  await check("BatchGetItem", get, one(name));
  await check(
    "BatchGetItem",
    { ...get, ReturnConsumedCapacity: "BOGUS" },
    `2 validation errors detected: ${name}; ${capacity}`,
  );
  const put = { RequestItems: { "bad!name": [{ PutRequest: { Item: key } }] } };
  await check("BatchWriteItem", { ...put, ReturnConsumedCapacity: "BOGUS" }, one(capacity));
  const value =
    "AttributeValue(s=a, n=null, b=null, sS=null, nS=null, bS=null, m=null, l=null, nULL=null, bOOL=null)";
  await check(
    "BatchWriteItem",
    put,
    one(
      `Value '{bad!name=[WriteRequest(putRequest=PutRequest(item={pk=${value}}), deleteRequest=null)]}' ${mapKeys}`,
    ),
  );
});

test("a transaction's token is checked before its other members", async () => {
  covers("dynamodb.TransactWriteItems");
  // validation-ordering/transactions
  const token = "x".repeat(37);
  const TransactItems = [{ Put: { TableName: table, Item: key } }];
  const long = `Value '${token}' at 'clientRequestToken' failed to satisfy constraint: Member must have length less than or equal to 36`;
  await check("TransactWriteItems", { TransactItems, ClientRequestToken: token }, one(long));
  await check(
    "TransactWriteItems",
    { TransactItems, ClientRequestToken: token, ReturnConsumedCapacity: "BOGUS" },
    `2 validation errors detected: ${long}; ${capacity}`,
  );
});
