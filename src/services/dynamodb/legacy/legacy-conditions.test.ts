import assert from "node:assert/strict";
import { test } from "node:test";
import type { AttributeValue, Item } from "../items/attribute-values.ts";
import { keyRangeOf } from "../expressions/key-condition.ts";
import type { KeyAttribute } from "../expressions/key-condition.ts";
import {
  attributesToGet,
  checkConjunction,
  expectedCondition,
  filterCondition,
  legacyKeyTerms,
} from "./legacy-conditions.ts";
import type { LegacyExpected, LegacyOperator } from "./legacy-conditions.ts";

const invalid = "One or more parameter values were invalid: ";

test("the checks of Expected have AWS's words", () => {
  const a = { S: "a" };
  const cases: [expected: LegacyExpected, message: string][] = [
    [{}, "Value must be provided when Exists is null for Attribute: x"],
    [{ Exists: true }, "Value must be provided when Exists is true for Attribute: x"],
    [{ Exists: false, Value: a }, "Value cannot be used when Exists is false for Attribute: x"],
    [
      { AttributeValueList: [a], Value: a },
      "Value and AttributeValueList cannot be used together for Attribute: x",
    ],
    [
      { AttributeValueList: [a] },
      "AttributeValueList can only be used with a ComparisonOperator for Attribute: x",
    ],
    [
      { Exists: true, ComparisonOperator: "EQ", Value: a },
      "Exists and ComparisonOperator cannot be used together for Attribute: x",
    ],
    [
      { ComparisonOperator: "GT" },
      "Value or AttributeValueList must be used with ComparisonOperator: GT for Attribute: x",
    ],
    [
      { ComparisonOperator: "NULL", Value: a },
      "Invalid number of argument(s) for the NULL ComparisonOperator",
    ],
    [
      { ComparisonOperator: "EQ", AttributeValueList: [] },
      "Invalid number of argument(s) for the EQ ComparisonOperator",
    ],
    [
      { ComparisonOperator: "BETWEEN", AttributeValueList: [a] },
      "Invalid number of argument(s) for the BETWEEN ComparisonOperator",
    ],
  ];
  for (const [expected, message] of cases) {
    assert.throws(() => expectedCondition({ x: expected }, undefined), {
      message: invalid + message,
    });
  }
});

test("the values of a filter must fit its operator", () => {
  const wrongTypes: [operator: LegacyOperator, values: AttributeValue[]][] = [
    ["LT", [{ BOOL: true }]],
    ["IN", [{ SS: ["a"] }]],
    ["CONTAINS", [{ M: {} }]],
    ["NOT_CONTAINS", [{ L: [] }]],
    ["BEGINS_WITH", [{ N: "1" }]],
    ["BETWEEN", [{ NULL: true }, { NULL: true }]],
  ];
  for (const [operator, values] of wrongTypes) {
    const filter = { a: { ComparisonOperator: operator, AttributeValueList: values } };
    const type = Object.keys(values[0]!)[0];
    assert.throws(() => filterCondition(filter, undefined), {
      message: `${invalid}ComparisonOperator ${operator} is not valid for ${type} AttributeValue type`,
    });
  }
  const between = (values: AttributeValue[]) => (): unknown =>
    filterCondition(
      { a: { ComparisonOperator: "BETWEEN", AttributeValueList: values } },
      undefined,
    );
  assert.throws(between([{ S: "b" }, { N: "1" }]), {
    message: `${invalid}AttributeValues inside AttributeValueList must be of same type`,
  });
  assert.throws(between([{ S: "b" }, { S: "a" }]), {
    message:
      "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound",
  });
});

test("a conjunction needs two conditions", () => {
  checkConjunction(undefined, undefined);
  checkConjunction("OR", { a: {}, b: {} });
  assert.throws(() => checkConjunction("OR", undefined), {
    message: "ConditionalOperator cannot be used without Filter or Expected",
  });
  assert.throws(() => checkConjunction("AND", { a: {} }), {
    message:
      "ConditionalOperator can only be used when Filter or Expected has two or more elements",
  });
});

const item: Item = {
  n: { N: "5" },
  s: { S: "hello" },
  tags: { SS: ["a", "b"] },
};

test("each operator holds for the items that it should", () => {
  const cases: [
    name: string,
    operator: LegacyOperator,
    values: AttributeValue[],
    holds: boolean,
  ][] = [
    ["n", "EQ", [{ N: "5.0" }], true],
    ["n", "NE", [{ N: "5" }], false],
    ["absent", "NE", [{ N: "5" }], true],
    ["n", "LE", [{ N: "5" }], true],
    ["n", "LT", [{ N: "5" }], false],
    ["n", "GE", [{ N: "5" }], true],
    ["n", "GT", [{ N: "4" }], true],
    ["s", "NOT_NULL", [], true],
    ["absent", "NULL", [], true],
    ["tags", "CONTAINS", [{ S: "a" }], true],
    ["s", "NOT_CONTAINS", [{ S: "ell" }], false],
    ["s", "NOT_CONTAINS", [{ S: "x" }], true],
    ["absent", "NOT_CONTAINS", [{ S: "x" }], false],
    ["s", "BEGINS_WITH", [{ S: "he" }], true],
    ["s", "IN", [{ S: "x" }, { S: "hello" }], true],
    ["n", "BETWEEN", [{ N: "1" }, { N: "5" }], true],
  ];
  for (const [name, operator, values, holds] of cases) {
    const condition = { [name]: { ComparisonOperator: operator, AttributeValueList: values } };
    assert.equal(filterCondition(condition, undefined).holds(item), holds, `${name} ${operator}`);
  }
});

test("Expected joins its conditions with AND, or as told", () => {
  const expected = {
    n: { Value: { N: "5" } },
    absent: { Exists: false },
    s: { Value: { S: "x" } },
  };
  assert.ok(!expectedCondition(expected, undefined).holds(item));
  assert.ok(!expectedCondition(expected, "AND").holds(item));
  assert.ok(expectedCondition(expected, "OR").holds(item));
  assert.ok(expectedCondition({ pk: { Exists: false } }, undefined).holds(undefined));
});

const key: KeyAttribute[] = [
  { name: "pk", type: "S", role: "HASH" },
  { name: "sk", type: "S", role: "RANGE" },
];

test("KeyConditions become a range of keys", () => {
  const equal = { ComparisonOperator: "EQ" as const, AttributeValueList: [{ S: "a" }] };
  const terms = legacyKeyTerms({
    sk: { ComparisonOperator: "BEGINS_WITH", AttributeValueList: [{ S: "b" }] },
    pk: equal,
  });
  assert.deepEqual(keyRangeOf(terms, key), {
    partition: [{ S: "a" }],
    sort: [],
    range: { operator: "begins_with", values: [{ S: "b" }] },
  });
  const unusable = legacyKeyTerms({
    pk: equal,
    sk: { ComparisonOperator: "NE", AttributeValueList: [{ S: "b" }] },
  });
  assert.throws(() => keyRangeOf(unusable, key), {
    message: "Attempted conditional constraint is not an indexable operation",
  });
  assert.throws(() => keyRangeOf(legacyKeyTerms({ z: { ComparisonOperator: "NULL" } }), key), {
    message: "Query condition missed key schema element: pk",
  });
  assert.throws(() => keyRangeOf(legacyKeyTerms({}), key), {
    message: "Conditions can be of length 1 or 2 only",
  });
});

test("AttributesToGet names whole attributes, each once", () => {
  assert.deepEqual(attributesToGet(["n", "a.b"]).apply({ ...item, "a.b": { S: "x" } }), {
    n: { N: "5" },
    "a.b": { S: "x" },
  });
  assert.throws(() => attributesToGet(["a", "b", "a"]), {
    message: `${invalid}Duplicate value in attribute name: a`,
  });
});
