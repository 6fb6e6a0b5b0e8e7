import assert from "node:assert/strict";
import { test } from "node:test";
import type { AttributeValue } from "../items/attribute-values.ts";
import { statementOf } from "./statement.ts";

const malformed = (detail: string): string =>
  `Statement wasn't well formed, can't be processed: ${detail}`;
const leftover = malformed("Unexpected token after expression");
const overflow =
  "Number overflow. Attempting to store a number with magnitude larger than supported range";
const underflow =
  "Number underflow. Attempting to store a number with magnitude smaller than supported range";

function refused(text: string, message: string, parameters?: AttributeValue[]): void {
  assert.throws(
    () => statementOf({ Statement: text, Parameters: parameters }),
    { name: "ValidationProblem", message },
    text,
  );
}

function refusedAll(cases: readonly (readonly [text: string, message: string])[]): void {
  for (const [text, message] of cases) refused(text, message);
}

// Recorded at AWS in October 2026: paritysuite/dynamodb-conformance, partiqlGrammar.
test("text that is no statement is refused in the words of PartiQL's parser", () => {
  refusedAll([
    ["SELECT * FROM tab WHERE pk = 1 foo", leftover],
    ["SELECT * FROM tab WHERE pk = 1 e5", leftover],
    ["INSERT INTO tab VALUE {'pk': 1} foo", leftover],
    ["INSERT INTO tab t VALUE {'pk': 'x'}", leftover],
    ["UPDATE tab SET a = 9 WHERE pk = 1 foo", leftover],
    ["DELETE FROM tab WHERE pk = 1 ORDER BY pk", leftover],
    ["SELECT * FROM tab WHERE pk = 1)", leftover],
    ["SELECT * FROM tab ORDER BY pk WHERE pk = 1", leftover],
    ["FROM tab SET c = 1 WHERE pk = 'a'", leftover],
    [
      "SELECT * FROM tab; SELECT * FROM tab",
      malformed("Unexpected token after semicolon. (Only one query is allowed.)"),
    ],
    ["SELECT * FROM tab WHERE pk = 1e2147483648", malformed("")],
    ["SELECT * FROM tab WHERE pk = 1.5e-2147483647", malformed("")],
    ["SELECT * FROM tab WHERE pk = 1 # note", malformed("")],
    ["SELECT * FROM tab WHERE pk = 1 /* note", malformed("")],
    ["SELECT * FROM tab WHERE pk = 'a", malformed("")],
    ["SELECT * FROM tab WHERE pk = 1abc", malformed("")],
    ["SELECT * FROM tab WHERE", malformed("Unexpected term")],
    ["SELECT * FROM tab WHERE;", malformed("Unexpected term")],
    ["SELECT * FROM tab WHERE NOT", malformed("Unexpected term")],
    ["SELECT * FROM tab WHERE (", malformed("Unexpected term")],
    ["SELECT * FROM", malformed("Unexpected term")],
    [" ", malformed("Unexpected term")],
    [
      "SELECT * FROM tab WHERE a = 1 AND",
      malformed("Missing right-hand side expression of infix operator"),
    ],
    ["SELECT * FROM tab WHERE ORDER BY pk", malformed("Unexpected keyword")],
    ["SELECT * FROM tab WHERE inner = 1", malformed("Unexpected keyword")],
    ["SELECT * FROM tab WHERE m.inner = 1", malformed("Invalid path dot component")],
    ["SELECT * FROM tab WHERE a IS FOO", malformed("Expected type name")],
    ["SELECT * FROM tab WHERE IS NULL", malformed("Unexpected operator")],
    ["SELECT * FROM tab WHERE pk = LIKE", malformed("Unexpected operator")],
    ["DELETE FROM;", malformed("Expected identifier for simple path")],
    ["DELETE FROM WHERE pk = 'a'", malformed("Expected identifier for simple path")],
    ["SLECT * FROM tab WHERE pk = 'a'", malformed("Expected data manipulation")],
    [
      "SELECT *, pk FROM tab",
      malformed(
        "Other expressions may not be present in the select list when '*' is used without dot notation.",
      ),
    ],
    [`SELECT * FROM tab WHERE ${"(".repeat(4000)}`, malformed("Expression is nested too deeply")],
    [
      `SELECT * FROM tab WHERE a = ${"- ".repeat(2000)}b`,
      malformed("Expression is nested too deeply"),
    ],
    [
      `SELECT * FROM tab WHERE ${"NOT ".repeat(2000)}a`,
      malformed("Expression is nested too deeply"),
    ],
  ]);
});

test("statements that PartiQL has and DynamoDB has not are refused", () => {
  const aliasing = "Aliasing is not supported";
  refusedAll([
    ["SELECT * FROM tab t WHERE pk = 'x'", aliasing],
    ["SELECT * FROM tab AS t WHERE pk = 'x'", aliasing],
    ["UPDATE tab t SET a = 3 WHERE pk = 'x'", aliasing],
    ["DELETE FROM tab t WHERE pk = 'x'", aliasing],
    ["SELECT pk AS z FROM tab", aliasing],
    ["x IS INT4", "Unsupported operation: IsType"],
    ["x IS DOUBLE PRECISION", "Unsupported operation: IsType"],
    ["x IS CHARACTER VARYING", "Unsupported operation: IsType"],
    ["CREATE TABLE tab", "Unsupported operation: CreateTable"],
    ["DROP TABLE tab", "Unsupported operation: DropTable"],
    ["tab", "Unsupported operation: VariableReference"],
    ["SELECT VALUE pk FROM tab", "Select projection doesn't support value or pivot keywords"],
    ["SELECT DISTINCT pk FROM tab", "Unsupported token in expression: DISTINCT"],
    ["SELECT * FROM tab LIMIT 1", "Unsupported clause: LIMIT at 1:25:1"],
    ["SELECT * FROM tab GROUP BY pk", "Unsupported clause: GROUP BY"],
    ["SELECT * FROM tab, tob", "Only select from a single table or index is supported."],
    ["SELECT * FROM (SELECT * FROM tab)", "Unexpected from source"],
    ["SELECT * FROM tab.a.b", "A path may contain at most 2 components in the FROM clause"],
    ["SELECT * FROM tab[0]", "Invalid list expression in source."],
    [
      'SELECT * FROM "a b"',
      "Table name should be within the length [3, 255] and only contain 'a-z', 'A-Z', '0-9', '-', '_', '.'.",
    ],
    ["SELECT COUNT(*) FROM tab", "Unexpected path component at 1:8:5"],
    ["SELECT m.* FROM tab", "Changing item's hierarchy while reading isn't supported"],
    ["SELECT a, b.a FROM tab", "Duplicate identifiers in select clause: a"],
    [
      "SELECT * FROM tab ORDER BY sk",
      "Must have WHERE clause in the statement when using ORDER BY clause.",
    ],
    [
      "SELECT * FROM tab WHERE pk = 'a' ORDER BY m.x",
      "Argument to ORDER BY must be of type VariableReference. Type: PATH",
    ],
    [
      "INSERT INTO tab.idx VALUE {'pk': 'a'}",
      "FROM clause may only contain a single table name in data manipulation statements",
    ],
    ["INSERT INTO tab VALUES ('a')", "Unsupported operation: InsertOp"],
    [
      "INSERT INTO tab VALUE {'pk': 'a'} RETURNING ALL OLD *",
      "RETURNING is not supported in INSERT",
    ],
    ["UPDATE tab.idx SET a = 1 WHERE pk = 'a'", "This operation is not supported on an index"],
    ["DELETE FROM tab.idx WHERE pk = 'a'", "This operation is not supported on an index"],
    [
      "DELETE FROM tab WHERE pk = 'a' RETURNING ALL NEW *",
      "Invalid returning clause: RETURNING ALL NEW *. Only RETURNING ALL OLD * is allowed in DELETE statements.",
    ],
    [
      "UPDATE tab SET x = 1 WHERE pk = 'a' RETURNING ALL OLD x",
      "Expected '*' after ( MODIFIED | ALL ) ( NEW | OLD ) in RETURNING clause",
    ],
    [
      "UPDATE tab SET x = 1 WHERE pk = 'a' RETURNING ALL OLD *, ALL NEW *",
      "Invalid syntax with multiple returning elements in RETURNING clause",
    ],
  ]);
});

test("conditions are checked as condition expressions are, in the words of PartiQL", () => {
  const where = (condition: string): string => `SELECT * FROM tab WHERE ${condition}`;
  const cases: [condition: string, message: string][] = [
    ["a", "WHERE clause must contain an expression that resolves to a boolean"],
    ["size(a)", "WHERE clause must contain an expression that resolves to a boolean"],
    ["a = 1 AND b", "The arguments to AND/OR must be Expressions"],
    [
      "a = 1 AND size(b)",
      "Incorrect operand type for operator or function; operator or function: AND, operand type: N",
    ],
    ["NOT a", "The argument to NOT must be a Type or Expression"],
    ["a = missing", "MISSING must be compared using IS operator"],
    ["a LIKE 'x'", "Unsupported operator in Condition Expression. Operator: like"],
    ["a + 1 = 2", "Unsupported operator in Condition Expression. Operator: +"],
    [
      "a = a",
      "The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [a]",
    ],
    [
      "a < true",
      "Incorrect operand type for operator or function; operator or function: <, operand type: BOOL",
    ],
    [
      "a BETWEEN 9 AND 1",
      "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:9}, upper bound operand: AttributeValue: {N:1}",
    ],
    [
      "a IN 5",
      "IN operator must have a left hand argument of type Variable Reference and right hand argument of type Seq with at least one member",
    ],
    [
      "attribute_exists('ss')",
      "Operator or function requires a document path; operator or function: attribute_exists",
    ],
    [
      "attribute_exists()",
      "Incorrect number of operands for operator or function; operator or function: attribute_exists, number of operands: 0",
    ],
    ["a = 1 AND EXISTS(ss)", "Unrecognized function: exists at 1:35:6"],
    ["set_add(ss, <<'x'>>) = ss", "Unrecognized function: set_add at 1:25:7"],
    ["count(a) = 1", "Unsupported token in expression: count at 1:25:5"],
    [
      "contains(a, contains(b, 1))",
      "The function is not allowed to be used this way in an expression; function: contains",
    ],
    [
      "a IS INT",
      "Unsupported data type for IS operator: INTEGER. Supported data types are [MISSING, NULL, BOOLEAN, BLOB, STRING, NUMERIC, STRUCT, TUPLE, LIST] at 1:27:2",
    ],
    [
      "size(a) IS NULL",
      "The left hand side argument to IS must be a Variable Reference, Literal, or Path",
    ],
    ["l[-1] = 1", "List index is not within the allowable range; index: [-1] at 1:28:1"],
    ["l[*] = 1", "Wildcard path component like a[*].b are not supported at 1:27:1"],
    ["\"\" = 'a'", "Path component cannot be an empty string"],
    ["a = 1e126", `${overflow} under root`],
    ["a = 1e-131", `${underflow} under root`],
    ["a = `abc`", "Ion Literals are not supported: SYMBOL under key root at 1:29:5"],
  ];
  for (const [condition, message] of cases) refused(where(condition), message);
});

test("literals are checked, and the place of a wrong one is told", () => {
  const insert = (value: string): string => `INSERT INTO tab VALUE {'a': ${value}}`;
  const bag =
    "Unsupported data type in Bag. DynamoDB only supports either numbers or strings in bags";
  const cases: [value: string, message: string][] = [
    ["1e126", `${overflow} under root`],
    ["{'x': 1e126}", `${overflow} under root.x`],
    ["[1, 1e126]", `${overflow} under root[1]`],
    [
      "123456789012345678901234567890123456789",
      "Attempting to store more than 38 significant digits in a Number under root",
    ],
    ["<<1, 'a'>>", bag],
    ["<<true>>", `${bag} at 1:31:4`],
    ["<<>>", "Empty bags are not supported"],
    [
      "<<'x', 'x'>>",
      "One or more parameter values were invalid: Input collection [x, x] contains duplicates.",
    ],
    ["b", "Unsupported data type: b under key root at 1:29:1"],
    ["{'x': b}", "Unsupported data type: VariableReference under key root.x at 1:35:1"],
    ["[1, ?]", "Unsupported data type: Parameter under key root.1 at 1:33:1"],
    ["missing", "Unsupported data type: MISSING under key root at 1:29:7"],
    ["1 + 1", "Unsupported data type: + under key root at 1:31:1"],
    ["1, 'a': 2", "Duplicate keys in tuple. Key: a under root at 1:32:3"],
    [
      "1, b: 2",
      "Tuple keys must be of type String. Actual type: VariableReference under root at 1:32:1",
    ],
    ["1, '': 2", "Path component cannot be an empty string"],
    ["set_add(<<'a'>>, <<'b'>>)", "Unsupported data type: set_add under key root at 1:29:7"],
  ];
  for (const [value, message] of cases) refused(insert(value), message, [{ S: "x" }]);
  refused(
    "INSERT INTO tab VALUE ?",
    "Unsupported format in item expression. Please use struct format {...} to express item values for insert statement. at 1:23:1",
    [{ M: {} }],
  );
});

test("updates are checked", () => {
  const set = (assignment: string): string => `UPDATE tab SET ${assignment} WHERE pk = 'a'`;
  const cases: [assignment: string, message: string][] = [
    [
      "t = set_add(ss, <<'x'>>)",
      "The first argument to SET_ADD must equal the assignment value at 1:20:7",
    ],
    [
      "ss = set_add(<<'a'>>, <<'b'>>)",
      "The first argument to SET_ADD must equal the assignment value at 1:21:7",
    ],
    [
      "ss = set_add(ss, 'x')",
      "The second argument to SET_ADD must be a value with type SET at 1:29:2",
    ],
    [
      "ss = set_delete(ss, ['x'])",
      "The second argument to SET_DELETE must be a value with type SET at 1:32:2",
    ],
    ["ss = set_add(ss)", "SET_ADD must have exactly two arguments at 1:21:7"],
    ["x = foo(n)", "Unrecognized function: foo at 1:20:3"],
    ["x = size(n)", "The function is not allowed in an update expression; function: size"],
    ["x = n * 2", "Unsupported operator in Update Expression. Operator: *"],
    [
      "x = -n",
      "Incorrect number of operands for operator or function; operator or function: -, number of operands: 1",
    ],
    [
      "x = n + 'a'",
      "Incorrect operand type for operator or function; operator or function: +, operand type: S",
    ],
    [
      "x = list_append(l)",
      "Incorrect number of operands for operator or function; operator or function: list_append, number of operands: 1",
    ],
    [
      "x = if_not_exists(1, 2)",
      "Operator or function requires a document path; operator or function: if_not_exists",
    ],
    ["x = n IS NULL", "IS operator is not supported in update expressions"],
    ["x = missing", "MISSING must be compared using IS operator"],
    [
      "x = 1, x = 2",
      "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [x], path two: [x]",
    ],
  ];
  for (const [assignment, message] of cases) refused(set(assignment), message);
});

test("parameters are counted and checked in the order in which they come", () => {
  const text = "SELECT * FROM tab WHERE x = ? AND y = ?";
  const deep = (depth: number): AttributeValue =>
    depth === 0 ? { S: "" } : { M: { n: deep(depth - 1) } };
  const nesting =
    "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit";
  const unconvertible = "The parameter cannot be converted to a numeric value";
  refused(text, "Number of parameters in request and statement don't match.", [{ N: "1" }]);
  refused(text, nesting, [deep(40), { N: "abc" }]);
  refused(text, `${unconvertible}: abc`, [{ N: "abc" }, deep(40)]);
  refused(text, nesting, [{ M: { d: deep(40), bad: { N: "abc" } } }, { N: "1" }]);
  refused(text, `${unconvertible}: 1e99999999999`, [{ N: "1e99999999999" }, { N: "1" }]);
  refused(text, underflow, [{ N: "1e2147483647" }, { N: "1" }]);
  refused(text, unconvertible, [{ N: "" }, { N: "1" }]);
  statementOf({ Statement: text, Parameters: [{ N: "1" }, { N: "2" }, { N: "3" }] });
});

test("comments, quotes and the case of keywords do not matter", () => {
  const plain = statementOf({ Statement: "SELECT * FROM tab WHERE pk = 'it''s'" });
  for (const text of [
    "select * from \"tab\" where \"pk\" = 'it''s';",
    "-- a note\nSELECT * FROM tab -- another\n WHERE pk = 'it''s'",
    "SELECT * FROM tab /* a\nnote */ WHERE (pk) = ('it''s') /* more */",
    "SELECT * FROM tab WHERE 'it''s' = pk",
    "SELECT * FROM tab WHERE @pk = 'it''s'",
  ]) {
    const statement = statementOf({ Statement: text });
    assert(plain.kind === "select" && statement.kind === "select");
    assert.equal(statement.tableName, "tab");
    const item = { pk: { S: "it's" } };
    assert.equal(statement.where!.holds(item), true, text);
    assert.equal(statement.where!.holds({ pk: { S: "its" } }), false, text);
    assert.deepEqual([...statement.where!.use.heads], ["pk"]);
  }
});
