import assert from "node:assert/strict";
import test from "node:test";
import { covers } from "../../support/covers.ts";
import { makeTable } from "../../support/dynamodb-tables.ts";
import { startTule } from "../../support/tule.ts";

/*
 * Empty structures, names that are too short and members without what they need, given to the operations on tables. As
 * AWS answered in October 2026: ack-api-quirks DDB-TABLE-107, -372 and -457, and paritysuite/dynamodb-conformance,
 * validation-ordering/createTable.
 */

const tule = await startTule();
const account = tule.newAccount();
const client = tule.dynamodb(account);

type Body = Readonly<Record<string, unknown>>;

async function check(operation: string, body: Body, message: string): Promise<void> {
  const answer = await tule.raw({ target: `DynamoDB_20120810.${operation}`, account, body });
  const shown = `${operation} ${JSON.stringify(body)}`;
  assert.equal(answer.status, 400, `${shown}: ${answer.text}`);
  const error = answer.json as { readonly __type: string; readonly message: string };
  assert.equal(error.message, message, shown);
  assert.match(error.__type, /#ValidationException$/, shown);
}

const invalid = "One or more parameter values were invalid: ";
const isNull = (member: string): string =>
  `Value null at '${member}' failed to satisfy constraint: Member must not be null`;
const tooShort = (value: string, member: string): string =>
  `Value '${value}' at '${member}' failed to satisfy constraint: Member must have length greater than or equal to 3`;

const hash = (AttributeName: string) => [{ AttributeName, KeyType: "HASH" as const }];
const string = (AttributeName: string) => ({ AttributeName, AttributeType: "S" as const });
const all = { ProjectionType: "ALL" as const };
const plain = {
  AttributeDefinitions: [string("pk")],
  KeySchema: hash("pk"),
  BillingMode: "PAY_PER_REQUEST" as const,
};
const create = (TableName: string, more: Body = {}): Body => ({ TableName, ...plain, ...more });

test("an empty attribute definition lacks its type first, then its name", async () => {
  covers("dynamodb.CreateTable", "dynamodb.UpdateTable");
  const lacks = `2 validation errors detected: ${isNull(
    "attributeDefinitions.1.member.attributeType",
  )}; ${isNull("attributeDefinitions.1.member.attributeName")}`;
  await check("CreateTable", create("empty", { AttributeDefinitions: [{}] }), lacks);
  const body = { TableName: "empty", AttributeDefinitions: [{}], DeletionProtectionEnabled: false };
  await check("UpdateTable", body, lacks);
});

test("global indexes are complained about before local ones", async () => {
  covers("dynamodb.CreateTable");
  const index = (IndexName: string) => [{ IndexName, KeySchema: hash("pk"), Projection: all }];
  await check(
    "CreateTable",
    create("indexes", { LocalSecondaryIndexes: index("l1"), GlobalSecondaryIndexes: index("g1") }),
    `2 validation errors detected: ${tooShort(
      "g1",
      "globalSecondaryIndexes.1.member.indexName",
    )}; ${tooShort("l1", "localSecondaryIndexes.1.member.indexName")}`,
  );
});

test("a table's name has three characters where tables are made, changed and read", async () => {
  covers("dynamodb.DescribeTable", "dynamodb.DeleteTable", "dynamodb.UpdateTable");
  const message = `1 validation error detected: ${tooShort("xx", "tableName")}`;
  await check("CreateTable", create("xx"), message);
  await check("DescribeTable", { TableName: "xx" }, message);
  await check("DeleteTable", { TableName: "xx" }, message);
  await check("UpdateTable", { TableName: "xx", DeletionProtectionEnabled: false }, message);
});

test("a tag lacks its key before its value", async () => {
  covers("dynamodb.TagResource", "dynamodb.CreateTable");
  await makeTable(client, { TableName: "tagged", ...plain });
  const ResourceArn = `arn:aws:dynamodb:us-east-1:${account}:table/tagged`;
  const noKey = "The Tag Key provided is invalid, Key: null";
  await check("CreateTable", create("with-tags", { Tags: [{}] }), noKey);
  await check("TagResource", { ResourceArn, Tags: [{}] }, noKey);
  await check("TagResource", { ResourceArn, Tags: [{ Value: "a" }] }, noKey);
  const noValue = "The Tag Value provided is invalid, Value: null";
  await check("TagResource", { ResourceArn, Tags: [{ Key: "a" }] }, noValue);
});

test("an index's empty throughputs: one on demand is nothing, a warm one is missed first", async () => {
  covers("dynamodb.CreateTable", "dynamodb.UpdateTable");
  const TableName = "throughputs";
  await makeTable(client, {
    TableName,
    ...plain,
    AttributeDefinitions: [string("pk"), string("g")],
    GlobalSecondaryIndexes: [
      { IndexName: "by-g", KeySchema: hash("g"), Projection: all, OnDemandThroughput: {} },
    ],
  });
  const update = (more: Body): Body => ({
    GlobalSecondaryIndexUpdates: [{ Update: { IndexName: "by-g", ...more } }],
  });
  await check(
    "UpdateTable",
    { TableName, ...update({ OnDemandThroughput: {} }) },
    `${invalid}The only Updates for index: by-g when TableThroughputMode is PAY_PER_REQUEST can be to OnDemandThroughput, WarmThroughput`,
  );
  await check(
    "UpdateTable",
    { TableName, TableClass: "STANDARD", ...update({ WarmThroughput: {} }) },
    `${invalid}WarmThroughput must have at least one of ReadUnitsPerSecond or WriteUnitsPerSecond specified for index: by-g`,
  );
});
