import { isReserved } from "./reserved-words.ts";
import { tokenize } from "./lexer.ts";
import type { Token } from "./lexer.ts";
import type { FunctionSyntax, OperandSyntax, PathSyntax, ValueSyntax } from "./syntax.ts";

/** All kinds of expressions have one grammar at AWS: the words of each are no names in the others. */
const keywords = new Set(["AND", "OR", "NOT", "BETWEEN", "IN", "SET", "REMOVE", "ADD", "DELETE"]);

/** What is wrong with an expression; the caller adds "Invalid …Expression: ". */
export class SyntaxProblem extends Error {
  override readonly name = "SyntaxProblem";
}

export const maximumOperators = 300;
/** Deeper nesting needs more operators than are allowed, or parentheses that change nothing. */
const maximumDepth = maximumOperators + 10;
const maximumPathLevels = 32;
const largestListIndex = 2 ** 31 - 1;

/**
 * What a whole expression can have wrong although its syntax is right, by the order in which AWS
 * reports it. Of each only the first is kept.
 */
export class StaticProblems {
  parentheses: string | undefined;
  unknownFunction: string | undefined;
  misusedFunction: string | undefined;
  reserved: string | undefined;
  section: string | undefined;
}

/** Reads the tokens of one expression: what the parsers of all expressions share. */
export class TokenStream {
  readonly problems = new StaticProblems();
  readonly #text: string;
  readonly #tokens: Token[];
  #at = 0;
  #depth = 0;
  #operators = 0;
  /** The node that was last read in parentheses of its own. */
  #wrapped: unknown;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokenize(text);
  }

  get current(): Token {
    return this.#tokens[this.#at]!;
  }

  get depth(): number {
    return this.#depth;
  }

  advance(): Token {
    const token = this.current;
    if (token.kind !== "end") this.#at++;
    return token;
  }

  isSymbol(symbol: string): boolean {
    return this.current.kind === "symbol" && this.current.text === symbol;
  }

  isKeyword(word: string): boolean {
    return this.current.kind === "name" && this.current.text.toUpperCase() === word;
  }

  takeSymbol(symbol: string): boolean {
    if (!this.isSymbol(symbol)) return false;
    this.#at++;
    return true;
  }

  takeKeyword(word: string): boolean {
    if (!this.isKeyword(word)) return false;
    this.#at++;
    return true;
  }

  expectSymbol(symbol: string): void {
    if (!this.takeSymbol(symbol)) throw this.unexpected();
  }

  expectEnd(): void {
    if (this.current.kind !== "end") throw this.unexpected();
  }

  /** The current token should not stand here; `near` shows it with its two neighbours. */
  unexpected(): SyntaxProblem {
    const before = this.#tokens[this.#at - 1] ?? this.current;
    const after = this.#tokens[this.#at + 1] ?? this.current;
    const isBlank = this.#tokens.length === 1;
    const near = isBlank ? this.#text : this.#text.slice(before.start, after.end);
    return new SyntaxProblem(`Syntax error; token: "${this.current.text}", near: "${near}"`);
  }

  countOperator(): void {
    this.#operators++;
  }

  checkOperatorCount(): void {
    if (this.#operators > maximumOperators) {
      throw new SyntaxProblem(
        `The expression contains too many operators; operator count: ${this.#operators}`,
      );
    }
  }

  /** Reads `( … )`, and notes it if the content has parentheses of its own around it already. */
  inParentheses<Node>(read: () => Node): Node {
    this.expectSymbol("(");
    this.#descend();
    const node = read();
    this.#depth--;
    this.expectSymbol(")");
    if (this.#wrapped === node) this.problems.parentheses ??= redundantParentheses;
    this.#wrapped = node;
    return node;
  }

  #descend(): void {
    this.#depth++;
    if (this.#depth > maximumDepth) throw new SyntaxProblem(redundantParentheses);
  }

  isPathStart(): boolean {
    const { kind, text } = this.current;
    return kind === "#name" || (kind === "name" && !keywords.has(text.toUpperCase()));
  }

  isFunction(): boolean {
    const next = this.#tokens[this.#at + 1];
    return (
      this.current.kind === "name" &&
      next?.text === "(" &&
      !keywords.has(this.current.text.toUpperCase())
    );
  }

  readPath(): PathSyntax {
    const elements: (string | number)[] = [this.#readName()];
    return this.readPathSuffix({ kind: "path", elements });
  }

  /** Further `.name` and `[index]` after a path; the path itself if there are none. */
  readPathSuffix(path: PathSyntax): PathSyntax {
    let elements: (string | number)[] | undefined;
    for (;;) {
      if (this.takeSymbol(".")) (elements ??= [...path.elements]).push(this.#readName());
      else if (this.takeSymbol("[")) (elements ??= [...path.elements]).push(this.#readIndex());
      else break;
    }
    if (elements === undefined) return path;
    if (elements.length > maximumPathLevels) {
      throw new SyntaxProblem(
        `The document path has too many nesting levels; nesting levels: ${elements.length}`,
      );
    }
    return { kind: "path", elements };
  }

  #readName(): string {
    if (!this.isPathStart()) throw this.unexpected();
    const { kind, text } = this.advance();
    if (kind === "name" && isReserved(text)) {
      this.problems.reserved ??= `Attribute name is a reserved keyword; reserved keyword: ${text}`;
    }
    return text;
  }

  #readIndex(): number {
    if (this.current.kind !== "number") throw this.unexpected();
    const { text } = this.advance();
    const index = Number(text);
    if (index > largestListIndex) {
      throw new SyntaxProblem(`List index is not within the allowable range; index: [${text}]`);
    }
    this.expectSymbol("]");
    return index;
  }

  readValue(): ValueSyntax {
    if (this.current.kind !== ":value") throw this.unexpected();
    return { kind: "value", placeholder: this.advance().text };
  }

  /** Reads `name(operand, …)`; `readOperand` reads one operand. */
  readFunction(readOperand: () => OperandSyntax): FunctionSyntax {
    const name = this.advance().text;
    this.countOperator();
    this.expectSymbol("(");
    this.#descend();
    const operands = [readOperand()];
    while (this.takeSymbol(",")) operands.push(readOperand());
    this.#depth--;
    this.expectSymbol(")");
    return { kind: "function", name, operands };
  }
}

const redundantParentheses = "The expression has redundant parentheses;";

/** AWS writes `[a, [0], b]` for the path `a[0].b`. */
export function showPath(path: readonly (string | number)[]): string {
  const elements = path.map((element) => (typeof element === "number" ? `[${element}]` : element));
  return `[${elements.join(", ")}]`;
}

export const misusedFunction = (name: string): string =>
  `The function is not allowed to be used this way in an expression; function: ${name}`;
