import assert from "node:assert/strict";
import test from "node:test";
import {
  type AttributeValue,
  ConditionalCheckFailedException,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
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

type Attributes = Record<string, AttributeValue>;

async function setUp() {
  const client = tule.dynamodb();
  await Promise.all([makeTable(client, plainTable), makeTable(client, indexedTable)]);
  return {
    client,
    put: (Item: Attributes, TableName = "plain") =>
      client.send(new PutItemCommand({ TableName, Item })),
    get: async (Key: Attributes, TableName = "plain") =>
      (await client.send(new GetItemCommand({ TableName, Key }))).Item,
    update: (
      Key: Attributes,
      UpdateExpression: string | undefined,
      values?: Attributes,
      more: Partial<UpdateItemCommandInput> = {},
    ) =>
      client.send(
        new UpdateItemCommand({
          TableName: "plain",
          Key,
          UpdateExpression,
          ExpressionAttributeValues: values,
          ...more,
        }),
      ),
  };
}

const pk = (value: string): Attributes => ({ pk: { S: value } });
const N = (value: string | number): AttributeValue => ({ N: String(value) });
const S = (value: string): AttributeValue => ({ S: value });
const invalid = (message: string): string => `ValidationException: ${message}`;
const enveloped = (message: string): string => invalid(`1 validation error detected: ${message}`);
const parameters = "One or more parameter values were invalid: ";

test("UpdateItem makes the item where there is none", async () => {
  covers("dynamodb.UpdateItem");
  const { update, get } = await setUp();
  await update(pk("a"), "SET x = :x", { ":x": N(1) });
  assert.deepEqual(await get(pk("a")), { ...pk("a"), x: N(1) });
  await update(pk("b"), undefined);
  assert.deepEqual(await get(pk("b")), pk("b"));
});

test("an update that only takes away makes no item", async () => {
  covers("dynamodb.UpdateItem");
  const { update, get } = await setUp();
  // Verified at AWS by scylladb/scylladb#5862.
  const { Attributes } = await update(pk("a"), "REMOVE x", undefined, { ReturnValues: "ALL_NEW" });
  assert.equal(Attributes, undefined);
  assert.equal(await get(pk("a")), undefined);
});

test("SET, REMOVE, ADD and DELETE change what they name and leave the rest", async () => {
  covers("dynamodb.UpdateItem");
  const { put, update, get } = await setUp();
  await put({
    ...pk("a"),
    count: N(10),
    elements: { L: [N(0), N(1), N(2)] },
    doc: { M: { deep: { M: { x: N(1) } }, gone: S("g") } },
    tags: { SS: ["a", "b", "c"] },
    kept: S("kept"),
  });
  await update(
    pk("a"),
    "SET #count = #count - :two, doc.deep.y = if_not_exists(doc.deep.x, :zero), newer = list_append(:first, elements) " +
      "REMOVE elements[1], doc.gone ADD hits :two DELETE tags :ab",
    { ":two": N(2), ":zero": N(0), ":first": { L: [S("first")] }, ":ab": { SS: ["a", "b"] } },
    { ExpressionAttributeNames: { "#count": "count" } },
  );
  assert.deepEqual(await get(pk("a")), {
    ...pk("a"),
    count: N(8),
    elements: { L: [N(0), N(2)] },
    doc: { M: { deep: { M: { x: N(1), y: N(1) } } } },
    tags: { SS: ["c"] },
    kept: S("kept"),
    hits: N(2),
    newer: { L: [S("first"), N(0), N(1), N(2)] },
  });
});

test("concurrent counters lose nothing", async () => {
  covers("dynamodb.UpdateItem");
  const { update, get } = await setUp();
  const additions = Array.from({ length: 50 }, () =>
    update(pk("a"), "ADD hits :one", { ":one": N(1) }),
  );
  await Promise.all(additions);
  assert.deepEqual(await get(pk("a")), { ...pk("a"), hits: N(50) });
});

test("every ReturnValues of an update of an item that is there", async () => {
  covers("dynamodb.UpdateItem");
  const { put, update } = await setUp();
  const before = {
    ...pk("a"),
    x: N(1),
    doc: { M: { p: N(1), q: N(2) } },
    list: { L: [N(0), N(1)] },
    other: S("o"),
  };
  const after = { ...before, x: N(2), doc: { M: { p: N(1), q: N(3) } }, fresh: N(2) };
  const returned = async (ReturnValues: UpdateItemCommandInput["ReturnValues"]) => {
    await put(before);
    const answer = await update(
      pk("a"),
      "SET x = :two, doc.q = :three, fresh = :two",
      { ":two": N(2), ":three": N(3) },
      { ReturnValues },
    );
    return answer.Attributes;
  };
  assert.equal(await returned(undefined), undefined);
  assert.equal(await returned("NONE"), undefined);
  assert.deepEqual(await returned("ALL_OLD"), before);
  assert.deepEqual(await returned("ALL_NEW"), after);
  assert.deepEqual(await returned("UPDATED_OLD"), { x: N(1), doc: { M: { q: N(2) } } });
  assert.deepEqual(await returned("UPDATED_NEW"), {
    x: N(2),
    doc: { M: { q: N(3) } },
    fresh: N(2),
  });
});

test("what an update of a new item or of removed attributes returns", async () => {
  covers("dynamodb.UpdateItem");
  const { put, update } = await setUp();
  const set = (key: string, ReturnValues: UpdateItemCommandInput["ReturnValues"]) =>
    update(pk(key), "SET x = :x", { ":x": N(1) }, { ReturnValues });
  assert.equal((await set("a", "ALL_OLD")).Attributes, undefined);
  assert.equal((await set("b", "UPDATED_OLD")).Attributes, undefined);
  assert.deepEqual((await set("c", "UPDATED_NEW")).Attributes, { x: N(1) });
  assert.deepEqual((await set("d", "ALL_NEW")).Attributes, { ...pk("d"), x: N(1) });
  const remove = (ReturnValues: UpdateItemCommandInput["ReturnValues"]) =>
    update(pk("e"), "REMOVE x", undefined, { ReturnValues });
  await put({ ...pk("e"), x: N(1) });
  assert.equal((await remove("UPDATED_NEW")).Attributes, undefined);
  await put({ ...pk("e"), x: N(1) });
  assert.deepEqual((await remove("UPDATED_OLD")).Attributes, { x: N(1) });
});

test("a condition decides over an update, and sees the item before it", async () => {
  covers("dynamodb.UpdateItem");
  const { put, update, get } = await setUp();
  await put({ ...pk("a"), x: N(1) });
  const values = { ":one": N(1) };
  const more = { ConditionExpression: "x = :one" };
  await update(pk("a"), "SET x = x + :one", values, more);
  const error = await refusalError(
    update(pk("a"), "SET x = x + :one", values, {
      ...more,
      ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    }),
  );
  assert(error instanceof ConditionalCheckFailedException);
  assert.equal(error.message, "The conditional request failed");
  assert.deepEqual(error.Item, { ...pk("a"), x: N(2) });
  assert.deepEqual(await get(pk("a")), { ...pk("a"), x: N(2) });
});

test("the key cannot be updated", async () => {
  covers("dynamodb.UpdateItem");
  const { update } = await setUp();
  const refused = (expression: string, more = {}) =>
    refusal(update(pk("a"), expression, { ":v": S("v") }, more));
  assert.equal(
    await refused("SET pk = :v"),
    invalid(`${parameters}Cannot update attribute pk. This attribute is part of the key`),
  );
  assert.equal(
    await refused("SET pk.x = :v"),
    invalid(`${parameters}Cannot update attribute pk. This attribute is part of the key`),
  );
  assert.equal(
    await refused("SET x = :v", { ConditionExpression: "pk.x = :v" }),
    invalid(
      "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: pk",
    ),
  );
});

test("keys of indexes keep their types and sizes", async () => {
  covers("dynamodb.UpdateItem");
  const { put, update, get } = await setUp();
  const key = { ...pk("a"), sk: N(1) };
  await put({ ...key, g: S("g"), l: S("l") }, "indexed");
  const refused = (expression: string, value: AttributeValue) =>
    refusal(update(key, expression, { ":v": value }, { TableName: "indexed" }));
  assert.equal(
    await refused("SET g = :v", N(1)),
    invalid(`${parameters}Type mismatch for Index Key g Expected: S Actual: N IndexName: by-g`),
  );
  assert.equal(
    await refused("SET g = :v", S("")),
    invalid(
      "One or more parameter values are not valid. The update expression attempted to update a secondary index key to a value that is not supported. The AttributeValue for a key attribute cannot contain an empty string value.",
    ),
  );
  assert.equal(
    await refused("SET g = :v", S("x".repeat(2049))),
    invalid(
      `${parameters}Size limit exceeded for Index Key g Actual Size: 2049 bytes Max Size: 2048 bytes IndexName: by-g`,
    ),
  );
  assert.equal(
    await refused("SET x = :v, g = sk", S("x")),
    invalid(
      "The update expression attempted to update the secondary index key to unsupported type",
    ),
  );
  assert.equal(
    await refused("SET g.x = :v", S("x")),
    invalid(
      "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: IndexKey: g",
    ),
  );
  assert.deepEqual(await get(key, "indexed"), { ...key, g: S("g"), l: S("l") });
  await update(key, "SET g = :v REMOVE l", { ":v": S("other") }, { TableName: "indexed" });
  assert.deepEqual(await get(key, "indexed"), { ...key, g: S("other") });
});

test("an update whose operands do not fit the item changes nothing", async () => {
  covers("dynamodb.UpdateItem");
  const { put, update, get } = await setUp();
  const item = { ...pk("a"), x: S("text"), n: N(1) };
  await put(item);
  const cases: [string, Attributes | undefined, string][] = [
    [
      "SET y = nothing",
      undefined,
      "The provided expression refers to an attribute that does not exist in the item",
    ],
    ["SET n = n + x", undefined, "An operand in the update expression has an incorrect data type"],
    [
      "ADD x :one",
      { ":one": N(1) },
      "An operand in the update expression has an incorrect data type",
    ],
    [
      "SET nothing.deep = :one",
      { ":one": N(1) },
      "The document path provided in the update expression is invalid for update",
    ],
  ];
  for (const [expression, values, message] of cases) {
    assert.equal(await refusal(update(pk("a"), expression, values)), invalid(message));
  }
  assert.deepEqual(await get(pk("a")), item);
});

test("an update that would make the item too large is refused", async () => {
  covers("dynamodb.UpdateItem");
  const { put, update, get } = await setUp();
  await put({ ...pk("a"), x: S("x".repeat(300_000)) });
  const message = invalid("Item size to update has exceeded the maximum allowed size");
  const values = { ":y": S("y".repeat(110_000)) };
  assert.equal(await refusal(update(pk("a"), "SET y = :y", values)), message);
  assert.equal(Object.keys((await get(pk("a"))) ?? {}).length, 2);
});

test("AttributeUpdates puts, adds and deletes", async () => {
  covers("dynamodb.UpdateItem");
  const { put, update, get } = await setUp();
  await put({ ...pk("a"), n: N(1), tags: { SS: ["a", "b"] }, gone: S("g"), list: { L: [N(1)] } });
  const AttributeUpdates: UpdateItemCommandInput["AttributeUpdates"] = {
    n: { Action: "ADD", Value: N(2) },
    tags: { Action: "DELETE", Value: { SS: ["a"] } },
    gone: { Action: "DELETE" },
    list: { Action: "ADD", Value: { L: [N(2)] } },
    fresh: { Value: S("f") },
  };
  const { Attributes } = await update(pk("a"), undefined, undefined, {
    AttributeUpdates,
    Expected: { n: { Value: N("1.0") } },
    ReturnValues: "UPDATED_NEW",
  });
  const updated = { n: N(3), tags: { SS: ["b"] }, list: { L: [N(1), N(2)] }, fresh: S("f") };
  assert.deepEqual(Attributes, updated);
  assert.deepEqual(await get(pk("a")), { ...pk("a"), ...updated });
});

test("AttributeUpdates that only deletes does not make an item", async () => {
  covers("dynamodb.UpdateItem");
  const { update, get } = await setUp();
  await update(pk("a"), undefined, undefined, { AttributeUpdates: { x: { Action: "DELETE" } } });
  assert.equal(await get(pk("a")), undefined);
});

test("what is wrong with an update's parameters is said in an envelope", async () => {
  covers("dynamodb.UpdateItem");
  const { update } = await setUp();
  const cases: [Partial<UpdateItemCommandInput>, string][] = [
    [
      {
        UpdateExpression: "SET x = :x",
        AttributeUpdates: { x: { Value: N(1) } },
        Expected: { x: { Exists: false } },
      },
      "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {AttributeUpdates, Expected} Expression parameters: {UpdateExpression}",
    ],
    [
      { UpdateExpression: "SET x = :x" },
      "Invalid UpdateExpression: An expression attribute value used in expression is not defined; attribute value: :x",
    ],
    [
      { UpdateExpression: "INVALID SYNTAX HERE" },
      'Invalid UpdateExpression: Syntax error; token: "INVALID", near: "INVALID SYNTAX"',
    ],
    [{ UpdateExpression: "" }, "Invalid UpdateExpression: The expression can not be empty;"],
    [
      { ExpressionAttributeValues: { ":x": N(1) } },
      "ExpressionAttributeValues can only be specified when using expressions",
    ],
    [
      { UpdateExpression: "REMOVE x", ExpressionAttributeValues: { ":x": N(1) } },
      "Value provided in ExpressionAttributeValues unused in expressions: keys: {:x}",
    ],
    [
      { AttributeUpdates: { x: { Action: "ADD", Value: S("a") } } },
      `${parameters}ADD action is not supported for the type S`,
    ],
    [
      { AttributeUpdates: { x: { Action: "PUT" } } },
      `${parameters}Only DELETE action is allowed when no attribute value is specified`,
    ],
    [{ Key: { pk: N("abc") } }, "The parameter cannot be converted to a numeric value: abc"],
  ];
  for (const [input, message] of cases) {
    const request = update(pk("a"), undefined, undefined, { TableName: "nobody", ...input });
    assert.equal(await refusal(request), enveloped(message));
  }
});

test("an update of a table that is not there, or with a key that is none", async () => {
  covers("dynamodb.UpdateItem");
  const { update } = await setUp();
  assert.equal(
    await refusal(update({}, undefined, undefined, { TableName: "nobody" })),
    "ResourceNotFoundException: Requested resource not found",
  );
  assert.equal(
    await refusal(update({ x: S("a") }, undefined)),
    invalid("The provided key element does not match the schema"),
  );
  assert.equal(
    await refusal(update(pk(""), undefined)),
    invalid(
      "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk",
    ),
  );
});
