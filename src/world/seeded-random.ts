import type { Random } from "./world.ts";

/** Repeatable randomness, with what a simulation asks of it. */
export interface SeededRandom extends Random {
  /** A whole number in [0, bound). */
  below(bound: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
}

/** Chris Doty-Humphrey's small fast counter generator (sfc32), seeded by a whole number. */
export function seededRandom(seed: number): SeededRandom {
  let a = seed >>> 0;
  let b = Math.floor(seed / 2 ** 32) >>> 0;
  let c = 0x9e3779b9;
  let counter = 1;

  function next(): number {
    const result = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + result) | 0;
    return result >>> 0;
  }
  // Neighbouring seeds only part after some rounds.
  for (let round = 0; round < 15; round += 1) next();

  function bytes(length: number): Buffer {
    const buffer = Buffer.allocUnsafe(length);
    for (let index = 0; index < length; index += 1) buffer[index] = next() >>> 24;
    return buffer;
  }

  return {
    bytes,
    uuid() {
      const id = bytes(16);
      id[6] = (id[6]! & 0x0f) | 0x40;
      id[8] = (id[8]! & 0x3f) | 0x80;
      return id.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
    },
    fraction: () => next() / 2 ** 32,
    below: (bound) => Math.floor((next() / 2 ** 32) * bound),
    chance: (probability) => next() / 2 ** 32 < probability,
  };
}
