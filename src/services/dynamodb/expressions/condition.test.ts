import assert from "node:assert/strict";
import { test } from "node:test";
import type { AttributeValue, Item } from "../items/attribute-values.ts";
import { ExpressionProblem } from "../validation-problem.ts";
import { parseCondition, parseFilter } from "./bind-condition.ts";
import { Bindings } from "./bindings.ts";
import { isReserved } from "./reserved-words.ts";

type Values = Record<string, AttributeValue>;

function problemOf(text: string, names?: Record<string, string>, values?: Values): string {
  let problem: unknown;
  try {
    parseFilter(text, new Bindings(names, values));
  } catch (thrown) {
    problem = thrown;
  }
  assert.ok(problem instanceof ExpressionProblem, `${text} should be refused`);
  return problem.message.replace("Invalid FilterExpression: ", "");
}

test("a syntax error shows the token and its neighbours", () => {
  const cases: [text: string, token: string, near: string][] = [
    ["things are not gonna be ok", "are", "things are not"],
    ["a > 4", "4", "> 4"],
    ["a = = :v", "=", "= = :v"],
    ["attribute_exists(Pictures-RearView)", "-", "Pictures-RearView"],
    ["attribute_exists(Pi#ctures.RearView)", "#ctures", "Pi#ctures."],
    ['attribute_exists("Pictures.RearView")', '"', '("Pictures'],
    ["attribute_exists(Pictures..RearView)", ".", "..RearView"],
    ["attribute_exists(asdf[a])", "a", "[a]"],
    ["attribute_type()", ")", "()"],
    ["a in b, c", "b", "in b,"],
    ["a in (b,c,)", ")", ",)"],
    ["a > between", "between", "> between"],
    ["(a)between(b.(c.d))and(c)", "(", ".(c"],
    ["(a)between(b.c.d)and((c)", "<EOF>", ")"],
    ["#$.b > a", "#", "#$"],
    ["a > :things.stuff", ".", ":things.stuff"],
    ["b[:a] > a", ":a", "[:a]"],
    ["b[#_] > a", "#_", "[#_]"],
    ["ü > a", "ü", "ü >"],
    ["_hidden = :v", "_", "_hidden"],
    ["(a)between(b.c[4.5].#d)and(:a)", ".", "4.5"],
    ["size(a).b > a", ".", ").b"],
    ["(size(a))[0] > a", "[", ")[0"],
    ["attribute_exists(a) AND NOT #b", "<EOF>", "#b"],
    ["a = :v AND", "<EOF>", "AND"],
    ["(a) AND b = :v", "AND", ") AND b"],
    ["(b = :v AND a)", ")", "a)"],
    ["a > (b = c)", "=", "b = c"],
    ["a = :v)", ")", ":v)"],
    ["(a = b) = c", "=", ") = c"],
    ["and = :v", "and", "and ="],
    ["not(a)", "<EOF>", ")"],
    ["a", "<EOF>", "a"],
    ["😀 = :v", "😀", "😀 ="],
  ];
  for (const [text, token, near] of cases) {
    assert.equal(problemOf(text), `Syntax error; token: "${token}", near: "${near}"`, text);
  }
});

test("problems of the whole expression come before those of its placeholders, in AWS's order", () => {
  const redundant = "The expression has redundant parentheses;";
  const misused = "The function is not allowed to be used this way in an expression; function: ";
  const unknown = "Invalid function name; function: ";
  const reserved = "Attribute name is a reserved keyword; reserved keyword: ";
  const cases: [text: string, problem: string][] = [
    ["", "The expression can not be empty;"],
    ["a=a and a > ((views))", redundant],
    ["(a)between(((b.c)).d)and(c)", redundant],
    ["a > whatever((:things), ((a)))", redundant],
    ["a=a AND ((a=a AND a=a)) AND a=a", redundant],
    ["a=a OR ((a=a OR (a=a OR a=a)))", redundant],
    ["((#a = :v))", redundant],
    ["a=a and whatever((:things)) > a", `${unknown}whatever`],
    ["attRIbute_exIsts((views), #a)", `${unknown}attRIbute_exIsts`],
    [
      "if_not_exists(a, :a) = :a",
      "The function is not allowed in a condition expression; function: if_not_exists",
    ],
    ["a=a and attribute_exists((views), (#a)) > b", `${misused}attribute_exists`],
    ["attribute_not_exists(things) > b", `${misused}attribute_not_exists`],
    ["attribute_type(things, :a) > b", `${misused}attribute_type`],
    ["begins_with(things, a) > b", `${misused}begins_with`],
    ["contains(:things, c) > b", `${misused}contains`],
    ["size(contains(a, b)) > a", `${misused}contains`],
    ["size(things)", `${misused}size`],
    ["a = b AND size(things)", `${misused}size`],
    ["NOT size(things)", `${misused}size`],
    ["a between b and attribute_exists(things)", `${misused}attribute_exists`],
    ["a in (b, attribute_exists(things))", `${misused}attribute_exists`],
    ["attribute_exists(views, #a)", `${reserved}views`],
    [":a < abOrT", `${reserved}abOrT`],
    ["a.comment = :v", `${reserved}comment`],
  ];
  for (const [text, problem] of cases) assert.equal(problemOf(text), problem, text);
});

test("an undefined placeholder is reported for the first condition that has one", () => {
  const name =
    "An expression attribute name used in the document path is not defined; attribute name: ";
  const value =
    "An expression attribute value used in expression is not defined; attribute value: ";
  const cases: [text: string, problem: string][] = [
    ["attribute_exists(#Pictures.RearView, :a) and a=a", `${name}#Pictures`],
    ["begins_with(Pictures.#RearView)", `${name}#RearView`],
    ["(#P between :lo and :hi) and (#PC in (:cat1, :cat2))", `${name}#P`],
    ["#4g > a", `${name}#4g`],
    ["(a)between(b.c[45].#d)and(:a)", `${name}#d`],
    ["begins_with(:hello, #a, #b)", `${value}:hello`],
    [":a < :b", `${value}:a`],
    [":_ > a", `${value}:_`],
    ["#constructor = :toString", `${name}#constructor`],
  ];
  for (const [text, problem] of cases) assert.equal(problemOf(text), problem, text);
});

test("the number, the distinctness and the types of operands are checked", () => {
  const count = "Incorrect number of operands for operator or function; operator or function: ";
  const type = "Incorrect operand type for operator or function; operator or function: ";
  const distinct =
    "The first operand must be distinct from the remaining operands for this operator or function; operator: ";
  const path = "Operator or function requires a document path; operator or function: ";
  const cases: [text: string, value: AttributeValue, problem: string][] = [
    ["attribute_exists(things, a) and a=a", {}, `${count}attribute_exists, number of operands: 2`],
    ["attribute_type(things)", {}, `${count}attribute_type, number of operands: 1`],
    ["begins_with(things, size(a), b)", {}, `${count}begins_with, number of operands: 3`],
    ["contains(things)", {}, `${count}contains, number of operands: 1`],
    ["size(things, a) > b", {}, `${count}size, number of operands: 2`],
    ["a = a AND #a = b AND :views > a", {}, `${distinct}=, first operand: [a]`],
    ["#a <> a", {}, `${distinct}<>, first operand: [a]`],
    ["((a=a) OR (a=a))", {}, `${distinct}=, first operand: [a]`],
    [
      "contains(ab.bc[1].a, ab.bc[1].#a)",
      {},
      `${distinct}contains, first operand: [ab, bc, [1], a]`,
    ],
    ["b IN (c, b)", {}, `${distinct}IN, first operand: [b]`],
    ["attribute_type(a, size(a)) and a=a", {}, `${type}attribute_type, operand type: N`],
    ["attribute_type(a, :a)", { L: [] }, `${type}attribute_type, operand type: L`],
    ["begins_with(a, size(a)) and a=:a", { N: "1" }, `${type}begins_with, operand type: N`],
    ["begins_with(:a, a)", { BOOL: true }, `${type}begins_with, operand type: BOOL`],
    ["size(size(a)) > :a", { N: "1" }, `${type}size, operand type: N`],
    ["attribute_not_exists(size(:a))", { N: "1" }, `${type}size, operand type: N`],
    ["size(:a) > a", { NULL: true }, `${type}size, operand type: NULL`],
    ["a < :a", { BOOL: true }, `${type}<, operand type: BOOL`],
    [":a >= b", { SS: ["1"] }, `${type}>=, operand type: SS`],
    ["a BETWEEN b AND :a", { M: {} }, `${type}BETWEEN, operand type: M`],
    ["attribute_exists(:a) and a=a", { S: "1" }, `${path}attribute_exists`],
    ["attribute_not_exists(size(:a))", { S: "1" }, `${path}attribute_not_exists`],
    [
      "attribute_type(a, :a)",
      { S: "STRING" },
      "Invalid attribute type name found; type: STRING, valid types: {S,SS,N,NS,B,BS,BOOL,NULL,L,M}",
    ],
  ];
  for (const [text, value, problem] of cases) {
    const values = text.includes(":a") ? { ":a": value } : undefined;
    assert.equal(problemOf(text, { "#a": "a" }, values), problem, text);
  }
});

test("the bounds of BETWEEN must have one type and the right order", () => {
  const text = "a between :b and :a";
  assert.equal(
    problemOf(text, undefined, { ":a": { S: "a" }, ":b": { N: "1" } }),
    "The BETWEEN operator requires same data type for lower and upper bounds; " +
      "lower bound operand: AttributeValue: {N:1}, upper bound operand: AttributeValue: {S:a}",
  );
  assert.equal(
    problemOf(text, undefined, { ":a": { B: "YQ==" }, ":b": { B: "eg==" } }),
    "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; " +
      "lower bound operand: AttributeValue: {B:eg==}, upper bound operand: AttributeValue: {B:YQ==}",
  );
  const inUtf8Order = { ":b": { S: "\ue000" }, ":a": { S: "\u{10000}" } };
  parseFilter(text, new Bindings(undefined, inUtf8Order));
});

test("an expression has at most 4096 bytes, 300 operators and 100 operands of IN", () => {
  assert.equal(
    problemOf("a".repeat(4097)),
    "Expression size has exceeded the maximum allowed size; expression size: 4097",
  );
  const many = Array.from({ length: 151 }, () => "a=b").join(" OR ");
  assert.equal(problemOf(many), "The expression contains too many operators; operator count: 301");
  parseFilter(many.replace(" OR a=b", ""), new Bindings(undefined, undefined));
  const candidates = Array.from({ length: 101 }, (_, index) => `b${index}`).join(",");
  assert.equal(
    problemOf(`a IN (${candidates})`),
    "The IN operator is provided with too many operands; number of operands: 101",
  );
  assert.equal(problemOf("(".repeat(4096)), "The expression has redundant parentheses;");
  assert.equal(
    problemOf(`a${".b".repeat(32)} = c`),
    "The document path has too many nesting levels; nesting levels: 33",
  );
  assert.equal(
    problemOf("a[99999999999] = b"),
    "List index is not within the allowable range; index: [99999999999]",
  );
});

test("the error names the parameter", () => {
  assert.throws(() => parseCondition("a", new Bindings(undefined, undefined)), {
    message: 'Invalid ConditionExpression: Syntax error; token: "<EOF>", near: "a"',
  });
});

const item: Item = {
  a: { N: "2" },
  b: { N: "10" },
  s: { S: "hello" },
  tagged: { SS: ["x", "y"] },
  listed: { L: [{ N: "-1" }, { N: "2" }, { M: { deep: { S: "yes" } } }] },
  mapped: { M: { x: { N: "1" }, "with.dot": { S: "d" }, name: { BOOL: true } } },
  binary1: { B: "AQID" },
  yes: { BOOL: true },
  nil: { NULL: true },
};
const values: Values = {
  ":two": { N: "2" },
  ":ten": { N: "10" },
  ":five": { N: "5" },
  ":hello": { S: "hello" },
  ":he": { S: "he" },
  ":x": { S: "x" },
  ":yes": { BOOL: true },
  ":S": { S: "S" },
  ":L": { S: "L" },
  ":set": { SS: ["y", "x"] },
};
const names = { "#dot": "with.dot", "#name": "name", "#c": "constructor" };

test("a condition holds, or not, for an item", () => {
  const cases: [text: string, holds: boolean][] = [
    ["a = :two", true],
    ["a <> :two", false],
    ["a < b", true],
    ["a > :ten", false],
    ["a <= :two AND a >= :two", true],
    ["s < a", false],
    ["s <> a", true],
    ["a between :two and :ten", true],
    ["b between :two and :five", false],
    ["a in (:ten, :two)", true],
    ["a in (:hello, :ten)", false],
    ["tagged = :set", true],
    ["attribute_exists(s)", true],
    ["attribute_exists(absent)", false],
    ["attribute_exists(#c)", false],
    ["attribute_not_exists(absent.x[1])", true],
    ["attribute_type(s, :S)", true],
    ["attribute_type(listed, :S)", false],
    ["attribute_type(listed, :L)", true],
    ["begins_with(s, :he)", true],
    ["begins_with(absent, :he)", false],
    ["contains(tagged, :x)", true],
    ["contains(s, :he)", true],
    ["contains(listed, :two)", true],
    ["size(s) = :five", true],
    ["size(tagged) = :two", true],
    ["size(a) = :two", false],
    ["size(absent) < :two", false],
    ["size(s) > a", true],
    ["listed[1] = :two", true],
    ["listed[9] = :two", false],
    ["listed[2].deep <> :hello", true],
    ["mapped.x < listed[1]", true],
    ["mapped.#dot = :hello", false],
    ["mapped.#name = :yes", true],
    ["s.x = :two", false],
    ["absent = :two", false],
    ["absent <> :two", true],
    ["NOT absent = :two", true],
    ["NOT NOT a = :two", true],
    ["absent = absent2", false],
    ["yes = :yes AND (a = :ten OR b = :ten)", true],
    ["a = :ten AND a = :two OR b = :ten", true],
    ["a = :ten AND (a = :two OR b = :ten)", false],
    ["NOT a = :ten AND b = :ten", true],
    ["(a) = (:two)", true],
    ["(listed)[1] = :two", true],
    ["a = :two aNd b = :ten Or a = :ten", true],
    ["\ta\n=\r:two ", true],
    ["size(mapped)=:two", false],
  ];
  for (const [text, holds] of cases) {
    const condition = parseCondition(text, new Bindings({ ...names }, { ...values }));
    assert.equal(condition.holds(item), holds, text);
  }
});

test("of an item that does not exist, only the absence of attributes holds", () => {
  const bindings = new Bindings(undefined, { ":v": { S: "x" } });
  assert.ok(parseCondition("attribute_not_exists(pk)", bindings).holds(undefined));
  assert.ok(!parseCondition("attribute_exists(pk)", bindings).holds(undefined));
  assert.ok(parseCondition("pk <> :v", bindings).holds(undefined));
});

test("a condition knows which attributes it names", () => {
  const { use } = parseFilter("a.b = c AND size(d[1]) > e", new Bindings(undefined, undefined));
  assert.deepEqual([...use.heads], ["a", "c", "d", "e"]);
  assert.throws(() => use.checkKeysAreScalar(["pk", "a"], []), {
    message:
      "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: a",
  });
  assert.throws(() => use.checkKeysAreScalar(["pk"], ["d"]), {
    message:
      "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: IndexKey: d",
  });
  use.checkKeysAreScalar(["c"], ["e"]);
  assert.throws(() => use.checkNoKey(["c"], "Filter Expression"), {
    message:
      "Filter Expression can only contain non-primary key attributes: Primary key attribute: c",
  });
});

test("reserved words are reserved in any case", () => {
  for (const word of ["status", "NAME", "Zone", "abort", "size"]) assert.ok(isReserved(word), word);
  for (const word of ["pk", "sk", "version", "constructor2", ""])
    assert.ok(!isReserved(word), word);
});
