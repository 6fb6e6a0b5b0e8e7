import type { Tag } from "#models/iam.ts";
import type { AnyContext } from "./entities.ts";
import type { Tags } from "./records.ts";

const tagsAtMost = 50;

/** Tags as they are stored. Throws for those that AWS refuses; keys differ by more than their case. */
export function tagsOf(
  ctx: AnyContext,
  given: readonly Tag[] | undefined,
  before: Tags = {},
): Tags {
  const seen = new Set<string>();
  const byFolded = new Map(
    Object.entries(before).map(([key, value]) => [key.toLowerCase(), [key, value] as const]),
  );
  for (const { Key: key, Value: value } of given ?? []) {
    const folded = key.toLowerCase();
    if (seen.has(folded)) {
      // Recorded.
      throw ctx.error(
        "InvalidInput",
        "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
      );
    }
    if (folded.startsWith("aws:")) {
      throw ctx.error("InvalidInput", "Tag keys beginning with aws: are reserved for system use.");
    }
    seen.add(folded);
    byFolded.set(folded, [key, value]);
  }
  if (byFolded.size > tagsAtMost) {
    throw ctx.error("LimitExceeded", "The number of tags has reached the maximum limit.");
  }
  return Object.fromEntries(byFolded.values());
}

export function withoutTags(tags: Tags, keys: readonly string[]): Tags {
  const folded = new Set(keys.map((key) => key.toLowerCase()));
  return Object.fromEntries(Object.entries(tags).filter(([key]) => !folded.has(key.toLowerCase())));
}

/** As answers have them: sorted by key, and left out where there are none. */
export function tagList(tags: Tags): Tag[] | undefined {
  const list = allTags(tags);
  return list.length === 0 ? undefined : list;
}

export function allTags(tags: Tags): Tag[] {
  return Object.entries(tags)
    .map(([Key, Value]) => ({ Key, Value }))
    .sort((one, other) => (one.Key < other.Key ? -1 : 1));
}
