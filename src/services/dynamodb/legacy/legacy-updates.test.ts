import assert from "node:assert/strict";
import { test } from "node:test";
import type { AttributeValue, Item } from "../items/attribute-values.ts";
import { legacyUpdate } from "./legacy-updates.ts";
import type { LegacyUpdate } from "./legacy-updates.ts";

const invalid = "One or more parameter values were invalid: ";

test("an action must fit its value", () => {
  const cases: [update: LegacyUpdate, message: string][] = [
    [{}, "Only DELETE action is allowed when no attribute value is specified"],
    [{ Action: "ADD" }, "Only DELETE action is allowed when no attribute value is specified"],
    [
      { Action: "DELETE", Value: { S: "1" } },
      "DELETE action with value is not supported for the type S",
    ],
    [{ Action: "ADD", Value: { BOOL: true } }, "ADD action is not supported for the type BOOL"],
  ];
  for (const [update, message] of cases) {
    assert.throws(() => legacyUpdate({ a: update }), { message: invalid + message });
  }
});

test("PUT, ADD and DELETE change attributes as told", () => {
  const before: Item = {
    pk: { S: "1" },
    n: { N: "1" },
    tags: { SS: ["a", "b"] },
    elements: { L: [{ S: "a" }] },
    gone: { S: "x" },
  };
  const update = legacyUpdate({
    put: { Value: { S: "new" } },
    n: { Action: "ADD", Value: { N: "3.0" } },
    tags: { Action: "DELETE", Value: { SS: ["a", "z"] } },
    elements: { Action: "ADD", Value: { L: [{ N: "1" }] } },
    gone: { Action: "DELETE" },
    fresh: { Action: "ADD", Value: { NS: ["1"] } },
  });
  const after = update.apply(before);
  assert.deepEqual(after, {
    pk: { S: "1" },
    n: { N: "4" },
    tags: { SS: ["b"] },
    elements: { L: [{ S: "a" }, { N: "1" }] },
    put: { S: "new" },
    fresh: { NS: ["1"] },
  });
  assert.deepEqual(Object.keys(update.touched(before)).sort(), ["elements", "gone", "n", "tags"]);
});

test("a value of another type than the attribute's is refused", () => {
  const before: Item = { tags: { SS: ["1"] }, n: { N: "1" } };
  const cases: [name: string, action: "ADD" | "DELETE", value: AttributeValue][] = [
    ["tags", "DELETE", { NS: ["1"] }],
    ["n", "DELETE", { NS: ["1"] }],
    ["tags", "ADD", { NS: ["1"] }],
    ["tags", "ADD", { N: "1" }],
  ];
  for (const [name, action, value] of cases) {
    const update = legacyUpdate({ [name]: { Action: action, Value: value } });
    assert.throws(() => update.apply(before), {
      message: "Type mismatch for attribute to update",
    });
  }
});

test("only an update that puts or adds makes an item where there is none", () => {
  assert.ok(legacyUpdate({}).createsItem);
  assert.ok(legacyUpdate({ a: { Value: { S: "x" } }, b: { Action: "DELETE" } }).createsItem);
  assert.ok(!legacyUpdate({ a: { Action: "DELETE" } }).createsItem);
});
