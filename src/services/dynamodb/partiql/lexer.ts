import { keywords } from "./keywords.ts";
import { notWellFormed, type Place } from "./problems.ts";

/** `name`: not quoted and no keyword; `quoted`: in double quotes; `ion`: in backticks. */
export type TokenKind =
  | "name"
  | "quoted"
  | "keyword"
  | "string"
  | "number"
  | "ion"
  | "symbol"
  | "end";

export interface Token extends Place {
  readonly kind: TokenKind;
  /** A keyword in lower case; a name, string or number as written, without quotes; a symbol itself; or nothing. */
  readonly text: string;
}

const blank = /(?:\s|--[^\n\r]*|\/\*[\s\S]*?\*\/)*/y;
const word = /[\p{L}_$][\p{L}\p{N}_$]*/uy;
const quotedName = /"((?:[^"]|"")*)"/y;
const string = /'((?:[^']|'')*)'/y;
const ionLiteral = /`([^`]*)`/y;
const number = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
const symbol = /<<|>>|<=|>=|<>|!=|\|\||[-+*/%=<>()[\]{},.:;?@]/y;
const wordPart = /[\p{L}\p{N}_$.]/uy;

/** The tokens of a statement; the last is always an `end`. Throws what AWS says of text that has none. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  const places = new Places(text);
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(text);
  };
  for (;;) {
    at += take(blank)![0].length;
    if (at >= text.length) break;
    const start = at;
    const push = (kind: TokenKind, shown: string, length: number): void => {
      tokens.push({ kind, text: shown, ...places.of(start), length });
      at += length;
    };
    let found: RegExpExecArray | null;
    if ((found = take(word)) !== null) {
      const lower = found[0].toLowerCase();
      if (keywords.has(lower)) push("keyword", lower, found[0].length);
      else push("name", found[0], found[0].length);
    } else if ((found = take(quotedName)) !== null) {
      push("quoted", found[1]!.replaceAll('""', '"'), found[0].length);
    } else if ((found = take(string)) !== null) {
      push("string", found[1]!.replaceAll("''", "'"), found[0].length);
    } else if ((found = take(ionLiteral)) !== null) {
      push("ion", found[1]!, found[0].length);
    } else if ((found = take(number)) !== null) {
      checkExponent(found[0]);
      push("number", found[0], found[0].length);
      if (take(wordPart) !== null) throw notWellFormed("");
    } else if (!text.startsWith("/*", at) && (found = take(symbol)) !== null) {
      push("symbol", found[0] === "!=" ? "<>" : found[0], found[0].length);
    } else {
      throw notWellFormed("");
    }
  }
  tokens.push({ kind: "end", text: "", ...places.of(at), length: 0 });
  return tokens;
}

const largestInteger = 2 ** 31 - 1;

/** AWS reads numbers as Java does: neither the exponent nor the scale may need more than 32 bits. */
function checkExponent(text: string): void {
  const [mantissa, exponent] = text.toLowerCase().split("e");
  if (exponent === undefined) return;
  const fraction = mantissa!.split(".")[1] ?? "";
  const scale = fraction.length - Number(exponent);
  if (Math.abs(Number(exponent)) > largestInteger || Math.abs(scale) > largestInteger) {
    throw notWellFormed("");
  }
}

/** Turns offsets, asked for in ascending order, into lines and columns. */
class Places {
  readonly #text: string;
  #line = 1;
  #lineStart = 0;
  #seen = 0;

  constructor(text: string) {
    this.#text = text;
  }

  of(offset: number): { line: number; column: number } {
    for (; this.#seen < offset; this.#seen++) {
      if (this.#text[this.#seen] !== "\n") continue;
      this.#line++;
      this.#lineStart = this.#seen + 1;
    }
    return { line: this.#line, column: offset - this.#lineStart + 1 };
  }
}
