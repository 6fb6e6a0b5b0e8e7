import { functions, type InsightsFunction } from "./functions.ts";
import { regularExpression } from "./parse-query.ts";
import { type BinaryOperator, type Expression, MalformedQuery } from "./query.ts";
import type { TokenReader } from "./token-reader.ts";

/** Deeper ones are nobody's. */
const deepest = 100;

interface Limits {
  /** A text that follows is not the expression's. */
  readonly withoutText?: boolean;
}

export function parseExpression(reader: TokenReader, limits: Limits = {}, depth = 0): Expression {
  if (depth > deepest) throw reader.unexpected();
  return readOr(reader, limits, depth);
}

function readOr(reader: TokenReader, limits: Limits, depth: number): Expression {
  let left = readAnd(reader, limits, depth);
  while (reader.takesWord("or") || reader.takes("||")) {
    left = binary("or", left, readAnd(reader, limits, depth));
  }
  return left;
}

function readAnd(reader: TokenReader, limits: Limits, depth: number): Expression {
  let left = readNot(reader, limits, depth);
  while (reader.takesWord("and") || reader.takes("&&")) {
    left = binary("and", left, readNot(reader, limits, depth));
  }
  return left;
}

function readNot(reader: TokenReader, limits: Limits, depth: number): Expression {
  if (depth > deepest) throw reader.unexpected();
  if (reader.takesWord("not")) return { kind: "not", of: readNot(reader, limits, depth + 1) };
  return readComparison(reader, limits, depth);
}

const comparisons = ["=", "!=", "<=", ">=", "<", ">"] as const;

function readComparison(reader: TokenReader, limits: Limits, depth: number): Expression {
  let left = readSum(reader, limits, depth);
  for (;;) {
    const operator = comparisons.find((symbol) => reader.takes(symbol));
    if (operator !== undefined) left = binary(operator, left, readSum(reader, limits, depth));
    else if (reader.takes("=~")) left = readLike(reader, left, false);
    else {
      const isNegated = reader.takesWord("not");
      if (reader.takesWord("like")) left = readLike(reader, left, isNegated);
      else if (reader.takesWord("in")) left = readIn(reader, left, isNegated, depth);
      else if (isNegated) throw reader.unexpected();
      else return left;
    }
  }
}

function readLike(reader: TokenReader, value: Expression, isNegated: boolean): Expression {
  const token = reader.take();
  if (token.kind === "text") return { kind: "like", value, pattern: token.text, isNegated };
  if (token.kind !== "expression") throw reader.unexpected(token);
  return { kind: "like", value, pattern: regularExpression(token), isNegated };
}

function readIn(
  reader: TokenReader,
  value: Expression,
  isNegated: boolean,
  depth: number,
): Expression {
  const isRound = reader.takes("(");
  if (!isRound) reader.expectSymbol("[");
  const list: Expression[] = [];
  do list.push(parseExpression(reader, {}, depth + 1));
  while (reader.takes(","));
  reader.expectSymbol(isRound ? ")" : "]");
  return { kind: "in", value, list, isNegated };
}

function readSum(reader: TokenReader, limits: Limits, depth: number): Expression {
  let left = readProduct(reader, limits, depth);
  for (;;) {
    const operator = (["+", "-"] as const).find((symbol) => reader.takes(symbol));
    if (operator === undefined) return left;
    left = binary(operator, left, readProduct(reader, limits, depth));
  }
}

function readProduct(reader: TokenReader, limits: Limits, depth: number): Expression {
  let left = readPower(reader, limits, depth);
  for (;;) {
    const operator = (["*", "/", "%"] as const).find((symbol) => reader.takes(symbol));
    if (operator === undefined) return left;
    left = binary(operator, left, readPower(reader, limits, depth));
  }
}

/** Powers bind from the right. */
function readPower(reader: TokenReader, limits: Limits, depth: number): Expression {
  if (depth > deepest) throw reader.unexpected();
  const left = readValue(reader, limits, depth);
  return reader.takes("^") ? binary("^", left, readPower(reader, limits, depth + 1)) : left;
}

const binary = (operator: BinaryOperator, left: Expression, right: Expression): Expression => {
  return { kind: "binary", operator, left, right };
};

function readValue(reader: TokenReader, limits: Limits, depth: number): Expression {
  if (depth > deepest) throw reader.unexpected();
  if (reader.takes("(")) {
    const inner = parseExpression(reader, {}, depth + 1);
    reader.expectSymbol(")");
    return inner;
  }
  if (reader.takes("-")) return { kind: "negative", of: readValue(reader, limits, depth + 1) };
  const token = reader.take();
  switch (token.kind) {
    case "number":
      // With a unit it is a period, which only functions understand.
      return {
        kind: "literal",
        value: /[a-z]$/.test(token.text) ? token.text : Number(token.text),
      };
    case "text":
      if (limits.withoutText === true) throw reader.unexpected(token);
      return { kind: "literal", value: token.text };
    case "quoted field":
      return { kind: "field", name: token.text };
    case "word": {
      if (reader.takes("(")) return readCall(reader, token, depth);
      const word = token.text.toLowerCase();
      if (word === "true" || word === "false") return { kind: "literal", value: word === "true" };
      return { kind: "field", name: token.text };
    }
    default:
      throw reader.unexpected(token);
  }
}

function readCall(
  reader: TokenReader,
  { text, from, to }: { readonly text: string; readonly from: number; readonly to: number },
  depth: number,
): Expression {
  const name = text.toLowerCase();
  const known: InsightsFunction | undefined = Object.hasOwn(functions, name)
    ? functions[name]
    : undefined;
  if (known === undefined) throw new MalformedQuery(`Invalid function: ${text}`, from, to);
  const args: Expression[] = [];
  if (!reader.takes(")")) {
    do args.push(parseExpression(reader, {}, depth + 1));
    while (reader.takes(","));
    reader.expectSymbol(")");
  }
  if (args.length < known.least || args.length > known.most) {
    throw new MalformedQuery(`Invalid arguments for function ${text}`, from, to);
  }
  return { kind: "call", name, args };
}
