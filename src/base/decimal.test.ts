import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import {
  addDecimals,
  compareDecimals,
  decodeDecimal,
  encodeDecimal,
  maximumDigits,
  normalizeDecimal,
  significantDigits,
  subtractDecimals,
} from "./decimal.ts";

const notNumeric = "The parameter cannot be converted to a numeric value";
const overflow =
  "Number overflow. Attempting to store a number with magnitude larger than supported range";
const underflow =
  "Number underflow. Attempting to store a number with magnitude smaller than supported range";
const tooManyDigits = "Attempting to store more than 38 significant digits in a Number";

test("a number is normalized to plain digits without needless zeros", () => {
  const cases: [text: string, normal: string][] = [
    ["0", "0"],
    ["-0", "0"],
    ["0.000", "0"],
    ["0e125", "0"],
    ["0.0e126", "0"],
    ["1", "1"],
    ["+3", "3"],
    ["-7.1234", "-7.1234"],
    [".123", "0.123"],
    ["5.", "5"],
    ["00042.1200", "42.12"],
    ["1E+2", "100"],
    ["1.5e2", "150"],
    ["15e-3", "0.015"],
    ["-17.4E37", `-174${"0".repeat(36)}`],
    ["1E125", `1${"0".repeat(125)}`],
    ["1E-130", `0.${"0".repeat(129)}1`],
    ["12345678901234567890123456789012345678", "12345678901234567890123456789012345678"],
    ["-1.2345678901234567890123456789012345678", "-1.2345678901234567890123456789012345678"],
    ["10000000000000000000000000000000000000000", "10000000000000000000000000000000000000000"],
  ];
  for (const [text, normal] of cases) assert.equal(normalizeDecimal(text), normal, text);
});

test("a text that is no number, or a number out of range, is refused with the reason", () => {
  const cases: [text: string, message: string][] = [
    ["", notNumeric],
    ["b", `${notNumeric}: b`],
    ["-", `${notNumeric}: -`],
    [".", `${notNumeric}: .`],
    ["1.2.3", `${notNumeric}: 1.2.3`],
    [" 1", `${notNumeric}:  1`],
    ["1 ", `${notNumeric}: 1 `],
    ["NaN", `${notNumeric}: NaN`],
    ["-Infinity", `${notNumeric}: -Infinity`],
    ["0x10", `${notNumeric}: 0x10`],
    ["1e", `${notNumeric}: 1e`],
    ["1e126", overflow],
    // A zero by the exponent that it is written with: paritysuite/dynamodb-conformance, limits/numberExponent.
    ["0e126", overflow],
    ["0e-131", underflow],
    ["1e99999999999", overflow],
    ["1e9223372036854775808", `${notNumeric}: 1e9223372036854775808`],
    ["-11e125", overflow],
    ["1.0e100000000", overflow],
    ["1e-131", underflow],
    ["-0.9e-130", underflow],
    ["123456789012345678901234567890123456789", tooManyDigits],
    ["-1.23456789012345678901234567890123456789", tooManyDigits],
  ];
  for (const [text, message] of cases) {
    assert.throws(() => normalizeDecimal(text), { message }, text);
  }
});

test("a sum that overflows, or that needs more than 38 digits, is refused", () => {
  const nines = normalizeDecimal("9e125");
  assert.throws(() => addDecimals(nines, nines), { message: overflow });
  assert.throws(() => addDecimals(normalizeDecimal("1e50"), "1"), { message: overflow });
  assert.throws(() => subtractDecimals(normalizeDecimal("1e50"), "1"), { message: overflow });
});

test("significant digits are counted on each side of the point", () => {
  const cases: [text: string, whole: number, fraction: number][] = [
    ["0", 0, 0],
    ["100", 1, 0],
    ["-1010", 3, 0],
    ["100.5", 3, 1],
    ["0.15", 0, 2],
    ["0.0000001", 0, 1],
    ["-3.14159", 1, 5],
  ];
  for (const [text, whole, fraction] of cases) {
    assert.deepEqual(significantDigits(text), { whole, fraction }, text);
  }
});

/** Numbers in normal form, with short ones and long ones, near each other and far apart. */
const decimals = fc
  .tuple(
    fc.boolean(),
    fc.oneof(
      fc.bigInt({ min: 0n, max: 300n }),
      fc.bigInt({ min: 0n, max: 10n ** BigInt(maximumDigits) - 1n }),
    ),
    fc.oneof(fc.integer({ min: -4, max: 4 }), fc.integer({ min: -130, max: 88 })),
  )
  .map(([negative, digits, exponent]) =>
    normalizeDecimal(`${negative ? "-" : ""}${digits}e${exponent}`),
  );

/** The number times 10^200, exact: an oracle that knows nothing of digits. */
function oracle(text: string): bigint {
  const [whole = "", fraction = ""] = text.replace("-", "").split(".");
  const magnitude = BigInt(whole + fraction.padEnd(200, "0"));
  return text.startsWith("-") ? -magnitude : magnitude;
}

test("the order of numbers, and that of their bytes, is the order of an oracle", () => {
  fc.assert(
    fc.property(decimals, decimals, (left, right) => {
      const [a, b] = [oracle(left), oracle(right)];
      const expected = a < b ? -1 : a > b ? 1 : 0;
      assert.equal(Math.sign(compareDecimals(left, right)), expected);
      const [x, y] = [encodeDecimal(left), encodeDecimal(right)];
      assert.equal(x < y ? -1 : x > y ? 1 : 0, expected);
    }),
    { seed: 1, numRuns: 5000 },
  );
});

test("the bytes of a number give the number back", () => {
  fc.assert(
    fc.property(decimals, (number) => {
      const bytes = encodeDecimal(number);
      assert.equal(Buffer.from(bytes, "latin1").toString("latin1"), bytes);
      assert.equal(decodeDecimal(bytes), number);
    }),
    { seed: 2, numRuns: 2000 },
  );
});

test("the normal form is stable and keeps the number", () => {
  fc.assert(
    fc.property(decimals, (number) => {
      assert.equal(normalizeDecimal(number), number);
      assert.equal(normalizeDecimal(`+${number}`.replace("+-", "-")), number);
    }),
    { seed: 3, numRuns: 2000 },
  );
});

test("sums and differences are those of an oracle, or are refused", () => {
  fc.assert(
    fc.property(decimals, decimals, (left, right) => {
      for (const [operate, expected] of [
        [addDecimals, oracle(left) + oracle(right)],
        [subtractDecimals, oracle(left) - oracle(right)],
      ] as const) {
        let result: string;
        try {
          result = operate(left, right);
        } catch (problem) {
          assert.match(String(problem), /Number overflow|Number underflow/);
          const digits = String(expected).replace("-", "").replace(/0+$/, "").length;
          const exponent = String(expected).replace("-", "").length - 1 - 200;
          assert.ok(digits > maximumDigits || exponent > 125 || exponent < -130);
          continue;
        }
        assert.equal(oracle(result), expected);
        assert.equal(normalizeDecimal(result), result);
      }
    }),
    { seed: 4, numRuns: 5000 },
  );
});
