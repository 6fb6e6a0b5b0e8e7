import type { SeededRandom } from "#world/seeded-random.ts";
import { FilledIndexes } from "./filled-indexes.ts";
import { FollowedStream } from "./followed-stream.ts";
import type { Load } from "./load.ts";
import type { Problems } from "./problems.ts";
import { TimedItems } from "./timed-items.ts";
import { UsualLoad } from "./usual-load.ts";

type MakeLoad = (random: SeededRandom, problems: Problems) => Load;

/** What a server can be killed under: all of it, or above all one thing. */
export const loads = {
  all: (random, problems) =>
    new UsualLoad(random, problems, { writers: 64, restorers: 1, longestLifeMs: 700 }),
  restores: (random, problems) =>
    new UsualLoad(random, problems, { writers: 2, restorers: 3, longestLifeMs: 2_000 }),
  streams: (random, problems) => new FollowedStream(random, problems),
  "time-to-live": (random, problems) => new TimedItems(random, problems),
  backfill: (random, problems) => new FilledIndexes(random, problems),
} as const satisfies Record<string, MakeLoad>;

export type LoadName = keyof typeof loads;

export function isLoadName(name: string): name is LoadName {
  return Object.hasOwn(loads, name);
}
