import assert from "node:assert/strict";
import test from "node:test";
import { JsonBytes } from "#base/json-bytes.ts";
import type { Change } from "../streams/change-record.ts";
import { dataRecord } from "./data-record.ts";

const image = (value: object): JsonBytes => new JsonBytes(Buffer.from(JSON.stringify(value)));

const change: Change = {
  event: "MODIFY",
  cause: "request",
  sizeBytes: 30,
  keys: image({ id: { S: "a" } }),
  newImage: image({ id: { S: "a" }, n: { N: "2" } }),
  oldImage: image({ id: { S: "a" }, n: { N: "1" } }),
};

const place = {
  awsRegion: "eu-west-1",
  tableName: "Music",
  eventId: "7df367f7-826b-438c-9fd6-712c32f45a5e",
  atMs: 1_660_598_951_097,
  precision: undefined,
};

test("a record of a change reads like AWS's", () => {
  const record = dataRecord(change, place);
  assert.equal(
    record.Data.toString(),
    '{"awsRegion":"eu-west-1","eventID":"7df367f7-826b-438c-9fd6-712c32f45a5e","eventName":"MODIFY","userIdentity":null,' +
      '"recordFormat":"application/json","tableName":"Music","dynamodb":{"ApproximateCreationDateTime":1660598951097,' +
      '"Keys":{"id":{"S":"a"}},"NewImage":{"id":{"S":"a"},"n":{"N":"2"}},"OldImage":{"id":{"S":"a"},"n":{"N":"1"}},' +
      '"SizeBytes":30},"eventSource":"aws:dynamodb"}',
  );
  assert.match(record.PartitionKey, /^[0-9A-F]{32}$/);
});

test("an item's records agree in their partition key, whatever has changed", () => {
  const one = dataRecord(change, place);
  const removal: Change = { ...change, event: "REMOVE", newImage: undefined };
  const other = dataRecord(removal, { ...place, eventId: "other", atMs: 5 });
  assert.equal(other.PartitionKey, one.PartitionKey);
  const another = dataRecord({ ...change, keys: image({ id: { S: "b" } }) }, place);
  assert.notEqual(another.PartitionKey, one.PartitionKey);
});

test("microseconds and expiries are named", () => {
  const expiry: Change = { ...change, event: "REMOVE", cause: "expiry", newImage: undefined };
  const { Data } = dataRecord(expiry, { ...place, precision: "MICROSECOND" });
  const record = JSON.parse(Data.toString()) as Record<string, Record<string, unknown>>;
  assert.deepEqual(record["userIdentity"], {
    principalId: "dynamodb.amazonaws.com",
    type: "Service",
  });
  assert.equal(record["dynamodb"]!["ApproximateCreationDateTime"], 1_660_598_951_097_000);
  assert.equal(record["dynamodb"]!["ApproximateCreationDateTimePrecision"], "MICROSECOND");
  assert.equal("NewImage" in record["dynamodb"]!, false);
});
