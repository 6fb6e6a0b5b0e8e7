/*
 * Metric math as a tree. Source: Amazon CloudWatch User Guide, "Using math expressions with CloudWatch metrics", syntax
 * and functions.
 */

export type Operator =
  | "+"
  | "-"
  | "*"
  | "/"
  | "^"
  | "=="
  | "!="
  | "<="
  | ">="
  | "<"
  | ">"
  | "&&"
  | "||";

export type Expression =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "text"; readonly value: string }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "list"; readonly items: readonly Expression[] }
  | { readonly kind: "negated"; readonly of: Expression }
  | {
      readonly kind: "binary";
      readonly operator: Operator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Expression[] };

/** What is wrong with an expression, in words for its author. */
export class MathProblem extends Error {
  override name = "MathProblem";
}

type Token =
  | { readonly kind: "number"; readonly text: string }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "name"; readonly text: string }
  | { readonly kind: "sign"; readonly text: string };

const tokenPattern =
  /\s*(?:(?<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)|(?<text>'[^']*'|"[^"]*")|(?<name>[A-Za-z_][A-Za-z0-9_]*)|(?<sign>==|!=|<=|>=|&&|\|\||[-+*/^<>(),[\]]))/y;
/** How tightly an operator binds. Those of one line from left to right; a power from right to left. */
const levels: readonly (readonly Operator[])[] = [
  ["||"],
  ["&&"],
  ["==", "!=", "<=", ">=", "<", ">"],
  ["+", "-"],
  ["*", "/"],
];
const deepest = 50;

export function parseMath(text: string): Expression {
  const parser = new Parser(tokensOf(text));
  const expression = parser.expression(0);
  parser.end();
  return expression;
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  const pattern = new RegExp(tokenPattern);
  const end = text.trimEnd().length;
  while (pattern.lastIndex < end) {
    const at = pattern.lastIndex;
    const groups = pattern.exec(text)?.groups;
    if (groups === undefined) throw new MathProblem(`Syntax error at position ${at + 1}`);
    const [kind, found] = Object.entries(groups).find(([, value]) => value !== undefined)!;
    if (kind === "name" && found === "AND") tokens.push({ kind: "sign", text: "&&" });
    else if (kind === "name" && found === "OR") tokens.push({ kind: "sign", text: "||" });
    else tokens.push({ kind: kind as Token["kind"], text: found });
  }
  return tokens;
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  end(): void {
    const left = this.#tokens[this.#at];
    if (left !== undefined) throw new MathProblem(`Syntax error at '${left.text}'`);
  }

  expression(level: number): Expression {
    const operators = levels[level];
    if (operators === undefined) return this.#unary();
    let left = this.expression(level + 1);
    for (;;) {
      const operator = operators.find((one) => this.#take(one));
      if (operator === undefined) return left;
      left = { kind: "binary", operator, left, right: this.expression(level + 1) };
    }
  }

  #unary(): Expression {
    if (this.#take("-")) return { kind: "negated", of: this.#nested(() => this.#unary()) };
    if (this.#take("+")) return this.#nested(() => this.#unary());
    const base = this.#primary();
    if (!this.#take("^")) return base;
    return { kind: "binary", operator: "^", left: base, right: this.#nested(() => this.#unary()) };
  }

  #primary(): Expression {
    if (this.#take("(")) {
      const inner = this.#nested(() => this.expression(0));
      this.#expect(")");
      return inner;
    }
    if (this.#take("[")) return { kind: "list", items: this.#nested(() => this.#items("]")) };
    const token = this.#tokens[this.#at];
    if (token === undefined) throw new MathProblem("Unexpected end of expression");
    this.#at += 1;
    switch (token.kind) {
      case "number":
        return { kind: "number", value: Number(token.text) };
      case "text":
        return { kind: "text", value: token.text.slice(1, -1) };
      case "name":
        if (!this.#take("(")) return { kind: "name", name: token.text };
        return { kind: "call", name: token.text, args: this.#nested(() => this.#items(")")) };
      default:
        throw new MathProblem(`Syntax error at '${token.text}'`);
    }
  }

  #items(closing: string): Expression[] {
    const items: Expression[] = [];
    if (this.#take(closing)) return items;
    do items.push(this.expression(0));
    while (this.#take(","));
    this.#expect(closing);
    return items;
  }

  #take(sign: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.kind !== "sign" || token.text !== sign) return false;
    this.#at += 1;
    return true;
  }

  #expect(sign: string): void {
    if (!this.#take(sign)) throw new MathProblem(`Syntax error: '${sign}' expected`);
  }

  #nested<T>(read: () => T): T {
    this.#depth += 1;
    if (this.#depth > deepest) throw new MathProblem("The expression is nested too deeply");
    const result = read();
    this.#depth -= 1;
    return result;
  }
}

/** All calls of a function in an expression. */
export function* callsOf(
  expression: Expression,
  name: string,
): Generator<Extract<Expression, { kind: "call" }>> {
  switch (expression.kind) {
    case "list":
      for (const item of expression.items) yield* callsOf(item, name);
      return;
    case "negated":
      yield* callsOf(expression.of, name);
      return;
    case "binary":
      yield* callsOf(expression.left, name);
      yield* callsOf(expression.right, name);
      return;
    case "call":
      if (expression.name === name) yield expression;
      for (const arg of expression.args) yield* callsOf(arg, name);
      return;
    default:
  }
}

/** The ids of other queries that an expression names. */
export function* namesOf(expression: Expression): Generator<string> {
  switch (expression.kind) {
    case "name":
      yield expression.name;
      return;
    case "list":
      for (const item of expression.items) yield* namesOf(item);
      return;
    case "negated":
      yield* namesOf(expression.of);
      return;
    case "binary":
      yield* namesOf(expression.left);
      yield* namesOf(expression.right);
      return;
    case "call":
      for (const arg of expression.args) yield* namesOf(arg);
      return;
    default:
  }
}
