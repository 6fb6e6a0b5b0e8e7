import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import {
  attributeOf,
  beginsWith,
  compareUtf8,
  compareValues,
  containsValue,
  setAttribute,
  sizeOf,
  valuesEqual,
} from "./attribute-values.ts";
import type { AttributeValue, Item } from "./attribute-values.ts";

test("names of JavaScript's own members are attribute names like others", () => {
  const item: Item = {};
  for (const name of ["constructor", "__proto__", "toString", "hasOwnProperty"]) {
    assert.equal(attributeOf(item, name), undefined);
    setAttribute(item, name, { S: name });
    assert.deepEqual(attributeOf(item, name), { S: name });
  }
  assert.equal(Object.getPrototypeOf(item), Object.prototype);
  assert.equal(Object.keys(item).length, 4);
  const fromJson = JSON.parse('{"__proto__":{"S":"x"}}') as Item;
  assert.deepEqual(attributeOf(fromJson, "__proto__"), { S: "x" });
});

test("values are equal by type and content, sets in any order", () => {
  const equal: [AttributeValue, AttributeValue][] = [
    [{ S: "a" }, { S: "a" }],
    [{ NULL: true }, { NULL: true }],
    [{ SS: ["a", "b"] }, { SS: ["b", "a"] }],
    [{ NS: ["1", "2"] }, { NS: ["2", "1"] }],
    [{ L: [{ S: "a" }, { SS: ["x", "y"] }] }, { L: [{ S: "a" }, { SS: ["y", "x"] }] }],
    [{ M: { a: { N: "1" }, b: { L: [] } } }, { M: { b: { L: [] }, a: { N: "1" } } }],
  ];
  for (const [left, right] of equal) assert.ok(valuesEqual(left, right), JSON.stringify(left));
  const unequal: [AttributeValue, AttributeValue][] = [
    [{ S: "1" }, { N: "1" }],
    [{ BOOL: true }, { BOOL: false }],
    [{ SS: ["a"] }, { SS: ["a", "b"] }],
    [{ SS: ["a", "c"] }, { SS: ["a", "b"] }],
    [{ L: [{ S: "a" }] }, { L: [{ S: "b" }] }],
    [{ L: [{ S: "a" }] }, { L: [] }],
    [{ M: { a: { S: "1" } } }, { M: { b: { S: "1" } } }],
    [{ M: { constructor: { S: "1" } } }, { M: { a: { S: "1" } } }],
  ];
  for (const [left, right] of unequal) {
    assert.ok(!valuesEqual(left, right), JSON.stringify([left, right]));
  }
});

test("strings, numbers and binaries have an order, other and mixed types none", () => {
  const cases: [AttributeValue, AttributeValue, number | undefined][] = [
    [{ S: "a" }, { S: "b" }, -1],
    [{ S: "a" }, { S: "ab" }, -1],
    [{ S: "\ue000" }, { S: "\u{10000}" }, -1],
    [{ N: "10" }, { N: "9" }, 1],
    [{ N: "-10" }, { N: "-9" }, -1],
    [{ N: "0.5" }, { N: "0.5" }, 0],
    [{ B: "AQ==" }, { B: "/w==" }, -1],
    [{ B: "AQ==" }, { B: "AQA=" }, -1],
    [{ S: "1" }, { N: "1" }, undefined],
    [{ BOOL: true }, { BOOL: false }, undefined],
    [{ SS: ["a"] }, { SS: ["b"] }, undefined],
  ];
  for (const [left, right, expected] of cases) {
    const order = compareValues(left, right);
    assert.equal(order === undefined ? order : Math.sign(order), expected);
  }
});

test("the order of strings is that of their UTF-8 bytes", () => {
  const strings = fc.string({ unit: "binary", maxLength: 4 });
  fc.assert(
    fc.property(strings, strings, (left, right) => {
      const expected = Buffer.compare(Buffer.from(left), Buffer.from(right));
      assert.equal(Math.sign(compareUtf8(left, right)), expected);
    }),
    { seed: 5, numRuns: 3000 },
  );
});

test("contains looks for a part, a member or an element", () => {
  const cases: [AttributeValue, AttributeValue, boolean][] = [
    [{ S: "banana" }, { S: "nan" }, true],
    [{ S: "banana" }, { N: "1" }, false],
    [{ SS: ["a", "b"] }, { S: "b" }, true],
    [{ NS: ["1", "2"] }, { N: "2" }, true],
    [{ NS: ["1", "2"] }, { S: "2" }, false],
    [{ BS: ["AQ=="] }, { B: "AQ==" }, true],
    [{ B: "AQID" }, { B: "Ag==" }, true],
    [{ B: "AQID" }, { B: "BA==" }, false],
    [{ L: [{ SS: ["a", "b"] }, { N: "1" }] }, { SS: ["b", "a"] }, true],
    [{ L: [{ S: "a" }] }, { N: "1" }, false],
    [{ M: { a: { S: "a" } } }, { S: "a" }, false],
    [{ N: "11" }, { N: "1" }, false],
  ];
  for (const [container, operand, expected] of cases) {
    assert.equal(containsValue(container, operand), expected, JSON.stringify([container, operand]));
  }
});

test("begins_with is for two strings or two binaries", () => {
  assert.ok(beginsWith({ S: "abc" }, { S: "ab" }));
  assert.ok(beginsWith({ B: "AQID" }, { B: "AQI=" }));
  assert.ok(!beginsWith({ B: "AQID" }, { B: "AgE=" }));
  assert.ok(!beginsWith({ S: "abc" }, { B: "YWI=" }));
  assert.ok(!beginsWith({ N: "12" }, { N: "1" }));
});

test("size counts characters, bytes and elements", () => {
  const cases: [AttributeValue, number | undefined][] = [
    [{ S: "hello" }, 5],
    [{ B: "aGkgdGhlcmU=" }, 8],
    [{ NS: ["2", "4", "7"] }, 3],
    [{ L: [{ N: "1" }] }, 1],
    [{ M: { x: { N: "1" }, y: { M: {} } } }, 2],
    [{ N: "5" }, undefined],
    [{ BOOL: true }, undefined],
    [{ NULL: true }, undefined],
  ];
  for (const [value, size] of cases) assert.equal(sizeOf(value), size, JSON.stringify(value));
});
