import assert from "node:assert/strict";
import test from "node:test";
import {
  type AttributeValue,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DeleteItemCommandInput,
  GetItemCommand,
  type GetItemCommandInput,
  PutItemCommand,
  type PutItemCommandInput,
} from "@aws-sdk/client-dynamodb";
import { covers } from "../../support/covers.ts";
import {
  indexedTable,
  makeTable,
  plainTable,
  refusal,
  refusalError,
} from "../../support/dynamodb-tables.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();

type Without<T> = Omit<T, "TableName">;

/** A fresh account with both tables. */
async function setUp() {
  const account = tule.newAccount();
  const client = tule.dynamodb(account);
  await Promise.all([makeTable(client, plainTable), makeTable(client, indexedTable)]);
  return {
    account,
    client,
    put: (input: Without<PutItemCommandInput>, TableName = "plain") =>
      client.send(new PutItemCommand({ TableName, ...input })),
    get: (input: Without<GetItemCommandInput>, TableName = "plain") =>
      client.send(new GetItemCommand({ TableName, ...input })),
    remove: (input: Without<DeleteItemCommandInput>, TableName = "plain") =>
      client.send(new DeleteItemCommand({ TableName, ...input })),
  };
}

const pk = (value: string): Record<string, AttributeValue> => ({ pk: { S: value } });
const invalid = (message: string): string => `ValidationException: ${message}`;
const enveloped = (message: string): string => invalid(`1 validation error detected: ${message}`);
const parameters = "One or more parameter values were invalid: ";

test("an item comes back as it was put, of whatever types", async () => {
  covers("dynamodb.PutItem", "dynamodb.GetItem");
  const { put, get } = await setUp();
  const Item: Record<string, AttributeValue> = {
    ...pk("ä€😀"),
    text: { S: "" },
    number: { N: "-0.000123" },
    binary: { B: new Uint8Array([0, 255, 10]) },
    empty: { B: new Uint8Array() },
    yes: { BOOL: true },
    nothing: { NULL: true },
    texts: { SS: ["a", "b"] },
    numbers: { NS: ["1", "2.5"] },
    binaries: { BS: [new Uint8Array([1]), new Uint8Array([2])] },
    list: { L: [{ S: "x" }, { L: [] }, { M: {} }] },
    map: { M: { a: { M: { b: { N: "1" } } } } },
    constructor: { S: "a name like others" },
    __proto: { S: "this one too" },
  };
  assert.deepEqual(without(await put({ Item })), {});
  assert.deepEqual((await get({ Key: pk("ä€😀") })).Item, Item);
  assert.deepEqual((await get({ Key: pk("ä€😀"), ConsistentRead: true })).Item, Item);
});

test("numbers come back in their normal form", async () => {
  covers("dynamodb.PutItem");
  const { put, get } = await setUp();
  await put({
    Item: { ...pk("n"), a: { N: "+01.500" }, b: { N: "1e3" }, c: { NS: ["1.0", "2E-2"] } },
  });
  const { Item } = await get({ Key: pk("n") });
  assert.deepEqual(Item?.["a"], { N: "1.5" });
  assert.deepEqual(Item?.["b"], { N: "1000" });
  assert.deepEqual(new Set(Item?.["c"]?.NS), new Set(["1", "0.02"]));
});

test("sets come back in the order of their members", async () => {
  covers("dynamodb.PutItem");
  const { put, get } = await setUp();
  await put({
    Item: { ...pk("s"), texts: { SS: ["b", "a", ""] }, numbers: { NS: ["10", "9.50", "-1"] } },
  });
  assert.deepEqual((await get({ Key: pk("s") })).Item, {
    ...pk("s"),
    texts: { SS: ["", "a", "b"] },
    numbers: { NS: ["-1", "9.5", "10"] },
  });
});

test("a key that nothing stands under answers without an item", async () => {
  covers("dynamodb.GetItem");
  const { get } = await setUp();
  assert.deepEqual(without(await get({ Key: pk("nobody") })), {});
});

test("PutItem replaces the whole item, and returns the old one if asked", async () => {
  covers("dynamodb.PutItem");
  const { put, get } = await setUp();
  assert.deepEqual(
    without(await put({ Item: { ...pk("a"), x: { N: "1" } }, ReturnValues: "ALL_OLD" })),
    {},
  );
  const { Attributes } = await put({
    Item: { ...pk("a"), y: { N: "2" } },
    ReturnValues: "ALL_OLD",
  });
  assert.deepEqual(Attributes, { ...pk("a"), x: { N: "1" } });
  assert.deepEqual((await get({ Key: pk("a") })).Item, { ...pk("a"), y: { N: "2" } });
  assert.deepEqual(without(await put({ Item: pk("a"), ReturnValues: "NONE" })), {});
});

test("DeleteItem takes an item away, and returns it if asked; deleting nothing is fine", async () => {
  covers("dynamodb.DeleteItem");
  const { put, get, remove } = await setUp();
  await put({ Item: { ...pk("a"), x: { N: "1" } } });
  const { Attributes } = await remove({ Key: pk("a"), ReturnValues: "ALL_OLD" });
  assert.deepEqual(Attributes, { ...pk("a"), x: { N: "1" } });
  assert.equal((await get({ Key: pk("a") })).Item, undefined);
  assert.deepEqual(without(await remove({ Key: pk("a"), ReturnValues: "ALL_OLD" })), {});
});

test("a table may be named by its ARN; another account's table is denied", async () => {
  covers("dynamodb.PutItem", "dynamodb.GetItem", "dynamodb.DeleteItem");
  const { account, put, get, remove } = await setUp();
  const arn = `arn:aws:dynamodb:us-east-1:${account}:table/plain`;
  await put({ Item: pk("a") }, arn);
  const { Item, ConsumedCapacity } = await get(
    { Key: pk("a"), ReturnConsumedCapacity: "TOTAL" },
    arn,
  );
  assert.deepEqual(Item, pk("a"));
  assert.deepEqual(ConsumedCapacity, { TableName: arn, CapacityUnits: 0.5 });
  await remove({ Key: pk("a") }, arn);
  const foreign = "arn:aws:dynamodb:us-east-1:999999999999:table/plain";
  assert.match(await refusal(get({ Key: pk("a") }, foreign)), /^AccessDeniedException: User: /);
  const elsewhere = `arn:aws:dynamodb:eu-west-1:${account}:table/plain`;
  assert.equal(
    await refusal(get({ Key: pk("a") }, elsewhere)),
    enveloped(`Invalid AWS region in '${elsewhere}'`),
  );
});

test("a table that does not exist is found missing before the key is looked at", async () => {
  covers("dynamodb.PutItem", "dynamodb.GetItem", "dynamodb.DeleteItem");
  const { put, get, remove } = await setUp();
  const missing = "ResourceNotFoundException: Requested resource not found";
  assert.equal(await refusal(put({ Item: { x: { S: "" } } }, "nobody")), missing);
  assert.equal(await refusal(get({ Key: {} }, "nobody")), missing);
  assert.equal(await refusal(remove({ Key: {} }, "nobody")), missing);
});

test("a Key must be exactly the table's key", async () => {
  covers("dynamodb.GetItem", "dynamodb.DeleteItem");
  const { get, remove } = await setUp();
  const mismatch = invalid("The provided key element does not match the schema");
  for (const request of [get, remove]) {
    for (const Key of [{}, { x: { S: "a" } }, { pk: { N: "1" } }, { ...pk("a"), x: { S: "a" } }]) {
      assert.equal(await refusal(request({ Key })), mismatch);
    }
    assert.equal(await refusal(request({ Key: pk("a") }, "indexed")), mismatch);
    assert.equal(
      await refusal(request({ Key: pk("") })),
      invalid(
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk",
      ),
    );
    assert.equal(
      await refusal(request({ Key: pk("x".repeat(2049)) })),
      invalid(`${parameters}Size of hashkey has exceeded the maximum size limit of2048 bytes`),
    );
  }
});

test("an item must have the table's key, of the right types and sizes", async () => {
  covers("dynamodb.PutItem");
  const { put } = await setUp();
  const refused = (Item: Record<string, AttributeValue>) => refusal(put({ Item }, "indexed"));
  assert.equal(
    await refused({ x: { S: "a" } }),
    invalid(`${parameters}Missing the key pk in the item`),
  );
  assert.equal(await refused(pk("a")), invalid(`${parameters}Missing the key sk in the item`));
  assert.equal(
    await refused({ ...pk("a"), sk: { S: "1" } }),
    invalid(`${parameters}Type mismatch for key sk expected: N actual: S`),
  );
  assert.equal(
    await refused({ pk: { M: {} }, sk: { N: "1" } }),
    invalid(`${parameters}Type mismatch for key pk expected: S actual: M`),
  );
  assert.equal(
    await refused({ ...pk(""), sk: { N: "1" } }),
    invalid(
      "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk",
    ),
  );
  await put({ Item: pk("x".repeat(2048)) });
  await put({ Item: pk("€".repeat(682)) });
  assert.equal(
    await refusal(put({ Item: pk("€".repeat(683)) })),
    invalid(`${parameters}Size of hashkey has exceeded the maximum size limit of2048 bytes`),
  );
});

test("sort keys are limited to 1024 bytes", async () => {
  covers("dynamodb.PutItem", "dynamodb.GetItem");
  const { client, put, get } = await setUp();
  await makeTable(client, {
    TableName: "sorted",
    AttributeDefinitions: [
      { AttributeName: "pk", AttributeType: "S" },
      { AttributeName: "sk", AttributeType: "B" },
    ],
    KeySchema: [
      { AttributeName: "pk", KeyType: "HASH" },
      { AttributeName: "sk", KeyType: "RANGE" },
    ],
    BillingMode: "PAY_PER_REQUEST",
  });
  const key = (bytes: number) => ({ ...pk("p".repeat(2048)), sk: { B: new Uint8Array(bytes) } });
  await put({ Item: key(1024) }, "sorted");
  assert.deepEqual((await get({ Key: key(1024) }, "sorted")).Item, key(1024));
  const tooLong = invalid(
    `${parameters}Aggregated size of all range keys has exceeded the size limit of 1024 bytes`,
  );
  assert.equal(await refusal(put({ Item: key(1025) }, "sorted")), tooLong);
  assert.equal(await refusal(get({ Key: key(1025) }, "sorted")), tooLong);
  assert.equal(
    await refusal(put({ Item: key(0) }, "sorted")),
    invalid(
      "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty binary value. Key: sk",
    ),
  );
});

test("keys of indexes must have the right types and sizes", async () => {
  covers("dynamodb.PutItem");
  const { put } = await setUp();
  const key = { ...pk("a"), sk: { N: "1" } };
  const refused = (more: Record<string, AttributeValue>) =>
    refusal(put({ Item: { ...key, ...more } }, "indexed"));
  assert.equal(
    await refused({ g: { N: "1" } }),
    invalid(`${parameters}Type mismatch for Index Key g Expected: S Actual: N IndexName: by-g`),
  );
  assert.equal(
    await refused({ h: { L: [] } }),
    invalid(`${parameters}Type mismatch for Index Key h Expected: N Actual: L IndexName: by-h`),
  );
  assert.equal(
    await refused({ l: { S: "" } }),
    invalid(
      "One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty string value. IndexName: by-l, IndexKey: l",
    ),
  );
  assert.equal(
    await refused({ g: { S: "x".repeat(2049) } }),
    invalid(
      `${parameters}Size limit exceeded for Index Key g Actual Size: 2049 bytes Max Size: 2048 bytes IndexName: by-g`,
    ),
  );
  assert.equal(
    await refused({ l: { S: "x".repeat(1025) } }),
    invalid(
      `${parameters}Size limit exceeded for Index Key l Actual Size: 1025 bytes Max Size: 1024 bytes IndexName: by-l`,
    ),
  );
  await put(
    { Item: { ...key, g: { S: "x".repeat(2048) }, l: { S: "x".repeat(1024) } } },
    "indexed",
  );
});

test("an item may have 400 KB and no more", async () => {
  covers("dynamodb.PutItem");
  const { put } = await setUp();
  // "pk" and its value take three bytes, the name "v" one.
  await put({ Item: { ...pk("a"), v: { S: "x".repeat(409_600 - 4) } } });
  assert.equal(
    await refusal(put({ Item: { ...pk("a"), v: { S: "x".repeat(409_600 - 3) } } })),
    invalid("Item size has exceeded the maximum allowed size"),
  );
});

test("a condition decides over PutItem and DeleteItem", async () => {
  covers("dynamodb.PutItem", "dynamodb.DeleteItem");
  const { put, get, remove } = await setUp();
  const ifNew = { ConditionExpression: "attribute_not_exists(pk)" };
  await put({ Item: { ...pk("a"), x: { N: "1" } }, ...ifNew });
  const failed = "ConditionalCheckFailedException: The conditional request failed";
  assert.equal(await refusal(put({ Item: pk("a"), ...ifNew })), failed);
  const ifX = (value: string) => ({
    ConditionExpression: "#x = :x",
    ExpressionAttributeNames: { "#x": "x" },
    ExpressionAttributeValues: { ":x": { N: value } },
  });
  assert.equal(await refusal(remove({ Key: pk("a"), ...ifX("2") })), failed);
  assert.equal(await refusal(remove({ Key: pk("nobody"), ...ifX("2") })), failed);
  assert.deepEqual((await get({ Key: pk("a") })).Item, { ...pk("a"), x: { N: "1" } });
  await remove({ Key: pk("a"), ...ifX("1.0") });
  assert.equal((await get({ Key: pk("a") })).Item, undefined);
});

test("a failed condition shows the item if asked", async () => {
  covers("dynamodb.PutItem", "dynamodb.DeleteItem");
  const { put, remove } = await setUp();
  const Item = { ...pk("a"), x: { N: "1" } };
  await put({ Item });
  const condition = { ConditionExpression: "attribute_exists(nothing)" };
  const all = { ...condition, ReturnValuesOnConditionCheckFailure: "ALL_OLD" } as const;
  for (const request of [put({ Item, ...all }), remove({ Key: pk("a"), ...all })]) {
    const error = await refusalError(request);
    assert(error instanceof ConditionalCheckFailedException);
    assert.deepEqual(error.Item, Item);
  }
  for (const request of [
    put({ Item, ...condition }),
    put({ Item, ...condition, ReturnValuesOnConditionCheckFailure: "NONE" }),
    put({ Item: pk("nobody"), ...all }),
  ]) {
    const error = await refusalError(request);
    assert(error instanceof ConditionalCheckFailedException);
    assert.equal(error.Item, undefined);
  }
});

test("Expected decides as expressions do", async () => {
  covers("dynamodb.PutItem", "dynamodb.DeleteItem");
  const { put, remove } = await setUp();
  const failed = "ConditionalCheckFailedException: The conditional request failed";
  await put({ Item: { ...pk("a"), x: { N: "1" } }, Expected: { pk: { Exists: false } } });
  assert.equal(await refusal(put({ Item: pk("a"), Expected: { pk: { Exists: false } } })), failed);
  await put({ Item: { ...pk("a"), x: { N: "2" } }, Expected: { x: { Value: { N: "1" } } } });
  const either = {
    Expected: {
      x: { ComparisonOperator: "GT", AttributeValueList: [{ N: "5" }] },
      y: { ComparisonOperator: "NULL" },
    },
  } as const;
  const Expected = {
    x: { ...either.Expected.x, AttributeValueList: [{ N: "5" }] },
    y: either.Expected.y,
  };
  assert.equal(await refusal(remove({ Key: pk("a"), Expected })), failed);
  await remove({ Key: pk("a"), Expected, ConditionalOperator: "OR" });
});

test("ReturnValues of PutItem and DeleteItem is ALL_OLD or NONE", async () => {
  covers("dynamodb.PutItem", "dynamodb.DeleteItem");
  const { put, remove } = await setUp();
  const message = enveloped("ReturnValues can only be ALL_OLD or NONE");
  for (const ReturnValues of ["ALL_NEW", "UPDATED_NEW", "UPDATED_OLD"] as const) {
    assert.equal(await refusal(put({ Item: pk("a"), ReturnValues })), message);
    assert.equal(await refusal(remove({ Key: pk("a"), ReturnValues })), message);
  }
});

test("what is wrong with a write's parameters is said in an envelope, before the table is looked for", async () => {
  covers("dynamodb.PutItem", "dynamodb.DeleteItem");
  const { put, remove } = await setUp();
  const cases: [Omit<PutItemCommandInput, "TableName" | "Item">, string][] = [
    [
      { Expected: { x: { Exists: false } }, ConditionExpression: "attribute_exists(x)" },
      "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {Expected} Expression parameters: {ConditionExpression}",
    ],
    [
      { ExpressionAttributeNames: { "#a": "a" } },
      "ExpressionAttributeNames can only be specified when using expressions",
    ],
    [
      { ExpressionAttributeValues: { ":a": { S: "a" } } },
      "ExpressionAttributeValues can only be specified when using expressions",
    ],
    [
      { ConditionExpression: "attribute_exists(a)", ExpressionAttributeValues: {} },
      "ExpressionAttributeValues must not be empty",
    ],
    [{ ConditionExpression: "" }, "Invalid ConditionExpression: The expression can not be empty;"],
    [
      { ConditionExpression: "a = :v" },
      "Invalid ConditionExpression: An expression attribute value used in expression is not defined; attribute value: :v",
    ],
    [
      { ConditionExpression: "a = :v", ExpressionAttributeValues: { ":v": { N: "abc" } } },
      "The parameter cannot be converted to a numeric value: abc",
    ],
    [
      {
        ConditionExpression: "a = :v",
        ExpressionAttributeValues: { ":v": { SS: ["b", "a", "b"] } },
      },
      `${parameters}Input collection ["a", "b", "b"] contains duplicates.`,
    ],
    [
      { Expected: { a: { Exists: true } } },
      `${parameters}Value must be provided when Exists is true for Attribute: a`,
    ],
    [
      { ConditionalOperator: "OR" },
      "ConditionalOperator cannot be used without Filter or Expected",
    ],
  ];
  for (const [input, message] of cases) {
    assert.equal(await refusal(put({ Item: pk("a"), ...input }, "nobody")), enveloped(message));
    assert.equal(await refusal(remove({ Key: pk("a"), ...input }, "nobody")), enveloped(message));
  }
  assert.equal(
    await refusal(put({ Item: { ...pk("a"), n: { N: "1e126" } } }, "nobody")),
    enveloped(
      "Number overflow. Attempting to store a number with magnitude larger than supported range",
    ),
  );
});

test("an attribute must have a name", async () => {
  covers("dynamodb.PutItem");
  const { put } = await setUp();
  const Item = { ...pk("a"), "": { S: "x" } };
  assert.equal(await refusal(put({ Item })), enveloped("Empty attribute name"));
});

test("a condition may not look into a key", async () => {
  covers("dynamodb.PutItem", "dynamodb.GetItem");
  const { put, get } = await setUp();
  const scalars =
    "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: ";
  const Item = { ...pk("a"), sk: { N: "1" } };
  assert.equal(
    await refusal(put({ Item, ConditionExpression: "attribute_exists(pk.x)" }, "indexed")),
    invalid(`${scalars}Key: pk`),
  );
  assert.equal(
    await refusal(put({ Item, ConditionExpression: "attribute_exists(g[0])" }, "indexed")),
    invalid(`${scalars}IndexKey: g`),
  );
  assert.equal(
    await refusal(get({ Key: Item, ProjectionExpression: "sk.x" }, "indexed")),
    invalid(`${scalars}Key: sk`),
  );
});

test("GetItem answers the parts that it is asked for", async () => {
  covers("dynamodb.GetItem");
  const { put, get } = await setUp();
  await put({
    Item: {
      ...pk("a"),
      list: { L: [{ N: "0" }, { N: "1" }, { M: { deep: { S: "x" }, other: { S: "y" } } }] },
      other: { S: "z" },
    },
  });
  const Key = pk("a");
  assert.deepEqual(
    (
      await get({
        Key,
        ProjectionExpression: "#l[2].deep, #l[0], nothing",
        ExpressionAttributeNames: { "#l": "list" },
      })
    ).Item,
    { list: { L: [{ N: "0" }, { M: { deep: { S: "x" } } }] } },
  );
  assert.deepEqual((await get({ Key, ProjectionExpression: "nothing" })).Item, {});
  assert.deepEqual((await get({ Key, AttributesToGet: ["other", "pk"] })).Item, {
    ...Key,
    other: { S: "z" },
  });
});

test("what is wrong with a read's parameters is said without an envelope", async () => {
  covers("dynamodb.GetItem");
  const { get } = await setUp();
  const Key = pk("a");
  assert.equal(
    await refusal(get({ Key, AttributesToGet: ["a"], ProjectionExpression: "a" }, "nobody")),
    invalid(
      "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {AttributesToGet} Expression parameters: {ProjectionExpression}",
    ),
  );
  assert.equal(
    await refusal(get({ Key, AttributesToGet: ["a", "a"] }, "nobody")),
    invalid(`${parameters}Duplicate value in attribute name: a`),
  );
  assert.equal(
    await refusal(get({ Key, ProjectionExpression: "a, a.b" }, "nobody")),
    invalid(
      "Invalid ProjectionExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a], path two: [a, b]",
    ),
  );
  assert.equal(
    await refusal(get({ Key, ExpressionAttributeNames: { "#a": "a" } }, "nobody")),
    invalid("ExpressionAttributeNames can only be specified when using expressions"),
  );
  assert.equal(
    await refusal(get({ Key: { pk: { N: "" } } }, "nobody")),
    invalid("The parameter cannot be converted to a numeric value: "),
  );
});

test("attribute values that are no attribute values are refused", async () => {
  covers("dynamodb.PutItem");
  const { account } = await setUp();
  const put = async (value: unknown) => {
    const body = { TableName: "plain", Item: { pk: { S: "a" }, v: value } };
    const { json } = await tule.raw({ target: "DynamoDB_20120810.PutItem", account, body });
    const { __type, message, Message } = json as Record<string, string>;
    return `${__type?.split("#")[1]}: ${message ?? Message}`;
  };
  assert.equal(
    await put({}),
    enveloped(
      "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
    ),
  );
  assert.equal(
    await put({ S: "a", N: "1" }),
    enveloped(
      "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
    ),
  );
  assert.equal(await put({ SS: [] }), enveloped(`${parameters}An string set  may not be empty`));
  assert.equal(
    await put({ NULL: false }),
    enveloped(`${parameters}Null attribute value types must have the value of true`),
  );
  assert.equal(
    await put({ S: 1 }),
    "SerializationException: NUMBER_VALUE cannot be converted to String",
  );
});

/** An answer without the SDK's own member. */
function without<T extends { $metadata: unknown }>(answer: T): Omit<T, "$metadata"> {
  const { $metadata: _, ...rest } = answer;
  return rest;
}
