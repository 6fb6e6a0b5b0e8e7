import assert from "node:assert/strict";
import test from "node:test";
import * as fc from "fast-check";
import type { AttributeValue, Item } from "../items/attribute-values.ts";
import { normalizeNumber } from "../items/numbers.ts";
import { IonProblem, readIonStruct } from "./read-ion.ts";
import { ionDecimal, ionStruct } from "./write-ion.ts";

test("numbers are decimals of as few digits as they have", () => {
  // The first three are AWS's own: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html
  for (const [number, expected] of [
    ["103", "103."],
    ["600", "6d2"],
    ["2000", "2d3"],
    ["0", "0."],
    ["-1.50", "-1.5"],
    ["0.001", "0.001"],
    ["1E-130", "1d-130"],
    ["123456789012345678901234567890.12345678", "123456789012345678901234567890.12345678"],
    ["1E+125", "1d125"],
  ] as const) {
    assert.equal(ionDecimal(number), expected);
  }
});

const text = fc.string({ unit: "binary" });
const base64 = fc.uint8Array().map((bytes) => Buffer.from(bytes).toString("base64"));
const number = fc
  .tuple(fc.bigInt({ min: -(10n ** 37n), max: 10n ** 37n }), fc.integer({ min: -80, max: 80 }))
  .map(([digits, exponent]) => normalizeNumber(`${digits}E${exponent}`));
const { value } = fc.letrec<{ value: AttributeValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    text.map((S) => ({ S })),
    number.map((N) => ({ N })),
    base64.map((B) => ({ B })),
    fc.boolean().map((BOOL) => ({ BOOL })),
    fc.constant({ NULL: true }),
    fc.array(text, { minLength: 1 }).map((SS) => ({ SS })),
    fc.array(number, { minLength: 1 }).map((NS) => ({ NS })),
    fc.array(base64, { minLength: 1 }).map((BS) => ({ BS })),
    fc.array(tie("value"), { maxLength: 4 }).map((L) => ({ L })),
    fc.dictionary(text, tie("value"), { maxKeys: 4 }).map((M) => ({ M })),
  ),
}));

test("what is written in Ion is read again, on one line", () => {
  fc.assert(
    fc.property(fc.dictionary(text, value, { maxKeys: 5 }), (item) => {
      const line = ionStruct(item);
      assert(!/[\n\r]/.test(line));
      assert.deepEqual(normalized(readIonStruct(`$ion_1_0 ${line}`)), normalized(item));
    }),
  );
});

/** Numbers in DynamoDB's own notation. */
function normalized(item: Item): unknown {
  return JSON.parse(
    JSON.stringify(item, (name, found: unknown) => {
      if (name === "N" && typeof found === "string") return normalizeNumber(found);
      if (name === "NS" && Array.isArray(found)) {
        return found.map((one: unknown) => normalizeNumber(String(one)));
      }
      return found;
    }),
  );
}

test("Ion's other notations of the same values are read as well", () => {
  const read = readIonStruct(
    `$ion_1_0 /* a comment */ { 'a b': 1_000, "c": 0x1F, d: 2.5e3, e: null.string, f: symbol,
      g: '''long ''' '''string''', h: ann::[ 1, true, ], i: "\\u00e9\\x41", // the end
      j: {{ aGk= }}, }`,
  );
  assert.deepEqual(read, {
    "a b": { N: "1000" },
    c: { N: "31" },
    d: { N: "2.5E3" },
    e: { NULL: true },
    f: { S: "symbol" },
    g: { S: "long string" },
    h: { L: [{ N: "1" }, { BOOL: true }] },
    i: { S: "éA" },
    j: { B: "aGk=" },
  });
});

test("what is no Ion, or no item, is refused", () => {
  for (const line of [
    "",
    "{",
    "{a:}",
    "{a:1",
    "{a:1 b:2}",
    "[1]",
    '{a:"x}',
    "{a:2020-01-01T}",
    "{a:(1 2)}",
    "{a:nan}",
    "{a:$dynamodb_SS::[1]}",
    "{a:{{x}}",
    "{} {}",
    `{a:${"[".repeat(1_000)}`,
  ]) {
    assert.throws(() => readIonStruct(line), IonProblem, line);
  }
});
