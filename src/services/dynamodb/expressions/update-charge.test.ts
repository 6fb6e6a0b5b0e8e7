import assert from "node:assert/strict";
import { test } from "node:test";
import type { AttributeValue } from "../items/attribute-values.ts";
import { parseUpdate } from "./bind-update.ts";
import { Bindings } from "./bindings.ts";
import { chargeBytes } from "./update-charge.ts";

const base = 3;
const set = 19;
const ten = { S: "y".repeat(10) };

// Measured at AWS: paritysuite/dynamodb-conformance, limits/itemSizeBySurface, October 2026.
const cases: [expression: string, values: Record<string, AttributeValue>, bytes: number][] = [
  ["SET b = :v", { ":v": ten }, base + set + 1 + 10],
  ["SET b = :v, c = :w", { ":v": ten, ":w": ten }, base + 2 * (set + 1 + 10)],
  ["SET d = :v", { ":v": { M: { leaf: ten } } }, base + set + 1 + 3 + 1 + 4 + 10],
  ["SET d.leaf = :v", { ":v": ten }, base + set + 1 + 4 + 4 + 10],
  ["SET d = :v", { ":v": { L: [ten] } }, base + set + 1 + 3 + 1 + 10],
  ["SET d[0] = :v", { ":v": ten }, base + set + 1 + 4 + 1 + 10],
  ["SET c = abcdefghij", {}, base + set + 1 + 1 + 14 + 10],
  ["SET c = m.z", {}, base + set + 1 + 1 + 14 + 1 + 14 + 1],
  ["SET c = l[10]", {}, base + set + 1 + 1 + 14 + 1 + 14 + 2],
  ["SET n = n + :v", { ":v": { N: "1" } }, base + set + 1 + 34 + 15 + 1 + 2],
  ["SET n = n - :v", { ":v": { N: "1" } }, base + set + 1 + 37 + 15 + 1 + 2],
  ["SET c = if_not_exists(c, :v)", { ":v": ten }, base + set + 1 + 39 + 15 + 1 + 10],
  ["SET l = list_append(l, :v)", { ":v": { L: [ten] } }, base + set + 1 + 37 + 15 + 1 + 14],
  ["ADD abcdefghij :v", { ":v": { N: "1" } }, base + set + 10 + 2],
  ["ADD ss :v", { ":v": { SS: ["s".repeat(500)] } }, base + set + 2 + 500],
  ["REMOVE abcdefghij", {}, base + 1 + 10],
  ["REMOVE m.yyyyyyyyyy", {}, base + 1 + 1 + 4 + 10],
  ["REMOVE l[10]", {}, base + 1 + 1 + 4 + 2],
  ["DELETE ss :v", { ":v": { SS: ["q".repeat(20)] } }, base + 1 + 2],
];

for (const [expression, values, bytes] of cases) {
  test(`${expression} is charged ${bytes} bytes`, () => {
    const given = Object.keys(values).length === 0 ? undefined : values;
    assert.equal(
      chargeBytes(parseUpdate(expression, new Bindings(undefined, given)).actions),
      bytes,
    );
  });
}

test("an update that is charged more than an item may have is refused", () => {
  const update = (bytes: number) =>
    parseUpdate("SET b = :v", new Bindings(undefined, { ":v": { S: "x".repeat(bytes) } }));
  update(409_600 - 23).checkCharge();
  assert.throws(() => update(409_600 - 22).checkCharge(), {
    message: "Item size to update has exceeded the maximum allowed size",
  });
});
