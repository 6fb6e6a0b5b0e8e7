import assert from "node:assert/strict";
import test from "node:test";
import { statementPositions } from "./statement-positions.ts";

const one = '{"Sid": "", "Effect": "Allow", "Action": "s3:*", "Resource": "a}\\"{"}';

test("statements are found by line and column, whatever their texts hold", () => {
  const list = `{"Version": "2012-10-17", "Statement": [${one}, {}]}`;
  const end = 40 + one.length;
  assert.deepEqual(statementPositions(list), [
    { start: { Line: 1, Column: 41 }, end: { Line: 1, Column: end } },
    { start: { Line: 1, Column: end + 3 }, end: { Line: 1, Column: end + 4 } },
  ]);
});

test("a single statement needs no list, and lines are counted", () => {
  assert.deepEqual(statementPositions('{\n"Statement":\n  {"Condition": {"A": {}}},\n"Id": "x"}'), [
    { start: { Line: 3, Column: 3 }, end: { Line: 3, Column: 26 } },
  ]);
});
