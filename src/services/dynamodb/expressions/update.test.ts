import assert from "node:assert/strict";
import { test } from "node:test";
import type { AttributeValue, Item } from "../items/attribute-values.ts";
import { ValidationProblem } from "../validation-problem.ts";
import { parseUpdate } from "./bind-update.ts";
import { Bindings } from "./bindings.ts";

type Values = Record<string, AttributeValue>;

const names = { "#a": "a", "#b": "b", "#c": "c", "#d": "[3]", "#1": "1" };

function update(text: string, values?: Values) {
  return parseUpdate(text, new Bindings({ ...names }, values));
}

/** A list's elements from words. */
function strings(words: string): AttributeValue[] {
  return words.split(" ").map((S) => ({ S }));
}

test("a syntax error shows the token and its neighbours", () => {
  const cases: [text: string, token: string, near: string][] = [
    ["whatever", "whatever", "whatever"],
    ["INVALID SYNTAX HERE", "INVALID", "INVALID SYNTAX"],
    ["SET", "<EOF>", "SET"],
    ["set a", "<EOF>", "a"],
    ["add a", "<EOF>", "a"],
    ["set a=set", "set", "=set"],
    ["remove a = b", "=", "a = b"],
    ["delete a b", "b", "a b"],
    ["add numx 1", "1", "numx 1"],
    ["ADD hits : incr", ":", "hits : incr"],
    ["add abort b", "b", "abort b"],
    ["set :a = b", ":a", "set :a ="],
    ["set a = b / c", "/", "b / c"],
    ["SET numx = numx * :v", "*", "numx * :v"],
    ["SET note = :v +", "<EOF>", "+"],
    ['set a[1] = "eight"', '"', '= "eight'],
    ["set a[1] = 1", "1", "= 1"],
    ["SET if_not_exists(a, b) = a", "(", "if_not_exists(a"],
    ["set (a = (b + c))", "(", "set (a"],
    ["set a = (b.c).d + e", ".", ").d"],
    ["set a = (b.c)[0] + e", "[", ")[0"],
    ["set a = b + c + d", "+", "c + d"],
    ["set a = (b + c) - d", "-", ") - d"],
    ["set a = :a,", "<EOF>", ","],
    ["SET a = :a, , b = :b", ",", ", , b"],
    ["SET _x = :a", "_", "SET _x"],
  ];
  for (const [text, token, near] of cases) {
    const message = `Invalid UpdateExpression: Syntax error; token: "${token}", near: "${near}"`;
    assert.throws(() => update(text), { message }, text);
  }
});

test("an update expression that makes no sense is refused with AWS's words, in AWS's order", () => {
  const collide = (how: string, one: string, two: string): string =>
    `Two document paths ${how} with each other; must remove or rewrite one of these paths; path one: ${one}, path two: ${two}`;
  const type = "Incorrect operand type for operator or function; ";
  const cases: [text: string, problem: string][] = [
    ["", "The expression can not be empty;"],
    [
      " set #c = :c set abOrt = true ",
      "Attribute name is a reserved keyword; reserved keyword: abOrt",
    ],
    [" remove Absolute ", "Attribute name is a reserved keyword; reserved keyword: Absolute"],
    ["set #c = if_not_exist(:c) set c = d", "Invalid function name; function: if_not_exist"],
    [
      "SET r = contains(s, :n)",
      "The function is not allowed in an update expression; function: contains",
    ],
    ["SET r = size(s)", "The function is not allowed in an update expression; function: size"],
    [
      "SET r = list_append(list_append(l, :t), :t)",
      "The function is not allowed to be used this way in an expression; function: list_append",
    ],
    ["set a = #z set c = :d", 'The "SET" section can only be used once in an update expression;'],
    [
      "remove #z set a = b remove e",
      'The "REMOVE" section can only be used once in an update expression;',
    ],
    [
      "add #z :e set a = b add e :f",
      'The "ADD" section can only be used once in an update expression;',
    ],
    [
      "SET #z = if_not_exists(:z)",
      "An expression attribute name used in the document path is not defined; attribute name: #z",
    ],
    [
      "SET #a = if_not_exists(:z)",
      "An expression attribute value used in expression is not defined; attribute value: :z",
    ],
    [
      "set d[1] = a, d.b = a, c[1].a = a, #c = if_not_exists(a)",
      collide("overlap", "[c, [1], a]", "[c]"),
    ],
    ["set #c[3].#d = a, #c[3] = a", collide("overlap", "[c, [3], [3]]", "[c, [3]]")],
    ["SET a = :s, a = :s", collide("overlap", "[a]", "[a]")],
    [
      "set #c[3].#d = a, #c.#d[3] = if_not_exists(a)",
      collide("conflict", "[c, [3], [3]]", "[c, [3], [3]]"),
    ],
    ["remove a.#c set a[1] = #d", collide("conflict", "[a, c]", "[a, [1]]")],
    [
      "set b = list_append(:s, a), c = if_not_exists(a) add a.b :s",
      `${type}operator: ADD, operand type: STRING, typeSet: ALLOWED_FOR_ADD_OPERAND`,
    ],
    [
      "delete a.b :n",
      `${type}operator: DELETE, operand type: NUMBER, typeSet: ALLOWED_FOR_DELETE_OPERAND`,
    ],
    ["add a :l", `${type}operator: ADD, operand type: LIST, typeSet: ALLOWED_FOR_ADD_OPERAND`],
    [
      "set a = if_not_exists(c)",
      "Incorrect number of operands for operator or function; operator or function: if_not_exists, number of operands: 1",
    ],
    [
      "set a = if_not_exists(:s, c)",
      "Operator or function requires a document path; operator or function: if_not_exists",
    ],
    [
      "set a = if_not_exists(if_not_exists(a, b), c)",
      "Operator or function requires a document path; operator or function: if_not_exists",
    ],
    ["set a = list_append(a, :n)", `${type}operator or function: list_append, operand type: N`],
    ["set a = :s + :n", `${type}operator or function: +, operand type: S`],
    ["set a = a - :l", `${type}operator or function: -, operand type: L`],
  ];
  for (const [text, problem] of cases) {
    const values: Values = {
      ":s": { S: "a" },
      ":n": { N: "1" },
      ":l": { L: [] },
      ":t": { L: [] },
      ":c": { S: "c" },
      ":d": { S: "d" },
      ":e": { N: "1" },
      ":f": { N: "1" },
    };
    assert.throws(
      () => update(text, values),
      { message: `Invalid UpdateExpression: ${problem}` },
      text,
    );
  }
});

test("an update makes a new item and leaves the one before as it was", () => {
  const before: Item = {
    a: { S: "key" },
    n: { N: "10" },
    m: { M: { x: { N: "3" }, keep: { S: "k" } } },
    l: { L: [{ S: "a" }, { S: "b" }, { S: "c" }, { S: "d" }] },
    tagged: { SS: ["x", "y"] },
  };
  const values: Values = {
    ":n": { N: "0.5" },
    ":s": { S: "new" },
    ":l": { L: [{ S: "e" }] },
    ":set": { SS: ["y", "z"] },
    ":all": { SS: ["x", "y"] },
  };
  const cases: [text: string, changes: Record<string, AttributeValue | undefined>][] = [
    ["SET n = n + :n", { n: { N: "10.5" } }],
    ["SET n = n - :n, k = n", { n: { N: "9.5" }, k: { N: "10" } }],
    ["SET n = :n - n", { n: { N: "-9.5" } }],
    ["SET n = if_not_exists(n, :n), k = if_not_exists(k, :n)", { n: { N: "10" }, k: { N: "0.5" } }],
    ["SET k = if_not_exists(k, :n) + :n", { k: { N: "1" } }],
    [
      "SET m.x = m.x + :n, m.z = :s",
      { m: { M: { x: { N: "3.5" }, keep: { S: "k" }, z: { S: "new" } } } },
    ],
    ["SET l = list_append(l, :l)", { l: { L: strings("a b c d e") } }],
    ["SET l = list_append(:l, if_not_exists(l, :l))", { l: { L: strings("e a b c d") } }],
    ["SET l[1] = :s", { l: { L: [{ S: "a" }, { S: "new" }, { S: "c" }, { S: "d" }] } }],
    [
      "SET l[99] = :n, l[7] = :s",
      {
        l: {
          L: [...strings("a b c d new"), { N: "0.5" }],
        },
      },
    ],
    ["SET l[2147483647] = :s", { l: { L: strings("a b c d new") } }],
    ["REMOVE l[1], l[0]", { l: { L: [{ S: "c" }, { S: "d" }] } }],
    ["REMOVE l[3], l[9] SET l[4] = :s", { l: { L: strings("a b c new") } }],
    ["REMOVE n, absent", { n: undefined }],
    ["REMOVE m.x, m.absent", { m: { M: { keep: { S: "k" } } } }],
    ["REMOVE n SET k = n", { n: undefined, k: { N: "10" } }],
    ["ADD n :n, k :n", { n: { N: "10.5" }, k: { N: "0.5" } }],
    ["ADD m.x :n, m.y :n", { m: { M: { x: { N: "3.5" }, keep: { S: "k" }, y: { N: "0.5" } } } }],
    ["ADD tagged :set, fresh :set", { tagged: { SS: ["x", "y", "z"] }, fresh: { SS: ["y", "z"] } }],
    ["DELETE tagged :set, absent :set", { tagged: { SS: ["x"] } }],
    ["DELETE tagged :all", { tagged: undefined }],
  ];
  for (const [text, changes] of cases) {
    const copy = structuredClone(before);
    const used = Object.fromEntries(
      Object.entries(values).filter(([name]) => new RegExp(`${name}\\b`).test(text)),
    );
    const after = update(text, Object.keys(used).length > 0 ? used : undefined).apply(before);
    const expected: Item = structuredClone(before);
    for (const [name, value] of Object.entries(changes)) {
      if (value === undefined) delete expected[name];
      else expected[name] = value;
    }
    assert.deepEqual(after, expected, text);
    assert.deepEqual(before, copy, text);
  }
});

test("what an update does not touch is shared with the item before", () => {
  const before: Item = { m: { M: { x: { M: {} }, y: { N: "1" } } }, other: { L: [] } };
  const after = update("SET m.y = :n", { ":n": { N: "2" } }).apply(before);
  assert.equal(after["other"], before["other"]);
  assert.equal(after["m"]?.M?.["x"], before["m"]?.M?.["x"]);
});

test("paths in lists mean the elements as they were before", () => {
  // From dynalite's tests against AWS.
  const before: Item = {
    a: { S: "key" },
    b: { M: { a: { N: "1" }, b: { N: "2" }, c: { N: "3" } } },
    c: { L: [{ N: "1" }, { N: "3" }] },
  };
  const changes = update(
    "set b.c=((c[1])+(b.a)),b.a = a,c[1] = a, c[4] = b.a - b.b, c[2] = b.c add c[8] :b, c[6] :a",
    { ":a": { N: "2" }, ":b": { SS: ["a"] } },
  );
  const after = changes.apply(before);
  assert.deepEqual(after, {
    a: { S: "key" },
    b: { M: { a: { S: "key" }, b: { N: "2" }, c: { N: "4" } } },
    c: { L: [{ N: "1" }, { S: "key" }, { N: "3" }, { N: "-1" }, { N: "2" }, { SS: ["a"] }] },
  });
  assert.deepEqual(changes.touched(after), {
    b: { M: { a: { S: "key" }, c: { N: "4" } } },
    c: { L: [{ S: "key" }, { N: "3" }, { N: "2" }] },
  });
  assert.deepEqual(changes.touched(before), {
    b: { M: { a: { N: "1" }, c: { N: "3" } } },
    c: { L: [{ N: "3" }] },
  });
});

test("what is returned as touched means the same paths in the item before and after", () => {
  // Odd, and so in AWS (Alternator's tests): after REMOVE l[1] there is another l[1].
  const before: Item = { l: { L: [{ N: "1" }, { N: "2" }, { N: "3" }] } };
  const removal = update("REMOVE l[1], l[3]");
  assert.deepEqual(removal.touched(before), { l: { L: [{ N: "2" }] } });
  assert.deepEqual(removal.touched(removal.apply(before)), { l: { L: [{ N: "3" }] } });
  const beyond = update("SET l[100] = :s", { ":s": { S: "x" } });
  assert.deepEqual(beyond.touched(beyond.apply(before)), {});
});

test("an update that does not fit the item is refused", () => {
  const invalidPath = "The document path provided in the update expression is invalid for update";
  const wrongType = "An operand in the update expression has an incorrect data type";
  const missing = "The provided expression refers to an attribute that does not exist in the item";
  const overflow =
    "Number overflow. Attempting to store a number with magnitude larger than supported range";
  const before: Item = {
    a: { S: "key" },
    b: { S: "x" },
    c: { M: { 1: { S: "a" } } },
    d: { L: [{ S: "a" }, { S: "b" }] },
    e: { NS: ["1"] },
    big: { N: `9${"0".repeat(125)}` },
  };
  const cases: [text: string, message: string][] = [
    ...["set b.a = :a", "set b[1] = :a", "set y.a = :a", "set y[1] = :a", "set c[1] = :a"].map(
      (text): [string, string] => [text, invalidPath],
    ),
    ...["remove b.a", "remove y.a", "remove y[1]", "remove c[1]", "remove d.#1"].map(
      (text): [string, string] => [text, invalidPath],
    ),
    ...["delete b.a :a", "delete y.a :a", "delete d.#1 :a", "add y[1] :a", "add c[1] :a"].map(
      (text): [string, string] => [text, invalidPath],
    ),
    ["set d[9].x = :a", invalidPath],
    ["set y.z = a", invalidPath],
    ["delete e :a", wrongType],
    ["delete b :a", wrongType],
    ["add c :a", wrongType],
    ["set k = a + :n", wrongType],
    ["set k = list_append(e, if_not_exists(f, :l))", wrongType],
    ["set c = k", missing],
    ["set k = list_append(k, c)", missing],
    ["set k = k + :n", missing],
    ["set big = big + big", overflow],
  ];
  for (const [text, message] of cases) {
    const values: Values = { ":a": { SS: ["a"] }, ":n": { N: "1" }, ":l": { L: [] } };
    const changes = update(text, values);
    assert.throws(() => changes.apply(before), new ValidationProblem(message), text);
  }
});

test("an update that only takes away makes no item where there is none", () => {
  assert.ok(update("REMOVE b SET c = :s", { ":s": { S: "x" } }).createsItem);
  assert.ok(update("ADD b :n", { ":n": { N: "1" } }).createsItem);
  assert.ok(!update("REMOVE b DELETE c :set", { ":set": { SS: ["x"] } }).createsItem);
});

test("an attribute of the key cannot be updated", () => {
  for (const text of ["set a = :n", "add a.b :n", "remove d, a", "set b = :n, a[1] = :n"]) {
    assert.throws(() => update(text, { ":n": { N: "1" } }).checkKeysUnchanged(["a"]), {
      message:
        "One or more parameter values were invalid: Cannot update attribute a. This attribute is part of the key",
    });
  }
  update("set b = a", undefined).checkKeysUnchanged(["a"]);
});

test("the types that an update assigns are known where they can be", () => {
  const types = update(
    "SET a = :s, b = c, d = e + :n, f = list_append(g, h), i = if_not_exists(j, :s), k.l = :s ADD m :n DELETE n :set",
    { ":s": { S: "x" }, ":n": { N: "1" }, ":set": { SS: ["x"] } },
  ).assignedTypes();
  assert.deepEqual(
    [...types],
    [
      ["a", "S"],
      ["d", "N"],
      ["f", "L"],
      ["i", "S"],
      ["m", "N"],
      ["n", "SS"],
    ],
  );
});
