import type { SeededRandom } from "#world/seeded-random.ts";

export function pick<T>(random: SeededRandom, from: readonly T[]): T {
  return from[random.below(from.length)]!;
}
