import type { VectorDistanceFunction } from "#models/dynamodb.ts";

/** How near two vectors are. */
export type Score = (vector: Float32Array) => number;

const largestFloat32 = 3.4028234663852886e38;

/**
 * Scores vectors against one that is searched for, all of the same length. Sums are 64-bit. A vector of zeros has the
 * cosine distance 1 from all others, and no score is beyond the 32-bit floats (measured at AWS in August 2026 by
 * dynoxide).
 */
export function scoreAgainst(query: Float32Array, distance: VectorDistanceFunction): Score {
  switch (distance) {
    case "COSINE":
      return cosineFrom(query);
    case "EUCLIDEAN":
      return (vector) => Math.min(euclidean(query, vector), largestFloat32);
    case "DOT_PRODUCT":
      return (vector) => {
        const product = dotProduct(query, vector);
        return Math.max(-largestFloat32, Math.min(product, largestFloat32));
      };
  }
}

/** A distance is best when it is small, a product when it is large. */
export function isHigherNearer(distance: VectorDistanceFunction): boolean {
  return distance === "DOT_PRODUCT";
}

function cosineFrom(query: Float32Array): Score {
  const queryLength = Math.sqrt(dotProduct(query, query));
  return (vector) => {
    let product = 0;
    let square = 0;
    let isSame = true;
    for (let at = 0; at < query.length; at++) {
      const component = vector[at]!;
      product += query[at]! * component;
      square += component * component;
      if (query[at] !== component) isSame = false;
    }
    if (queryLength === 0 || square === 0) return 1;
    // Rounding must not tell a vector from itself.
    if (isSame) return 0;
    return Math.max(0, Math.min(1 - product / (queryLength * Math.sqrt(square)), 2));
  };
}

function dotProduct(one: Float32Array, other: Float32Array): number {
  let product = 0;
  for (let at = 0; at < one.length; at++) product += one[at]! * other[at]!;
  return product;
}

function euclidean(one: Float32Array, other: Float32Array): number {
  let square = 0;
  for (let at = 0; at < one.length; at++) {
    const difference = one[at]! - other[at]!;
    square += difference * difference;
  }
  return Math.sqrt(square);
}
