/** Finds patterns on which a request could make our regular expressions run for years. */
import { createContext, runInContext } from "node:vm";
import type { Model } from "#models/shape-table.ts";
import { compilePattern } from "#wire/patterns.ts";

const units = ["a", "0", "-", ".", "/", ":", "_", " ", "A", "a.", "a/", "a-", "0.", "ab1-", "a:"];
// Exponential backtracking shows at 60 characters already; what is merely quadratic stays far below the limit.
const lengths = [60, 8192];
const limitMs = 1000;

/** Names of shapes whose pattern needs a `safePattern` in models/corrections.json. */
export function slowPatterns(model: Model): string[] {
  return Object.entries(model.shapes)
    .filter(([, { pattern, safePattern, max }]) => {
      const form = pattern === undefined ? undefined : compilePattern(safePattern ?? pattern);
      return form !== undefined && isSlow(form, max);
    })
    .map(([name]) => name);
}

function isSlow(form: RegExp, max = Infinity): boolean {
  return lengths.some((length) =>
    units.some((unit) => {
      const text = `${unit.repeat(length).slice(0, Math.min(length, max))}\u0001`;
      try {
        runInContext("form.test(text)", createContext({ form, text }), { timeout: limitMs });
        return false;
      } catch {
        return true;
      }
    }),
  );
}
