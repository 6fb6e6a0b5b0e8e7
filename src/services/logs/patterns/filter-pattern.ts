import type { Context } from "#kernel/context.ts";
import { parseDelimitedPattern } from "./delimited-pattern.ts";
import { parseJsonPattern } from "./json-pattern.ts";
import { InvalidPattern, PatternReader } from "./pattern-reader.ts";
import { parseTermPattern } from "./term-pattern.ts";

/**
 * The filter patterns of metric filters, subscriptions, live tail and FilterLogEvents: terms (`ERROR -exiting`),
 * JSON (`{ $.status = 4* }`), and fields between spaces (`[ip, user, status = 4*]`).
 * Source: CloudWatch Logs User Guide, "Filter pattern syntax".
 */
export interface FilterPattern {
  matches(message: string): boolean;
  /** What the pattern's names stand for in a message that matches: `$.status` or `$status`. */
  valuesOf(message: string): Readonly<Record<string, string>>;
  /** What a name stands for that the pattern itself need not use: of a metric's value or dimension. */
  valueOf(message: string, name: string): string | undefined;
}

export function parseFilterPattern(
  ctx: Context<"InvalidParameterException">,
  text: string,
): FilterPattern {
  try {
    return parsePattern(text);
  } catch (problem) {
    if (!(problem instanceof InvalidPattern)) throw problem;
    throw ctx.error("InvalidParameterException", "Invalid filter pattern");
  }
}

export function parsePattern(text: string): FilterPattern {
  const reader = new PatternReader(text.trim());
  if (reader.next === "{") return parseJsonPattern(reader);
  if (reader.next === "[") return parseDelimitedPattern(reader);
  return parseTermPattern(reader);
}
