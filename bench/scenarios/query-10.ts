import assert from "node:assert/strict";
import { dynamodbRequest, KeySlots } from "../load/request.ts";
import { item, storedItems, storeItems } from "./items.ts";
import type { Scenario } from "./scenario.ts";

const table = "query-10";
const partitions = storedItems / 20;

const query = (partition: string) => ({
  TableName: table,
  KeyConditionExpression: "pk = :pk",
  ExpressionAttributeValues: { ":pk": { S: `user#${partition}` } },
  Limit: 10,
});

export const query10: Scenario = {
  name: table,
  title: "Query: the first 10 items of 1 KB of a partition of 20",
  async setUp(target) {
    await target.createTable(table);
    for (let order = 0; order < 20; order++) {
      await storeItems(target, table, partitions, (number) => [`user#${number}`, sortKey(order)]);
    }
  },
  request() {
    const slots = new KeySlots();
    return dynamodbRequest("Query", query(slots.random(partitions)), slots);
  },
  async verify(target) {
    const answer = await target.call("Query", query("00000123"));
    assert.deepEqual(answer["Items"], firstTen("00000123"));
    assert.equal(answer["Count"], 10);
    assert.ok(answer["LastEvaluatedKey"], "there is a next page");
  },
  exampleAnswer: () => ({
    Count: 10,
    ScannedCount: 10,
    Items: firstTen("00000123"),
    LastEvaluatedKey: { pk: { S: "user#00000123" }, sk: { S: sortKey(9) } },
  }),
};

function sortKey(order: number): string {
  return `order#${String(order).padStart(4, "0")}`;
}

function firstTen(partition: string) {
  return Array.from({ length: 10 }, (_, order) => item(`user#${partition}`, sortKey(order)));
}
