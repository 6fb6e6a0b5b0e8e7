import assert from "node:assert/strict";
import { dynamodbRequest, KeySlots } from "../load/request.ts";
import type { Scenario } from "./scenario.ts";

const table = "update-item";
const counters = 1000;

const addOne = (number: string) => ({
  TableName: table,
  Key: { pk: { S: `counter#${number}` }, sk: { S: "all" } },
  UpdateExpression: "ADD visits :one",
  ExpressionAttributeValues: { ":one": { N: "1" } },
  ReturnValues: "UPDATED_NEW",
});

export const updateItem: Scenario = {
  name: table,
  title: `UpdateItem: ADD 1 to one of ${counters} counters, new value returned`,
  setUp: (target) => target.createTable(table),
  request() {
    const slots = new KeySlots();
    return dynamodbRequest("UpdateItem", addOne(slots.random(counters)), slots);
  },
  async verify(target) {
    // A counter that the load does not touch.
    for (const visits of ["1", "2"]) {
      const answer = await target.call("UpdateItem", addOne("99999999"));
      assert.partialDeepStrictEqual(answer, { Attributes: { visits: { N: visits } } });
    }
  },
  exampleAnswer: () => ({ Attributes: { visits: { N: "1234" } } }),
};
