import assert from "node:assert/strict";
import test from "node:test";
import {
  type AttributeValue,
  type Condition,
  QueryCommand,
  type QueryCommandInput,
  ScanCommand,
  type ScanCommandInput,
} from "@aws-sdk/client-dynamodb";
import { covers } from "../../support/covers.ts";
import { type Attributes, makeEvents } from "../../support/dynamodb-events.ts";
import { refusal } from "../../support/dynamodb-tables.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();

type Conditions = Record<string, Condition>;

const S = (text: string): AttributeValue => ({ S: text });
const is = (
  ComparisonOperator: NonNullable<Condition["ComparisonOperator"]>,
  ...AttributeValueList: AttributeValue[]
): Condition =>
  AttributeValueList.length === 0
    ? { ComparisonOperator }
    : { ComparisonOperator, AttributeValueList };
const d1: Conditions = { device: is("EQ", S("d1")) };

async function setUp() {
  const client = tule.dynamodb();
  await makeEvents(client);
  const query = (input: Partial<QueryCommandInput> = {}) =>
    client.send(new QueryCommand({ TableName: "events", KeyConditions: d1, ...input }));
  const scan = (input: Partial<ScanCommandInput> = {}) =>
    client.send(new ScanCommand({ TableName: "events", ...input }));
  return { query, scan };
}

const timesOf = (items: Attributes[] | undefined): string =>
  (items ?? []).map((item) => item["at"]!.S).join(" ");

test("KeyConditions ask what key condition expressions ask", async () => {
  covers("dynamodb.Query");
  const { query } = await setUp();
  const cases: [Condition, string][] = [
    [is("EQ", S("t2")), "t2"],
    [is("LT", S("t2")), "t0 t1"],
    [is("LE", S("t2")), "t0 t1 t2"],
    [is("GT", S("t3")), "t4 t5"],
    [is("GE", S("t3")), "t3 t4 t5"],
    [is("BEGINS_WITH", S("t")), "t0 t1 t2 t3 t4 t5"],
    [is("BETWEEN", S("t1"), S("t3")), "t1 t2 t3"],
  ];
  for (const [at, expected] of cases) {
    const answer = await query({ KeyConditions: { at, ...d1 } });
    assert.equal(timesOf(answer.Items), expected, at.ComparisonOperator);
  }
  const bySize = await query({
    IndexName: "by-size",
    KeyConditions: { ...d1, size: is("GT", { N: "4" }) },
    ScanIndexForward: false,
  });
  assert.equal(timesOf(bySize.Items), "t2 t0");
});

test("QueryFilter and ScanFilter hold together, or one of them with ConditionalOperator OR", async () => {
  covers("dynamodb.Query", "dynamodb.Scan");
  const { query, scan } = await setUp();
  const filter = { kind: is("EQ", S("heat")), level: is("NE", S("low")) };
  assert.equal(timesOf((await query({ QueryFilter: filter })).Items), "t1 t3");
  const either = await query({ QueryFilter: filter, ConditionalOperator: "OR" });
  assert.equal(timesOf(either.Items), "t0 t1 t2 t3 t4");
  assert.equal(either.ScannedCount, 6);
  assert.equal(timesOf((await scan({ ScanFilter: filter })).Items), "t1 t3");
  assert.equal((await scan({ ScanFilter: filter, ConditionalOperator: "OR" })).Count, 6);
  assert.equal((await scan({ ScanFilter: { kind: is("NULL") } })).Count, 1);
  assert.equal((await scan({ ScanFilter: {} })).Count, 7);
  assert.equal((await query({ QueryFilter: {} })).Count, 6);
});

test("each operator of a legacy filter", async () => {
  covers("dynamodb.Query");
  const { query } = await setUp();
  const cases: [Conditions, string][] = [
    [{ size: is("GT", { N: "4" }) }, "t0 t2"],
    [{ size: is("BETWEEN", { N: "-2" }, { N: "4" }) }, "t1 t3 t4 t5"],
    [{ level: is("IN", S("mid"), S("high")) }, "t1 t3 t4"],
    [{ note: is("CONTAINS", S("e 3")) }, "t3"],
    [{ note: is("NOT_CONTAINS", S("e 3")) }, "t0 t1 t2 t4 t5"],
    [{ note: is("BEGINS_WITH", S("note 5")) }, "t5"],
    [{ missing: is("NOT_NULL") }, ""],
    [{ missing: is("NULL"), kind: is("EQ", S("noise")) }, "t4 t5"],
    [{ place: is("EQ", { M: { room: S("room 1"), floor: { N: "2.0" } } }) }, "t1"],
  ];
  for (const [QueryFilter, expected] of cases) {
    const answer = await query({ QueryFilter });
    assert.equal(timesOf(answer.Items), expected, JSON.stringify(QueryFilter));
  }
});

test("KeyConditions may stand beside a FilterExpression", async () => {
  covers("dynamodb.Query");
  const { query } = await setUp();
  const answer = await query({
    FilterExpression: "kind = :k",
    ExpressionAttributeValues: { ":k": S("noise") },
  });
  assert.equal(timesOf(answer.Items), "t4 t5");
});

test("AttributesToGet takes whole attributes", async () => {
  covers("dynamodb.Query", "dynamodb.Scan");
  const { query, scan } = await setUp();
  const answer = await query({ AttributesToGet: ["note", "nothing"], Limit: 1 });
  assert.deepEqual(answer.Items, [{ note: S("note 0") }]);
  assert.equal(
    await refusal(query({ AttributesToGet: ["note", "note"] })),
    "ValidationException: One or more parameter values were invalid: Duplicate value in attribute name: note",
  );
  assert.equal(
    await refusal(scan({ AttributesToGet: ["note"], Select: "COUNT" })),
    "ValidationException: Cannot specify the AttributesToGet when choosing to get only the Count",
  );
  assert.equal(
    await refusal(scan({ AttributesToGet: ["note", "place"], IndexName: "by-kind-level" })),
    "ValidationException: One or more parameter values were invalid: Global secondary index by-kind-level does not project [place]",
  );
});

test("what KeyConditions cannot ask", async () => {
  covers("dynamodb.Query");
  const { query } = await setUp();
  const check = async (KeyConditions: Conditions, message: string) =>
    assert.equal(
      await refusal(query({ KeyConditions })),
      `ValidationException: ${message}`,
      JSON.stringify(KeyConditions),
    );
  const invalid = "One or more parameter values were invalid: ";
  const notIndexable = "Attempted conditional constraint is not an indexable operation";
  await check({}, "Conditions can be of length 1 or 2 only");
  await check({ at: is("EQ", S("t0")) }, "Query condition missed key schema element: device");
  await check({ device: is("NE", S("d1")) }, notIndexable);
  await check({ device: is("NULL") }, notIndexable);
  await check({ ...d1, at: is("CONTAINS", S("t")) }, notIndexable);
  await check({ device: is("GT", S("d1")) }, "Query key condition not supported");
  await check({ ...d1, note: is("EQ", S("x")) }, "Query condition missed key schema element: at");
  await check(
    { ...d1, at: is("EQ", S("x")), note: is("EQ", S("x")) },
    "The number of query conditions (3) exceeds the number of key attributes defined in the schema (2)",
  );
  await check(
    { ...d1, at: is("EQ") },
    `${invalid}Invalid number of argument(s) for the EQ ComparisonOperator`,
  );
  await check(
    { ...d1, at: is("IN", S("x"), { N: "1" }) },
    `${invalid}AttributeValues inside AttributeValueList must be of same type`,
  );
  await check(
    { ...d1, at: is("BEGINS_WITH", { N: "1" }) },
    `${invalid}ComparisonOperator BEGINS_WITH is not valid for N AttributeValue type`,
  );
  await check(
    { ...d1, at: is("BETWEEN", S("b"), S("a")) },
    "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound",
  );
});

test("what legacy filters cannot ask", async () => {
  covers("dynamodb.Query", "dynamodb.Scan");
  const { query, scan } = await setUp();
  const check = async (promise: Promise<unknown>, message: string) =>
    assert.equal(await refusal(promise), `ValidationException: ${message}`);
  await check(
    query({ QueryFilter: { at: is("EQ", S("t0")) } }),
    "QueryFilter can only contain non-primary key attributes: Primary key attribute: at",
  );
  await check(
    query({ QueryFilter: { place: is("EQ", S("x")) }, IndexName: "by-size" }),
    "One or more parameter values were invalid: Secondary index by-size does not project one or more filter attributes: [place]",
  );
  await check(
    query({ ConditionalOperator: "OR" }),
    "ConditionalOperator cannot be used without Filter or Expected",
  );
  await check(
    scan({ ConditionalOperator: "OR", ScanFilter: { note: is("NULL") } }),
    "ConditionalOperator can only be used when Filter or Expected has two or more elements",
  );
  await check(
    scan({ ScanFilter: { note: is("EQ") }, TableName: "nowhere", Segment: 1 }),
    "One or more parameter values were invalid: Invalid number of argument(s) for the EQ ComparisonOperator",
  );
  await check(
    scan({
      ScanFilter: { note: is("NULL") },
      FilterExpression: "note = :n",
      ExpressionAttributeValues: { ":n": S("x") },
    }),
    "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {ScanFilter} Expression parameters: {FilterExpression}",
  );
});
