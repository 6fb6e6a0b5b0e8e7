/**
 * The models' patterns as regular expressions of ours. They are written for Java, which knows other escapes and classes
 * than JavaScript's Unicode mode; what differs is rewritten.
 */

const javaClasses: Record<string, string> = {
  Alnum: "A-Za-z0-9",
  Alpha: "A-Za-z",
  ASCII: "\\x00-\\x7F",
  Blank: " \\t",
  Cntrl: "\\x00-\\x1F\\x7F",
  Digit: "0-9",
  Graph: "\\x21-\\x7E",
  Lower: "a-z",
  Print: "\\x20-\\x7E",
  Punct: "\\x21-\\x2F\\x3A-\\x40\\x5B-\\x60\\x7B-\\x7E",
  Space: "\\s",
  Upper: "A-Z",
  XDigit: "0-9A-Fa-f",
  IsAlphabetic: "\\p{Alphabetic}",
  IsDigit: "\\p{Nd}",
  IsLetter: "\\p{L}",
};

/** A test for the whole text; undefined for the few patterns that cannot be expressed: they are not enforced. */
export function compilePattern(pattern: string): RegExp | undefined {
  // Java's inline flags, where they stand for the whole pattern.
  const [, inlineFlags = "", body = ""] = /^(?:\(\?([is]+)\))?(.*)$/s.exec(pattern) ?? [];
  for (const candidate of [body, rewrite(body)]) {
    try {
      return new RegExp(`^(?:${candidate})$`, `u${inlineFlags}`);
    } catch {
      continue;
    }
  }
  return undefined;
}

/** Walks the pattern once, knowing whether it stands inside a character class: escapes mean other things there. */
function rewrite(pattern: string): string {
  let result = "";
  let inClass = false;
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern.charAt(at);
    if (char === "\\") {
      const [text, length] = rewriteEscape(pattern, at, inClass);
      result += text;
      at += length - 1;
    } else if (char === "[" && inClass) {
      result += "\\["; // a literal in JavaScript's old mode, refused in the new one
    } else {
      if (char === "[") inClass = true;
      else if (char === "]") inClass = false;
      const isLoneBrace = char === "{" && !inClass && !/^\{\d+(,\d*)?\}/.test(pattern.slice(at));
      const closesNothing = char === "}" && !/\{\d+(,\d*)?$/.test(pattern.slice(0, at));
      result += isLoneBrace || (closesNothing && !inClass) ? `\\${char}` : char;
    }
  }
  // A range from a class such as [\w-.] has no meaning in Unicode mode: the hyphen is meant as itself.
  return result.replaceAll(/(\\[wdsWDS]|\\p\{\w+\})-(?=[^\]])/g, "$1\\-");
}

function rewriteEscape(
  pattern: string,
  at: number,
  inClass: boolean,
): [text: string, length: number] {
  const next = pattern.charAt(at + 1);
  const javaClass = /^\\p\{(\w+)\}/.exec(pattern.slice(at));
  if (javaClass) {
    const characters = javaClasses[javaClass[1] ?? ""];
    if (characters === undefined) return [javaClass[0], javaClass[0].length];
    return [inClass ? characters : `[${characters}]`, javaClass[0].length];
  }
  const codePoint = /^\\x\{([0-9A-Fa-f]+)\}/.exec(pattern.slice(at));
  if (codePoint) return [`\\u{${codePoint[1]}}`, codePoint[0].length];
  if (next === "A" || next === "Z" || next === "z") return ["", 2]; // the whole text is matched anyway
  if (next === "h") return [inClass ? " \\t" : "[ \\t]", 2];
  if (/[A-Za-z0-9]/.test(next) || "^$\\.*+?()[]{}|/".includes(next)) return [`\\${next}`, 2];
  if (next === "-" && inClass) return ["\\-", 2];
  return [next, 2];
}
