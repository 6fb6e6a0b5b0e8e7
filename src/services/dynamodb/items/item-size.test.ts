import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { Item } from "./attribute-values.ts";
import {
  checkItem,
  checkItemBytes,
  checkUpdatedItemBytes,
  checkValue,
  itemBytes,
  maximumItemBytes,
} from "./item-size.ts";
import { SerializationProblem, ValidationProblem } from "../validation-problem.ts";

const invalid = "One or more parameter values were invalid: ";
const notNumeric = "The parameter cannot be converted to a numeric value";

/** The value as JSON.parse would give it, whatever the types say. */
function fromJson(value: unknown): Item[string] {
  return JSON.parse(JSON.stringify(value)) as Item[string];
}

test("an invalid value is refused with AWS's words", () => {
  const empty =
    "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes";
  const many =
    "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes";
  const cases: [value: unknown, message: string][] = [
    [{}, empty],
    [{ a: "" }, empty],
    [{ S: null }, empty],
    [{ M: { a: {} } }, empty],
    [{ M: { a: null } }, empty],
    [{ L: [{}] }, empty],
    [{ L: [null] }, empty],
    [{ S: "a", N: "1" }, many],
    [{ S: "a", N: "b" }, `${notNumeric}: b`],
    [{ N: "" }, notNumeric],
    [{ NULL: false }, `${invalid}Null attribute value types must have the value of true`],
    [{ SS: [] }, `${invalid}An string set  may not be empty`],
    [{ NS: [] }, `${invalid}An number set  may not be empty`],
    [{ BS: [] }, `${invalid}Binary sets should not be empty`],
    [{ SS: ["a", "a"] }, `${invalid}Input collection [a, a] contains duplicates.`],
    [
      { BS: ["Yg==", "Yg=="] },
      `${invalid}Input collection [Yg==, Yg==]of type BS contains duplicates.`,
    ],
    [{ NS: ["1", "1.0"] }, "Input collection contains duplicates"],
    [{ NS: ["1", "b"] }, `${notNumeric}: b`],
    [{ NS: ["1", ""] }, notNumeric],
    [
      { SS: "a,b,c,d,e,f,g,h,i,j,a".split(",") },
      `${invalid}Input collection [a, b, c, d, e, f, g, h, i, j, a] contains duplicates.`,
    ],
  ];
  for (const [value, message] of cases) {
    const check = (): number => checkItem({ attribute: fromJson(value) });
    assert.throws(check, { code: "ValidationException", message }, JSON.stringify(value));
  }
});

test("a value of the wrong JSON type is a problem of the serialization", () => {
  const attributeValue = "com.amazonaws.dynamodb.v20120810.AttributeValue";
  const cases: [value: unknown, message: string][] = [
    [23, "Unexpected value type in payload"],
    [[], `Unrecognized collection type class ${attributeValue}`],
    [{ S: true }, "TRUE_VALUE cannot be converted to String"],
    [{ S: false }, "FALSE_VALUE cannot be converted to String"],
    [{ S: 23 }, "NUMBER_VALUE cannot be converted to String"],
    [{ N: 34.56 }, "DECIMAL_VALUE cannot be converted to String"],
    [{ S: [] }, "Unrecognized collection type class java.lang.String"],
    [{ S: {} }, "Start of structure or map found where not expected"],
    [{ SS: [1] }, "NUMBER_VALUE cannot be converted to String"],
    [{ SS: "a" }, "Unexpected field type"],
    [{ NS: {} }, "Start of structure or map found where not expected"],
    [{ L: 1 }, "Unexpected field type"],
    [{ M: true }, "Unexpected field type"],
    [{ M: [] }, `Unrecognized collection type java.util.Map<java.lang.String, ${attributeValue}>`],
    [{ L: [1] }, "Unexpected value type in payload"],
    [{ BOOL: "23" }, "Unexpected token received from parser"],
    [{ BOOL: 23 }, "NUMBER_VALUE cannot be converted to Boolean"],
    [{ NULL: [] }, "Unrecognized collection type class java.lang.Boolean"],
    [{ B: 23 }, "only base-64-encoded strings are convertible to bytes"],
    [{ B: [] }, "Unrecognized collection type class java.nio.ByteBuffer"],
    [{ B: "23456" }, "Base64 encoded length is expected a multiple of 4 bytes but found: 5"],
    [{ B: "+/+=" }, "Invalid last non-pad Base64 character dectected"],
    [{ B: "a_b-" }, "Invalid Base64 character: '_'"],
  ];
  for (const [value, message] of cases) {
    const check = (): number => checkItem({ attribute: fromJson(value) });
    assert.throws(check, new SerializationProblem(message), JSON.stringify(value));
  }
});

test("a wrong JSON type is reported before an invalid value that comes first", () => {
  const item = { first: fromJson({ SS: [] }), second: fromJson({ M: { a: { N: 1 } } }) };
  assert.throws(
    () => checkItem(item),
    new SerializationProblem("NUMBER_VALUE cannot be converted to String"),
  );
});

test("numbers are normalized in place, and what the API does not know is dropped", () => {
  const item = fromJson({
    n: { N: "0042.1200" },
    s: { S: "1.0", X: 1 },
    set: { NS: ["1.0", "2e1"] },
    deep: { L: [{ M: { a: { N: "-0" }, b: { S: "", N: null } } }] },
  }) as unknown as Item;
  checkItem(item);
  assert.deepEqual(item, {
    n: { N: "42.12" },
    s: { S: "1.0" },
    set: { NS: ["1", "20"] },
    deep: { L: [{ M: { a: { N: "0" }, b: { S: "" } } }] },
  });
});

test("empty strings and binaries are valid values, also in sets", () => {
  assert.equal(checkItem({ a: { S: "" }, b: { B: "" }, c: { SS: ["", "a"] }, d: { BS: [""] } }), 5);
});

test("an item's size is that of its names and values", () => {
  const cases: [item: Item, bytes: number][] = [
    [{}, 0],
    [{ id: { S: "abc" } }, 5],
    [{ ä: { S: "€" } }, 5],
    [{ a: { S: "x".repeat(100) } }, 101],
    [{ a: { S: "ä".repeat(100) } }, 201],
    [{ a: { B: "AQI=" } }, 3],
    [{ a: { BOOL: false } }, 2],
    [{ a: { NULL: true } }, 2],
    [{ a: { SS: ["ab", "c"] } }, 4],
    [{ a: { BS: ["AQI=", "Ag=="] } }, 4],
    [{ a: { NS: ["1", "-42"] } }, 6],
    [{ a: { L: [] } }, 4],
    [{ a: { L: [{ S: "x" }, { N: "1" }] } }, 9],
    [{ a: { M: {} } }, 4],
    [{ a: { M: { bc: { S: "d" } } } }, 8],
  ];
  for (const [item, bytes] of cases) {
    assert.equal(checkItem(item), bytes, JSON.stringify(item));
    assert.equal(itemBytes(item), bytes);
  }
});

test("a number costs what was measured at AWS", () => {
  const cases: [text: string, bytes: number][] = [
    ["0", 1],
    ["1", 2],
    ["12", 2],
    ["123", 3],
    ["1234", 3],
    ["12345678901234567890123456789012345678", 20],
    ["0042", 2],
    ["100", 2],
    ["1010", 3],
    ["0.0000001", 2],
    ["1E125", 2],
    ["1E-100", 2],
    ["1.5", 3],
    ["15", 2],
    ["1.200", 3],
    ["1.234", 4],
    ["3.14159", 5],
    ["123456", 4],
    ["100.5", 4],
    ["0.15", 2],
    ["-42", 3],
    ["-0", 1],
  ];
  for (const [text, bytes] of cases) assert.equal(checkValue({ N: text }), bytes, text);
});

test("a value may lie 32 levels deep, the attribute itself being the first", () => {
  const nested = (levels: number): Item[string] => {
    let value: Item[string] = { S: "leaf" };
    for (let level = 0; level < levels; level++) {
      value = level % 2 === 0 ? { M: { n: value } } : { L: [value] };
    }
    return value;
  };
  checkItem({ a: nested(31) });
  const tooDeep = new ValidationProblem(
    "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit",
  );
  assert.throws(() => checkItem({ a: nested(32) }), tooDeep);
  assert.throws(() => checkValue(nested(32)), tooDeep);
});

test("an item may have 400 KB", () => {
  checkItemBytes(maximumItemBytes);
  checkUpdatedItemBytes(maximumItemBytes);
  assert.throws(() => checkItemBytes(409_601), {
    message: "Item size has exceeded the maximum allowed size",
  });
  assert.throws(() => checkUpdatedItemBytes(409_601), {
    message: "Item size to update has exceeded the maximum allowed size",
  });
});

test("whatever JSON an item is, it is checked or refused, and a checked one stays as it is", () => {
  const texts = fc.constantFrom("", "1", "1.0", "x", "AQ==", "1e200", "-0", "__proto__");
  const { value } = fc.letrec((tie) => ({
    content: fc.oneof(
      { maxDepth: 4 },
      texts,
      fc.constantFrom(null, true, false, 1, 1.5),
      fc.array(texts, { maxLength: 3 }),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom("a", "b", "__proto__"), tie("value"), { maxKeys: 2 }),
    ),
    value: fc.oneof(
      { weight: 1, arbitrary: fc.constantFrom(null, [], 1, "x") },
      {
        weight: 12,
        arbitrary: fc.dictionary(
          fc.constantFrom("S", "N", "B", "SS", "NS", "BS", "M", "L", "BOOL", "NULL", "X"),
          tie("content"),
          { maxKeys: 2 },
        ),
      },
    ),
  }));
  let checked = 0;
  fc.assert(
    fc.property(value, (attribute) => {
      const item = JSON.parse(JSON.stringify({ attribute })) as Item;
      let bytes: number;
      try {
        bytes = checkItem(item);
      } catch (problem) {
        assert.ok(problem instanceof ValidationProblem || problem instanceof SerializationProblem);
        return;
      }
      checked++;
      const copy = structuredClone(item);
      assert.equal(checkItem(item), bytes);
      assert.deepEqual(item, copy);
    }),
    { seed: 7, numRuns: 10_000 },
  );
  assert.ok(checked > 200, `only ${checked} items were valid`);
});
