import type { FilterPattern } from "./filter-pattern.ts";
import type { PatternReader } from "./pattern-reader.ts";

interface Term {
  readonly kind: "wanted" | "optional" | "unwanted";
  isIn(message: string): boolean;
}

/** `ERROR "two words" %a[0-9]+%`, all of them; `?a ?b`, any; `-c`, none. Capitals matter. */
export function parseTermPattern(reader: PatternReader): FilterPattern {
  const terms: Term[] = [];
  for (reader.skipSpace(); !reader.isDone; reader.skipSpace()) {
    const kind = reader.takes("?") ? "optional" : reader.takes("-") ? "unwanted" : "wanted";
    terms.push({ kind, isIn: readTerm(reader) });
  }
  const wanted = terms.filter((term) => term.kind === "wanted");
  const unwanted = terms.filter((term) => term.kind === "unwanted");
  // Among terms that must be there, those that may be there say nothing.
  const optional = wanted.length > 0 ? [] : terms.filter((term) => term.kind === "optional");
  return {
    matches: (message) =>
      wanted.every((term) => term.isIn(message)) &&
      (optional.length === 0 || optional.some((term) => term.isIn(message))) &&
      !unwanted.some((term) => term.isIn(message)),
    valuesOf: () => ({}),
    valueOf: () => undefined,
  };
}

function readTerm(reader: PatternReader): (message: string) => boolean {
  if (reader.next === "%") {
    const expression = reader.regularExpression();
    return (message) => expression.test(message);
  }
  const text =
    reader.next === '"' ? reader.quoted('"') : reader.matches(/[^\s"%?{}[\]()-][^\s"]*/y);
  if (text === undefined) throw reader.problem("term");
  return (message) => message.includes(text);
}
