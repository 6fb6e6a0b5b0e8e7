import assert from "node:assert/strict";
import { dynamodbRequest, KeySlots } from "../load/request.ts";
import { item, writtenKeys } from "./items.ts";
import type { Scenario } from "./scenario.ts";

const table = "put-item";
const put = (number: string) => ({ TableName: table, Item: item(`user#${number}`, "profile") });

export const putItem: Scenario = {
  name: table,
  title: `PutItem: 1 KB, random over ${writtenKeys} keys`,
  setUp: (target) => target.createTable(table),
  request() {
    const slots = new KeySlots();
    return dynamodbRequest("PutItem", put(slots.random(writtenKeys)), slots);
  },
  async verify(target) {
    const { TableName, Item } = put("00000123");
    await target.call("PutItem", { TableName, Item });
    const found = await target.call("GetItem", {
      TableName,
      Key: { pk: Item.pk, sk: Item.sk },
      ConsistentRead: true,
    });
    assert.partialDeepStrictEqual(found, { Item });
  },
  exampleAnswer: () => ({}),
};
