import { MalformedQuery } from "./query.ts";

export type TokenKind =
  | "word"
  | "quoted field"
  | "text"
  | "number"
  | "expression"
  | "symbol"
  | "end";

export interface Token {
  readonly kind: TokenKind;
  /** Of quoted ones, what is in the quotes; of expressions, what is between the slashes. */
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

const space = /(?:\s+|#[^\n]*)+/y;
const word = /[@A-Za-z_][\w.@]*(?:\[\d+\][\w.@]*)*/y;
/** With a unit: a period. */
const number = /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?:ms|mo|min|m|hr?|d|w|q|y|s)?\b|\.\d+/y;
const symbol = /\|\||&&|!=|<=|>=|=~|[=<>+\-*/^%(),|[\]{}:]/y;

/** The tokens of a query. A slash begins an expression where a value may stand, otherwise it divides. */
export function tokensOf(query: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const add = (kind: TokenKind, text: string, to: number): void => {
    tokens.push({ kind, text, from: at, to });
    at = to;
  };
  const takes = (sticky: RegExp): string | undefined => {
    sticky.lastIndex = at;
    return sticky.exec(query)?.[0];
  };
  for (;;) {
    at += takes(space)?.length ?? 0;
    if (at >= query.length) break;
    const first = query.charAt(at);
    if (first === '"' || first === "'" || first === "`") {
      const end = endOfQuoted(query, at);
      const inner = query.slice(at + 1, end);
      if (first === "`") add("quoted field", inner, end + 1);
      else add("text", unescaped(inner), end + 1);
    } else if (first === "/" && isValueNext(tokens)) {
      const end = endOfQuoted(query, at);
      let to = end + 1;
      while (/[a-z]/.test(query.charAt(to))) to += 1;
      const flags = query.slice(end + 1, to);
      add("expression", (flags.includes("i") ? "(?i)" : "") + query.slice(at + 1, end), to);
    } else {
      const found = takes(number) ?? takes(word) ?? takes(symbol);
      if (found === undefined) {
        throw new MalformedQuery(`unexpected symbol found ${first}`, at, at + 1);
      }
      const kind = /^[.\d]/.test(found) ? "number" : /^[@\w]/.test(found) ? "word" : "symbol";
      add(kind, found, at + found.length);
    }
  }
  add("end", "", at);
  return tokens;
}

function isValueNext(tokens: readonly Token[]): boolean {
  const before = tokens.at(-1);
  if (before === undefined) return true;
  if (before.kind === "symbol") return ![")", "]"].includes(before.text);
  if (before.kind === "word" && /^(like|parse|and|or|not|in|by|filter)$/i.test(before.text))
    return true;
  // `parse @message /.../`
  return tokens.at(-2)?.kind === "word" && /^parse$/i.test(tokens.at(-2)!.text);
}

/** Where the quote that begins here ends; a backslash hides one. */
function endOfQuoted(query: string, from: number): number {
  const quote = query.charAt(from);
  for (let at = from + 1; at < query.length; at += 1) {
    if (query.charAt(at) === "\\") at += 1;
    else if (query.charAt(at) === quote) return at;
  }
  throw new MalformedQuery(`${quote} has no end`, from, query.length);
}

const unescaped = (text: string): string =>
  text.replaceAll(/\\(["'\\nt])/g, (_, character: string) =>
    character === "n" ? "\n" : character === "t" ? "\t" : character,
  );
