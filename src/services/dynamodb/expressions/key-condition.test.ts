import assert from "node:assert/strict";
import { test } from "node:test";
import type { AttributeValue } from "../items/attribute-values.ts";
import { Bindings } from "./bindings.ts";
import { isInRange, keyRangeOf, keyTermsOf, parseKeyCondition } from "./key-condition.ts";
import type { KeyAttribute, KeyRange } from "./key-condition.ts";

type Values = Record<string, AttributeValue>;

const names = { "#pk": "pk" };
const values: Values = {
  ":a": { S: "a" },
  ":b": { S: "b" },
  ":one": { N: "1" },
  ":two": { N: "2" },
};
const key: KeyAttribute[] = [
  { name: "pk", type: "S", role: "HASH" },
  { name: "sk", type: "N", role: "RANGE" },
];
const partitionOnly = key.slice(0, 1);
const manyAttributes: KeyAttribute[] = [
  { name: "h1", type: "S", role: "HASH" },
  { name: "h2", type: "S", role: "HASH" },
  { name: "r1", type: "S", role: "RANGE" },
  { name: "r2", type: "N", role: "RANGE" },
  { name: "r3", type: "S", role: "RANGE" },
];

function rangeOf(text: string, schema: KeyAttribute[], bound: Values = values): KeyRange {
  const predicate = parseKeyCondition(text, new Bindings({ ...names }, structuredClone(bound)));
  return keyRangeOf(keyTermsOf(predicate), schema);
}

test("a key condition is a partition and at most one range of sort keys", () => {
  const a = { S: "a" };
  const one = { N: "1" };
  const two = { N: "2" };
  const cases: [text: string, schema: KeyAttribute[], range: KeyRange][] = [
    ["pk = :a", key, { partition: [a], sort: [], range: undefined }],
    [":a = #pk", partitionOnly, { partition: [a], sort: [], range: undefined }],
    ["(pk = :a AND (sk = :one))", key, { partition: [a], sort: [one], range: undefined }],
    [
      "sk < :one AND pk = :a",
      key,
      { partition: [a], sort: [], range: { operator: "<", values: [one] } },
    ],
    [
      "pk = :a AND :one <= sk",
      key,
      { partition: [a], sort: [], range: { operator: ">=", values: [one] } },
    ],
    [
      "pk = :a AND sk BETWEEN :one AND :two",
      key,
      { partition: [a], sort: [], range: { operator: "BETWEEN", values: [one, two] } },
    ],
    [
      "h2 = :b AND h1 = :a",
      manyAttributes,
      { partition: [a, { S: "b" }], sort: [], range: undefined },
    ],
    [
      "h1 = :a AND h2 = :a AND r1 = :a AND r2 = :one AND begins_with(r3, :b)",
      manyAttributes,
      {
        partition: [a, a],
        sort: [a, one],
        range: { operator: "begins_with", values: [{ S: "b" }] },
      },
    ],
  ];
  for (const [text, schema, range] of cases) assert.deepEqual(rangeOf(text, schema), range, text);
});

test("what is no condition on key attributes is refused before the table is known", () => {
  const operator = "Invalid operator used in KeyConditionExpression: ";
  const invalid = "Invalid condition in KeyConditionExpression: ";
  const expression = "Invalid KeyConditionExpression: ";
  const nested = `${expression}KeyConditionExpressions cannot contain nested operations`;
  const several = `${invalid}Multiple attribute names used in one condition`;
  const nestedAttributes = `${expression}KeyConditionExpressions cannot have conditions on nested attributes`;
  const noKey = `${invalid}No key attribute specified`;
  const onePerKey = `${expression}KeyConditionExpressions must only contain one condition per key`;
  const cases: [text: string, message: string][] = [
    ["", `${expression}The expression can not be empty;`],
    ["a > 4", `${expression}Syntax error; token: "4", near: "> 4"`],
    ["a > b and size(b) > c or a > c", `${operator}OR`],
    ["a in (b, size(c), d)", `${operator}IN`],
    ["attribute_exists(a)", `${operator}attribute_exists`],
    ["attribute_type(a, :S)", `${operator}attribute_type`],
    ["contains(a.d, b)", `${operator}contains`],
    ["not a > b", `${operator}NOT`],
    ["a <> b", `${operator}<>`],
    [
      ":a between size(b) and size(a) and b > :b",
      `${invalid}BETWEEN operator must have the key attribute as its first operand`,
    ],
    [
      "begins_with(:a, b) and a > :b",
      `${invalid}begins_with operator must have the key attribute as its first operand`,
    ],
    ["size(b) > a AND a.b > b AND b > c", nested],
    ["a > size(b.d)", nested],
    ["a between size(b) and size(a)", nested],
    ["b > a.b", several],
    ["b between c[1] and d", several],
    ["a between b and size(a)", several],
    ["begins_with(a, b)", several],
    ["b.d > a AND c.d > e.f", nestedAttributes],
    ["b[0] > a", nestedAttributes],
    [":b > :a AND a < :b", noKey],
    [":a > b AND :a < :b", noKey],
    ["b > :a AND b < :a and c = :a and d = :a", onePerKey],
    ["(a > :a and b > :a) and (b > :a and c > :a)", onePerKey],
    [
      "a between :b and :a",
      `${expression}The BETWEEN operator requires upper bound to be greater than or equal to lower bound; ` +
        "lower bound operand: AttributeValue: {S:b}, upper bound operand: AttributeValue: {S:a}",
    ],
  ];
  for (const [text, message] of cases) {
    const bindings = new Bindings(undefined, {
      ":a": { S: "a" },
      ":b": { S: "b" },
      ":S": { S: "S" },
    });
    assert.throws(() => keyTermsOf(parseKeyCondition(text, bindings)), { message }, text);
  }
});

test("conditions that do not fit the key schema are refused", () => {
  const missed = "Query condition missed key schema element: ";
  const notSupported = "Query key condition not supported";
  const wrongType =
    "One or more parameter values were invalid: Condition parameter type does not match schema type";
  const needsEquality = (open: string, later: string): string =>
    `RANGE key attributes ${open} must have equality conditions specified in the query because a condition is present on key attribute ${later}`;
  const cases: [text: string, schema: KeyAttribute[], message: string][] = [
    [
      "pk = :a AND sk = :one AND x = :a",
      key,
      "The number of query conditions (3) exceeds the number of key attributes defined in the schema (2)",
    ],
    ["sk = :one", key, `${missed}pk`],
    ["x = :a", key, `${missed}pk`],
    ["x = :a", partitionOnly, `${missed}pk`],
    ["pk = :a AND x = :one", key, `${missed}sk`],
    ["pk = :a AND x = :one", partitionOnly, notSupported],
    ["pk = :one", key, wrongType],
    ["pk = :a AND sk = :a", key, wrongType],
    ["pk > :a", key, notSupported],
    ["begins_with(pk, :a) AND sk = :one", key, notSupported],
    ["pk = :a AND begins_with(sk, :a)", key, wrongType],
    ["h1 = :a AND r1 = :a", manyAttributes, `${missed}h2`],
    ["h1 = :a AND h2 = :a AND r2 = :one", manyAttributes, needsEquality("r1", "r2")],
    ["h1 = :a AND h2 = :a AND r1 > :a AND r2 = :one", manyAttributes, needsEquality("r1", "r2")],
    ["h1 = :a AND h2 = :a AND r1 = :a AND r3 = :a", manyAttributes, needsEquality("r2", "r3")],
    ["h1 = :a AND h2 = :a AND x = :a", manyAttributes, notSupported],
  ];
  for (const [text, schema, message] of cases) {
    assert.throws(() => rangeOf(text, schema), { message }, text);
  }
});

test("the values of a key condition must be such as keys can have", () => {
  const empty =
    "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: ";
  assert.throws(() => rangeOf("pk = :v", key, { ":v": { S: "" } }), { message: `${empty}pk` });
  assert.throws(() => rangeOf("pk = :v", key, { ":v": { S: "x".repeat(2049) } }), {
    message: /Size of hashkey has exceeded/,
  });
});

test("a start key can be held against the range", () => {
  const range = (text: string): KeyRange["range"] => rangeOf(`pk = :a AND ${text}`, key).range;
  const one = { N: "1" };
  const two = { N: "2" };
  assert.ok(isInRange(undefined, one));
  assert.ok(isInRange(range("sk < :two"), one));
  assert.ok(!isInRange(range("sk < :two"), two));
  assert.ok(isInRange(range("sk <= :two"), two));
  assert.ok(isInRange(range("sk > :one"), two));
  assert.ok(!isInRange(range("sk >= :two"), one));
  assert.ok(isInRange(range("sk BETWEEN :one AND :two"), two));
  assert.ok(!isInRange(range("sk BETWEEN :one AND :two"), { N: "2.1" }));
  assert.ok(isInRange({ operator: "begins_with", values: [{ S: "ab" }] }, { S: "abc" }));
  assert.ok(!isInRange({ operator: "begins_with", values: [{ S: "ab" }] }, { S: "b" }));
});
