import assert from "node:assert/strict";
import test from "node:test";
import { covers } from "../../support/covers.ts";
import { makeTable, plainTable } from "../../support/dynamodb-tables.ts";
import { startTule } from "../../support/tule.ts";

/*
 * What is said first of a request that is nested too deep and has something else wrong. Recorded in us-east-1 in October
 * 2026 by paritysuite/dynamodb-conformance: validation-ordering/deepRequests and limits/nestingDepth.
 */

const tule = await startTule();
const account = tule.newAccount();
const table = await makeTable(tule.dynamodb(account), plainTable);

/** A value around a text in so many maps. */
function deep(levels: number): object {
  let value: object = { S: "leaf" };
  for (let level = 0; level < levels; level++) value = { M: { n: value } };
  return value;
}

async function messageOf(operation: string, body: object): Promise<string> {
  const answer = await tule.raw({ target: `DynamoDB_20120810.${operation}`, account, body });
  if (answer.status === 200) return "";
  const { __type: type, message } = answer.json as { __type: string; message: string };
  assert.match(type, /#ValidationException$/, answer.text);
  return message;
}

const tooDeep =
  "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit";
const key = { pk: { S: "a" } };
const missing = "missing";
const transact = (...actions: object[]) =>
  messageOf("TransactWriteItems", { TransactItems: actions });
const put = (item: object, more: object = {}) => ({
  Put: { TableName: missing, Item: { ...key, ...item }, ...more },
});
const check = (levels: number) => ({
  ConditionCheck: {
    TableName: missing,
    Key: key,
    ConditionExpression: "d = :deep",
    ExpressionAttributeValues: { ":deep": deep(levels) },
  },
});

test("a value may be nested in 31 others", async () => {
  covers("dynamodb.PutItem", "dynamodb.BatchWriteItem", "dynamodb.TransactWriteItems");
  const item = (levels: number) => ({ ...key, data: deep(levels) });
  assert.equal(await messageOf("PutItem", { TableName: table, Item: item(31) }), "");
  assert.equal(
    await messageOf("PutItem", { TableName: table, Item: item(32) }),
    `1 validation error detected: ${tooDeep}`,
  );
  const batch = { RequestItems: { [table]: [{ PutRequest: { Item: item(32) } }] } };
  assert.equal(await messageOf("BatchWriteItem", batch), tooDeep);
  assert.equal(await transact({ Put: { TableName: table, Item: item(100) } }), tooDeep);
});

test("a transaction reports its first action's problem, whatever it is", async () => {
  covers("dynamodb.TransactWriteItems");
  const noName = "Empty attribute name";
  const wrapped = `ExpressionAttributeValues contains invalid value: ${tooDeep} for key :deep`;
  const syntax = 'Invalid ConditionExpression: Syntax error; token: "=", near: "= = b"';
  const unnamed = { "": { S: "x" } };
  assert.equal(await transact(put({ d: deep(40) }), put(unnamed)), tooDeep);
  assert.equal(await transact(put(unnamed), put({ d: deep(100) })), noName);
  assert.equal(await transact(put(unnamed), check(100)), noName);
  assert.equal(await transact(check(40), put(unnamed)), wrapped);
  const notParsed = put({}, { ConditionExpression: "a = = b" });
  const deepDelete = { Delete: { TableName: missing, Key: { pk: deep(100) } } };
  assert.equal(await transact(notParsed, deepDelete), syntax);
  assert.equal(await transact(deepDelete, notParsed), tooDeep);
});

test("of one item, attributes without a name come first, then its depth, then what is within", async () => {
  covers("dynamodb.TransactWriteItems");
  const unnamed = { "": { S: "x" } };
  assert.equal(await transact(put({ ...unnamed, d: deep(100) })), "Empty attribute name");
  assert.equal(await transact(put({ d: deep(100), ...unnamed })), "Empty attribute name");
  assert.equal(await transact(put({ m: { M: unnamed }, d: deep(40) })), tooDeep);
});

test("an expression's size is told of conditions, not of updates", async () => {
  covers("dynamodb.TransactWriteItems");
  const tooLong = "Expression size has exceeded the maximum allowed size;";
  const values = { ExpressionAttributeValues: { ":v": { S: "x" } } };
  const condition = `a = :v${" AND a = :v".repeat(373)}`;
  assert.equal(
    await transact(put({}, { ConditionExpression: condition, ...values })),
    `Invalid ConditionExpression: ${tooLong} expression size: 4109`,
  );
  const update = `SET ${Array.from({ length: 500 }, (_, index) => `a${index} = :v`).join(", ")}`;
  assert.equal(
    await transact({
      Update: { TableName: missing, Key: key, UpdateExpression: update, ...values },
    }),
    `Invalid UpdateExpression: ${tooLong}`,
  );
});

test("very deep requests are refused in the older words", async () => {
  covers("dynamodb.DeleteItem", "dynamodb.PutItem");
  const condition = (levels: number) => ({
    TableName: missing,
    Key: key,
    ConditionExpression: "d = :deep",
    ExpressionAttributeValues: { ":deep": deep(levels) },
  });
  const unknown = { ReturnValues: "BOGUS" };
  const enumeration = "failed to satisfy constraint: Member must satisfy enum value set:";
  assert.equal(
    await messageOf("DeleteItem", { ...condition(40), ...unknown }),
    "1 validation error detected: Failed to satisfy constraint: Member must satisfy enum value set: [ALL_OLD, UPDATED_OLD, ALL_NEW, UPDATE_NEW, NONE]",
  );
  assert.equal(
    await messageOf("DeleteItem", { ...condition(63), ...unknown }),
    `1 validation error detected: Value 'BOGUS' at 'returnValues' ${enumeration} [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]`,
  );
  assert.equal(
    await messageOf("DeleteItem", { ...condition(100), ReturnValues: "UPDATED_NEW" }),
    "ReturnValues can only be ALL_OLD or NONE",
  );
  assert.equal(
    await messageOf("PutItem", {
      TableName: missing,
      Item: key,
      Expected: { a: { Value: deep(100) }, b: { Exists: false } },
      ConditionalOperator: "XOR",
    }),
    `1 validation error detected: Value 'XOR' at 'conditionalOperator' ${enumeration} [OR, AND]`,
  );
});

test("Scan looks at the values of its filter before it looks at ConditionalOperator", async () => {
  covers("dynamodb.Scan");
  const condition = { ComparisonOperator: "EQ", AttributeValueList: [deep(40)] };
  const body = { TableName: missing, ScanFilter: { a: condition }, ConditionalOperator: "AND" };
  assert.equal(await messageOf("Scan", body), tooDeep);
});
