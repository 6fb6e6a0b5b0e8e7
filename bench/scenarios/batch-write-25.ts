import assert from "node:assert/strict";
import { dynamodbRequest, KeySlots } from "../load/request.ts";
import { item, writtenKeys } from "./items.ts";
import type { Scenario } from "./scenario.ts";

const table = "batch-write-25";
const places = Array.from({ length: 25 }, (_, place) => String(place).padStart(2, "0"));

const batch = (number: () => string) => ({
  RequestItems: {
    // The place in the key keeps two of a batch from naming the same item, which DynamoDB refuses.
    [table]: places.map((place) => ({
      PutRequest: { Item: item(`user#${place}${number()}`, "profile") },
    })),
  },
});

export const batchWrite25: Scenario = {
  name: table,
  title: `BatchWriteItem: 25 puts of 1 KB, each random over ${writtenKeys} keys`,
  setUp: (target) => target.createTable(table),
  request() {
    const slots = new KeySlots();
    return dynamodbRequest(
      "BatchWriteItem",
      batch(() => slots.random(writtenKeys)),
      slots,
    );
  },
  async verify(target) {
    const answer = await target.call(
      "BatchWriteItem",
      batch(() => "00000123"),
    );
    assert.deepEqual(answer["UnprocessedItems"], {});
    const last = item("user#2400000123", "profile");
    const found = await target.call("GetItem", {
      TableName: table,
      Key: { pk: last.pk, sk: last.sk },
      ConsistentRead: true,
    });
    assert.partialDeepStrictEqual(found, { Item: last });
  },
  exampleAnswer: () => ({ UnprocessedItems: {} }),
};
