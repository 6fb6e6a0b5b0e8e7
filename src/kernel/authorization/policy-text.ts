import type { RequestContext } from "./request-context.ts";

/*
 * Text of policies with wildcards and policy variables. Source: IAM User Guide, reference_policies_variables and
 * reference_policies_elements_resource.
 *
 * T1. `*` stands for any characters, `?` for exactly one.
 * T2. `${key}` stands for the one value of that key in the request, and its characters are plain: a user named `*`
 *     matches himself alone. `${key, 'default'}` has a value where the request has none.
 * T3. `${*}`, `${?}` and `${$}` are the characters themselves.
 * T4. Text with a variable that has no value matches nothing.
 * T5. In documents of version 2008-10-17 `${` is plain text.
 */

export interface TextPattern {
  matches(value: string, context: RequestContext): boolean;
}

export interface TextOptions {
  readonly hasVariables: boolean;
  readonly hasWildcards: boolean;
  readonly ignoresCase?: boolean;
  /** A `*` that is not the last of an ARN's segment stays within the segment; not so in an ARN's last part. */
  readonly isArn?: boolean;
}

export function textPattern(text: string, options: TextOptions): TextPattern {
  const parts = options.hasVariables ? parseParts(text) : [{ text }];
  const variables = parts.some((part) => "key" in part);
  if (variables) return variablePattern(parts, options);
  return fixedPattern(parts as readonly PlainPart[], options);
}

/** A variable's key and default, or text. `isPlain`: its wildcards are characters. */
type Part = PlainPart | VariablePart;
interface PlainPart {
  readonly text: string;
  readonly isPlain?: boolean;
}
interface VariablePart {
  readonly key: string;
  readonly otherwise: string | undefined;
}

const variable = /\$\{([^}]*)\}/g;
const withDefault = /^\s*([^,]+?)\s*,\s*'([^']*)'\s*$/;

function parseParts(text: string): Part[] {
  const parts: Part[] = [];
  let from = 0;
  for (const found of text.matchAll(variable)) {
    if (found.index > from) parts.push({ text: text.slice(from, found.index) });
    parts.push(partOf(found[1]!));
    from = found.index + found[0].length;
  }
  if (from < text.length) parts.push({ text: text.slice(from) });
  return parts;
}

function partOf(inside: string): Part {
  if (inside === "*" || inside === "?" || inside === "$") return { text: inside, isPlain: true };
  const [, key, otherwise] = withDefault.exec(inside) ?? [];
  if (key !== undefined) return { key: key.toLowerCase(), otherwise };
  return { key: inside.trim().toLowerCase(), otherwise: undefined };
}

/** Patterns for the latest values: a policy's variables mostly have the same ones again. */
const valuesKept = 500;

function variablePattern(parts: readonly Part[], options: TextOptions): TextPattern {
  const byValues = new Map<string, TextPattern>();
  return {
    matches(value, context) {
      let values = "";
      const known: PlainPart[] = [];
      for (const part of parts) {
        if (!("key" in part)) {
          known.push(part);
          continue;
        }
        const found = context.get(part.key) ?? part.otherwise;
        // Several values are none: a variable has to stand for one text.
        if (typeof found !== "string") return false;
        known.push({ text: found, isPlain: true });
        values += `${found.length} ${found}`;
      }
      let pattern = byValues.get(values);
      if (pattern === undefined) {
        pattern = fixedPattern(known, options);
        if (byValues.size >= valuesKept) byValues.clear();
        byValues.set(values, pattern);
      }
      return pattern.matches(value, context);
    },
  };
}

function fixedPattern(parts: readonly PlainPart[], options: TextOptions): TextPattern {
  const isWild = (part: PlainPart): boolean =>
    options.hasWildcards && part.isPlain !== true && /[*?]/.test(part.text);
  const ignoresCase = options.ignoresCase === true;
  const folded = (text: string): string => (ignoresCase ? text.toLowerCase() : text);
  const plain = folded(parts.map((part) => part.text).join(""));
  if (!parts.some(isWild)) return { matches: (value) => folded(value) === plain };
  if (plain === "*") return { matches: () => true };
  const isSimple = parts.length === 1 && options.isArn !== true;
  if (isSimple && plain.endsWith("*") && !/[*?]/.test(plain.slice(0, -1))) {
    const prefix = plain.slice(0, -1);
    return { matches: (value) => folded(value).startsWith(prefix) };
  }
  const expression = new RegExp(
    `^${expressionOf(parts, isWild, options)}$`,
    ignoresCase ? "is" : "s",
  );
  return { matches: (value) => expression.test(value) };
}

function expressionOf(
  parts: readonly PlainPart[],
  isWild: (part: PlainPart) => boolean,
  { isArn }: TextOptions,
): string {
  let expression = "";
  let segment = 0;
  for (const part of parts) {
    const { text } = part;
    const wild = isWild(part);
    for (let at = 0; at < text.length; at += 1) {
      const character = text[at]!;
      if (character === ":") segment += 1;
      if (wild && character === "*") {
        const isLastOfSegment = at + 1 === text.length || text[at + 1] === ":";
        expression += isArn === true && segment < 5 && !isLastOfSegment ? "[^:]*" : ".*";
      } else if (wild && character === "?") {
        expression += isArn === true && segment < 5 ? "[^:]" : ".";
      } else {
        expression += character.replace(/[\\^$.*+?()[\]{}|/-]/, "\\$&");
      }
    }
  }
  return expression.replaceAll(/(?:\.\*)+/g, ".*");
}
