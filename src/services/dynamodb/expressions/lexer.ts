export type TokenKind = "name" | "#name" | ":value" | "number" | "symbol" | "unknown" | "end";

export type Token = { kind: TokenKind; text: string; start: number; end: number };

/**
 * The tokens of an expression, with an `end` token after the last. A character that no token starts
 * with becomes an `unknown` token: the parser reports it where it meets it.
 */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    while (isSpace(text.charCodeAt(at))) at++;
    if (at >= text.length) break;
    const token = readToken(text, at);
    tokens.push(token);
    at = token.end;
  }
  tokens.push({ kind: "end", text: "<EOF>", start: text.length, end: text.length });
  return tokens;
}

function readToken(text: string, start: number): Token {
  const first = text.charCodeAt(start);
  if (isLetter(first)) return tokenTo("name", text, start, endOfWord(text, start + 1));
  if (isDigit(first)) return tokenTo("number", text, start, endOfDigits(text, start + 1));
  const symbol = text[start]!;
  if (symbol === "#" || symbol === ":") {
    const end = endOfWord(text, start + 1);
    const kind = symbol === "#" ? "#name" : ":value";
    return tokenTo(end > start + 1 ? kind : "unknown", text, start, end);
  }
  const pair = text.slice(start, start + 2);
  if (pair === "<>" || pair === "<=" || pair === ">=") {
    return tokenTo("symbol", text, start, start + 2);
  }
  if ("()[].,=<>+-".includes(symbol)) return tokenTo("symbol", text, start, start + 1);
  const wholeCharacter = first >= 0xd800 && first <= 0xdbff && start + 1 < text.length ? 2 : 1;
  return tokenTo("unknown", text, start, start + wholeCharacter);
}

function tokenTo(kind: TokenKind, text: string, start: number, end: number): Token {
  return { kind, text: text.slice(start, end), start, end };
}

function endOfWord(text: string, from: number): number {
  let at = from;
  while (isWordPart(text.charCodeAt(at))) at++;
  return at;
}

function endOfDigits(text: string, from: number): number {
  let at = from;
  while (isDigit(text.charCodeAt(at))) at++;
  return at;
}

function isSpace(code: number): boolean {
  return code === 32 || code === 9 || code === 10 || code === 13;
}

function isLetter(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function isWordPart(code: number): boolean {
  return isLetter(code) || isDigit(code) || code === 95;
}
