import assert from "node:assert/strict";
import test from "node:test";
import {
  type AttributeValue,
  type CancellationReason,
  DescribeTableCommand,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
  type TransactGetItem,
  TransactGetItemsCommand,
  TransactionCanceledException,
  type TransactWriteItem,
  TransactWriteItemsCommand,
  type TransactWriteItemsCommandInput,
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
  const account = tule.newAccount();
  const client = tule.dynamodb(account);
  await Promise.all([makeTable(client, plainTable), makeTable(client, indexedTable)]);
  return {
    account,
    client,
    write: (
      TransactItems: TransactWriteItem[],
      more: Partial<TransactWriteItemsCommandInput> = {},
    ) => client.send(new TransactWriteItemsCommand({ TransactItems, ...more })),
    read: (...TransactItems: TransactGetItem[]) =>
      client.send(new TransactGetItemsCommand({ TransactItems })),
    get: async (Key: Attributes, TableName = "plain") =>
      (await client.send(new GetItemCommand({ TableName, Key }))).Item,
    put: (Item: Attributes, TableName = "plain") =>
      client.send(new PutItemCommand({ TableName, Item })),
  };
}

const pk = (value: string): Attributes => ({ pk: { S: value } });
const key = (value: string, sk: number): Attributes => ({ ...pk(value), sk: { N: String(sk) } });
const S = (value: string): AttributeValue => ({ S: value });
const N = (value: number): AttributeValue => ({ N: String(value) });
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);
const invalid = (message: string): string => `ValidationException: ${message}`;
const parameters = "One or more parameter values were invalid: ";
const emptyKey =
  "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk";
const mismatch = "The provided key element does not match the schema";

const Put = (Item: Attributes, more: object = {}, TableName = "plain"): TransactWriteItem => ({
  Put: { TableName, Item, ...more },
});
const Delete = (Key: Attributes, more: object = {}): TransactWriteItem => ({
  Delete: { TableName: "plain", Key, ...more },
});
const Check = (
  Key: Attributes,
  ConditionExpression: string,
  more: object = {},
): TransactWriteItem => ({
  ConditionCheck: { TableName: "plain", Key, ConditionExpression, ...more },
});
const Update = (
  Key: Attributes,
  UpdateExpression: string,
  values?: Attributes,
  more: object = {},
): TransactWriteItem => ({
  Update: {
    TableName: "plain",
    Key,
    UpdateExpression,
    ExpressionAttributeValues: values,
    ...more,
  },
});
const Get = (Key: Attributes, more: object = {}): TransactGetItem => ({
  Get: { TableName: "plain", Key, ...more },
});

/** The reasons of a cancellation, after a look at its message. */
async function cancelled(request: Promise<unknown>): Promise<CancellationReason[]> {
  const error = await refusalError(request);
  assert(error instanceof TransactionCanceledException, `${error.name}: ${error.message}`);
  const reasons = error.CancellationReasons ?? [];
  assert.equal(
    error.message,
    `Transaction cancelled, please refer cancellation reasons for specific reasons [${reasons.map((reason) => reason.Code).join(", ")}]`,
  );
  return reasons;
}

const none = { Code: "None" };
const unmet = { Code: "ConditionalCheckFailed", Message: "The conditional request failed" };
const wrong = (Message: string) => ({ Code: "ValidationError", Message });

test("a transaction puts, updates, deletes and checks items of several tables at once", async () => {
  covers("dynamodb.TransactWriteItems");
  const { write, get, put } = await setUp();
  await put({ ...pk("update"), n: N(1) });
  await put(pk("delete"));
  await put(pk("check"));
  const answer = await write([
    Put({ ...key("a", 1), g: S("g") }, {}, "indexed"),
    Put(pk("put"), { ConditionExpression: "attribute_not_exists(pk)" }),
    Update(pk("update"), "SET n = n + :one", { ":one": N(1) }),
    Update(pk("made"), "ADD n :one", { ":one": N(1) }),
    Delete(pk("delete"), { ConditionExpression: "attribute_exists(pk)" }),
    Check(pk("check"), "attribute_exists(pk)"),
  ]);
  assert.equal(answer.ConsumedCapacity, undefined);
  assert.equal(answer.ItemCollectionMetrics, undefined);
  assert.deepEqual(await get(key("a", 1), "indexed"), { ...key("a", 1), g: S("g") });
  assert.deepEqual(await get(pk("put")), pk("put"));
  assert.deepEqual(await get(pk("update")), { ...pk("update"), n: N(2) });
  assert.deepEqual(await get(pk("made")), { ...pk("made"), n: N(1) });
  assert.equal(await get(pk("delete")), undefined);
  assert.deepEqual(await get(pk("check")), pk("check"));
});

test("a transaction that fails writes nothing, and says why for each action", async () => {
  covers("dynamodb.TransactWriteItems");
  const { write, get, put } = await setUp();
  const old = { ...pk("old"), n: N(1) };
  await put(old);
  const ifNew = { ConditionExpression: "attribute_not_exists(pk)" };
  const show = { ReturnValuesOnConditionCheckFailure: "ALL_OLD" };
  const reasons = await cancelled(
    write([
      Put(pk("new"), ifNew),
      Put({ ...pk("old"), n: N(2) }, { ...ifNew, ...show }),
      Check(pk("nobody"), "attribute_exists(pk)", show),
      Update(pk("other"), "SET x = absent"),
    ]),
  );
  assert.deepEqual(reasons, [
    none,
    { ...unmet, Item: old },
    unmet,
    wrong("The provided expression refers to an attribute that does not exist in the item"),
  ]);
  assert.equal(await get(pk("new")), undefined);
  assert.deepEqual(await get(pk("old")), old);
});

test("what is wrong with an action only in the light of the table is a reason to cancel", async () => {
  covers("dynamodb.TransactWriteItems");
  const { write } = await setUp();
  const one = { ":v": S("v") };
  const cases: [TransactWriteItem, string][] = [
    [Put({ pk: N(5) }), `${parameters}Type mismatch for key pk expected: S actual: N`],
    [Put({ pk: { L: [S("x")] } }), `${parameters}Type mismatch for key pk expected: S actual: L`],
    [Put({ x: S("x") }), `${parameters}Missing the key pk in the item`],
    [
      Put({ ...key("a", 1), g: N(1) }, {}, "indexed"),
      `${parameters}Type mismatch for Index Key g Expected: S Actual: N IndexName: by-g`,
    ],
    [Update({ pk: N(5) }, "SET x = :v", one), mismatch],
    [Delete({ pk: N(5) }), mismatch],
    [Delete({ ...pk("a"), x: S("x") }), mismatch],
    [Check({ pk: N(5) }, "attribute_exists(pk)"), mismatch],
    [
      Update(pk("a"), "SET pk = :v", one),
      `${parameters}Cannot update attribute pk. This attribute is part of the key`,
    ],
    [
      Update(pk("a"), "SET x = :v, y = :v", { ":v": S("x".repeat(210_000)) }),
      "Item size to update has exceeded the maximum allowed size",
    ],
    [
      Check(pk("a"), "attribute_exists(pk.x)"),
      "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: pk",
    ],
  ];
  for (const [action, message] of cases) {
    assert.deepEqual(await cancelled(write([Put(pk("other")), action])), [none, wrong(message)]);
  }
});

test("what is wrong with a request as such is refused without cancelling anything", async () => {
  covers("dynamodb.TransactWriteItems");
  const { write } = await setUp();
  const cases: [TransactWriteItem[], string][] = [
    [[Put(pk(""))], invalid(emptyKey)],
    [[Update(pk(""), "REMOVE x")], invalid(emptyKey)],
    [[Delete(pk(""))], invalid(emptyKey)],
    [[Check(pk(""), "attribute_exists(pk)")], invalid(emptyKey)],
    [
      [Put({ ...key("a", 1), g: S("") }, {}, "indexed")],
      invalid(
        "One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty string value. IndexName: by-g, IndexKey: g",
      ),
    ],
    [
      [Put(pk("a")), Delete(pk("a"))],
      invalid("Transaction request cannot include multiple operations on one item"),
    ],
    [[Put(pk("a"), {}, "nobody")], "ResourceNotFoundException: Requested resource not found"],
    [
      [Put({ ...pk("a"), v: S("x".repeat(410_000)) })],
      invalid("Item size has exceeded the maximum allowed size"),
    ],
    [
      [Put({ ...pk("a"), n: { N: "abc" } })],
      invalid("The parameter cannot be converted to a numeric value: abc"),
    ],
    [
      [Put(pk("a"), { ExpressionAttributeNames: { "#a": "a" } })],
      invalid("ExpressionAttributeNames can only be specified when using expressions"),
    ],
    [
      [{}],
      invalid(
        "Invalid Request: TransactWriteRequest should contain Delete or Put or Update request",
      ),
    ],
    [
      [{ ...Put(pk("a")), ...Delete(pk("a")) }],
      invalid("TransactItems can only contain one of Check, Put, Update or Delete"),
    ],
  ];
  for (const [actions, message] of cases) assert.equal(await refusal(write(actions)), message);
});

test("expressions are checked before tables are looked for, action by action", async () => {
  covers("dynamodb.TransactWriteItems");
  const { write } = await setUp();
  const missing = Put(pk("a"), {}, "nobody");
  const malformed = Check(pk("a"), "attribute_not_exists(");
  const syntax = invalid('Invalid ConditionExpression: Syntax error; token: "<EOF>", near: "("');
  assert.equal(await refusal(write([missing, malformed])), syntax);
  const unused = Check(pk("a"), "attribute_exists(pk)", {
    ExpressionAttributeValues: { ":v": S("x") },
  });
  assert.equal(
    await refusal(write([missing, unused])),
    invalid("Value provided in ExpressionAttributeValues unused in expressions: keys: {:v}"),
  );
  let deep: AttributeValue = S("leaf");
  for (let level = 0; level < 32; level++) deep = { M: { n: deep } };
  const tooDeep = Put({ ...pk("b"), deep });
  assert.equal(await refusal(write([malformed, tooDeep])), syntax);
  assert.equal(
    await refusal(write([tooDeep, malformed])),
    invalid(
      "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit",
    ),
  );
});

test("a transaction has at most 100 actions and 4 MB", async () => {
  covers("dynamodb.TransactWriteItems", "dynamodb.TransactGetItems");
  const { write, read, get } = await setUp();
  await write(numbers(100).map((index) => Put(pk(`k${index}`))));
  assert.deepEqual(await get(pk("k99")), pk("k99"));
  const { Responses } = await read(...numbers(100).map((index) => Get(pk(`k${index}`))));
  assert.equal(Responses?.length, 100);
  const tooMany =
    /^ValidationException: 1 validation error detected: .*less than or equal to 100$/s;
  assert.match(await refusal(write(numbers(101).map((index) => Put(pk(`k${index}`))))), tooMany);
  assert.match(await refusal(read(...numbers(101).map((index) => Get(pk(`k${index}`))))), tooMany);
  // Each item: a name and a key of four characters, a name and 390,000 characters.
  const large = (index: number) => ({
    ...pk(`k${String(index).padStart(3, "0")}`),
    v: S("x".repeat(390_000)),
  });
  await write(numbers(10).map((index) => Put(large(index))));
  assert.equal(
    await refusal(write(numbers(11).map((index) => Put(large(index))))),
    invalid(`Transaction payload size cannot exceed 4MB. Payload Size: ${11 * 390_007}`),
  );
});

test("a client token makes a transaction happen once", async () => {
  covers("dynamodb.TransactWriteItems");
  const { write, get } = await setUp();
  const add = (n: number) => [Update(pk("a"), "ADD n :n", { ":n": N(n) })];
  const ClientRequestToken = "once";
  await write(add(1), { ClientRequestToken });
  await write(add(1), { ClientRequestToken });
  assert.deepEqual(await get(pk("a")), { ...pk("a"), n: N(1) });
  const error = await refusalError(write(add(2), { ClientRequestToken }));
  assert.equal(error.name, "IdempotentParameterMismatchException");
  await write(add(1), { ClientRequestToken: "twice" });
  assert.deepEqual(await get(pk("a")), { ...pk("a"), n: N(2) });
});

test("the order of members does not matter to a client token", async () => {
  covers("dynamodb.TransactWriteItems");
  const { write } = await setUp();
  const more = { ClientRequestToken: "token" };
  await write([Put({ ...pk("a"), x: S("x"), y: S("y") })], more);
  // Verified at AWS by localstack/localstack#6529.
  await write([Put({ y: S("y"), ...pk("a"), x: S("x") })], more);
});

test("a cancelled transaction does not use up its client token", async () => {
  covers("dynamodb.TransactWriteItems");
  const { write, put, get } = await setUp();
  const actions = [
    Check(pk("flag"), "attribute_exists(pk)"),
    Update(pk("a"), "ADD n :n", { ":n": N(1) }),
  ];
  const more = { ClientRequestToken: "token" };
  assert.deepEqual(await cancelled(write(actions, more)), [unmet, none]);
  await put(pk("flag"));
  await write(actions, more);
  assert.deepEqual(await get(pk("a")), { ...pk("a"), n: N(1) });
});

test("concurrent transactions with one token happen once", async () => {
  covers("dynamodb.TransactWriteItems");
  const { write, get } = await setUp();
  const more = { ClientRequestToken: "token" };
  const actions = [Update(pk("a"), "ADD n :n", { ":n": N(1) })];
  await Promise.all(numbers(16).map(() => write(actions, more)));
  assert.deepEqual(await get(pk("a")), { ...pk("a"), n: N(1) });
});

test("concurrent transfers keep the sum", async () => {
  covers("dynamodb.TransactWriteItems", "dynamodb.TransactGetItems");
  const { write, read, put } = await setUp();
  const accounts = ["a", "b", "c"];
  for (const account of accounts) await put({ ...pk(account), n: N(10) });
  const transfer = (from: string, to: string) =>
    write([
      Update(
        pk(from),
        "ADD n :minus",
        { ":minus": N(-1), ":one": N(1) },
        {
          ConditionExpression: "n >= :one",
        },
      ),
      Update(pk(to), "ADD n :one", { ":one": N(1) }),
    ]).catch((error: unknown) => {
      if (!(error instanceof TransactionCanceledException)) throw error;
    });
  const transfers = numbers(60).map((index) =>
    transfer(accounts[index % 3]!, accounts[(index + 1 + (index % 2)) % 3]!),
  );
  const sums: number[] = [];
  const look = async () => {
    const { Responses } = await read(...accounts.map((account) => Get(pk(account))));
    sums.push((Responses ?? []).reduce((sum, { Item }) => sum + Number(Item?.["n"]?.N), 0));
  };
  await Promise.all([...transfers, look(), look(), look()]);
  await look();
  assert.deepEqual(sums, [30, 30, 30, 30]);
});

test("a token may be used anew after ten minutes", async () => {
  covers("dynamodb.TransactWriteItems");
  const moving = await startTule();
  const client = moving.dynamodb();
  await makeTable(client, plainTable);
  const add = () =>
    client.send(
      new TransactWriteItemsCommand({
        TransactItems: [Update(pk("a"), "ADD n :n", { ":n": N(1) })],
        ClientRequestToken: "token",
      }),
    );
  const count = async () =>
    (await client.send(new GetItemCommand({ TableName: "plain", Key: pk("a") }))).Item?.["n"]?.N;
  const { clock } = moving;
  const pass = (minutes: number): void => clock.moveTo(clock.nowMs() + minutes * 60_000);
  await add();
  pass(9.9);
  await add();
  assert.equal(await count(), "1");
  pass(0.2);
  await add();
  assert.equal(await count(), "2");
});

test("TransactGetItems reads items of several tables at one moment", async () => {
  covers("dynamodb.TransactGetItems");
  const { read, put } = await setUp();
  await put({ ...pk("a"), x: N(1), y: N(2) });
  await put(key("b", 1), "indexed");
  const { Responses } = await read(
    Get(pk("a"), { ProjectionExpression: "#x", ExpressionAttributeNames: { "#x": "x" } }),
    Get(pk("nobody")),
    { Get: { TableName: "indexed", Key: key("b", 1) } },
    Get(pk("a1"), { ProjectionExpression: "x" }),
  );
  assert.deepEqual(Responses, [{ Item: { x: N(1) } }, {}, { Item: key("b", 1) }, {}]);
});

test("what TransactGetItems refuses", async () => {
  covers("dynamodb.TransactGetItems");
  const { read } = await setUp();
  assert.deepEqual(await cancelled(read(Get(pk("a")), Get({}))), [none, wrong(mismatch)]);
  assert.deepEqual(await cancelled(read(Get({ pk: N(1) }))), [wrong(mismatch)]);
  assert.equal(await refusal(read(Get(pk("")))), invalid(emptyKey));
  assert.equal(
    await refusal(read(Get(pk("a")), Get(pk("a")))),
    invalid("Transaction request cannot include multiple operations on one item"),
  );
  assert.equal(
    await refusal(read({ Get: { TableName: "nobody", Key: pk("a") } })),
    "ResourceNotFoundException: Requested resource not found",
  );
  assert.equal(
    await refusal(read(Get(pk("a"), { ProjectionExpression: "!!!" }))),
    invalid('Invalid ProjectionExpression: Syntax error; token: "!", near: "!!"'),
  );
});

test("TransactGetItems reads at most 4 MB", async () => {
  covers("dynamodb.TransactGetItems");
  const { read, put } = await setUp();
  // A name and a key of three characters, a name and 399,994 characters.
  const item = (index: number) => ({ ...pk(`k${10 + index}`), v: S("x".repeat(399_994)) });
  for (const index of numbers(11)) await put(item(index));
  const gets = numbers(11).map((index) =>
    Get(pk(`k${10 + index}`), { ProjectionExpression: "pk" }),
  );
  const { Responses } = await read(...gets.slice(0, 10));
  assert.equal(Responses?.length, 10);
  assert.equal(
    await refusal(read(...gets)),
    invalid("Transaction payload size cannot exceed 4MB. Payload Size: 4400000"),
  );
});

test("a table may stand under its name and its ARN in one transaction", async () => {
  covers("dynamodb.TransactWriteItems");
  const { account, write, get } = await setUp();
  const arn = `arn:aws:dynamodb:us-east-1:${account}:table/plain`;
  await write([Put(pk("a")), Put(pk("b"), {}, arn)]);
  assert.deepEqual(await get(pk("b")), pk("b"));
  assert.equal(
    await refusal(write([Put(pk("a")), Delete(pk("a"), { TableName: arn })])),
    invalid("Transaction request cannot include multiple operations on one item"),
  );
});

test("the largest transaction is whole in every index", async () => {
  covers("dynamodb.TransactWriteItems");
  const client = tule.dynamodb();
  const names = ["one", "two", "three"];
  const TableName = await makeTable(client, {
    TableName: "large",
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: ["pk", ...names].map((AttributeName) => ({
      AttributeName,
      AttributeType: "S" as const,
    })),
    KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
    GlobalSecondaryIndexes: names.map((name) => ({
      IndexName: name,
      KeySchema: [{ AttributeName: name, KeyType: "HASH" as const }],
      Projection: { ProjectionType: "ALL" as const },
    })),
  });
  const note = { S: "x".repeat(390_000) };
  const TransactItems = Array.from({ length: 10 }, (_, at) => ({
    Put: {
      TableName,
      Item: { pk: { S: `${at}` }, one: { S: "1" }, two: { S: "1" }, three: { S: "1" }, note },
    },
  }));
  await client.send(new TransactWriteItemsCommand({ TransactItems }));
  for (const IndexName of names) {
    const { Count } = await client.send(
      new ScanCommand({ TableName, IndexName, Select: "COUNT", Limit: 1 }),
    );
    assert.equal(Count, 1);
  }
  const { Table } = await client.send(new DescribeTableCommand({ TableName }));
  assert.deepEqual(
    Table?.GlobalSecondaryIndexes?.map((index) => index.ItemCount),
    [10, 10, 10],
  );
});
