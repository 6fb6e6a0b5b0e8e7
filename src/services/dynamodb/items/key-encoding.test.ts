import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { compareValues } from "./attribute-values.ts";
import type { AttributeValue } from "./attribute-values.ts";
import {
  checkIndexKeyValue,
  checkKeyValue,
  decodeKeyValue,
  encodeKeyValue,
} from "./key-encoding.ts";
import type { KeyType } from "./key-encoding.ts";
import { normalizeNumber } from "./numbers.ts";

const values: Record<KeyType, fc.Arbitrary<AttributeValue>> = {
  S: fc.string({ unit: "binary", maxLength: 6 }).map((text) => ({ S: text })),
  N: fc
    .tuple(
      fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }),
      fc.integer({ min: -130, max: 80 }),
    )
    .map(([digits, exponent]) => ({ N: normalizeNumber(`${digits}e${exponent}`) })),
  B: fc.uint8Array({ maxLength: 6 }).map((bytes) => ({ B: Buffer.from(bytes).toString("base64") })),
};

for (const type of ["S", "N", "B"] as const) {
  test(`keys of type ${type} are stored in the order of their values, and come back`, () => {
    fc.assert(
      fc.property(values[type], values[type], (left, right) => {
        const [a, b] = [encodeKeyValue(left, type), encodeKeyValue(right, type)];
        const order = a < b ? -1 : a > b ? 1 : 0;
        assert.equal(order, Math.sign(compareValues(left, right)!));
        for (const character of a) assert.ok(character.charCodeAt(0) <= 0xff);
        assert.deepEqual(decodeKeyValue(a, type), left);
      }),
      { seed: 6, numRuns: 3000 },
    );
  });
}

test("a key may not be empty", () => {
  const message = (kind: string): string =>
    `One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty ${kind} value. Key: pk`;
  assert.throws(() => checkKeyValue("pk", { S: "" }, "S", "HASH"), { message: message("string") });
  assert.throws(() => checkKeyValue("pk", { B: "" }, "B", "RANGE"), { message: message("binary") });
  assert.throws(() => checkIndexKeyValue("a", { S: "" }, "S", "HASH", "gsi1"), {
    message:
      "One or more parameter values are not valid. A value specified for a secondary index key is not supported. " +
      "The AttributeValue for a key attribute cannot contain an empty string value. IndexName: gsi1, IndexKey: a",
  });
  checkKeyValue("pk", { N: "0" }, "N", "HASH");
});

test("a partition key has at most 2048 bytes, a sort key 1024", () => {
  checkKeyValue("pk", { S: "a".repeat(2048) }, "S", "HASH");
  checkKeyValue("sk", { B: Buffer.alloc(1024).toString("base64") }, "B", "RANGE");
  assert.throws(() => checkKeyValue("pk", { S: "ä".repeat(1025) }, "S", "HASH"), {
    message:
      "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes",
  });
  assert.throws(() => checkKeyValue("sk", { S: "a".repeat(1025) }, "S", "RANGE"), {
    message:
      "One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size limit of 1024 bytes",
  });
});
