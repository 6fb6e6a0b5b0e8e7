import assert from "node:assert/strict";
import { dynamodbRequest, KeySlots } from "../load/request.ts";
import { item, writtenKeys } from "./items.ts";
import type { Scenario } from "./scenario.ts";

const table = "transact-write-2";

const transaction = (number: () => string) => ({
  TransactItems: ["from", "to"].map((side) => ({
    Put: { TableName: table, Item: item(`${side}#${number()}`, "profile") },
  })),
});

export const transactWrite2: Scenario = {
  name: table,
  title: `TransactWriteItems: 2 puts of 1 KB, random over ${writtenKeys} keys, without conflicts`,
  setUp: (target) => target.createTable(table),
  request() {
    const slots = new KeySlots();
    return dynamodbRequest(
      "TransactWriteItems",
      transaction(() => slots.own(writtenKeys)),
      slots,
    );
  },
  async verify(target) {
    await target.call(
      "TransactWriteItems",
      transaction(() => "00000123"),
    );
    for (const side of ["from", "to"]) {
      const stored = item(`${side}#00000123`, "profile");
      const found = await target.call("GetItem", {
        TableName: table,
        Key: { pk: stored.pk, sk: stored.sk },
        ConsistentRead: true,
      });
      assert.partialDeepStrictEqual(found, { Item: stored });
    }
  },
  exampleAnswer: () => ({}),
};
