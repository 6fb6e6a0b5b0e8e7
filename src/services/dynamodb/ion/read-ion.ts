import { type AttributeValue, type Item, setAttribute } from "../items/attribute-values.ts";

/*
 * Amazon Ion text as items: what write-ion.ts writes, and what else the notation allows for the same types (integers,
 * floats, symbols, long strings, comments). Source: https://amazon-ion.github.io/ion-docs/docs/spec.html
 *
 * Timestamps, s-expressions and clobs have no counterpart among DynamoDB's types and are refused.
 */

/** The text is no Ion, or says what no item can hold. */
export class IonProblem extends Error {
  override name = "IonProblem";
}

/** The one struct of a line: `$ion_1_0 {Item:{...}}` gives `{Item: {M: {...}}}`. */
export function readIonStruct(line: string): Item {
  const reader = new IonReader(line);
  reader.skipVersionMarkers();
  const value = reader.value();
  reader.expectEnd();
  if (value.M === undefined) throw new IonProblem("a line holds one struct");
  return value.M;
}

const deepest = 200;
const identifier = /[A-Za-z_$][A-Za-z0-9_$]*/y;
const number = /[+-]?\d(?:_?\d)*(?:\.(?:\d(?:_?\d)*)?)?(?:[dDeE][+-]?\d+)?/y;
const radixNumber = /-?0(?:[xX][0-9a-fA-F_]+|[bB][01_]+)/y;
const versionMarker = /\$ion_1_0(?![A-Za-z0-9_$])/y;
const whitespace = /(?:[ \t\r\n\v\f]|\/\/[^\n]*(?:\n|$)|\/\*[^]*?\*\/)*/y;
const base64 = /[A-Za-z0-9+/= \t\r\n]*/y;

class IonReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  skipVersionMarkers(): void {
    do this.#skip();
    while (this.#match(versionMarker) !== undefined);
  }

  expectEnd(): void {
    this.#skip();
    if (this.#at < this.#text.length) throw this.#problem("something follows the value");
  }

  value(depth = 0): AttributeValue {
    if (depth > deepest) throw this.#problem("nested too deep");
    this.#skip();
    const annotation = this.#annotations();
    const first = this.#text[this.#at];
    if (first === "{") return this.#text[this.#at + 1] === "{" ? this.#blob() : this.#struct(depth);
    if (first === "[") return setOrList(this.#list(depth), annotation, this);
    if (first === '"') return { S: this.#quoted('"') };
    if (this.#text.startsWith("'''", this.#at)) return { S: this.#longString() };
    if (first === "'") return { S: this.#quoted("'") };
    const radix = this.#match(radixNumber);
    if (radix !== undefined) return { N: bigIntegerOf(radix) };
    const decimal = this.#match(number);
    if (decimal !== undefined) return { N: this.#decimal(decimal) };
    const word = this.#match(identifier);
    if (word === "true" || word === "false") return { BOOL: word === "true" };
    if (word === "null") return this.#null();
    if (word === undefined || word === "nan") throw this.#problem("not a value of an item");
    return { S: word };
  }

  problem(message: string): IonProblem {
    return this.#problem(message);
  }

  /** `a::'b'::`: the last one is the one that counts. */
  #annotations(): string | undefined {
    let found: string | undefined;
    for (;;) {
      const start = this.#at;
      const symbol =
        this.#text[start] === "'" && !this.#text.startsWith("'''", start)
          ? this.#quoted("'")
          : this.#match(identifier);
      this.#skip();
      if (symbol === undefined || !this.#text.startsWith("::", this.#at)) {
        this.#at = start;
        return found;
      }
      found = symbol;
      this.#at += 2;
      this.#skip();
    }
  }

  #struct(depth: number): AttributeValue {
    this.#at += 1;
    const M: Item = {};
    for (;;) {
      this.#skip();
      if (this.#take("}")) return { M };
      setAttribute(M, this.#fieldName(), this.value(depth + 1));
      this.#skip();
      if (this.#take(",")) continue;
      if (this.#take("}")) return { M };
      throw this.#problem("expected , or }");
    }
  }

  #fieldName(): string {
    const first = this.#text[this.#at];
    const name =
      first === '"'
        ? this.#quoted('"')
        : this.#text.startsWith("'''", this.#at)
          ? this.#longString()
          : first === "'"
            ? this.#quoted("'")
            : this.#match(identifier);
    this.#skip();
    if (name === undefined || !this.#take(":")) throw this.#problem("expected a field");
    return name;
  }

  #list(depth: number): AttributeValue[] {
    this.#at += 1;
    const values: AttributeValue[] = [];
    for (;;) {
      this.#skip();
      if (this.#take("]")) return values;
      values.push(this.value(depth + 1));
      this.#skip();
      if (this.#take(",")) continue;
      if (this.#take("]")) return values;
      throw this.#problem("expected , or ]");
    }
  }

  #blob(): AttributeValue {
    this.#at += 2;
    const text = (this.#match(base64) ?? "").replaceAll(/\s/g, "");
    if (!this.#text.startsWith("}}", this.#at)) throw this.#problem("not a blob");
    this.#at += 2;
    return { B: text };
  }

  #null(): AttributeValue {
    if (this.#take(".")) {
      if (this.#match(identifier) === undefined) throw this.#problem("expected a type of null");
    }
    return { NULL: true };
  }

  #decimal(text: string): string {
    if (/[-\dTZ:]/.test(this.#text[this.#at] ?? "")) throw this.#problem("not a number");
    const plain = text.replaceAll("_", "").replace(/[dDe]/, "E").replace(/^\+/, "");
    return plain.replace(/\.(?=E|$)/, "");
  }

  #longString(): string {
    let text = "";
    while (this.#text.startsWith("'''", this.#at)) {
      text += this.#quoted("'''");
      this.#skip();
    }
    return text;
  }

  #quoted(quote: string): string {
    this.#at += quote.length;
    let text = "";
    for (;;) {
      const character = this.#text[this.#at];
      if (character === undefined) throw this.#problem("a text without an end");
      if (this.#text.startsWith(quote, this.#at)) {
        this.#at += quote.length;
        return text;
      }
      this.#at += 1;
      text += character === "\\" ? this.#escape() : character;
    }
  }

  #escape(): string {
    const character = this.#text[this.#at];
    this.#at += 1;
    const digits = character === "x" ? 2 : character === "u" ? 4 : character === "U" ? 8 : 0;
    if (digits > 0) {
      const hex = this.#text.slice(this.#at, this.#at + digits);
      this.#at += digits;
      if (hex.length < digits || !/^[0-9a-fA-F]+$/.test(hex)) throw this.#problem("a bad escape");
      const code = Number.parseInt(hex, 16);
      if (code > 0x10ffff) throw this.#problem("a bad escape");
      return String.fromCodePoint(code);
    }
    if (character === "\n") return "";
    const known = character === undefined ? undefined : simpleEscapes[character];
    if (known === undefined) throw this.#problem("a bad escape");
    return known;
  }

  #skip(): void {
    this.#match(whitespace);
  }

  #take(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #problem(message: string): IonProblem {
    return new IonProblem(`${message}, at character ${this.#at}`);
  }
}

const simpleEscapes: Readonly<Record<string, string>> = {
  "0": "\u0000",
  a: "\u0007",
  b: "\b",
  t: "\t",
  n: "\n",
  f: "\f",
  r: "\r",
  v: "\v",
  '"': '"',
  "'": "'",
  "?": "?",
  "\\": "\\",
  "/": "/",
};

function setOrList(
  values: AttributeValue[],
  annotation: string | undefined,
  reader: IonReader,
): AttributeValue {
  const members = (type: "S" | "N" | "B"): string[] =>
    values.map((value) => {
      const member = value[type];
      if (member === undefined) throw reader.problem("a set holds values of one type");
      return member;
    });
  switch (annotation) {
    case "$dynamodb_SS":
      return { SS: members("S") };
    case "$dynamodb_NS":
      return { NS: members("N") };
    case "$dynamodb_BS":
      return { BS: members("B") };
    default:
      return { L: values };
  }
}

function bigIntegerOf(text: string): string {
  const isNegative = text.startsWith("-");
  const value = BigInt(text.replace("-", "").replaceAll("_", ""));
  return String(isNegative ? -value : value);
}
