import { type Token, type TokenKind, tokenize } from "./lexer.ts";
import { notWellFormed } from "./problems.ts";

/** What messages call a symbol that is missing. */
const symbolNames: Readonly<Record<string, string>> = {
  ")": "RIGHT_PAREN",
  "]": "RIGHT_BRACKET",
  "}": "RIGHT_CURLY",
  ">>": "RIGHT_DOUBLE_ANGLE_BRACKET",
  ":": "COLON",
};

/** Goes through the tokens of a statement. */
export class TokenReader {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = tokenize(text);
  }

  get next(): Token {
    return this.peek(0);
  }

  /** A token further on; the last one stands for all that would come after it. */
  peek(distance: number): Token {
    const tokens = this.#tokens;
    return tokens[Math.min(this.#at + distance, tokens.length - 1)]!;
  }

  take(): Token {
    const token = this.next;
    if (token.kind !== "end") this.#at++;
    return token;
  }

  is(kind: TokenKind, text?: string): boolean {
    const { next } = this;
    return next.kind === kind && (text === undefined || next.text === text);
  }

  /** Whether the keywords come next, in this order. */
  areKeywords(...words: readonly string[]): boolean {
    return words.every((word, distance) => {
      const token = this.peek(distance);
      return token.kind === "keyword" && token.text === word;
    });
  }

  takeIf(kind: TokenKind, text: string): Token | undefined {
    return this.is(kind, text) ? this.take() : undefined;
  }

  /** Takes the keywords if all of them come next. */
  takeKeywords(...words: readonly string[]): boolean {
    if (!this.areKeywords(...words)) return false;
    for (const _word of words) this.take();
    return true;
  }

  expectSymbol(text: string): void {
    if (this.takeIf("symbol", text) !== undefined) return;
    throw notWellFormed(`Expected ${symbolNames[text] ?? text}`);
  }

  expectKeyword(word: string): void {
    if (this.takeKeywords(word)) return;
    throw notWellFormed(`Expected ${word.toUpperCase()} keyword`);
  }
}
