import assert from "node:assert/strict";
import test from "node:test";
import { covers } from "../../support/covers.ts";
import { startTule } from "../../support/tule.ts";

/*
 * What CreateTable refuses, in AWS's order and words: most from dynalite's tests, which were recorded from AWS.
 */

const tule = await startTule();
const account = tule.newAccount();

type Request = Readonly<Record<string, unknown>>;

async function check(request: Request, message: string): Promise<void> {
  const answer = await tule.raw({
    target: "DynamoDB_20120810.CreateTable",
    account,
    body: request,
  });
  const body = answer.json as { readonly __type: string; readonly message: string };
  assert.equal(body.message, message);
  assert.match(body.__type, /#ValidationException$/);
  assert.equal(answer.status, 400);
}

const invalid = "One or more parameter values were invalid: ";
const units = (count: number) => ({ ReadCapacityUnits: count, WriteCapacityUnits: count });
const hash = (AttributeName: string) => ({ AttributeName, KeyType: "HASH" });
const range = (AttributeName: string) => ({ AttributeName, KeyType: "RANGE" });
const defined = (...names: readonly string[]) =>
  names.map((AttributeName) => ({ AttributeName, AttributeType: "S" }));
const all = { ProjectionType: "ALL" };

const table = (KeySchema: unknown, AttributeDefinitions: unknown, more: Request = {}): Request => ({
  TableName: "abc",
  KeySchema,
  AttributeDefinitions,
  BillingMode: "PAY_PER_REQUEST",
  ...more,
});

test("throughput must fit the billing mode", async () => {
  covers("dynamodb.CreateTable");
  const key = { TableName: "abc", KeySchema: [hash("a")], AttributeDefinitions: defined("a") };
  const bothNeeded = `${invalid}ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED`;
  await check(key, bothNeeded);
  await check({ ...key, BillingMode: "PROVISIONED" }, bothNeeded);
  await check(
    { ...key, BillingMode: "PAY_PER_REQUEST", ProvisionedThroughput: units(1) },
    // Recorded: test_dynamodb_pay_per_request.
    `${invalid}Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST`,
  );
  await check(
    { ...key, ProvisionedThroughput: units(1_000_000_000_001) },
    "Given value 1000000000001 for ReadCapacityUnits is out of bounds",
  );
  await check(
    {
      ...key,
      ProvisionedThroughput: {
        ReadCapacityUnits: 1_000_000_000_000,
        WriteCapacityUnits: 1_000_000_000_001,
      },
    },
    "Given value 1000000000001 for WriteCapacityUnits is out of bounds",
  );
});

test("limits of on-demand and warm throughput must fit the billing mode", async () => {
  covers("dynamodb.CreateTable");
  const key = { TableName: "abc", KeySchema: [hash("a")], AttributeDefinitions: defined("a") };
  const onDemand = { ...key, BillingMode: "PAY_PER_REQUEST" };
  const provisioned = { ...key, ProvisionedThroughput: units(5) };
  await check(
    { ...provisioned, OnDemandThroughput: { MaxReadRequestUnits: 1 } },
    `${invalid}MaxReadRequestUnits for OnDemandThroughput cannot be specified when table BillingMode is PROVISIONED.`,
  );
  await check(
    { ...onDemand, OnDemandThroughput: { MaxWriteRequestUnits: 0 } },
    `${invalid}Requested MaxWriteRequestUnits for OnDemandThroughput for table is outside of valid range`,
  );
  await check(
    { ...provisioned, WarmThroughput: { WriteUnitsPerSecond: 4 } },
    `${invalid}Requested WriteUnitsPerSecond for WarmThroughput for table is lower than WriteCapacityUnits of ProvisionedThroughput`,
  );
  await check(
    { ...onDemand, WarmThroughput: { ReadUnitsPerSecond: 11_999 } },
    `${invalid}Requested ReadUnitsPerSecond for WarmThroughput for table is lower than initial throughput for OnDemand. See: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html#on-demand-capacity-mode-initial`,
  );
});

test("encryption, streams and tags are checked before a table is created", async () => {
  covers("dynamodb.CreateTable");
  const withMember = (more: Request) => table([hash("a")], defined("a"), more);
  const encrypted = (SSESpecification: Request) => withMember({ SSESpecification });
  await check(
    encrypted({ Enabled: false, SSEType: "KMS" }),
    `${invalid}SSEType can not be specified if Enabled is false`,
  );
  await check(
    encrypted({ Enabled: true, KMSMasterKeyId: "alias/mine" }),
    `${invalid}SSEType KMS is required if KMSMasterKeyId is specified`,
  );
  await check(
    encrypted({ Enabled: true, SSEType: "AES256" }),
    `${invalid}SSEType AES256 is not supported`,
  );
  await check(
    withMember({ StreamSpecification: { StreamEnabled: false, StreamViewType: "NEW_IMAGE" } }),
    `${invalid}Table is being created with a stream disabled, UpdateViewType should not be specified`,
  );
  await check(
    withMember({ Tags: [{ Key: "aws:x", Value: "y" }] }),
    "Tag Key cannot be prefixed with aws:, Key: aws:x",
  );
});

test("the table's name has 3 to 255 of certain characters", async () => {
  covers("dynamodb.CreateTable");
  const failed = (name: string, constraint: string): string =>
    `1 validation error detected: Value '${name}' at 'tableName' failed to satisfy constraint: ${constraint}`;
  const named = (TableName: string) => ({ ...table([hash("a")], defined("a")), TableName });
  const long = "a".repeat(256);
  await check(named("ab"), failed("ab", "Member must have length greater than or equal to 3"));
  await check(named(long), failed(long, "Member must have length less than or equal to 255"));
  await check(
    named("abc;"),
    failed("abc;", "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"),
  );
});

test("the table's key has one partition attribute, then at most one sort attribute, all defined", async () => {
  covers("dynamodb.CreateTable");
  const noDefinition = "Invalid KeySchema: Some index key attribute have no definition";
  await check(table([hash("a"), hash("a")], []), noDefinition);
  await check(table([hash("a"), range("b")], defined("b")), noDefinition);
  await check(
    table([hash("a")], defined("b")),
    `${invalid}Some index key attributes are not defined in AttributeDefinitions. Keys: [a], AttributeDefinitions: [b]`,
  );
  await check(
    table([hash("a"), hash("a")], defined("a", "b")),
    "Both the Hash Key and the Range Key element in the KeySchema have the same name",
  );
  await check(
    table([range("a"), hash("b")], defined("a", "b")),
    "Invalid KeySchema: The first KeySchemaElement is not a HASH key type",
  );
  await check(
    table([hash("a"), hash("b")], defined("a", "b")),
    "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type",
  );
  await check(
    table([hash("a"), range("b"), range("c")], defined("a", "b", "c")),
    "1 validation error detected: Value '[KeySchemaElement(attributeName=a, keyType=HASH), KeySchemaElement(attributeName=b, keyType=RANGE), KeySchemaElement(attributeName=c, keyType=RANGE)]' at 'keySchema' failed to satisfy constraint: Member must have length less than or equal to 2",
  );
});

test("each attribute is defined once and needed by a key", async () => {
  covers("dynamodb.CreateTable");
  await check(
    table([hash("a")], defined("a", "b")),
    `${invalid}Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions`,
  );
  await check(
    table([hash("a")], defined("a", "b", "c"), {
      GlobalSecondaryIndexes: [{ IndexName: "abc", KeySchema: [hash("b")], Projection: all }],
    }),
    `${invalid}Some AttributeDefinitions are not used. AttributeDefinitions: [a, b, c], keys used: [a, b]`,
  );
  await check(table([hash("a")], defined("a", "a")), "Attribute Name is duplicated: a");
  await check(
    { TableName: "abc", BillingMode: "PAY_PER_REQUEST" },
    "2 validation errors detected: Value null at 'attributeDefinitions' failed to satisfy constraint: Member must not be null; Value null at 'keySchema' failed to satisfy constraint: Member must not be null",
  );
});

test("local indexes share the table's partition key and have a sort key of their own", async () => {
  covers("dynamodb.CreateTable");
  const local = (...LocalSecondaryIndexes: readonly Request[]) =>
    table([hash("a"), range("b")], defined("a", "b"), { LocalSecondaryIndexes });
  const index = (KeySchema: unknown, Projection: unknown = all, IndexName = "abc") => ({
    IndexName,
    KeySchema,
    Projection,
  });
  await check(
    table([hash("a")], defined("a"), { LocalSecondaryIndexes: [] }),
    `${invalid}List of LocalSecondaryIndexes is empty`,
  );
  await check(
    table([hash("a")], defined("a"), { LocalSecondaryIndexes: [index([hash("a")])] }),
    `${invalid}Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex`,
  );
  await check(
    local(index([hash("a"), range("c")])),
    `${invalid}Some index key attributes are not defined in AttributeDefinitions. Keys: [a, c], AttributeDefinitions: [a, b]`,
  );
  await check(
    local(index([range("a")])),
    "Invalid KeySchema: The first KeySchemaElement is not a HASH key type",
  );
  await check(
    local(index([hash("a"), range("a")])),
    "Both the Hash Key and the Range Key element in the KeySchema have the same name",
  );
  await check(
    local(index([hash("b")])),
    `${invalid}Index KeySchema does not have a range key for index: abc`,
  );
  await check(
    local(index([hash("b"), range("a")])),
    `${invalid}Index KeySchema does not have the same leading hash key as table KeySchema for index: abc. index hash key: b, table hash key: a`,
  );
  const key = [hash("a"), range("b")];
  await check(local(index(key, {})), `${invalid}Unknown ProjectionType: null`);
  await check(
    local(index(key, { ProjectionType: "ALL", NonKeyAttributes: ["a"] })),
    `${invalid}ProjectionType is ALL, but NonKeyAttributes is specified`,
  );
  await check(
    local(index(key, { ProjectionType: "KEYS_ONLY", NonKeyAttributes: ["a"] })),
    `${invalid}ProjectionType is KEYS_ONLY, but NonKeyAttributes is specified`,
  );
  await check(local(index(key), index(key)), `${invalid}Duplicate index name: abc`);
  await check(
    local(...["ab1", "ab2", "ab3", "ab4", "ab5", "ab6"].map((name) => index(key, all, name))),
    `${invalid}Number of LocalSecondaryIndexes exceeds per-table limit of 5`,
  );
});

test("global indexes have keys, projections, throughput and names that fit", async () => {
  covers("dynamodb.CreateTable");
  const globals = (...GlobalSecondaryIndexes: readonly Request[]) =>
    table([hash("a")], defined("a", "b"), { GlobalSecondaryIndexes });
  const index = (KeySchema: unknown, more: Request = {}) => ({
    IndexName: "abc",
    KeySchema,
    Projection: all,
    ...more,
  });
  await check(globals(), `${invalid}List of GlobalSecondaryIndexes is empty`);
  await check(
    globals(index([hash("x")])),
    `${invalid}Some index key attributes are not defined in AttributeDefinitions. Keys: [x], AttributeDefinitions: [a, b]`,
  );
  await check(
    globals(index([range("a"), range("b")])),
    "Invalid KeySchema: The first KeySchemaElement is not a HASH key type",
  );
  await check(
    globals(index([hash("b"), range("b")])),
    "Both the Hash Key and the Range Key element in the KeySchema have the same name",
  );
  await check(
    globals(index([hash("b")], { ProvisionedThroughput: units(1) })),
    `${invalid}ProvisionedThroughput should not be specified for index: abc when BillingMode is PAY_PER_REQUEST`,
  );
  await check(
    {
      ...globals(index([hash("b")])),
      BillingMode: "PROVISIONED",
      ProvisionedThroughput: units(1),
    },
    `${invalid}ProvisionedThroughput is not specified for index: abc`,
  );
  await check(
    globals(index([hash("b")]), index([hash("b")])),
    `${invalid}Duplicate index name: abc`,
  );
  await check(
    globals(index([hash("b")], { Projection: { ProjectionType: "INCLUDE" } })),
    `${invalid}ProjectionType is INCLUDE, but NonKeyAttributes is not specified`,
  );
  await check(
    globals(
      index([hash("b")], {
        Projection: { ProjectionType: "INCLUDE", NonKeyAttributes: ["x", "y", "x"] },
      }),
    ),
    `${invalid}Duplicate element in NonKeyAttributes: x`,
  );
  await check(
    globals(...Array.from({ length: 21 }, (_, at) => index([hash("b")], { IndexName: `i-${at}` }))),
    `${invalid}GlobalSecondaryIndex count exceeds the per-table limit of 20`,
  );
});

test("keys of several attributes put partition attributes first, at most four of each kind", async () => {
  covers("dynamodb.CreateTable");
  const index = (...KeySchema: readonly ReturnType<typeof hash>[]) => {
    const names = new Set(["a", ...KeySchema.map((element) => element.AttributeName)]);
    return table([hash("a")], defined(...names), {
      GlobalSecondaryIndexes: [{ IndexName: "abc", KeySchema, Projection: all }],
    });
  };
  await check(
    index(hash("b"), hash("b")),
    "The KeySchema contains multiple key attributes with the same name",
  );
  await check(
    index(hash("b"), range("c"), hash("d")),
    `${invalid}All HASH key attributes must precede RANGE key attributes in the KeySchema`,
  );
  await check(
    index(hash("a"), hash("b"), hash("c"), hash("d"), hash("e")),
    `${invalid}The KeySchema exceeds the maximum allowed number of HASH key attributes`,
  );
  await check(
    index(hash("a"), range("b"), range("c"), range("d"), range("e"), range("f")),
    `${invalid}The KeySchema exceeds the maximum allowed number of RANGE key attributes`,
  );
});
