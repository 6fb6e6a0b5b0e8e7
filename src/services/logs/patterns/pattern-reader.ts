/** Walks through the text of a pattern. */
export class PatternReader {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  get isDone(): boolean {
    return this.at >= this.text.length;
  }

  get next(): string {
    return this.text.charAt(this.at);
  }

  skipSpace(): void {
    while (/\s/.test(this.next)) this.at += 1;
  }

  /** Takes the text if it comes next. */
  takes(expected: string): boolean {
    if (!this.text.startsWith(expected, this.at)) return false;
    this.at += expected.length;
    return true;
  }

  /** Takes a word, in capitals or not, if it comes next as a word. */
  takesWord(word: string): boolean {
    const given = this.text.slice(this.at, this.at + word.length);
    if (given.toUpperCase() !== word || /\w/.test(this.text.charAt(this.at + word.length))) {
      return false;
    }
    this.at += word.length;
    return true;
  }

  /** What the sticky expression finds here; undefined if nothing. */
  matches(sticky: RegExp): string | undefined {
    sticky.lastIndex = this.at;
    const found = sticky.exec(this.text)?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }

  /** What stands between two of these, which come next; a backslash takes the next character as it is. */
  quoted(quote: string): string {
    this.at += 1;
    let inner = "";
    for (;;) {
      if (this.isDone) throw this.problem(`a ${quote} without its end`);
      const character = this.next;
      this.at += 1;
      if (character === quote) return inner;
      if (character === "\\" && (this.next === quote || this.next === "\\")) {
        inner += this.next;
        this.at += 1;
      } else inner += character;
    }
  }

  /** A regular expression between percent signs. */
  regularExpression(): RegExp {
    this.at += 1;
    const end = this.text.indexOf("%", this.at);
    if (end === -1) throw this.problem("a regular expression without its end");
    const source = this.text.slice(this.at, end);
    this.at = end + 1;
    // Groups are not part of the language, so no expression takes longer than its quantifiers multiply.
    // Source: CloudWatch Logs User Guide, "Supported regex syntax".
    if (source === "" || /(?<!\\)[()]/.test(source)) throw this.problem("regular expression");
    try {
      return new RegExp(source, "u");
    } catch {
      throw this.problem("regular expression");
    }
  }

  problem(what: string): InvalidPattern {
    return new InvalidPattern(what);
  }
}

export class InvalidPattern extends Error {
  override name = "InvalidPattern";
}
