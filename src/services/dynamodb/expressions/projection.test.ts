import assert from "node:assert/strict";
import { test } from "node:test";
import type { Item } from "../items/attribute-values.ts";
import { Bindings } from "./bindings.ts";
import { parseProjection } from "./projection.ts";

const names = { "#a": "a", "#b": "b", "#dot": "x.y", "#proto": "__proto__" };
const bindings = (): Bindings => new Bindings({ ...names }, undefined);

test("a projection takes attributes, and parts of them", () => {
  const item: Item = {
    pk: { S: "1" },
    a: { M: { b: { S: "bb" }, c: { M: { d: { N: "1" }, e: { N: "2" } } } } },
    l: { L: [{ S: "l0" }, { S: "l1" }, { M: { x: { N: "1" }, y: { N: "2" } } }] },
    "x.y": { BOOL: true },
  };
  const cases: [text: string, result: Item][] = [
    ["pk", { pk: { S: "1" } }],
    ["pk, absent", { pk: { S: "1" } }],
    ["absent", {}],
    ["#a.#b", { a: { M: { b: { S: "bb" } } } }],
    ["a.c.d, a.b", { a: { M: { c: { M: { d: { N: "1" } } }, b: { S: "bb" } } } }],
    ["a.absent", {}],
    ["pk.x", {}],
    ["a[0]", {}],
    ["l.x", {}],
    // Elements close up in the order of the list, however they are asked for.
    ["l[2].y, l[0]", { l: { L: [{ S: "l0" }, { M: { y: { N: "2" } } }] } }],
    ["l[9]", {}],
    ["l[2].z, l[1]", { l: { L: [{ S: "l1" }] } }],
    ["#dot", { "x.y": { BOOL: true } }],
    ["#proto", {}],
  ];
  for (const [text, result] of cases) {
    assert.deepEqual(parseProjection(text, bindings()).apply(item), result, text);
  }
});

test("a projection that makes no sense is refused", () => {
  const collide = (how: string, one: string, two: string): string =>
    `Two document paths ${how} with each other; must remove or rewrite one of these paths; path one: ${one}, path two: ${two}`;
  const cases: [text: string, problem: string][] = [
    ["", "The expression can not be empty;"],
    ["!!", 'Syntax error; token: "!", near: "!!"'],
    ["a,", 'Syntax error; token: "<EOF>", near: ","'],
    ["a b", 'Syntax error; token: "b", near: "a b"'],
    ["foo-bar", 'Syntax error; token: "-", near: "foo-bar"'],
    ["l[a]", 'Syntax error; token: "a", near: "[a]"'],
    ["l[]", 'Syntax error; token: "]", near: "[]"'],
    ["a, views, #x", "Attribute name is a reserved keyword; reserved keyword: views"],
    [
      "a, #x",
      "An expression attribute name used in the document path is not defined; attribute name: #x",
    ],
    ["#a, a", collide("overlap", "[a]", "[a]")],
    ["a, a.b", collide("overlap", "[a]", "[a, b]")],
    ["a.b[1].c, a.b[1]", collide("overlap", "[a, b, [1], c]", "[a, b, [1]]")],
    ["a.b, a[1]", collide("conflict", "[a, b]", "[a, [1]]")],
    ["a.b, a[1], a", collide("overlap", "[a, b]", "[a]")],
  ];
  for (const [text, problem] of cases) {
    assert.throws(
      () => parseProjection(text, bindings()),
      { message: `Invalid ProjectionExpression: ${problem}` },
      text,
    );
  }
});
