import assert from "node:assert/strict";
import test from "node:test";
import {
  type AttributeValue,
  type DynamoDBClient,
  GetItemCommand,
  QueryCommand,
  type QueryCommandInput,
} from "@aws-sdk/client-dynamodb";
import { covers } from "../../support/covers.ts";
import { type Attributes, events, makeEvents, putAll } from "../../support/dynamodb-events.ts";
import { makeTable, plainTable, refusal } from "../../support/dynamodb-tables.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();

const S = (text: string): AttributeValue => ({ S: text });

/** `query({ ... })` on the table of events, of device "d1" unless it says otherwise. */
async function setUp() {
  const client = tule.dynamodb();
  await makeEvents(client);
  const ofDevice: QueryCommandInput = {
    TableName: "events",
    KeyConditionExpression: "device = :d",
    ExpressionAttributeValues: { ":d": S("d1") },
  };
  const ofKind: QueryCommandInput = {
    TableName: "events",
    IndexName: "by-kind-level",
    KeyConditionExpression: "kind = :k",
    ExpressionAttributeValues: { ":k": S("heat") },
  };
  const query = (input: Partial<QueryCommandInput> = {}) =>
    client.send(new QueryCommand({ ...ofDevice, ...input }));
  const queryKind = (input: Partial<QueryCommandInput> = {}) =>
    client.send(new QueryCommand({ ...ofKind, ...input }));
  return { client, query, queryKind };
}

const timesOf = (items: Attributes[] | undefined): string =>
  (items ?? []).map((item) => item["at"]!.S).join(" ");

/** A table `pk` (S), `sk` of a type, with these sort keys in one partition and others around it. */
async function makeSorted(client: DynamoDBClient, type: "S" | "N" | "B", keys: AttributeValue[]) {
  await makeTable(client, {
    TableName: `sorted-${type}`,
    AttributeDefinitions: [
      { AttributeName: "pk", AttributeType: "S" },
      { AttributeName: "sk", AttributeType: type },
    ],
    KeySchema: [
      { AttributeName: "pk", KeyType: "HASH" },
      { AttributeName: "sk", KeyType: "RANGE" },
    ],
    BillingMode: "PAY_PER_REQUEST",
  });
  const items = ["p", "p\u0000", "o", "q"].flatMap((pk) =>
    keys.map((sk) => ({ pk: S(pk), sk, of: S(pk) })),
  );
  await putAll(client, `sorted-${type}`, items);
}

interface SortCase {
  readonly condition: string;
  readonly values: Record<string, AttributeValue>;
  readonly expected: readonly AttributeValue[];
}

async function checkSorted(client: DynamoDBClient, type: "S" | "N" | "B", cases: SortCase[]) {
  for (const { condition, values, expected } of cases) {
    for (const forward of [true, false]) {
      const answer = await client.send(
        new QueryCommand({
          TableName: `sorted-${type}`,
          KeyConditionExpression: condition === "" ? "pk = :pk" : `pk = :pk AND ${condition}`,
          ExpressionAttributeValues: { ":pk": S("p"), ...values },
          ScanIndexForward: forward,
          ConsistentRead: true,
        }),
      );
      assert.deepEqual(
        answer.Items,
        (forward ? expected : expected.toReversed()).map((sk) => ({ pk: S("p"), sk, of: S("p") })),
        `${condition} ${JSON.stringify(values)}`,
      );
    }
  }
}

test("strings sort by their UTF-8 bytes, and each condition finds its part of them, in both directions", async () => {
  covers("dynamodb.Query");
  const client = tule.dynamodb();
  const sorted = ["\u0000", "A", "a", "a\u0000", "a\u0001", "ab", "b", "é", "\uffff", "😀"].map(S);
  await makeSorted(client, "S", sorted.toReversed());
  await checkSorted(client, "S", [
    { condition: "", values: {}, expected: sorted },
    { condition: "sk = :v", values: { ":v": S("a") }, expected: [S("a")] },
    { condition: "sk = :v", values: { ":v": S("aa") }, expected: [] },
    { condition: "sk < :v", values: { ":v": S("a") }, expected: sorted.slice(0, 2) },
    { condition: "sk <= :v", values: { ":v": S("a") }, expected: sorted.slice(0, 3) },
    { condition: "sk > :v", values: { ":v": S("a") }, expected: sorted.slice(3) },
    { condition: "sk >= :v", values: { ":v": S("a") }, expected: sorted.slice(2) },
    { condition: ":v >= sk", values: { ":v": S("a") }, expected: sorted.slice(0, 3) },
    { condition: "begins_with(sk, :v)", values: { ":v": S("a") }, expected: sorted.slice(2, 6) },
    { condition: "begins_with(sk, :v)", values: { ":v": S("a\u0000") }, expected: [sorted[3]!] },
    {
      condition: "sk BETWEEN :v AND :w",
      values: { ":v": S("a\u0000"), ":w": S("b") },
      expected: sorted.slice(3, 7),
    },
  ]);
});

test("numbers sort by their value, of any sign and size", async () => {
  covers("dynamodb.Query");
  const client = tule.dynamodb();
  const N = (text: string): AttributeValue => ({ N: text });
  const written = ["-1E+100", "-99.1", "-1", "-0.01", "0", "0.5", "9.1", "10.9", "99", "1E+100"];
  const sorted = written.map(N);
  await makeSorted(client, "N", sorted.toReversed());
  const read = (
    await client.send(
      new QueryCommand({
        TableName: "sorted-N",
        KeyConditionExpression: "pk = :pk",
        ExpressionAttributeValues: { ":pk": S("p") },
      }),
    )
  ).Items!.map((item) => item["sk"]!);
  assert.deepEqual(
    read.map(({ N: text }) => Number(text)),
    written.map(Number),
  );
  await checkSorted(client, "N", [
    { condition: "sk = :v", values: { ":v": N("0.50") }, expected: [N("0.5")] },
    { condition: "sk < :v", values: { ":v": N("-0.01") }, expected: read.slice(0, 3) },
    { condition: "sk <= :v", values: { ":v": N("-0.010") }, expected: read.slice(0, 4) },
    { condition: "sk > :v", values: { ":v": N("9.1") }, expected: read.slice(7) },
    { condition: "sk >= :v", values: { ":v": N("9.10") }, expected: read.slice(6) },
    {
      condition: "sk BETWEEN :v AND :w",
      values: { ":v": N("-2"), ":w": N("1e1") },
      expected: read.slice(2, 7),
    },
  ]);
});

test("binaries sort by unsigned bytes", async () => {
  covers("dynamodb.Query");
  const client = tule.dynamodb();
  const B = (...bytes: number[]): AttributeValue => ({ B: new Uint8Array(bytes) });
  const sorted = [B(0), B(0, 0), B(0, 255), B(1), B(127), B(128), B(128, 1), B(255), B(255, 255)];
  await makeSorted(client, "B", sorted.toReversed());
  await checkSorted(client, "B", [
    { condition: "", values: {}, expected: sorted },
    { condition: "sk < :v", values: { ":v": B(1) }, expected: sorted.slice(0, 3) },
    { condition: "sk >= :v", values: { ":v": B(128) }, expected: sorted.slice(5) },
    { condition: "begins_with(sk, :v)", values: { ":v": B(0) }, expected: sorted.slice(0, 3) },
    { condition: "begins_with(sk, :v)", values: { ":v": B(255) }, expected: sorted.slice(7) },
  ]);
});

test("a partition that nobody wrote to is empty, and reading it costs the least that a read costs", async () => {
  covers("dynamodb.Query");
  const { query } = await setUp();
  const nobody = { ExpressionAttributeValues: { ":d": S("nobody") } };
  const answer = await query({ ...nobody, ReturnConsumedCapacity: "TOTAL" });
  assert.deepEqual(answer.Items, []);
  assert.equal(answer.Count, 0);
  assert.equal(answer.ScannedCount, 0);
  assert.equal(answer.LastEvaluatedKey, undefined);
  assert.deepEqual(answer.ConsumedCapacity, { TableName: "events", CapacityUnits: 0.5 });
  const consistent = await query({
    ...nobody,
    ReturnConsumedCapacity: "TOTAL",
    ConsistentRead: true,
  });
  assert.equal(consistent.ConsumedCapacity?.CapacityUnits, 1);
});

test("an index has the items that have its key, in the order of its sort key, equal ones all of them", async () => {
  covers("dynamodb.Query");
  const { query, queryKind } = await setUp();
  assert.equal(timesOf((await query({ IndexName: "by-size" })).Items), "t4 t5 t1 t3 t0 t2");
  assert.equal(timesOf((await query({ IndexName: "by-level" })).Items), "t1 t4 t0 t2 t5 t3");
  const backward = await query({ IndexName: "by-level", ScanIndexForward: false });
  assert.equal(timesOf(backward.Items), "t3 t5 t2 t0 t4 t1");
  const lowHeat = await queryKind({
    KeyConditionExpression: "kind = :k AND #l = :l",
    ExpressionAttributeNames: { "#l": "level" },
    ExpressionAttributeValues: { ":k": S("heat"), ":l": S("low") },
  });
  assert.equal(timesOf(lowHeat.Items), "t0 t2");
  const sparse = await query({
    IndexName: "by-size",
    ExpressionAttributeValues: { ":d": S("d2") },
  });
  assert.deepEqual(sparse.Items, []);
});

test("each condition on an index's sort key finds its part", async () => {
  covers("dynamodb.Query");
  const { query } = await setUp();
  const cases: [string, Record<string, AttributeValue>, string][] = [
    ["#s = :v", { ":v": { N: "4.0" } }, "t1 t3"],
    ["#s < :v", { ":v": { N: "4" } }, "t4 t5"],
    ["#s <= :v", { ":v": { N: "4" } }, "t4 t5 t1 t3"],
    ["#s > :v", { ":v": { N: "4" } }, "t0 t2"],
    ["#s >= :v", { ":v": { N: "4" } }, "t1 t3 t0 t2"],
    ["#s BETWEEN :v AND :w", { ":v": { N: "0" }, ":w": { N: "30" } }, "t5 t1 t3 t0"],
  ];
  for (const [condition, values, expected] of cases) {
    const answer = await query({
      IndexName: "by-size",
      KeyConditionExpression: `device = :d AND ${condition}`,
      ExpressionAttributeNames: { "#s": "size" },
      ExpressionAttributeValues: { ":d": S("d1"), ...values },
    });
    assert.equal(timesOf(answer.Items), expected, condition);
  }
  const prefixed = await query({
    IndexName: "by-level",
    KeyConditionExpression: "device = :d AND begins_with(#l, :v)",
    ExpressionAttributeNames: { "#l": "level" },
    ExpressionAttributeValues: { ":d": S("d1"), ":v": S("m") },
  });
  assert.equal(timesOf(prefixed.Items), "t3");
});

test("a filter is applied after the read: it changes Count, not ScannedCount nor the cost", async () => {
  covers("dynamodb.Query");
  const { query } = await setUp();
  const answer = await query({
    FilterExpression: "#k = :k AND place.#f = :two",
    ExpressionAttributeNames: { "#k": "kind", "#f": "floor" },
    ExpressionAttributeValues: { ":d": S("d1"), ":k": S("noise"), ":two": { N: "2" } },
    ReturnConsumedCapacity: "TOTAL",
  });
  assert.equal(timesOf(answer.Items), "t4 t5");
  assert.deepEqual([answer.Count, answer.ScannedCount], [2, 6]);
  assert.deepEqual(answer.Items, events.slice(4, 6));
  assert.equal(answer.ConsumedCapacity?.CapacityUnits, 0.5);
});

test("a projection takes parts of items, a count none", async () => {
  covers("dynamodb.Query");
  const { query } = await setUp();
  const answer = await query({
    KeyConditionExpression: "device = :d AND #at < :t",
    ProjectionExpression: "#at, place.room, absent",
    ExpressionAttributeNames: { "#at": "at" },
    ExpressionAttributeValues: { ":d": S("d1"), ":t": S("t1") },
    Select: "SPECIFIC_ATTRIBUTES",
  });
  assert.deepEqual(answer.Items, [{ at: S("t0"), place: { M: { room: S("room 0") } } }]);
  const count = await query({ Select: "COUNT" });
  assert.equal(count.Items, undefined);
  assert.deepEqual([count.Count, count.ScannedCount], [6, 6]);
  const filtered = await query({
    Select: "COUNT",
    FilterExpression: "kind = :k",
    ExpressionAttributeValues: { ":d": S("d1"), ":k": S("heat") },
  });
  assert.deepEqual([filtered.Count, filtered.ScannedCount], [4, 6]);
});

test("an index gives what it holds; a local one fetches what it does not, for a price", async () => {
  covers("dynamodb.Query");
  const { query, queryKind } = await setUp();
  const one = { IndexName: "by-size", Limit: 2, ReturnConsumedCapacity: "INDEXES" } as const;
  const held = await query(one);
  assert.deepEqual(held.Items, [
    { device: S("d1"), at: S("t4"), size: { N: "-2" } },
    { device: S("d1"), at: S("t5"), size: { N: "0.5" } },
  ]);
  const unit = (CapacityUnits: number) => ({ CapacityUnits });
  assert.deepEqual(held.ConsumedCapacity, {
    TableName: "events",
    CapacityUnits: 0.5,
    Table: unit(0),
    LocalSecondaryIndexes: { "by-size": unit(0.5) },
  });
  const projected = await query({ ...one, Select: "ALL_PROJECTED_ATTRIBUTES" });
  assert.deepEqual(projected.Items, held.Items);
  const whole = await query({ ...one, Select: "ALL_ATTRIBUTES" });
  assert.deepEqual(whole.Items, [events[4], events[5]]);
  assert.deepEqual(whole.ConsumedCapacity, {
    TableName: "events",
    CapacityUnits: 1.5,
    Table: unit(1),
    LocalSecondaryIndexes: { "by-size": unit(0.5) },
  });
  const notes = await query({ ...one, ProjectionExpression: "note", ConsistentRead: true });
  assert.deepEqual(notes.Items, [{ note: S("note 4") }, { note: S("note 5") }]);
  assert.deepEqual(notes.ConsumedCapacity, {
    TableName: "events",
    CapacityUnits: 3,
    Table: unit(2),
    LocalSecondaryIndexes: { "by-size": unit(1) },
  });
  const keys = await query({
    ...one,
    ProjectionExpression: "#at",
    ExpressionAttributeNames: { "#at": "at" },
  });
  assert.equal(keys.ConsumedCapacity?.Table?.CapacityUnits, 0);
  const ofKind = await queryKind({ Limit: 1, ReturnConsumedCapacity: "INDEXES" });
  assert.deepEqual(ofKind.Items, [
    { device: S("d1"), at: S("t1"), kind: S("heat"), level: S("high"), note: S("note 1") },
  ]);
  assert.deepEqual(ofKind.ConsumedCapacity, {
    TableName: "events",
    CapacityUnits: 0.5,
    Table: unit(0),
    GlobalSecondaryIndexes: { "by-kind-level": unit(0.5) },
  });
});

test("a page costs half a unit for each 4 KB of its sum, twice that if consistent", async () => {
  covers("dynamodb.Query");
  const { client, query } = await setUp();
  const text = (length: number) => S("x".repeat(length));
  await putAll(client, "events", [
    { device: S("big"), at: S("1"), text: text(3000) },
    { device: S("big"), at: S("2"), text: text(3000) },
    { device: S("big"), at: S("3"), text: text(3000) },
  ]);
  const ofBig = { ExpressionAttributeValues: { ":d": S("big") } };
  const cost = async (input: Partial<QueryCommandInput>) =>
    (await query({ ...ofBig, ReturnConsumedCapacity: "TOTAL", ...input })).ConsumedCapacity
      ?.CapacityUnits;
  assert.equal(await cost({}), 1.5);
  assert.equal(await cost({ ConsistentRead: true }), 3);
  assert.equal(await cost({ Select: "COUNT" }), 1.5);
  assert.equal(await cost({ Limit: 1 }), 0.5);
  const parts = await query({ ...ofBig, ReturnConsumedCapacity: "INDEXES" });
  assert.deepEqual(parts.ConsumedCapacity?.Table, { CapacityUnits: 1.5 });
  assert.equal((await query({ ReturnConsumedCapacity: "NONE" })).ConsumedCapacity, undefined);
});

test("Select and what is projected must fit together", async () => {
  covers("dynamodb.Query");
  const { query, queryKind } = await setUp();
  const check = async (input: Partial<QueryCommandInput>, message: string) =>
    assert.equal(await refusal(query(input)), `ValidationException: ${message}`);
  await check(
    { Select: "SPECIFIC_ATTRIBUTES" },
    "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES",
  );
  await check(
    { Select: "ALL_ATTRIBUTES", ProjectionExpression: "note" },
    "Cannot specify the ProjectionExpression when choosing to get ALL_ATTRIBUTES",
  );
  await check(
    { Select: "COUNT", ProjectionExpression: "note" },
    "Cannot specify the ProjectionExpression when choosing to get only the Count",
  );
  await check(
    { Select: "ALL_PROJECTED_ATTRIBUTES", IndexName: "by-size", ProjectionExpression: "note" },
    "Cannot specify the ProjectionExpression when choosing to get ALL_PROJECTED_ATTRIBUTES",
  );
  await check(
    { Select: "ALL_PROJECTED_ATTRIBUTES" },
    "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName",
  );
  assert.equal(
    await refusal(queryKind({ Select: "ALL_ATTRIBUTES" })),
    "ValidationException: One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index by-kind-level because its projection type is not ALL",
  );
  assert.equal(
    await refusal(queryKind({ ProjectionExpression: "note, place.room, extra" })),
    "ValidationException: One or more parameter values were invalid: Global secondary index by-kind-level does not project [place, extra]",
  );
  const all = await queryKind({ IndexName: "by-kind", Select: "ALL_ATTRIBUTES" });
  assert.equal(all.Count, 4);
});

test("a filter may name neither the key that is queried nor what the index does not hold", async () => {
  covers("dynamodb.Query");
  const { query, queryKind } = await setUp();
  const values = { ":k": S("heat"), ":v": S("x") };
  const check = async (promise: Promise<unknown>, message: string) =>
    assert.equal(await refusal(promise), `ValidationException: ${message}`);
  const keyAttribute =
    "Filter Expression can only contain non-primary key attributes: Primary key attribute: ";
  await check(
    query({
      FilterExpression: "device = :d",
    }),
    `${keyAttribute}device`,
  );
  await check(
    query({
      FilterExpression: "#at = :d",
      ExpressionAttributeNames: { "#at": "at" },
    }),
    `${keyAttribute}at`,
  );
  await check(
    queryKind({
      FilterExpression: "#l = :v",
      ExpressionAttributeNames: { "#l": "level" },
      ExpressionAttributeValues: values,
    }),
    `${keyAttribute}level`,
  );
  await check(
    queryKind({ FilterExpression: "place = :v", ExpressionAttributeValues: values }),
    "One or more parameter values were invalid: Secondary index by-kind-level does not project one or more filter attributes: [place]",
  );
  await check(
    query({
      IndexName: "by-size",
      FilterExpression: "note = :d",
      Select: "ALL_ATTRIBUTES",
    }),
    "One or more parameter values were invalid: Secondary index by-size does not project one or more filter attributes: [note]",
  );
  const byTableKey = await queryKind({
    FilterExpression: "#at <> :v",
    ExpressionAttributeNames: { "#at": "at" },
    ExpressionAttributeValues: { ":k": S("heat"), ":v": S("t1") },
  });
  assert.equal(timesOf(byTableKey.Items), "t0 t2 t3");
});

test("key attributes are scalars: paths into them are refused", async () => {
  covers("dynamodb.Query");
  const { query } = await setUp();
  const scalars =
    "ValidationException: Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: ";
  assert.equal(await refusal(query({ ProjectionExpression: "device.x" })), `${scalars}Key: device`);
  assert.equal(
    await refusal(
      query({
        FilterExpression: "attribute_exists(#k[1])",
        ExpressionAttributeNames: { "#k": "kind" },
      }),
    ),
    `${scalars}IndexKey: kind`,
  );
});

test("a key condition asks one partition and at most a range in it", async () => {
  covers("dynamodb.Query");
  const { query, queryKind } = await setUp();
  const check = async (
    KeyConditionExpression: string | undefined,
    values: Record<string, AttributeValue> | undefined,
    message: string,
  ) =>
    assert.equal(
      await refusal(
        query({
          KeyConditionExpression,
          ExpressionAttributeValues: values,
          ...(KeyConditionExpression?.includes("#at") === true && {
            ExpressionAttributeNames: { "#at": "at" },
          }),
        }),
      ),
      `ValidationException: ${message}`,
      KeyConditionExpression,
    );
  const v = { ":v": S("x") };
  await check(
    undefined,
    undefined,
    "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.",
  );
  await check("", v, "Invalid KeyConditionExpression: The expression can not be empty;");
  await check("#at = :v", v, "Query condition missed key schema element: device");
  await check("note = :v", v, "Query condition missed key schema element: device");
  await check("device = :v AND note = :v", v, "Query condition missed key schema element: at");
  await check("device > :v", v, "Query key condition not supported");
  await check(
    "device = :n",
    { ":n": { N: "1" } },
    "One or more parameter values were invalid: Condition parameter type does not match schema type",
  );
  await check("device = :v OR #at = :v", v, "Invalid operator used in KeyConditionExpression: OR");
  await check(
    "device = :v AND #at = :v AND note = :v",
    v,
    "The number of query conditions (3) exceeds the number of key attributes defined in the schema (2)",
  );
  await check(
    "device = :v AND #at.x = :v",
    v,
    "Invalid KeyConditionExpression: KeyConditionExpressions cannot have conditions on nested attributes",
  );
  await check(
    "device = :e",
    { ":e": S("") },
    "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: device",
  );
  assert.equal(
    await refusal(queryKind({ ExpressionAttributeValues: { ":k": S("") } })),
    "ValidationException: One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty string value. IndexName: by-kind-level, IndexKey: kind",
  );
  assert.equal(
    await refusal(
      queryKind({
        IndexName: "by-kind",
        KeyConditionExpression: "kind = :k AND note = :k",
      }),
    ),
    "ValidationException: Query key condition not supported",
  );
});

test("placeholders must be defined and used; wrong values are reported bare", async () => {
  covers("dynamodb.Query");
  const { query } = await setUp();
  const check = async (input: Partial<QueryCommandInput>, message: string) =>
    assert.equal(await refusal(query(input)), `ValidationException: ${message}`);
  await check(
    { ExpressionAttributeNames: { "#unused": "x" } },
    "Value provided in ExpressionAttributeNames unused in expressions: keys: {#unused}",
  );
  await check(
    { FilterExpression: "#missing = :d" },
    "Invalid FilterExpression: An expression attribute name used in the document path is not defined; attribute name: #missing",
  );
  await check(
    {
      FilterExpression: "note = :n",
      ExpressionAttributeValues: { ":d": S("d1"), ":n": { N: "abc" } },
    },
    "The parameter cannot be converted to a numeric value: abc",
  );
  await check(
    {
      FilterExpression: "note = :n",
      ExpressionAttributeValues: { ":d": S("d1"), ":n": { SS: ["b", "a", "b"] } },
    },
    'One or more parameter values were invalid: Input collection ["a", "b", "b"] contains duplicates.',
  );
  await check(
    { KeyConditions: { device: { ComparisonOperator: "EQ", AttributeValueList: [S("d1")] } } },
    "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {KeyConditions} Expression parameters: {KeyConditionExpression}",
  );
});

test("expressions are checked before the table is looked for, the table before the index", async () => {
  covers("dynamodb.Query");
  const { query, queryKind } = await setUp();
  const values = { ":d": S("d1"), ":n": { N: "1" } };
  assert.match(
    await refusal(
      query({
        TableName: "nowhere",
        KeyConditionExpression: "device = :d AND begins_with(#at, :n)",
        ExpressionAttributeNames: { "#at": "at" },
        ExpressionAttributeValues: values,
      }),
    ),
    /^ValidationException: Invalid KeyConditionExpression: Incorrect operand type .* begins_with, operand type: N$/,
  );
  assert.equal(
    await refusal(query({ TableName: "nowhere", IndexName: "nothing" })),
    "ResourceNotFoundException: Requested resource not found",
  );
  assert.equal(
    await refusal(query({ IndexName: "nothing", ConsistentRead: true })),
    "ValidationException: The table does not have the specified index: nothing",
  );
  assert.equal(
    await refusal(
      queryKind({
        ConsistentRead: true,
        KeyConditionExpression: "extra = :k",
        Select: "ALL_ATTRIBUTES",
      }),
    ),
    "ValidationException: Consistent reads are not supported on global secondary indexes",
  );
  assert.match(await refusal(query({ Limit: 0 })), /^ValidationException: 1 validation error .*1$/);
});

test("a table is found by its ARN, and named in the answer as in the request", async () => {
  covers("dynamodb.Query");
  const account = tule.newAccount();
  const client = tule.dynamodb(account);
  await makeEvents(client);
  const TableName = `arn:aws:dynamodb:us-east-1:${account}:table/events`;
  const answer = await client.send(
    new QueryCommand({
      TableName,
      KeyConditionExpression: "device = :d",
      ExpressionAttributeValues: { ":d": S("d2") },
      ReturnConsumedCapacity: "TOTAL",
    }),
  );
  assert.equal(answer.Count, 1);
  assert.deepEqual(answer.ConsumedCapacity, { TableName, CapacityUnits: 0.5 });
});

test("items come back as they were written, with whatever they hold", async () => {
  covers("dynamodb.Query");
  const client = tule.dynamodb();
  await makeTable(client, plainTable);
  const item: Attributes = {
    pk: S('quote " backslash \\ newline \n é 😀'),
    empty: S(""),
    n: { N: "-1.5" },
    b: { B: new Uint8Array([0, 1, 255]) },
    flag: { BOOL: false },
    nothing: { NULL: true },
    list: { L: [{ S: "a" }, { L: [] }, { M: {} }] },
    names: { M: { "odd key. [0]": { N: "0" } } },
    set: { SS: ["a", "b"] },
  };
  await putAll(client, "plain", [item]);
  const values = { ":p": item["pk"]! };
  const found = await client.send(
    new QueryCommand({
      TableName: "plain",
      KeyConditionExpression: "pk = :p",
      ExpressionAttributeValues: values,
    }),
  );
  const got = await client.send(
    new GetItemCommand({ TableName: "plain", Key: { pk: item["pk"]! } }),
  );
  assert.deepEqual(found.Items, [got.Item]);
  assert.deepEqual(found.Items, [item]);
});
