import assert from "node:assert/strict";
import { test } from "node:test";
import type { AttributeValue } from "../items/attribute-values.ts";
import {
  checkExpressionParameters,
  queryParameters,
  readParameters,
  scanParameters,
  updateParameters,
  writeParameters,
} from "./expression-parameters.ts";
import { parseCondition } from "./bind-condition.ts";
import { parseUpdate } from "./bind-update.ts";
import { Bindings } from "./bindings.ts";

type Names = Record<string, string> | undefined;
type Values = Record<string, AttributeValue> | undefined;

test("placeholders are checked before any expression", () => {
  const wrapped = "ExpressionAttributeValues contains invalid value: ";
  const invalid = "One or more parameter values were invalid: ";
  const cases: [names: Names, values: Values, message: string][] = [
    [{}, {}, "ExpressionAttributeNames must not be empty"],
    [{ a: "a" }, {}, 'ExpressionAttributeNames contains invalid key: Syntax error; key: "a"'],
    [
      { "#a-b": "a" },
      {},
      'ExpressionAttributeNames contains invalid key: Syntax error; key: "#a-b"',
    ],
    [
      { "#n": null as unknown as string },
      {},
      "ExpressionAttributeNames contains invalid value: Empty attribute name for key #n",
    ],
    [undefined, {}, "ExpressionAttributeValues must not be empty"],
    [
      undefined,
      { ":b": {}, b: { S: "a" } },
      'ExpressionAttributeValues contains invalid key: Syntax error; key: "b"',
    ],
    [
      undefined,
      { ":b": { L: [{}] } },
      `${wrapped}Supplied AttributeValue is empty, must contain exactly one of the supported datatypes for key :b`,
    ],
    [
      undefined,
      { ":b": null as unknown as AttributeValue },
      `${wrapped}Supplied AttributeValue is empty, must contain exactly one of the supported datatypes for key :b`,
    ],
    [
      undefined,
      { ":b": { SS: [] } },
      `${wrapped}${invalid}An string set  may not be empty for key :b`,
    ],
    [
      undefined,
      { ":b": { N: "b" } },
      `${wrapped}The parameter cannot be converted to a numeric value: b for key :b`,
    ],
    [
      undefined,
      { ":n": { NULL: false } },
      `${invalid}Null attribute value types must have the value of true`,
    ],
  ];
  for (const [names, values, message] of cases) {
    assert.throws(() => new Bindings(names, values), { message });
  }
});

test("what no expression of the request uses is an error", () => {
  const names = { "#a": "a", "#b": "b" };
  const values = { ":a": { S: "a" }, ":b": { S: "b" } };
  const bindings = new Bindings(names, values);
  parseUpdate("SET #a = :a", bindings);
  assert.throws(() => bindings.assertAllUsed(), {
    message: "Value provided in ExpressionAttributeNames unused in expressions: keys: {#b}",
  });
  parseCondition("#b = #a", bindings);
  assert.throws(() => bindings.assertAllUsed(), {
    message: "Value provided in ExpressionAttributeValues unused in expressions: keys: {:b}",
  });
  parseCondition("c = :b", bindings);
  bindings.assertAllUsed();
});

test("values are normalized where they stand", () => {
  const bindings = new Bindings(undefined, { ":v": { N: "1.50" } });
  assert.ok(parseCondition("a = :v", bindings).holds({ a: { N: "1.5" } }));
});

test("expressions do not mix with the parameters from before them", () => {
  const mixed = "Can not use both expression and non-expression parameters in the same request: ";
  const cases = [
    [
      queryParameters,
      {
        AttributesToGet: ["a"],
        QueryFilter: {},
        ConditionalOperator: "OR",
        KeyConditions: {},
        ProjectionExpression: "",
        FilterExpression: "",
        KeyConditionExpression: "",
      },
      `${mixed}Non-expression parameters: {AttributesToGet, QueryFilter, ConditionalOperator, KeyConditions} ` +
        "Expression parameters: {ProjectionExpression, FilterExpression, KeyConditionExpression}",
    ],
    [
      queryParameters,
      { KeyConditions: {}, QueryFilter: {}, FilterExpression: "a" },
      `${mixed}Non-expression parameters: {QueryFilter} Expression parameters: {FilterExpression}`,
    ],
    [
      readParameters,
      { AttributesToGet: ["a"], ProjectionExpression: "a" },
      `${mixed}Non-expression parameters: {AttributesToGet} Expression parameters: {ProjectionExpression}`,
    ],
    [
      writeParameters,
      { Expected: {}, ConditionExpression: "a" },
      `${mixed}Non-expression parameters: {Expected} Expression parameters: {ConditionExpression}`,
    ],
    [
      readParameters,
      { AttributesToGet: ["a"], ExpressionAttributeNames: {} },
      "ExpressionAttributeNames can only be specified when using expressions",
    ],
    [
      scanParameters,
      { ProjectionExpression: "a", ExpressionAttributeValues: {} },
      "ExpressionAttributeValues can only be specified when using expressions: FilterExpression is null",
    ],
    [
      updateParameters,
      { Expected: {}, ExpressionAttributeValues: {} },
      "ExpressionAttributeValues can only be specified when using expressions: UpdateExpression and ConditionExpression are null",
    ],
  ] as const;
  for (const [parameters, input, message] of cases) {
    assert.throws(() => checkExpressionParameters(input, parameters), { message });
  }
  checkExpressionParameters({ KeyConditions: {}, FilterExpression: "a" }, queryParameters);
});
