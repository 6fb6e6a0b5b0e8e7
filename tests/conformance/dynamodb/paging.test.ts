import assert from "node:assert/strict";
import test from "node:test";
import {
  type AttributeValue,
  type DynamoDBClient,
  DeleteItemCommand,
  paginateQuery,
  paginateScan,
  QueryCommand,
  type QueryCommandInput,
} from "@aws-sdk/client-dynamodb";
import { seededRandom } from "#world/seeded-random.ts";
import { covers } from "../../support/covers.ts";
import { type Attributes, makeEvents, putAll } from "../../support/dynamodb-events.ts";
import { makeTable, plainTable, refusal } from "../../support/dynamodb-tables.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();

const S = (text: string): AttributeValue => ({ S: text });
const N = (text: string): AttributeValue => ({ N: text });

async function setUp() {
  const client = tule.dynamodb();
  await makeEvents(client);
  const query = (input: Partial<QueryCommandInput> = {}) =>
    client.send(
      new QueryCommand({
        TableName: "events",
        KeyConditionExpression: "device = :d",
        ExpressionAttributeValues: { ":d": S("d1") },
        ...input,
      }),
    );
  return { client, query };
}

const timesOf = (items: Attributes[] | undefined): string =>
  (items ?? []).map((item) => item["at"]!.S).join(" ");

test("Limit counts what is looked at, and a page that reached it has a LastEvaluatedKey, even at the end", async () => {
  covers("dynamodb.Query");
  const { query } = await setUp();
  const first = await query({ Limit: 2 });
  assert.equal(timesOf(first.Items), "t0 t1");
  assert.deepEqual(first.LastEvaluatedKey, { device: S("d1"), at: S("t1") });
  const second = await query({ Limit: 4, ExclusiveStartKey: first.LastEvaluatedKey });
  assert.equal(timesOf(second.Items), "t2 t3 t4 t5");
  assert.deepEqual(second.LastEvaluatedKey, { device: S("d1"), at: S("t5") });
  const third = await query({ Limit: 4, ExclusiveStartKey: second.LastEvaluatedKey });
  assert.deepEqual([third.Items, third.Count, third.ScannedCount], [[], 0, 0]);
  assert.equal(third.LastEvaluatedKey, undefined);
  assert.equal((await query({ Limit: 7 })).LastEvaluatedKey, undefined);
  const filtered = await query({
    Limit: 3,
    FilterExpression: "kind = :k",
    ExpressionAttributeValues: { ":d": S("d1"), ":k": S("noise") },
  });
  assert.deepEqual([filtered.Count, filtered.ScannedCount], [0, 3]);
  assert.deepEqual(filtered.LastEvaluatedKey, { device: S("d1"), at: S("t2") });
});

test("pages go backward as well", async () => {
  covers("dynamodb.Query");
  const { query } = await setUp();
  const first = await query({ Limit: 4, ScanIndexForward: false });
  assert.equal(timesOf(first.Items), "t5 t4 t3 t2");
  const rest = await query({
    ScanIndexForward: false,
    ExclusiveStartKey: first.LastEvaluatedKey,
  });
  assert.equal(timesOf(rest.Items), "t1 t0");
});

test("a start key is a place, not an item: what stood there may be gone", async () => {
  covers("dynamodb.Query");
  const { client, query } = await setUp();
  const key = { device: S("d1"), at: S("t2") };
  await client.send(new DeleteItemCommand({ TableName: "events", Key: key }));
  assert.equal(timesOf((await query({ ExclusiveStartKey: key })).Items), "t3 t4 t5");
  const between = { device: S("d1"), at: S("t25") };
  assert.equal(timesOf((await query({ ExclusiveStartKey: between })).Items), "t3 t4 t5");
  const backward = await query({ ExclusiveStartKey: between, ScanIndexForward: false });
  assert.equal(timesOf(backward.Items), "t1 t0");
});

test("items with equal keys in an index are paged one by one, each once", async () => {
  covers("dynamodb.Query");
  const { client } = await setUp();
  const same = Array.from({ length: 9 }, (_, at) => ({
    device: S(`tie ${at % 3}`),
    at: S(`t${at}`),
    level: S("same"),
    kind: S("tied"),
  }));
  await putAll(client, "events", same);
  const pages = paginateQuery(
    { client, pageSize: 1 },
    {
      TableName: "events",
      IndexName: "by-kind-level",
      KeyConditionExpression: "kind = :k AND #l = :l",
      ExpressionAttributeNames: { "#l": "level" },
      ExpressionAttributeValues: { ":k": S("tied"), ":l": S("same") },
    },
  );
  const seen: string[] = [];
  for await (const { Items: items, LastEvaluatedKey: last } of pages) {
    seen.push(...(items ?? []).map((item) => item["at"]!.S!));
    if (last !== undefined) {
      assert.deepEqual(Object.keys(last).toSorted(), ["at", "device", "kind", "level"]);
    }
  }
  assert.deepEqual(
    seen.toSorted(),
    same.map(({ at }) => at.S),
  );
});

test("a page ends with the item that brings it to 1 MB, filtered out or not", async () => {
  covers("dynamodb.Query");
  const { client, query } = await setUp();
  const value = "x".repeat(100_000);
  for (let at = 0; at < 12; at++) {
    await putAll(client, "events", [
      { device: S("big"), at: S(`t${100 + at}`), note: S(value), size: N(String(-at)) },
    ]);
  }
  const big: Partial<QueryCommandInput> = { ExpressionAttributeValues: { ":d": S("big") } };
  const page = await query({ ...big, Select: "COUNT", ReturnConsumedCapacity: "TOTAL" });
  assert.deepEqual([page.Count, page.ScannedCount], [11, 11]);
  assert.deepEqual(page.LastEvaluatedKey, { device: S("big"), at: S("t110") });
  assert.equal(page.ConsumedCapacity?.CapacityUnits, 134.5);
  const nothing = await query({
    FilterExpression: "note = :n",
    ExpressionAttributeValues: { ":d": S("big"), ":n": S("x") },
  });
  assert.deepEqual([nothing.Count, nothing.ScannedCount], [0, 11]);
  assert(nothing.LastEvaluatedKey !== undefined);
  const last = await query({ ...big, ExclusiveStartKey: page.LastEvaluatedKey });
  assert.equal(timesOf(last.Items), "t111");
  assert.equal(last.LastEvaluatedKey, undefined);
  const keys = await query({ ...big, IndexName: "by-size" });
  assert.equal(keys.Count, 12, "an index's entries are smaller than their items");
  const fetched = await query({ ...big, IndexName: "by-size", Select: "ALL_ATTRIBUTES" });
  assert.equal(fetched.Count, 11, "unless those are fetched");
  assert.equal(timesOf(fetched.Items).slice(0, 9), "t111 t110");
});

test("a start key must be a key of what is queried, and lie where the query leads", async () => {
  covers("dynamodb.Query");
  const { query } = await setUp();
  const invalid = "The provided starting key is invalid";
  const mismatch = "The provided key element does not match the schema";
  const check = async (
    ExclusiveStartKey: Attributes,
    message: string,
    input: Partial<QueryCommandInput> = {},
  ) =>
    assert.equal(
      await refusal(query({ ExclusiveStartKey, ...input })),
      `ValidationException: ${message}`,
      JSON.stringify(ExclusiveStartKey),
    );
  await check({}, invalid);
  await check({ device: S("d1") }, invalid);
  await check({ device: S("d1"), note: S("x") }, invalid);
  await check({ device: S("d1"), at: S("x"), note: S("x") }, invalid);
  await check({ device: N("1"), at: S("x") }, mismatch);
  await check({ device: S("d1"), at: N("1") }, mismatch);
  await check(
    { device: S("d1"), at: S("") },
    `${invalid}: One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: at`,
  );
  const outside =
    "The provided starting key is outside query boundaries based on provided conditions";
  await check({ device: S("d2"), at: S("t0") }, outside);
  const values = { ":d": S("d1"), ":t": S("t3") };
  const names = { ExpressionAttributeNames: { "#at": "at" } };
  const after = { KeyConditionExpression: "device = :d AND #at > :t", ...names };
  const ranged = { ...after, ExpressionAttributeValues: values };
  const predicate = "The provided starting key does not match the range key predicate";
  await check({ device: S("d1"), at: S("t3") }, predicate, ranged);
  await check({ device: S("d2"), at: S("t3") }, predicate, ranged);
  await check(
    { device: S("d2"), at: S("t4") },
    "The query can return at most one row and cannot be restarted",
    ranged,
  );
  const exact = { ...ranged, KeyConditionExpression: "device = :d AND #at = :t" };
  await check({ device: S("d1"), at: S("t4") }, predicate, exact);
  const restarted = await query({ ...exact, ExclusiveStartKey: { device: S("d1"), at: S("t3") } });
  assert.equal(restarted.Count, 0);
  assert.equal(
    timesOf(
      (await query({ ...ranged, ExclusiveStartKey: { device: S("d1"), at: S("t4") } })).Items,
    ),
    "t5",
  );
});

test("an index's start key has the table's key and the index's", async () => {
  covers("dynamodb.Query");
  const { query } = await setUp();
  const invalid = "The provided starting key is invalid";
  const mismatch = "The provided key element does not match the schema";
  const byKind: Partial<QueryCommandInput> = {
    IndexName: "by-kind",
    KeyConditionExpression: "kind = :k",
    ExpressionAttributeValues: { ":k": S("heat") },
  };
  const check = async (ExclusiveStartKey: Attributes, message: string, input = byKind) =>
    assert.equal(
      await refusal(query({ ExclusiveStartKey, ...input })),
      `ValidationException: ${message}`,
      JSON.stringify(ExclusiveStartKey),
    );
  const ofTable = { device: S("d1"), at: S("t0") };
  await check(ofTable, invalid);
  await check({ ...ofTable, level: S("low") }, invalid);
  await check({ ...ofTable, kind: N("1") }, mismatch);
  await check({ device: N("1"), at: S("t0"), kind: S("heat") }, `${invalid}: ${mismatch}`);
  await check(
    { ...ofTable, kind: S("") },
    `${invalid}: One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty string value. IndexName: by-kind, IndexKey: kind`,
  );
  await check({ x: S("x"), y: S("y"), kind: S("heat") }, `${invalid}: ${mismatch}`);
  await check(
    { ...ofTable, kind: S("noise") },
    "The provided starting key is outside query boundaries based on provided conditions",
  );
  await check({ ...ofTable, kind: S("heat") }, "Query condition missed key schema element: kind", {
    ...byKind,
    KeyConditionExpression: "note = :k",
  });
  await check(
    { device: S("d1"), at: S("t0"), level: S("low") },
    "Filter Expression can only contain non-primary key attributes: Primary key attribute: level",
    {
      IndexName: "by-level",
      FilterExpression: "#l = :d",
      ExpressionAttributeNames: { "#l": "level" },
    },
  );
  assert.equal(
    await refusal(query({ ExclusiveStartKey: { device: {} as AttributeValue }, TableName: "abc" })),
    "ValidationException: Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
  );
});

test("keys of any length are paged", async () => {
  covers("dynamodb.Query", "dynamodb.Scan");
  const { client } = await setUp();
  const kind = S(`${"k".repeat(2000)}é`);
  const level = (at: number) => S("l".repeat(1000) + "ab"[at % 2]);
  const items = Array.from({ length: 8 }, (_, at) => ({
    device: S("d".repeat(2047) + "xy"[at % 2]),
    at: S("t".repeat(1023) + at),
    kind,
    level: level(at),
  }));
  await putAll(client, "events", items);
  const read = async (input: Partial<QueryCommandInput>) => {
    const found: Attributes[] = [];
    const command = { TableName: "events", ...input };
    for await (const page of paginateQuery({ client, pageSize: 3 }, command)) {
      found.push(...(page.Items ?? []));
    }
    return found;
  };
  const ofDevice = await read({
    KeyConditionExpression: "device = :d AND begins_with(#at, :t)",
    ExpressionAttributeNames: { "#at": "at" },
    ExpressionAttributeValues: { ":d": items[1]!.device, ":t": S("t".repeat(1000)) },
  });
  assert.deepEqual(
    ofDevice,
    items.filter((_, at) => at % 2 === 1),
  );
  const ofKind = await read({
    IndexName: "by-kind-level",
    KeyConditionExpression: "kind = :k AND #l > :l",
    ExpressionAttributeNames: { "#l": "level" },
    ExpressionAttributeValues: { ":k": kind, ":l": level(0) },
  });
  assert.equal(new Set(timesOf(ofKind).split(" ")).size, 4);
  assert(ofKind.every((item) => item["level"]!.S === level(1).S));
  const scanned: Attributes[] = [];
  const scan = { TableName: "events", IndexName: "by-kind" };
  for await (const page of paginateScan({ client, pageSize: 3 }, scan)) {
    scanned.push(...(page.Items ?? []).filter((item) => item["kind"]!.S === kind.S));
  }
  assert.equal(scanned.length, 8);
});

test("an index's key of several attributes is asked from the left, and paged", async () => {
  covers("dynamodb.Query", "dynamodb.CreateTable");
  const client = tule.dynamodb();
  const names = ["h", "i", "a", "b", "c"];
  await makeTable(client, {
    ...plainTable,
    AttributeDefinitions: [
      { AttributeName: "pk", AttributeType: "S" },
      ...names.map((AttributeName) => ({
        AttributeName,
        AttributeType: AttributeName === "b" ? ("N" as const) : ("S" as const),
      })),
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName: "many",
        KeySchema: names.map((AttributeName, at) => ({
          AttributeName,
          KeyType: at < 2 ? ("HASH" as const) : ("RANGE" as const),
        })),
        Projection: { ProjectionType: "KEYS_ONLY" },
      },
    ],
  });
  const entry = (pk: string, a: string, b: string, c: string, h = "h") => ({
    pk: S(pk),
    h: S(h),
    i: S("i"),
    a: S(a),
    b: N(b),
    c: S(c),
  });
  await putAll(client, "plain", [
    entry("p1", "x", "10", "q"),
    entry("p2", "x", "9", "r"),
    entry("p3", "x", "9", "ra"),
    entry("p4", "x", "9", "r"),
    entry("p5", "w", "-1", "z"),
    entry("p6", "xy", "0", "z"),
    entry("p7", "x", "9", "r", "other"),
    { pk: S("p8"), h: S("h"), i: S("i"), a: S("x"), c: S("r") },
  ]);
  const all: Attributes = { ":h": S("h"), ":i": S("i"), ":x": S("x"), ":n": N("9"), ":r": S("r") };
  const query = async (condition: string, input: Partial<QueryCommandInput> = {}) => {
    const text = `h = :h AND ${condition}`;
    const ExpressionAttributeValues = Object.fromEntries(
      Object.entries(all).filter(([name]) => text.includes(name)),
    );
    return await client.send(
      new QueryCommand({
        TableName: "plain",
        IndexName: "many",
        KeyConditionExpression: text,
        ExpressionAttributeValues,
        ...input,
      }),
    );
  };
  const found = async (condition: string, input: Partial<QueryCommandInput> = {}) =>
    (await query(condition, input)).Items!.map((item) => item["pk"]!.S).join(" ");
  assert.equal(await found("i = :i"), "p5 p2 p4 p3 p1 p6");
  assert.equal(await found("i = :i AND a = :x"), "p2 p4 p3 p1");
  assert.equal(await found("i = :i AND a = :x", { ScanIndexForward: false }), "p1 p3 p4 p2");
  assert.equal(await found("i = :i AND a > :x"), "p6");
  assert.equal(await found("i = :i AND a < :x"), "p5");
  assert.equal(await found("i = :i AND begins_with(a, :x)"), "p2 p4 p3 p1 p6");
  assert.equal(await found("a = :x AND b <= :n AND i = :i"), "p2 p4 p3");
  assert.equal(await found("i = :i AND a = :x AND b = :n AND c = :r"), "p2 p4");
  assert.equal(await found("i = :i AND a = :x AND b = :n AND begins_with(c, :r)"), "p2 p4 p3");
  assert.equal(await found("i = :i AND a = :x AND b = :n AND c > :r"), "p3");
  const gap =
    "ValidationException: RANGE key attributes a must have equality conditions specified in the query because a condition is present on key attribute b";
  assert.equal(await refusal(query("i = :i AND b = :n")), gap);
  assert.equal(await refusal(query("i = :i AND a > :x AND b = :n")), gap);
  assert.equal(
    await refusal(query("a = :x")),
    "ValidationException: Query condition missed key schema element: i",
  );
  const page = await query("i = :i AND a = :x", { Limit: 1 });
  assert.deepEqual(page.LastEvaluatedKey, entry("p2", "x", "9", "r"));
  const rest = { ExclusiveStartKey: page.LastEvaluatedKey };
  assert.equal(await found("i = :i AND a = :x", rest), "p4 p3 p1");
  assert.equal(
    await refusal(query("i = :i AND a = :x AND b > :n", rest)),
    "ValidationException: The provided starting key does not match the range key predicate",
  );
});

interface Walk {
  readonly index: string | undefined;
  readonly partition: string;
  readonly sort: string | undefined;
}

const walks: readonly Walk[] = [
  { index: undefined, partition: "device", sort: "at" },
  { index: "by-level", partition: "device", sort: "level" },
  { index: "by-size", partition: "device", sort: "size" },
  { index: "by-kind", partition: "kind", sort: undefined },
  { index: "by-kind-level", partition: "kind", sort: "level" },
];

const compare = (left: AttributeValue, right: AttributeValue): number =>
  left.N === undefined
    ? Buffer.compare(Buffer.from(left.S!), Buffer.from(right.S!))
    : Number(left.N) - Number(right.N);

const operators: readonly [string, (order: number) => boolean][] = [
  ["=", (order) => order === 0],
  ["<", (order) => order < 0],
  ["<=", (order) => order <= 0],
  [">", (order) => order > 0],
  [">=", (order) => order >= 0],
];

async function readAll(
  client: DynamoDBClient,
  input: QueryCommandInput,
  limit: number,
): Promise<Attributes[]> {
  const found: Attributes[] = [];
  let start: Attributes | undefined;
  do {
    const page = await client.send(
      new QueryCommand({ ...input, Limit: limit, ExclusiveStartKey: start }),
    );
    assert(page.ScannedCount! <= limit);
    assert.equal(page.LastEvaluatedKey === undefined, page.ScannedCount! < limit);
    found.push(...page.Items!);
    start = page.LastEvaluatedKey;
  } while (start !== undefined);
  return found;
}

for (const seed of [1, 20_260_101, 777_777]) {
  test(`pages of random queries together are what a plain look through all items finds (seed ${seed})`, async () => {
    covers("dynamodb.Query");
    const client = tule.dynamodb();
    await makeEvents(client);
    const random = seededRandom(seed);
    const below = (bound: number) => random.below(bound);
    const pick = <T>(from: readonly T[]): T => from[below(from.length)]!;
    const words = ["", "a", "ab", "b", "é", "\u0000", "\u0001", "a\u0000b", "😀", "\uffff"];
    const devices = ["d", "d\u0000", "e"];
    const levels = words.slice(1);
    const byKey = new Map<string, Attributes>();
    for (let count = 0; count < 150; count++) {
      const item: Attributes = { device: S(pick(devices)), at: S(`t${pick(words)}${below(9)}`) };
      if (below(4) > 0) item["level"] = S(pick(levels));
      if (below(4) > 0) item["size"] = N(String((below(41) - 20) / pick([1, 4, 1000])));
      if (below(4) > 0) item["kind"] = S(pick(["k", "l"]));
      if (below(2) > 0) item["note"] = S(pick(words));
      byKey.set(`${item["device"]!.S}|${item["at"]!.S}`, item);
    }
    const items = [...byKey.values()];
    await putAll(client, "events", items);
    for (let round = 0; round < 60; round++) {
      const { index, partition, sort } = pick(walks);
      const values: Attributes = { ":p": S(pick(partition === "kind" ? ["k", "l"] : devices)) };
      let condition = "#p = :p";
      let expected = items.filter((item) => item[partition]?.S === values[":p"]!.S);
      if (sort !== undefined) {
        expected = expected.filter((item) => item[sort] !== undefined);
        if (below(3) > 0 && expected.length > 0) {
          const [operator, holds] = pick(operators);
          const value = pick(expected)[sort]!;
          values[":s"] = value;
          condition += ` AND #s ${operator} :s`;
          expected = expected.filter((item) => holds(compare(item[sort]!, value)));
        }
      }
      const forward = below(2) === 0;
      const hasFilter = index !== "by-size" && below(2) === 0;
      if (hasFilter) {
        values[":n"] = S(pick(words));
        expected = expected.filter((item) => (item["note"]?.S ?? "none") !== values[":n"]!.S);
      }
      const found = await readAll(
        client,
        {
          TableName: "events",
          IndexName: index,
          KeyConditionExpression: condition,
          ...(hasFilter && { FilterExpression: "note <> :n" }),
          ExpressionAttributeNames: {
            "#p": partition,
            ...(condition.includes("#s") && { "#s": sort! }),
          },
          ExpressionAttributeValues: values,
          ScanIndexForward: forward,
          ...(index !== "by-kind-level" && { Select: "ALL_ATTRIBUTES" }),
        },
        1 + below(20),
      );
      const context = `round ${round}: ${condition} ${JSON.stringify(values)} on ${index}`;
      const identity = (item: Attributes) => `${item["device"]!.S}|${item["at"]!.S}`;
      assert.deepEqual(found.map(identity).toSorted(), expected.map(identity).toSorted(), context);
      if (index !== "by-kind-level") {
        for (const item of found) assert.deepEqual(item, byKey.get(identity(item)), context);
      }
      if (sort !== undefined) {
        for (let at = 1; at < found.length; at++) {
          const order = compare(found[at - 1]![sort]!, found[at]![sort]!);
          assert(forward ? order <= 0 : order >= 0, context);
        }
      }
    }
  });
}
