import { aggregates, functionKeywords, typeNames } from "./keywords.ts";
import type { Token } from "./lexer.ts";
import { notWellFormed, unsupported } from "./problems.ts";
import type { BinaryOperator, Expression, Field, Step } from "./syntax.ts";
import { TokenReader } from "./token-reader.ts";

/** How strongly operators bind; the order is that of PartiQL's specification. */
const precedences: Readonly<Record<string, number>> = {
  union: 5,
  except: 5,
  intersect: 5,
  or: 10,
  and: 20,
  "=": 40,
  "<>": 40,
  is: 40,
  in: 40,
  "<": 50,
  "<=": 50,
  ">": 50,
  ">=": 50,
  between: 50,
  like: 50,
  "+": 60,
  "-": 60,
  "||": 60,
  "*": 70,
  "/": 70,
  "%": 70,
};
const notPrecedence = 30;
/** Of the clauses of a SELECT: set operations bind less. */
export const selectPrecedence = 6;

/** Statements have up to 8,192 characters; parentheses alone would go deeper than the stack. */
const nestingAtMost = 200;

/** Keywords that begin what PartiQL can express and DynamoDB cannot evaluate. */
const unsupportedTerms: ReadonlySet<string> = new Set(
  "case cast date time substring trim extract date_add date_diff exec".split(" "),
);

interface Infix {
  readonly operator: string;
  readonly isNegated: boolean;
  /** How many tokens it takes. */
  readonly length: number;
}

/** The expressions of a statement. Messages and their conditions are those of PartiQL's own parser. */
export abstract class ExpressionParser {
  protected readonly reader: TokenReader;
  #parameterCount = 0;
  #nesting = 0;

  constructor(text: string) {
    this.reader = new TokenReader(text);
  }

  /** What a keyword that begins a statement stands for; undefined if it begins none. */
  protected abstract parseStatementTerm(keyword: Token): Expression | undefined;

  get parameterCount(): number {
    return this.#parameterCount;
  }

  protected parseExpression(precedence = -1): Expression {
    if (++this.#nesting > nestingAtMost) throw notWellFormed("Expression is nested too deeply");
    let left = this.#parseUnary();
    for (;;) {
      const infix = this.#nextInfix();
      if (infix === undefined || precedences[infix.operator]! <= precedence) break;
      left = this.#parseInfix(left, infix);
    }
    this.#nesting--;
    return left;
  }

  #nextInfix(): Infix | undefined {
    const { reader } = this;
    const { next } = reader;
    if (next.kind !== "symbol" && next.kind !== "keyword") return undefined;
    if (next.kind === "keyword" && next.text === "not") {
      const after = reader.peek(1);
      const isInfix = ["in", "between", "like"].includes(after.text) && after.kind === "keyword";
      return isInfix ? { operator: after.text, isNegated: true, length: 2 } : undefined;
    }
    if (!Object.hasOwn(precedences, next.text)) return undefined;
    if (reader.areKeywords("is", "not")) return { operator: "is", isNegated: true, length: 2 };
    return { operator: next.text, isNegated: false, length: 1 };
  }

  #parseInfix(left: Expression, { operator, isNegated, length }: Infix): Expression {
    const { reader } = this;
    const place = reader.next;
    for (let count = 0; count < length; count++) reader.take();
    const precedence = precedences[operator]!;
    let result: Expression;
    if (operator === "is") {
      result = { kind: "is", place, value: left, type: this.#parseType() };
    } else if (operator === "in" && reader.is("symbol", "(") && !this.#isSelectNext(1)) {
      reader.take();
      const elements = this.parseList(() => this.parseExpression());
      reader.expectSymbol(")");
      const right: Expression = { kind: "list", place, elements };
      result = { kind: "binary", operator, place, left, right };
    } else {
      if (reader.is("end")) {
        throw notWellFormed("Missing right-hand side expression of infix operator");
      }
      const right = this.parseExpression(precedence);
      if (operator === "between") {
        reader.expectKeyword("and");
        if (reader.is("end")) throw notWellFormed("Expected expression after AND");
        const high = this.parseExpression(precedence);
        result = { kind: "between", place, value: left, low: right, high };
      } else {
        if (operator === "like" && reader.takeKeywords("escape")) this.parseExpression(precedence);
        result = { kind: "binary", operator: operator as BinaryOperator, place, left, right };
      }
    }
    return isNegated ? { kind: "unary", operator: "not", place, operand: result } : result;
  }

  #isSelectNext(distance: number): boolean {
    const token = this.reader.peek(distance);
    return token.kind === "keyword" && (token.text === "select" || token.text === "values");
  }

  #parseType(): string {
    const { reader } = this;
    const two = `${reader.next.text} ${reader.peek(1).text}`;
    const length = typeNames.has(two) ? 2 : 1;
    const name = length === 2 ? two : reader.next.text;
    const type = reader.next.kind === "keyword" ? typeNames.get(name) : undefined;
    if (type === undefined) throw notWellFormed("Expected type name");
    for (let count = 0; count < length; count++) reader.take();
    return type;
  }

  #parseUnary(): Expression {
    const { reader } = this;
    const place = reader.next;
    if (reader.takeKeywords("not")) {
      return {
        kind: "unary",
        operator: "not",
        place,
        operand: this.parseExpression(notPrecedence),
      };
    }
    if (!reader.is("symbol", "+") && !reader.is("symbol", "-")) return this.#parsePath();
    if (++this.#nesting > nestingAtMost) throw notWellFormed("Expression is nested too deeply");
    const operator = reader.take().text as "+" | "-";
    const operand = this.#parseUnary();
    this.#nesting--;
    if (operand.kind !== "number") return { kind: "unary", operator, place, operand };
    return operator === "+" ? operand : { ...operand, text: negated(operand.text) };
  }

  #parsePath(): Expression {
    return this.#withSteps(this.#parseTerm(), false);
  }

  /** A path of names and literal indexes: what can be changed, or inserted into. */
  protected parseSimplePath(): Expression {
    const { next } = this.reader;
    if (next.kind !== "name" && next.kind !== "quoted") {
      throw notWellFormed("Expected identifier for simple path");
    }
    this.reader.take();
    return this.#withSteps({ kind: "name", place: next, name: next.text }, true);
  }

  #withSteps(root: Expression, isSimple: boolean): Expression {
    const steps: Step[] = [];
    for (;;) {
      const step = this.#parseStep(isSimple);
      if (step === undefined) break;
      steps.push(step);
    }
    return steps.length === 0 ? root : { kind: "path", place: root.place, root, steps };
  }

  #parseStep(isSimple: boolean): Step | undefined {
    const { reader } = this;
    if (reader.takeIf("symbol", ".") !== undefined) {
      const token = reader.take();
      if (token.kind === "name" || token.kind === "quoted")
        return { kind: "name", name: token.text };
      if (token.kind !== "symbol" || token.text !== "*") {
        throw notWellFormed("Invalid path dot component");
      }
      if (isSimple) throw notWellFormed("Invalid path dot component for simple path");
      return { kind: "unpivot", place: token };
    }
    if (reader.takeIf("symbol", "[") === undefined) return undefined;
    if (reader.is("symbol", "*")) {
      const place = reader.take();
      reader.expectSymbol("]");
      if (isSimple) throw notWellFormed("Invalid path component for simple path");
      return { kind: "wildcard", place };
    }
    const index = this.parseExpression();
    reader.expectSymbol("]");
    if (isSimple && !isAtom(index)) throw notWellFormed("Invalid path component for simple path");
    return { kind: "index", index };
  }

  #parseTerm(): Expression {
    const { reader } = this;
    const token = reader.next;
    switch (token.kind) {
      case "string":
      case "number":
      case "ion":
        reader.take();
        return { kind: token.kind, place: token, text: token.text };
      case "name":
      case "quoted":
        reader.take();
        if (reader.is("symbol", "(")) return this.#parseCall(token);
        return { kind: "name", place: token, name: token.text };
      case "keyword":
        return this.#parseKeyword(token);
      case "symbol":
        return this.#parseSymbol(token);
      case "end":
        throw notWellFormed("Unexpected term");
    }
  }

  #parseKeyword(token: Token): Expression {
    const { reader } = this;
    const statement = this.parseStatementTerm(token);
    if (statement !== undefined) return statement;
    if (Object.hasOwn(precedences, token.text)) throw notWellFormed("Unexpected operator");
    const isNoLiteral = token.text !== "date" && token.text !== "time";
    if (unsupportedTerms.has(token.text) && (isNoLiteral || reader.peek(1).kind === "string")) {
      const name = token.text === "cast" ? "cast" : token.text.toUpperCase();
      throw unsupported(`Unsupported token in expression: ${name}`, token);
    }
    if (functionKeywords.has(token.text)) {
      reader.take();
      if (!reader.is("symbol", "(")) throw notWellFormed("Unexpected keyword");
      return this.#parseCall(token);
    }
    switch (token.text) {
      case "null":
      case "missing":
        reader.take();
        return { kind: token.text, place: token };
      case "true":
      case "false":
        reader.take();
        return { kind: "boolean", place: token, value: token.text === "true" };
    }
    throw notWellFormed("Unexpected keyword");
  }

  #parseSymbol(token: Token): Expression {
    const { reader } = this;
    switch (token.text) {
      case "?":
        reader.take();
        return { kind: "parameter", place: token, position: this.#parameterCount++ };
      case "(": {
        reader.take();
        const elements = this.parseList(() => this.parseExpression());
        reader.expectSymbol(")");
        return elements.length === 1 ? elements[0]! : { kind: "list", place: token, elements };
      }
      case "[":
        return { kind: "list", place: token, elements: this.#parseElements("]") };
      case "<<":
        return { kind: "bag", place: token, elements: this.#parseElements(">>") };
      case "{": {
        reader.take();
        if (reader.takeIf("symbol", "}") !== undefined) {
          return { kind: "struct", place: token, fields: [] };
        }
        const fields = this.parseList(() => this.#parseField());
        reader.expectSymbol("}");
        return { kind: "struct", place: token, fields };
      }
      case "@": {
        // The lexical scope of PartiQL: there is but one scope here.
        reader.take();
        const name = reader.take();
        if (name.kind !== "name" && name.kind !== "quoted") {
          throw notWellFormed("Identifier must follow @-operator");
        }
        return { kind: "name", place: name, name: name.text };
      }
    }
    const isOperator = Object.hasOwn(precedences, token.text) && token.text !== "*";
    throw notWellFormed(isOperator ? "Unexpected operator" : "Unexpected term");
  }

  #parseElements(end: string): Expression[] {
    this.reader.take();
    if (this.reader.takeIf("symbol", end) !== undefined) return [];
    const elements = this.parseList(() => this.parseExpression());
    this.reader.expectSymbol(end);
    return elements;
  }

  #parseField(): Field {
    const name = this.parseExpression();
    this.reader.expectSymbol(":");
    return { name, value: this.parseExpression() };
  }

  /** The parenthesis is next. */
  #parseCall(name: Token): Expression {
    const { reader } = this;
    reader.take();
    const lower = name.text.toLowerCase();
    const call = (operands: readonly Expression[]): Expression => ({
      kind: "call",
      place: name,
      name: lower,
      operands,
    });
    if (reader.is("symbol", "*")) {
      if (lower !== "count") throw notWellFormed(`${name.text}(*) is not allowed`);
      reader.take();
      reader.expectSymbol(")");
      return call([]);
    }
    if (reader.takeIf("symbol", ")") !== undefined) {
      if (aggregates.has(lower)) throw notWellFormed("Aggregate functions are always unary");
      return call([]);
    }
    if (aggregates.has(lower) && !reader.takeKeywords("distinct")) reader.takeKeywords("all");
    const operands = this.parseList(() => this.parseExpression());
    reader.expectSymbol(")");
    if (aggregates.has(lower) && operands.length !== 1) {
      throw notWellFormed("Aggregate functions are always unary");
    }
    return call(operands);
  }

  protected parseList<T>(parse: () => T): T[] {
    const items = [parse()];
    while (this.reader.takeIf("symbol", ",") !== undefined) items.push(parse());
    return items;
  }
}

function isAtom({ kind }: Expression): boolean {
  return ["string", "number", "ion", "null", "missing", "boolean", "name"].includes(kind);
}

function negated(text: string): string {
  return text.startsWith("-") ? text.slice(1) : `-${text}`;
}
