import assert from "node:assert/strict";
import { dynamodbRequest, KeySlots } from "../load/request.ts";
import { item, storedItems, storeItems } from "./items.ts";
import type { Scenario } from "./scenario.ts";

const table = "get-item";
const key = (number: string) => [`user#${number}`, "profile"] as const;

export const getItem: Scenario = {
  name: table,
  title: `GetItem: one of ${storedItems} items of 1 KB`,
  async setUp(target) {
    await target.createTable(table);
    await storeItems(target, table, storedItems, key);
  },
  request() {
    const slots = new KeySlots();
    const [pk, sk] = key(slots.random(storedItems));
    return dynamodbRequest(
      "GetItem",
      { TableName: table, Key: { pk: { S: pk }, sk: { S: sk } } },
      slots,
    );
  },
  async verify(target) {
    const [pk, sk] = key("00000123");
    const answer = await target.call("GetItem", {
      TableName: table,
      Key: { pk: { S: pk }, sk: { S: sk } },
    });
    assert.partialDeepStrictEqual(answer, { Item: item(pk, sk) });
  },
  exampleAnswer: () => ({ Item: item(...key("00000123")) }),
};
