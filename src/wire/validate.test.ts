import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { WireProblem } from "./protocol.ts";
import { loadServiceModel } from "./shapes.ts";
import { validate } from "./validate.ts";

const dynamodb = await loadServiceModel("dynamodb");

function messageOf(name: string, input: unknown): string | undefined {
  const operation = dynamodb?.operation(name);
  assert(operation, name);
  try {
    validate(operation, input);
    return undefined;
  } catch (error) {
    assert(error instanceof WireProblem, String(error));
    assert.equal(error.code, "ValidationException");
    return error.message;
  }
}

const name256 = "a".repeat(256);
const key = { a: { S: "x" } };

/** Maps within maps. */
function deep(levels: number): object {
  let value: object = { S: "x" };
  for (let level = 0; level < levels; level++) value = { M: { n: value } };
  return value;
}

// The messages are DynamoDB's own, as the public conformance suites (dynalite, dynamodb-conformance) recorded them.
const cases: [what: string, operation: string, input: unknown, message: string | undefined][] = [
  ["a good request", "GetItem", { TableName: "abc", Key: key }, undefined],
  [
    "attribute values, which are the service's to check",
    "GetItem",
    { TableName: "abc", Key: { a: { S: 1, Q: 2 } } },
    undefined,
  ],
  [
    "all that is missing",
    "PutItem",
    {},
    "2 validation errors detected: Value null at 'tableName' failed to satisfy constraint: Member must not be null; " +
      "Value null at 'item' failed to satisfy constraint: Member must not be null",
  ],
  [
    "an empty name, alone",
    "PutItem",
    { TableName: "", Item: {}, ReturnValues: "hi" },
    "1 validation error detected: Value at 'TableName' failed to satisfy constraint: " +
      "Member must have length greater than or equal to 1",
  ],
  [
    "a long name",
    "PutItem",
    { TableName: name256, Item: {} },
    `1 validation error detected: Value '${name256}' at 'tableName' failed to satisfy constraint: ` +
      "Member must have length less than or equal to 255",
  ],
  [
    "a name of wrong characters",
    "PutItem",
    { TableName: "bad table!@#", Item: {} },
    "1 validation error detected: Value 'bad table!@#' at 'tableName' failed to satisfy constraint: " +
      "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
  ],
  [
    "an ARN instead of a name",
    "GetItem",
    { TableName: `arn:aws:dynamodb:us-east-1:000000000000:table/${"a".repeat(255)}`, Key: key },
    undefined,
  ],
  [
    "values outside their enumerations",
    "PutItem",
    {
      TableName: "abc",
      Item: {},
      ReturnValues: "hi",
      ReturnConsumedCapacity: "hi",
      ReturnItemCollectionMetrics: "hi",
    },
    "1 validation error detected: Failed to satisfy constraint: Member must satisfy enum value set: " +
      "[ALL_OLD, UPDATED_OLD, ALL_NEW, UPDATE_NEW, NONE]",
  ],
  [
    "all of it where a required member is missing",
    "UpdateItem",
    { TableName: "", ReturnValues: "hi", ReturnConsumedCapacity: "hi" },
    "4 validation errors detected: Value 'hi' at 'returnConsumedCapacity' failed to satisfy constraint: " +
      "Member must satisfy enum value set: [INDEXES, TOTAL, NONE]; " +
      "Value '' at 'tableName' failed to satisfy constraint: Member must have length greater than or equal to 1; " +
      "Value 'hi' at 'returnValues' failed to satisfy constraint: " +
      "Member must satisfy enum value set: [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]; " +
      "Value null at 'key' failed to satisfy constraint: Member must not be null",
  ],
  [
    "values outside their enumerations in a very deep request",
    "DeleteItem",
    { TableName: "abc", Key: { a: deep(63) }, ReturnValues: "hi" },
    "1 validation error detected: Value 'hi' at 'returnValues' failed to satisfy constraint: " +
      "Member must satisfy enum value set: [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]",
  ],
  [
    "a number below its range",
    "Scan",
    { TableName: "abc", Limit: 0 },
    "1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: " +
      "Member must have value greater than or equal to 1",
  ],
  [
    "the same in Query",
    "Query",
    { TableName: "abc", Limit: 0 },
    "1 validation error detected: Value at 'Limit' failed to satisfy constraint: " +
      "Member must have value greater than or equal to 1",
  ],
  [
    "too many keys of a batch",
    "BatchGetItem",
    { RequestItems: { abc: { Keys: Array.from({ length: 101 }, () => ({ pk: { S: "x" } })) } } },
    "1 validation error detected: Value at 'RequestItems.abc.member.Keys' failed to satisfy constraint: " +
      "Member must have length less than or equal to 100",
  ],
  [
    "a number above its range",
    "ListTables",
    { Limit: 101 },
    "1 validation error detected: Value '101' at 'limit' failed to satisfy constraint: " +
      "Member must have value less than or equal to 100",
  ],
  [
    "a new table without a name",
    "CreateTable",
    { KeySchema: [] },
    "The parameter 'TableName' is required but was not present in the request",
  ],
  [
    "a short name for a new table",
    "CreateTable",
    {
      TableName: "ab",
      AttributeDefinitions: [],
      KeySchema: [{ AttributeName: "a", KeyType: "HASH" }],
    },
    "1 validation error detected: Value 'ab' at 'tableName' failed to satisfy constraint: " +
      "Member must have length greater than or equal to 3",
  ],
  [
    "a nested enumeration",
    "CreateTable",
    {
      TableName: "abc",
      AttributeDefinitions: [{ AttributeName: "a", AttributeType: "INVALID" }],
      KeySchema: [{ AttributeName: "a", KeyType: "INVALID" }],
    },
    "2 validation errors detected: " +
      "Value 'INVALID' at 'attributeDefinitions.1.member.attributeType' failed to satisfy constraint: " +
      "Member must satisfy enum value set: [B, N, S]; " +
      "Value 'INVALID' at 'keySchema.1.member.keyType' failed to satisfy constraint: " +
      "Member must satisfy enum value set: [HASH, RANGE]",
  ],
  [
    "too many elements",
    "CreateTable",
    {
      TableName: "abc",
      AttributeDefinitions: [],
      KeySchema: [
        { AttributeName: "pk", KeyType: "HASH" },
        { AttributeName: "sk", KeyType: "RANGE" },
        { AttributeName: "extra", KeyType: "RANGE" },
      ],
    },
    "1 validation error detected: Value '[KeySchemaElement(attributeName=pk, keyType=HASH), " +
      "KeySchemaElement(attributeName=sk, keyType=RANGE), KeySchemaElement(attributeName=extra, keyType=RANGE)]' " +
      "at 'keySchema' failed to satisfy constraint: Member must have length less than or equal to 2",
  ],
  [
    "an empty batch",
    "BatchWriteItem",
    { RequestItems: {} },
    "The requestItems parameter is required for BatchWriteItem",
  ],
  [
    "a batch's names behind what else is wrong",
    "BatchWriteItem",
    { RequestItems: { "a;": [{ PutRequest: { Item: {} } }] }, ReturnConsumedCapacity: "hi" },
    "1 validation error detected: Value 'hi' at 'returnConsumedCapacity' failed to satisfy constraint: " +
      "Member must satisfy enum value set: [INDEXES, TOTAL, NONE]",
  ],
  [
    "the keys and values of a map",
    "BatchGetItem",
    { RequestItems: { "a;": { Keys: [] } } },
    `2 validation errors detected: Value '{"a;":{"Keys":[]}}' at 'requestItems' failed to satisfy constraint: ` +
      "Map keys must satisfy constraint: [Member must have length less than or equal to 255, " +
      "Member must have length greater than or equal to 3, " +
      "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+]; " +
      "Value at 'RequestItems.a;.member.Keys' failed to satisfy constraint: " +
      "Member must have length greater than or equal to 1",
  ],
  [
    "a null among scalars",
    "GetItem",
    { TableName: "abc", Key: key, AttributesToGet: ["a", null] },
    "1 validation error detected: Value null at 'attributesToGet.2.member' failed to satisfy constraint: " +
      "Member must not be null",
  ],
  [
    "scalars in a list, which are reported with the list",
    "CreateTable",
    {
      TableName: "abc",
      LocalSecondaryIndexes: [
        {
          IndexName: "index",
          KeySchema: [{ AttributeName: "a", KeyType: "HASH" }],
          Projection: { NonKeyAttributes: ["a", ""] },
        },
      ],
    },
    "1 validation error detected: Value '[a, ]' at 'localSecondaryIndexes.1.member.projection.nonKeyAttributes' failed to satisfy constraint: " +
      "Member must satisfy constraint: [Member must have length less than or equal to 255, " +
      "Member must have length greater than or equal to 1]",
  ],
];

describe("validation by model", () => {
  for (const [what, operation, input, message] of cases) {
    it(`answers ${what}`, () => {
      assert.equal(messageOf(operation, input), message);
    });
  }

  it("reports many elements of a batch as DynamoDB does", () => {
    const requests = Array.from({ length: 26 }, (_, index) => ({
      PutRequest: { Item: { pk: { S: `${index}` } } },
    }));
    const message = messageOf("BatchWriteItem", { RequestItems: { abc: requests } });
    assert.match(
      message ?? "",
      /^1 validation error detected: Value '\{abc=\[.+\]\}' at 'requestItems' failed to satisfy constraint: Map value must satisfy constraint: \[Member must have length less than or equal to 25, Member must have length greater than or equal to 1\]$/,
    );
  });

  it("counts characters, not UTF-16 units", () => {
    const input = (token: string) => ({ TransactItems: [{}], ClientRequestToken: token });
    assert.equal(messageOf("TransactWriteItems", input("😀".repeat(36))), undefined);
    assert.match(
      messageOf("TransactWriteItems", input("😀".repeat(37))) ?? "",
      /less than or equal to 36/,
    );
  });

  it("reports ten problems at most", () => {
    const AttributeDefinitions = Array.from({ length: 100 }, () => ({}));
    assert.match(
      messageOf("CreateTable", { TableName: "abc", AttributeDefinitions }) ?? "",
      /^10 validation errors detected/,
    );
  });
});
