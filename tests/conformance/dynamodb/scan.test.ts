import assert from "node:assert/strict";
import test from "node:test";
import {
  type AttributeValue,
  ScanCommand,
  type ScanCommandInput,
  type ScanCommandOutput,
} from "@aws-sdk/client-dynamodb";
import { covers } from "../../support/covers.ts";
import { type Attributes, events, makeEvents, putAll } from "../../support/dynamodb-events.ts";
import { makeTable, plainTable, refusal } from "../../support/dynamodb-tables.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();

const S = (text: string): AttributeValue => ({ S: text });

async function setUp() {
  const client = tule.dynamodb();
  await makeEvents(client);
  const scan = (input: Partial<ScanCommandInput> = {}) =>
    client.send(new ScanCommand({ TableName: "events", ...input }));
  return { client, scan };
}

/** A table `plain` of items 0 to count - 1. */
async function setUpPlain(count: number) {
  const client = tule.dynamodb();
  await makeTable(client, plainTable);
  const items = Array.from({ length: count }, (_, at) => ({
    pk: S(String(at)),
    n: { N: `${at}` },
  }));
  await putAll(client, "plain", items);
  const scan = (input: Partial<ScanCommandInput> = {}) =>
    client.send(new ScanCommand({ TableName: "plain", ...input }));
  return { client, scan, items };
}

/** All pages, one after another. */
async function scanAll(
  scan: (input: Partial<ScanCommandInput>) => Promise<ScanCommandOutput>,
  input: Partial<ScanCommandInput>,
): Promise<Attributes[]> {
  const found: Attributes[] = [];
  let ExclusiveStartKey: Attributes | undefined;
  do {
    const page = await scan({ ...input, ExclusiveStartKey });
    found.push(...(page.Items ?? []));
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey !== undefined);
  return found;
}

const texts = (items: readonly Attributes[]): string[] =>
  items.map((item) => JSON.stringify(item, Object.keys(item).toSorted())).toSorted();

test("a scan gives every item once, whatever the pages, always in the same order", async () => {
  covers("dynamodb.Scan");
  const { scan, items } = await setUpPlain(60);
  const whole = await scan();
  assert.equal(whole.Count, 60);
  assert.equal(whole.ScannedCount, 60);
  assert.equal(whole.LastEvaluatedKey, undefined);
  assert.deepEqual(texts(whole.Items!), texts(items));
  for (const Limit of [1, 7, 59, 60, 61]) {
    assert.deepEqual(await scanAll(scan, { Limit }), whole.Items, `Limit ${Limit}`);
  }
});

test("a partition's items stand together, by their sort key", async () => {
  covers("dynamodb.Scan");
  const { scan } = await setUp();
  const { Items: items } = await scan();
  assert.deepEqual(
    items!.filter((item) => item["device"]!.S === "d1"),
    events.slice(0, 6),
  );
  assert.equal(items!.length, 7);
});

test("segments divide a table among them: none has another's items", async () => {
  covers("dynamodb.Scan");
  const { scan, items } = await setUpPlain(60);
  const whole = await scan();
  for (const TotalSegments of [1, 2, 3, 7, 200]) {
    const found: Attributes[] = [];
    for (let Segment = 0; Segment < TotalSegments; Segment++) {
      found.push(...(await scanAll(scan, { Segment, TotalSegments, Limit: 5 })));
    }
    assert.deepEqual(found, whole.Items, `${TotalSegments} segments, in the order of the scan`);
  }
  const [first, second] = await Promise.all(
    [0, 1].map((Segment) => scan({ Segment, TotalSegments: 2 })),
  );
  assert(first!.Count! > 10 && second!.Count! > 10, "the halves are of similar size");
  assert.equal(first!.Count! + second!.Count!, items.length);
  assert.equal((await scan({ Segment: 999_999, TotalSegments: 1_000_000 })).Count, 0);
});

test("a start key belongs to its segment", async () => {
  covers("dynamodb.Scan");
  const { scan } = await setUpPlain(20);
  const second = await scan({ Segment: 1, TotalSegments: 2, Limit: 1 });
  assert.equal(
    await refusal(
      scan({ Segment: 0, TotalSegments: 2, ExclusiveStartKey: second.LastEvaluatedKey }),
    ),
    "ValidationException: The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. TotalSegments: 2 Segment: 0",
  );
});

test("Segment and TotalSegments come together, the one below the other", async () => {
  covers("dynamodb.Scan");
  const { scan } = await setUpPlain(0);
  const check = async (input: Partial<ScanCommandInput>, message: string) =>
    assert.equal(await refusal(scan(input)), `ValidationException: ${message}`);
  await check(
    { Segment: 0 },
    "The TotalSegments parameter is required but was not present in the request when Segment parameter is present",
  );
  await check(
    { TotalSegments: 4 },
    "The Segment parameter is required but was not present in the request when parameter TotalSegments is present",
  );
  await check(
    { Segment: 5, TotalSegments: 5, TableName: "nowhere" },
    "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: 5 is not less than TotalSegments: 5",
  );
  await check(
    { Segment: 0, TotalSegments: 1_000_001 },
    "1 validation error detected: Value '1000001' at 'totalSegments' failed to satisfy constraint: Member must have value less than or equal to 1000000",
  );
  await check(
    { Segment: -1, TotalSegments: 4 },
    "1 validation error detected: Value '-1' at 'segment' failed to satisfy constraint: Member must have value greater than or equal to 0",
  );
});

test("a filter may ask anything, keys too; what it leaves out was scanned and costs", async () => {
  covers("dynamodb.Scan");
  const { scan } = await setUp();
  const answer = await scan({
    FilterExpression: "begins_with(#at, :t) AND (kind = :k OR attribute_not_exists(kind))",
    ExpressionAttributeNames: { "#at": "at" },
    ExpressionAttributeValues: { ":t": S("t"), ":k": S("noise") },
    ReturnConsumedCapacity: "TOTAL",
  });
  assert.deepEqual(texts(answer.Items!), texts(events.slice(4)));
  assert.deepEqual([answer.Count, answer.ScannedCount], [3, 7]);
  assert.deepEqual(answer.ConsumedCapacity, { TableName: "events", CapacityUnits: 0.5 });
  const nothing = await scan({
    FilterExpression: "kind = :k",
    ExpressionAttributeValues: { ":k": S("?") },
    Limit: 3,
  });
  assert.deepEqual([nothing.Count, nothing.ScannedCount], [0, 3]);
  assert(nothing.LastEvaluatedKey !== undefined, "nothing found is not the end");
});

test("an index is scanned like a table, and has the items that have its key", async () => {
  covers("dynamodb.Scan");
  const { scan } = await setUp();
  const all = await scan({ IndexName: "by-kind" });
  assert.deepEqual(texts(all.Items!), texts(events.slice(0, 6)));
  assert.deepEqual(await scanAll(scan, { IndexName: "by-kind", Limit: 1 }), all.Items);
  const page = await scan({ IndexName: "by-kind-level", Limit: 1 });
  assert.deepEqual(Object.keys(page.LastEvaluatedKey!).toSorted(), [
    "at",
    "device",
    "kind",
    "level",
  ]);
  const found: Attributes[] = [];
  for (const Segment of [0, 1, 2]) {
    found.push(...(await scanAll(scan, { IndexName: "by-kind", Segment, TotalSegments: 3 })));
  }
  assert.deepEqual(found, all.Items);
  const absent = await scan({
    IndexName: "by-kind-level",
    FilterExpression: "attribute_not_exists(place)",
  });
  assert.equal(absent.Count, 6, "what an index does not hold is absent for its scan's filter");
});

test("a scan of a local index fetches what the index does not hold", async () => {
  covers("dynamodb.Scan");
  const { scan } = await setUp();
  const unit = (CapacityUnits: number) => ({ CapacityUnits });
  const whole = await scan({
    IndexName: "by-size",
    Select: "ALL_ATTRIBUTES",
    ReturnConsumedCapacity: "INDEXES",
    ConsistentRead: true,
  });
  assert.deepEqual(texts(whole.Items!), texts(events.slice(0, 6)));
  assert.deepEqual(whole.ConsumedCapacity, {
    TableName: "events",
    CapacityUnits: 7,
    Table: unit(6),
    LocalSecondaryIndexes: { "by-size": unit(1) },
  });
  const keys = await scan({ IndexName: "by-size", Limit: 1 });
  assert.deepEqual(Object.keys(keys.Items![0]!).toSorted(), ["at", "device", "size"]);
});

test("Select works as with Query", async () => {
  covers("dynamodb.Scan");
  const { scan } = await setUp();
  const check = async (input: Partial<ScanCommandInput>, message: string) =>
    assert.equal(await refusal(scan(input)), `ValidationException: ${message}`);
  const count = await scan({ Select: "COUNT" });
  assert.deepEqual([count.Count, count.ScannedCount, count.Items], [7, 7, undefined]);
  await check(
    { Select: "ALL_PROJECTED_ATTRIBUTES" },
    "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName",
  );
  await check(
    { Select: "COUNT", ProjectionExpression: "note" },
    "Cannot specify the ProjectionExpression when choosing to get only the Count",
  );
  await check(
    { Select: "ALL_ATTRIBUTES", IndexName: "by-kind-level" },
    "One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index by-kind-level because its projection type is not ALL",
  );
  await check(
    { IndexName: "by-kind-level", ProjectionExpression: "note, place" },
    "One or more parameter values were invalid: Global secondary index by-kind-level does not project [place]",
  );
  await check(
    { IndexName: "by-kind", ConsistentRead: true },
    "Consistent reads are not supported on global secondary indexes",
  );
  await check(
    { IndexName: "nothing", Select: "SPECIFIC_ATTRIBUTES" },
    "The table does not have the specified index: nothing",
  );
});

test("a start key must be a key of what is scanned", async () => {
  covers("dynamodb.Scan");
  const { scan } = await setUp();
  const invalid = "The provided starting key is invalid";
  const mismatch = "The provided key element does not match the schema";
  const check = async (
    ExclusiveStartKey: Attributes,
    message: string,
    input: Partial<ScanCommandInput> = {},
  ) =>
    assert.equal(
      await refusal(scan({ ExclusiveStartKey, ...input })),
      `ValidationException: ${message}`,
      JSON.stringify(ExclusiveStartKey),
    );
  const N1: AttributeValue = { N: "1" };
  const ofTable = `${invalid}: ${mismatch}`;
  await check({}, ofTable);
  await check({ device: S("d1") }, ofTable);
  await check({ device: S("d1"), note: S("x") }, ofTable);
  await check({ device: S("d1"), at: N1 }, ofTable);
  await check({ device: S("d1"), at: S("t0"), note: S("x") }, ofTable);
  await check(
    { device: S("d1"), at: S("") },
    `${invalid}: One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: at`,
  );
  const byKind = { IndexName: "by-kind" };
  await check({ device: S("d1"), at: S("t0") }, invalid, byKind);
  await check({ device: S("d1"), at: S("t0"), level: S("x") }, invalid, byKind);
  await check({ device: S("d1"), at: S("t0"), kind: N1 }, mismatch, byKind);
  await check({ device: N1, at: S("t0"), kind: S("heat") }, ofTable, byKind);
  await check(
    { device: N1, at: S("t0"), kind: S("heat"), level: S("x") },
    "One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index by-kind-level because its projection type is not ALL",
    { IndexName: "by-kind-level", Select: "ALL_ATTRIBUTES" },
  );
  await check(
    { device: { NULL: false } },
    `${invalid}: One or more parameter values were invalid: Null attribute value types must have the value of true`,
    { TableName: "nowhere" },
  );
  await check(
    { device: { N: "abc" } },
    "The parameter cannot be converted to a numeric value: abc",
  );
});

test("values are checked first, then the table, then paths into keys", async () => {
  covers("dynamodb.Scan");
  const { scan } = await setUp();
  assert.equal(
    await refusal(scan({ TableName: "nowhere", FilterExpression: "" })),
    "ValidationException: Invalid FilterExpression: The expression can not be empty;",
  );
  assert.equal(
    await refusal(scan({ TableName: "nowhere" })),
    "ResourceNotFoundException: Requested resource not found",
  );
  assert.equal(
    await refusal(
      scan({
        FilterExpression: "note = :n",
        ExpressionAttributeValues: { ":n": { N: "abc" } },
      }),
    ),
    "ValidationException: ExpressionAttributeValues contains invalid value: The parameter cannot be converted to a numeric value: abc for key :n",
  );
  assert.equal(
    await refusal(scan({ FilterExpression: "attribute_exists(device.x)" })),
    "ValidationException: Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: device",
  );
  assert.equal(
    await refusal(scan({ Limit: 0 })),
    "ValidationException: 1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1",
  );
});

test("a scan of nothing costs the least that a read costs", async () => {
  covers("dynamodb.Scan");
  const { scan } = await setUpPlain(0);
  const answer = await scan({ ReturnConsumedCapacity: "INDEXES" });
  assert.deepEqual([answer.Items, answer.Count, answer.ScannedCount], [[], 0, 0]);
  assert.deepEqual(answer.ConsumedCapacity, {
    TableName: "plain",
    CapacityUnits: 0.5,
    Table: { CapacityUnits: 0.5 },
  });
});
