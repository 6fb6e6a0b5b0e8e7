import type { PatternReader } from "./pattern-reader.ts";

export type Condition<T> = (subject: T) => boolean;

/** `a && (b || c)`: "and" binds closer. */
export function readCondition<T>(
  reader: PatternReader,
  readTerm: (reader: PatternReader) => Condition<T>,
  depth = 0,
): Condition<T> {
  if (depth > 50) throw reader.problem("too deeply nested");
  const readFactor = (): Condition<T> => {
    reader.skipSpace();
    if (!reader.takes("(")) return readTerm(reader);
    const inner = readCondition(reader, readTerm, depth + 1);
    reader.skipSpace();
    if (!reader.takes(")")) throw reader.problem("a bracket without its end");
    return inner;
  };
  const readAll = (): Condition<T> => {
    const factors = [readFactor()];
    for (reader.skipSpace(); reader.takes("&&"); reader.skipSpace()) factors.push(readFactor());
    return factors.length === 1 ? factors[0]! : (subject) => factors.every((each) => each(subject));
  };
  const parts = [readAll()];
  for (reader.skipSpace(); reader.takes("||"); reader.skipSpace()) parts.push(readAll());
  return parts.length === 1 ? parts[0]! : (subject) => parts.some((each) => each(subject));
}
