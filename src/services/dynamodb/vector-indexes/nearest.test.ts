import assert from "node:assert/strict";
import test from "node:test";
import * as fc from "fast-check";
import { scoreAgainst } from "./distance.ts";
import { Nearest } from "./nearest.ts";
import { readVector, vectorValue } from "./vector-values.ts";

const float = fc.float({ noNaN: true, noDefaultInfinity: true });
const vectors = fc.array(fc.array(float, { minLength: 4, maxLength: 4 }), { maxLength: 60 });

test("of what is offered, the nearest are kept, as sorting all of it would have them", () => {
  const distance = fc.constantFrom("COSINE" as const, "EUCLIDEAN" as const, "DOT_PRODUCT" as const);
  fc.assert(
    fc.property(vectors, distance, fc.integer({ min: 1, max: 20 }), (offered, kind, atMost) => {
      const score = scoreAgainst(new Float32Array([1, -2, 3, 0.5]), kind);
      const isHigherNearer = kind === "DOT_PRODUCT";
      const nearest = new Nearest(atMost, isHigherNearer);
      const all = offered.map((numbers, position) => {
        const value = Buffer.from([position]);
        const scored = { score: score(new Float32Array(numbers)), value };
        nearest.offer(scored.score, value);
        return scored;
      });
      const sorted = all.toSorted((one, other) =>
        isHigherNearer ? other.score - one.score : one.score - other.score,
      );
      assert.deepEqual(nearest.found, sorted.slice(0, atMost));
    }),
    { numRuns: 300, seed: 20_261_125 },
  );
});

test("a vector that is written as a list reads as the same floats", () => {
  fc.assert(
    fc.property(fc.array(float, { minLength: 1, maxLength: 8 }), (numbers) => {
      const vector = new Float32Array(numbers).map((number) => number + 0);
      const read = readVector(vectorValue(vector), vector.length);
      assert("vector" in read);
      assert.deepEqual(read.vector, vector);
    }),
    { numRuns: 300, seed: 20_261_125 },
  );
});
