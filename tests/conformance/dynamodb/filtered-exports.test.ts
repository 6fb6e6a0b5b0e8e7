import assert from "node:assert/strict";
import test from "node:test";
import {
  BatchWriteItemCommand,
  DeleteItemCommand,
  type FilterSpecification,
  PutItemCommand,
} from "@aws-sdk/client-dynamodb";
import { covers } from "../../support/covers.ts";
import { Exporting } from "../../support/dynamodb-exports.ts";
import { setRecovery } from "../../support/dynamodb-restores.ts";
import { indexedTable, refusal } from "../../support/dynamodb-tables.ts";

/* Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Filtered.html */

const table = { ...indexedTable, TableName: "filtered" };
const { TableName } = table;

/** Partitions "a" to "c" of ten items each: `v` is the sort key's, `note` is of every other one. */
async function start(): Promise<Exporting> {
  const exporting = await Exporting.start(table);
  await setRecovery(exporting.client, TableName, true);
  for (const pk of ["a", "b", "c"]) {
    const requests = Array.from({ length: 10 }, (_, sk) => ({
      PutRequest: {
        Item: {
          pk: { S: pk },
          sk: { N: String(sk) },
          v: { N: String(sk) },
          deep: { M: { one: { S: "1" }, two: { S: "2" } } },
          ...(sk % 2 === 0 && { note: { S: "even" } }),
        },
      },
    }));
    await exporting.client.send(
      new BatchWriteItemCommand({ RequestItems: { [TableName]: requests } }),
    );
  }
  return exporting;
}

interface Line {
  readonly Item: Record<string, { readonly S?: string; readonly N?: string }>;
}

async function exported(exporting: Exporting, given: FilterSpecification): Promise<string[]> {
  const ended = await exporting.export({ FilterSpecification: given });
  assert.deepEqual(ended.FilterSpecification, given);
  const lines = await exporting.lines(ended);
  return lines
    .map((line) => (JSON.parse(line) as Line).Item)
    .map(({ pk, sk }) => `${pk?.S}${sk?.N}`)
    .toSorted();
}

test("a filter says which items are exported, and may name the key", async () => {
  covers("dynamodb.ExportTableToPointInTime", "dynamodb.DescribeExport");
  const exporting = await start();
  const noted: FilterSpecification = {
    FilterExpression: "attribute_exists(note) AND sk > :least",
    ExpressionAttributeValues: { ":least": { N: "5" } },
  };
  assert.deepEqual(await exported(exporting, noted), ["a6", "a8", "b6", "b8", "c6", "c8"]);
});

test("a filter may compare with bytes, and is shown with them", async () => {
  covers("dynamodb.ExportTableToPointInTime", "dynamodb.DescribeExport");
  const exporting = await start();
  const bytes = { B: Uint8Array.from([0, 1, 254, 255]) };
  const Item = { pk: { S: "d" }, sk: { N: "0" }, bytes };
  await exporting.client.send(new PutItemCommand({ TableName, Item }));
  const given: FilterSpecification = {
    FilterExpression: "bytes = :bytes",
    ExpressionAttributeValues: { ":bytes": bytes },
  };
  assert.deepEqual(await exported(exporting, given), ["d0"]);
});

test("a key condition says in which partition, and which part of it, as a Query's", async () => {
  covers("dynamodb.ExportTableToPointInTime");
  const exporting = await start();
  const partition: FilterSpecification = {
    KeyConditionExpression: "pk = :pk AND sk BETWEEN :low AND :high",
    ExpressionAttributeValues: { ":pk": { S: "b" }, ":low": { N: "3" }, ":high": { N: "6" } },
  };
  assert.deepEqual(await exported(exporting, partition), ["b3", "b4", "b5", "b6"]);
  const filtered: FilterSpecification = {
    KeyConditionExpression: "#pk = :pk",
    FilterExpression: "note = :note",
    ExpressionAttributeNames: { "#pk": "pk" },
    ExpressionAttributeValues: { ":pk": { S: "c" }, ":note": { S: "even" } },
  };
  assert.deepEqual(await exported(exporting, filtered), ["c0", "c2", "c4", "c6", "c8"]);
  // What was read is paid for, whether or not it was left out.
  const [part, whole] = await Promise.all(
    [filtered, { FilterExpression: "attribute_not_exists(pk)" }].map((FilterSpecification) =>
      exporting.export({ FilterSpecification }),
    ),
  );
  assert.equal(whole!.ItemCount, 0);
  assert(part!.BilledSizeBytes! > 0);
  assert.equal(whole!.BilledSizeBytes, 3 * part!.BilledSizeBytes!);
});

test("a moment's items are found in their partition, changed and deleted ones too", async () => {
  covers("dynamodb.ExportTableToPointInTime");
  const exporting = await start();
  exporting.pass(10);
  const ExportTime = exporting.now;
  exporting.pass(10);
  const Key = (sk: number) => ({ pk: { S: "b" }, sk: { N: String(sk) } });
  await exporting.client.send(new DeleteItemCommand({ TableName, Key: Key(4) }));
  await exporting.client.send(
    new PutItemCommand({ TableName, Item: { ...Key(5), v: { N: "99" } } }),
  );
  await exporting.client.send(new PutItemCommand({ TableName, Item: Key(50) }));
  const FilterSpecification: FilterSpecification = {
    KeyConditionExpression: "pk = :pk AND sk >= :low",
    FilterExpression: "v < :v",
    ExpressionAttributeValues: { ":pk": { S: "b" }, ":low": { N: "4" }, ":v": { N: "7" } },
  };
  const lines = await exporting.lines(await exporting.export({ ExportTime, FilterSpecification }));
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as Line).Item["v"]!.N),
    ["4", "5", "6"],
  );
});

test("a projection says which attributes are exported, in both formats", async () => {
  covers("dynamodb.ExportTableToPointInTime");
  const exporting = await start();
  const FilterSpecification: FilterSpecification = {
    KeyConditionExpression: "pk = :pk AND sk = :sk",
    ProjectionExpression: "v, deep.two",
    ExpressionAttributeValues: { ":pk": { S: "a" }, ":sk": { N: "1" } },
  };
  const json = await exporting.export({ FilterSpecification });
  assert.deepEqual(await exporting.lines(json), [
    '{"Item":{"v":{"N":"1"},"deep":{"M":{"two":{"S":"2"}}}}}',
  ]);
  const ion = await exporting.export({ FilterSpecification, ExportFormat: "ION" });
  assert.deepEqual(await exporting.lines(ion), ['$ion_1_0 {Item:{v:1.,deep:{two:"2"}}}']);
});

test("of what changed, the latest image counts; of what was deleted, the one before", async () => {
  covers("dynamodb.ExportTableToPointInTime");
  const exporting = await start();
  exporting.pass(100);
  const ExportFromTime = exporting.now;
  exporting.pass(10);
  const put = (sk: number, v: number): Promise<unknown> => {
    const Item = { pk: { S: "a" }, sk: { N: String(sk) }, v: { N: String(v) } };
    return exporting.client.send(new PutItemCommand({ TableName, Item }));
  };
  await put(1, 100);
  await put(2, 3);
  await put(77, 100);
  for (const sk of [3, 4]) {
    const Key = { pk: { S: "a" }, sk: { N: String(sk) } };
    await exporting.client.send(new DeleteItemCommand({ TableName, Key }));
  }
  exporting.pass(1_000);
  const ended = await exporting.export({
    ExportType: "INCREMENTAL_EXPORT",
    IncrementalExportSpecification: { ExportFromTime, ExportToTime: exporting.now },
    FilterSpecification: {
      FilterExpression: "v > :v",
      ProjectionExpression: "v",
      ExpressionAttributeValues: { ":v": { N: "3" } },
    },
  });
  const told = (await exporting.lines(ended))
    .map((line) => JSON.parse(line) as Record<string, { v?: { N: string }; sk?: { N: string } }>)
    .map(
      ({ Keys, OldImage, NewImage }) => `${Keys!.sk!.N}: ${OldImage?.v?.N} to ${NewImage?.v?.N}`,
    );
  assert.deepEqual(told.toSorted(), ["1: 1 to 100", "4: 4 to undefined", "77: undefined to 100"]);
});

test("what no Query and no Scan could ask is refused", async () => {
  covers("dynamodb.ExportTableToPointInTime");
  const exporting = await start();
  const refused = (FilterSpecification: FilterSpecification): Promise<string> =>
    refusal(exporting.begin({ FilterSpecification }));
  const ExpressionAttributeValues = { ":pk": { S: "a" } };
  assert.equal(
    await refused({ KeyConditionExpression: "v = :pk", ExpressionAttributeValues }),
    "ValidationException: Query condition missed key schema element: pk",
  );
  assert.match(
    await refused({
      KeyConditionExpression: "pk = :pk",
      FilterExpression: "sk = :pk",
      ExpressionAttributeValues,
    }),
    /^ValidationException: Filter Expression can only contain non-primary key attributes: Primary key attribute: sk$/,
  );
  assert.match(
    await refused({ FilterExpression: "pk ==" }),
    /^ValidationException: Invalid FilterExpression: Syntax error/,
  );
  assert.match(
    await refused({ FilterExpression: "pk = :other", ExpressionAttributeValues }),
    /^ValidationException: Invalid FilterExpression: An expression attribute value used in expression is not defined; attribute value: :other$/,
  );
  assert.match(
    await refused({ ExpressionAttributeValues }),
    /^ValidationException: ExpressionAttributeValues can only be specified when using expressions/,
  );
});
