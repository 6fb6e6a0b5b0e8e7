import { DelimitedText, readOperator, readTest } from "./comparison.ts";
import type { FilterPattern } from "./filter-pattern.ts";
import { type Condition, readCondition } from "./logic.ts";
import type { PatternReader } from "./pattern-reader.ts";

interface Field {
  readonly name: string;
  readonly condition: Condition<DelimitedText> | undefined;
}

/** `[ip, user, ..., status = 4* && status != 404, bytes]`: a message's fields stand between spaces. */
export function parseDelimitedPattern(reader: PatternReader): FilterPattern {
  reader.takes("[");
  const ahead: Field[] = [];
  const behind: Field[] = [];
  let fields = ahead;
  let isOpen = false;
  for (;;) {
    reader.skipSpace();
    if (reader.takes("...")) {
      if (isOpen) throw reader.problem("a second ellipsis");
      isOpen = true;
      fields = behind;
    } else fields.push(readField(reader, ahead.length + behind.length + 1));
    reader.skipSpace();
    if (reader.takes("]")) break;
    if (!reader.takes(",")) throw reader.problem("fields");
  }
  reader.skipSpace();
  if (!reader.isDone) throw reader.problem("text behind the bracket");
  const split = (message: string): [Field, DelimitedText][] | undefined => {
    const texts = fieldsOf(message);
    const count = ahead.length + behind.length;
    if (isOpen ? texts.length < count : texts.length !== count) return undefined;
    const rest = texts.slice(texts.length - behind.length);
    return [
      ...ahead.map((field, at): [Field, DelimitedText] => [field, new DelimitedText(texts[at]!)]),
      ...behind.map((field, at): [Field, DelimitedText] => [field, new DelimitedText(rest[at]!)]),
    ];
  };
  const valuesOf = (message: string): Record<string, string> =>
    Object.fromEntries(
      (split(message) ?? []).map(([{ name }, { text }]) => [`$${name}`, text] as const),
    );
  return {
    matches: (message) =>
      split(message)?.every(
        ([{ condition }, text]) => condition === undefined || condition(text),
      ) ?? false,
    valuesOf,
    valueOf: (message, name) => valuesOf(message)[name],
  };
}

/** A field without a name is called by its number. */
function readField(reader: PatternReader, number: number): Field {
  reader.skipSpace();
  if (reader.next === "," || reader.next === "]") {
    return { name: String(number), condition: undefined };
  }
  const start = reader.at;
  let name: string | undefined;
  const readName = (): void => {
    reader.skipSpace();
    const found = reader.matches(/\w+/y);
    if (found === undefined || (name !== undefined && found !== name)) {
      throw reader.problem("a field's name");
    }
    name = found;
    reader.skipSpace();
  };
  if (reader.next !== "(") {
    readName();
    if (reader.next === "," || reader.next === "]") return { name: name!, condition: undefined };
    reader.at = start;
    name = undefined;
  }
  const condition = readCondition<DelimitedText>(reader, () => {
    readName();
    const operator = readOperator(reader);
    if (operator === undefined) throw reader.problem("operator");
    const test = readTest(reader, operator);
    return (text) => test(text);
  });
  return { name: name!, condition };
}

/** What stands between spaces; in quotes or square brackets, spaces are part of a field. */
export function fieldsOf(message: string): string[] {
  const fields: string[] = [];
  for (const [, quoted, bracketed, plain] of message.matchAll(/"([^"]*)"|\[([^\]]*)\]|(\S+)/g)) {
    fields.push(quoted ?? bracketed ?? plain ?? "");
  }
  return fields;
}
