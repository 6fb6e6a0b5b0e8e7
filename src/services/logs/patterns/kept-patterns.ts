import type { Context } from "#kernel/context.ts";
import type { SharedKind } from "#kernel/kernel.ts";
import { type FilterPattern, parsePattern } from "./filter-pattern.ts";

const patternsAtMost = 1_000;
const patterns: SharedKind<Map<string, FilterPattern>> = { make: () => new Map() };

/** A pattern that was accepted before, parsed once. */
export function keptPattern(ctx: Context, text: string): FilterPattern {
  const kept = ctx.shared(patterns);
  let pattern = kept.get(text);
  if (pattern === undefined) {
    if (kept.size >= patternsAtMost) kept.clear();
    kept.set(text, (pattern = parsePattern(text)));
  }
  return pattern;
}
