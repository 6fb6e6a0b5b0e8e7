import type { PatternReader } from "./pattern-reader.ts";

/*
 * Comparisons of a value with what a pattern says: `= 4*`, `!= "a"`, `>= 1.5`, `= %[a-c]+%`, `= 10.0.*`.
 */

export type Operator = "=" | "!=" | "<" | "<=" | ">" | ">=";

/** Whether a value is as the pattern says. A JSON value has its own type; text between spaces is only text. */
export type Test = (value: unknown) => boolean;

const operators: readonly Operator[] = ["!=", "<=", ">=", "=", "<", ">"];

export function readOperator(reader: PatternReader): Operator | undefined {
  return operators.find((operator) => reader.takes(operator));
}

const number = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

export function readTest(reader: PatternReader, operator: Operator): Test {
  reader.skipSpace();
  if (reader.next === "%") {
    const expression = reader.regularExpression();
    if (operator !== "=" && operator !== "!=") throw reader.problem("an order of expressions");
    return signed(operator, (value) => isScalar(value) && expression.test(String(value)));
  }
  const isQuoted = reader.next === '"';
  const text = isQuoted ? reader.quoted('"') : reader.matches(/[^\s"(){}[\],&|=<>!]+/y);
  if (text === undefined) throw reader.problem("value");
  if (!isQuoted && number.test(text)) return numberTest(operator, Number(text));
  if (operator !== "=" && operator !== "!=") throw reader.problem("an order of texts");
  if (!text.includes("*")) {
    return signed(operator, (value) => isText(value) && String(value) === text);
  }
  const wildcard = new RegExp(`^${text.split("*").map(escaped).join(".*")}$`, "su");
  return signed(operator, (value) => isScalar(value) && wildcard.test(String(value)));
}

function numberTest(operator: Operator, wanted: number): Test {
  const compare = (holds: (given: number) => boolean): Test => {
    return (value) => {
      const given = numberOf(value);
      return given !== undefined && holds(given);
    };
  };
  switch (operator) {
    case "<":
      return compare((given) => given < wanted);
    case "<=":
      return compare((given) => given <= wanted);
    case ">":
      return compare((given) => given > wanted);
    case ">=":
      return compare((given) => given >= wanted);
    default:
      return signed(
        operator,
        compare((given) => given === wanted),
      );
  }
}

const signed = (operator: Operator, test: Test): Test =>
  operator === "!=" ? (value) => !test(value) : test;

/** A JSON number, or text between spaces that is one. */
function numberOf(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  return value instanceof DelimitedText && number.test(value.text) ? Number(value.text) : undefined;
}

function isScalar(value: unknown): boolean {
  return ["string", "number", "boolean"].includes(typeof value) || value instanceof DelimitedText;
}

const isText = (value: unknown): boolean =>
  typeof value === "string" || value instanceof DelimitedText;

/** Text of which only the comparison says whether it is a number. */
export class DelimitedText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

const escaped = (text: string): string =>
  text.replaceAll(/[$()*+.?[\\\]^{|}\-/]/g, String.raw`\$&`);
