import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { valuesEqual } from "../items/attribute-values.ts";
import type { AttributeValue, Item } from "../items/attribute-values.ts";
import { ValidationProblem } from "../validation-problem.ts";
import { type Statement, statementOf } from "./statement.ts";

const item: Item = {
  pk: { S: "a" },
  n: { N: "1" },
  l: { L: [{ N: "2" }, { M: { x: { SS: ["x"] } } }] },
  m: { M: { x: { N: "3" } } },
  ss: { SS: ["a", "b"] },
};
const parameters = (): AttributeValue[] => [{ S: "a" }, { N: "1" }, { SS: ["x"] }, { L: [] }];

/** Runs as much of a statement as needs no table: nothing but ValidationProblems may be thrown. */
function use(text: string): void {
  try {
    useStatement(statementOf({ Statement: text, Parameters: parameters() }));
  } catch (problem) {
    assert(problem instanceof ValidationProblem, `${text}: ${String(problem)}`);
    assert.notEqual(problem.message, "");
  }
}

function useStatement(statement: Statement): void {
  const before = structuredClone(item);
  switch (statement.kind) {
    case "select":
      statement.where?.holds(item);
      statement.output?.apply(item);
      break;
    case "exists":
      useStatement(statement.select);
      break;
    case "insert":
      assert(statement.sizeBytes > 0 || Object.keys(statement.item).length === 0);
      break;
    case "change":
      statement.where?.holds(item);
      if (statement.update !== undefined) {
        statement.update.assignedTypes();
        statement.update.touched(statement.update.apply(item));
      }
  }
  assert.deepEqual(item, before);
}

const words =
  `SELECT INSERT INTO VALUE UPDATE DELETE FROM WHERE SET REMOVE RETURNING ALL OLD NEW MODIFIED AND OR NOT IN BETWEEN
  IS NULL MISSING LIKE ORDER BY ASC DESC EXISTS AS true null tab pk n l m ss "q" 'a' 1 2.5 1e3 ? * , . ; : ( ) [ ] { }
  << >> = <> != < <= > >= + - / || @ \` -- /* */ begins_with contains size attribute_type attribute_exists list_append
  if_not_exists set_add set_delete STRING NUMERIC LIMIT GROUP UNION`.split(/\s+/);

const statements = [
  'SELECT pk, m.x, l[1].x FROM "tab"."idx" WHERE pk = \'a\' AND (n < 5 OR NOT contains(l, ?)) ORDER BY n DESC',
  "INSERT INTO tab VALUE {'pk': ?, 'm': {'x': [1, <<'a', 'b'>>, null, true]}, 'n': -1.5e3}",
  "UPDATE tab SET n = n + 1, l = list_append(l, [1]) SET ss = set_add(ss, <<'c'>>) REMOVE m.x WHERE pk = 'a' RETURNING MODIFIED NEW *",
  "DELETE FROM tab WHERE pk = 'a' AND n BETWEEN 1 AND 2 AND m IS NOT MISSING RETURNING ALL OLD *",
  "EXISTS(SELECT * FROM tab WHERE pk = 'a' AND size(l) IN [1, 2])",
  "FROM tab WHERE pk = 'a' SET n = if_not_exists(n, 0)",
];

test("no words in any order do more than be refused", () => {
  const soup = fc.array(fc.constantFrom(...words), { maxLength: 30 });
  fc.assert(
    fc.property(soup, (tokens) => use(tokens.join(" "))),
    { numRuns: 3000 },
  );
});

test("no text does more than be refused", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 60 }), use), { numRuns: 1000 });
});

test("no change of a good statement does more than be refused", () => {
  const change = fc.record({
    text: fc.constantFrom(...statements),
    at: fc.nat(200),
    length: fc.nat(12),
    put: fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 3 })),
  });
  fc.assert(
    fc.property(change, ({ text, at, length, put }) => {
      const from = at % (text.length + 1);
      use(text.slice(0, from) + put + text.slice(from + length));
    }),
    { numRuns: 3000 },
  );
});

test("the good statements are good", () => {
  for (const text of statements) {
    useStatement(statementOf({ Statement: text, Parameters: parameters() }));
  }
});

const { value: anyValue } = fc.letrec<{ value: AttributeValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.string().map((S) => ({ S })),
    fc.integer().map((n) => ({ N: String(n) })),
    fc.boolean().map((BOOL) => ({ BOOL })),
    fc.constant({ NULL: true }),
    fc.uniqueArray(fc.string(), { minLength: 1 }).map((SS) => ({ SS })),
    fc.uniqueArray(fc.integer(), { minLength: 1 }).map((NS) => ({ NS: NS.map(String) })),
    fc.array(tie("value"), { maxLength: 4 }).map((L) => ({ L })),
    fc.dictionary(fc.string({ minLength: 1 }), tie("value"), { maxKeys: 4 }).map((M) => ({ M })),
  ),
}));

function written(value: AttributeValue): string {
  if (value.S !== undefined) return quoted(value.S);
  if (value.SS !== undefined) return `<<${value.SS.map(quoted).join(", ")}>>`;
  if (value.NS !== undefined) return `<<${value.NS.join(",")}>>`;
  if (value.L !== undefined) return `[${value.L.map(written).join(", ")}]`;
  if (value.M !== undefined) {
    const fields = Object.entries(value.M).map(
      ([name, field]) => `${quoted(name)}:${written(field)}`,
    );
    return `{${fields.join(", ")}}`;
  }
  return value.N ?? (value.NULL === true ? "null" : String(value.BOOL));
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

test("every value can be written as a literal, and reads as itself", () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      const text = `INSERT INTO tab VALUE {'v': ${written(value)}}`;
      const statement = statementOf({ Statement: text });
      assert(statement.kind === "insert");
      assert(valuesEqual(statement.item["v"]!, value), text);
    }),
    { numRuns: 500 },
  );
});
