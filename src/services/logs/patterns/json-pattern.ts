import { readOperator, readTest } from "./comparison.ts";
import type { FilterPattern } from "./filter-pattern.ts";
import { type Condition, readCondition } from "./logic.ts";
import { PatternReader } from "./pattern-reader.ts";

type Step = { readonly name: string } | { readonly index: number } | "each";

interface Selector {
  readonly text: string;
  readonly steps: readonly Step[];
}

/** `{ $.eventType = "Update*" && ($.status >= 400 || $.error EXISTS) }` */
export function parseJsonPattern(reader: PatternReader): FilterPattern {
  const selectors: Selector[] = [];
  reader.takes("{");
  const condition = readCondition(reader, () => readTerm(reader, selectors));
  reader.skipSpace();
  if (!reader.takes("}")) throw reader.problem("a brace without its end");
  reader.skipSpace();
  if (!reader.isDone) throw reader.problem("text behind the brace");
  return {
    matches(message) {
      const value = objectOf(message);
      return value !== undefined && condition(value);
    },
    valuesOf(message) {
      const value = objectOf(message);
      const values: Record<string, string> = {};
      for (const { text, steps } of selectors) {
        const found = textOf(value, steps);
        if (found !== undefined) values[text] = found;
      }
      return values;
    },
    valueOf(message, name) {
      const inner = new PatternReader(name);
      if (!name.startsWith("$")) return undefined;
      return textOf(objectOf(message), readSelector(inner).steps);
    },
  };
}

function objectOf(message: string): object | undefined {
  if (!/^\s*\{/.test(message)) return undefined;
  try {
    return JSON.parse(message) as object;
  } catch {
    return undefined;
  }
}

function textOf(value: unknown, steps: readonly Step[]): string | undefined {
  const found = selected(value, steps).find((each) => each !== undefined);
  if (found === undefined || found === null) return undefined;
  return typeof found === "string" ? found : JSON.stringify(found);
}

function readTerm(reader: PatternReader, selectors: Selector[]): Condition<object> {
  const selector = readSelector(reader);
  const { steps } = selector;
  if (!selectors.some(({ text }) => text === selector.text)) selectors.push(selector);
  reader.skipSpace();
  if (reader.takesWord("IS")) {
    reader.skipSpace();
    const wanted = reader.takesWord("TRUE")
      ? true
      : reader.takesWord("FALSE")
        ? false
        : reader.takesWord("NULL")
          ? null
          : undefined;
    if (wanted === undefined) throw reader.problem("IS");
    return (value) => selected(value, steps).some((each) => each === wanted);
  }
  if (reader.takesWord("NOT")) {
    reader.skipSpace();
    if (!reader.takesWord("EXISTS")) throw reader.problem("NOT");
    return (value) => selected(value, steps).length === 0;
  }
  if (reader.takesWord("EXISTS")) return (value) => selected(value, steps).length > 0;
  const operator = readOperator(reader);
  if (operator === undefined) throw reader.problem("operator");
  const test = readTest(reader, operator);
  return (value) => selected(value, steps).some(test);
}

/** `$.a.b`, `$.a[0]`, `$.a[*].b`, `$['a b']`, `$.["a b"]`, `$.*` */
function readSelector(reader: PatternReader): Selector {
  reader.skipSpace();
  const from = reader.at;
  if (!reader.takes("$")) throw reader.problem("selector");
  const steps: Step[] = [];
  for (;;) {
    const hasDot = reader.takes(".");
    if (reader.takes("[")) {
      steps.push(readBracket(reader));
      if (!reader.takes("]")) throw reader.problem("selector");
    } else if (!hasDot) break;
    else if (reader.takes("*")) steps.push("each");
    else {
      const name = reader.matches(/[\w@\-:/]+/y);
      if (name === undefined) throw reader.problem("selector");
      steps.push({ name });
    }
  }
  if (steps.length === 0) throw reader.problem("selector");
  return { text: reader.text.slice(from, reader.at), steps };
}

function readBracket(reader: PatternReader): Step {
  if (reader.takes("*")) return "each";
  if (reader.next === '"' || reader.next === "'") return { name: reader.quoted(reader.next) };
  const digits = reader.matches(/\d+/y);
  if (digits === undefined) throw reader.problem("selector");
  return { index: Number(digits) };
}

/** All values that the selector comes to; none if there is nothing there. */
function selected(value: unknown, steps: readonly Step[]): unknown[] {
  let found: unknown[] = [value];
  for (const step of steps) {
    found = found.flatMap((each) => {
      if (typeof each !== "object" || each === null) return [];
      if (step === "each") return Object.values(each);
      const name = "name" in step ? step.name : step.index;
      if ("index" in step !== Array.isArray(each) || !Object.hasOwn(each, name)) return [];
      return [(each as Record<string | number, unknown>)[name]];
    });
  }
  return found;
}
