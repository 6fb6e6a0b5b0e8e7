import type { Evaluate } from "./evaluate.ts";
import { GroupRow, type Row } from "./row.ts";
import { textOf } from "./values.ts";

/*
 * The `pattern` command: messages that differ only in what changes from one to the next are one pattern. What has a digit
 * in it is taken for such a part. AWS finds these parts by learning; the columns are the same.
 */

const patternsAtMost = 50_000;
const part = /[\w.@:+\-/]*\d[\w.@:+\-/]*/g;

interface Pattern {
  count: number;
  readonly severity: string | undefined;
}

const severities: readonly (readonly [label: string, find: RegExp])[] = [
  ["FATAL", /\bFATAL\b/i],
  ["ERROR", /\b(ERROR|EXCEPTION)\b/i],
  ["WARN", /\bWARN(ING)?\b/i],
  ["INFO", /\bINFO\b/i],
  ["DEBUG", /\bDEBUG\b/i],
  ["TRACE", /\bTRACE\b/i],
];

export class Patterns {
  readonly #of: Evaluate;
  readonly #found = new Map<string, Pattern>();
  #total = 0;

  constructor(of: Evaluate) {
    this.#of = of;
  }

  add(row: Row): void {
    const text = textOf(this.#of(row));
    if (text === undefined) return;
    this.#total += 1;
    let number = 0;
    const pattern = text.replaceAll(part, () => `<Token-${(number += 1)}>`);
    const found = this.#found.get(pattern);
    if (found !== undefined) found.count += 1;
    else if (this.#found.size < patternsAtMost) {
      const severity = severities.find(([, find]) => find.test(text))?.[0];
      this.#found.set(pattern, { count: 1, severity });
    }
  }

  /** The most frequent first. */
  rows(): Row[] {
    return [...this.#found]
      .toSorted(([, one], [, other]) => other.count - one.count)
      .map(
        ([pattern, { count, severity }]) =>
          new GroupRow([
            ["@pattern", pattern],
            ["@ratio", count / this.#total],
            ["@sampleCount", count],
            ["@severityLabel", severity],
          ]),
      );
  }
}
