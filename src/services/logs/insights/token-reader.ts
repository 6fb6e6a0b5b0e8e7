import type { Token, TokenKind } from "./lexer.ts";
import { MalformedQuery } from "./query.ts";

/** Walks through the tokens of a query. */
export class TokenReader {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get next(): Token {
    return this.#tokens[this.#at]!;
  }

  get isAtEnd(): boolean {
    return this.next.kind === "end";
  }

  take(): Token {
    const token = this.next;
    if (token.kind !== "end") this.#at += 1;
    return token;
  }

  /** Takes the symbol if it comes next. */
  takes(symbol: string): boolean {
    const isNext = this.next.kind === "symbol" && this.next.text === symbol;
    if (isNext) this.#at += 1;
    return isNext;
  }

  /** Takes the keyword, in capitals or not, if it comes next. */
  takesWord(word: string): boolean {
    const isNext = this.next.kind === "word" && this.next.text.toLowerCase() === word;
    if (isNext) this.#at += 1;
    return isNext;
  }

  expect(kind: TokenKind): Token {
    if (this.next.kind !== kind) throw this.unexpected();
    return this.take();
  }

  expectSymbol(symbol: string): void {
    if (!this.takes(symbol)) throw this.unexpected();
  }

  fieldName(): string {
    const token = this.take();
    if (token.kind !== "word" && token.kind !== "quoted field") throw this.unexpected(token);
    return token.text;
  }

  /** What was taken since this token, as AWS names it: without the space between. */
  textSince(start: Token): string {
    const from = this.#tokens.indexOf(start);
    return this.#tokens
      .slice(from, this.#at)
      .map((token, at, all) => {
        const shown = token.kind === "text" ? `"${token.text}"` : token.text;
        const isGlued = at === 0 || /^[(),]$/.test(token.text) || all[at - 1]!.text === "(";
        return isGlued ? shown : ` ${shown}`;
      })
      .join("");
  }

  unexpected(token = this.next): MalformedQuery {
    const what = token.kind === "end" ? "end of query" : token.text;
    return new MalformedQuery(`unexpected symbol found ${what}`, token.from, token.to);
  }
}
