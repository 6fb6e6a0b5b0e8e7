import { functions } from "./functions.ts";
import { type Token, tokensOf } from "./lexer.ts";
import { parseExpression } from "./parse-expression.ts";
import {
  type Aggregate,
  type Command,
  MalformedQuery,
  type NamedExpression,
  type Query,
  type SortKey,
} from "./query.ts";
import { TokenReader } from "./token-reader.ts";

const aggregateNames: ReadonlySet<string> = new Set([
  "avg",
  "count",
  "count_distinct",
  "earliest",
  "latest",
  "max",
  "median",
  "min",
  "pct",
  "percentile",
  "sortsfirst",
  "sortslast",
  "stddev",
  "sum",
  "variance",
]);

/** Commands of AWS's that are not here. */
const unbuilt: ReadonlySet<string> = new Set([
  "anomaly",
  "diff",
  "join",
  "lookup",
  "unnest",
  "addtotals",
]);

export class UnbuiltCommand extends Error {
  override name = "UnbuiltCommand";
}

/** Throws `MalformedQuery`, or `UnbuiltCommand`. */
export function parseQuery(text: string): Query {
  const reader = new TokenReader(tokensOf(text));
  const commands: Command[] = [];
  let source: string[] | undefined;
  if (reader.isAtEnd) return { commands, source };
  do {
    if (commands.length === 0 && source === undefined && reader.takesWord("source")) {
      source = readSource(reader);
    } else commands.push(readCommand(reader));
  } while (reader.takes("|"));
  if (!reader.isAtEnd) throw reader.unexpected();
  return { commands, source };
}

/** `SOURCE "group" | ...`, or several names with commas; times go with the request. */
function readSource(reader: TokenReader): string[] {
  const names: string[] = [];
  do names.push(reader.expect("text").text);
  while (reader.takes(","));
  return names;
}

function readCommand(reader: TokenReader): Command {
  const first = reader.expect("word");
  const name = first.text.toLowerCase();
  if (unbuilt.has(name)) throw new UnbuiltCommand(`The command ${name}`);
  switch (name) {
    case "fields":
      return { kind: "fields", fields: readNamed(reader) };
    case "display":
      return { kind: "display", fields: readNamed(reader) };
    case "unmask":
      // Nothing is masked here.
      return { kind: "fields", fields: readNamed(reader) };
    case "filter":
    case "filterindex":
      return { kind: "filter", condition: parseExpression(reader) };
    case "parse":
      return readParse(reader);
    case "stats":
      return readStats(reader);
    case "sort":
    case "order":
      if (name === "order") reader.takesWord("by");
      return { kind: "sort", keys: readSortKeys(reader) };
    case "limit":
    case "head":
      return { kind: "limit", count: readCount(reader) };
    case "dedup":
      return { kind: "dedup", fields: readNamed(reader) };
    case "pattern":
      return { kind: "pattern", of: parseExpression(reader) };
    default:
      throw new MalformedQuery(`unexpected symbol found ${first.text}`, first.from, first.to);
  }
}

/** Expressions with names: `a, b.c as d, strlen(@message) as length`. */
function readNamed(reader: TokenReader): NamedExpression[] {
  const named: NamedExpression[] = [];
  do {
    const start = reader.next;
    const expression = parseExpression(reader);
    const given = reader.takesWord("as") ? reader.fieldName() : undefined;
    named.push({ name: given ?? nameOf(reader, start, expression), expression });
    // Commas may be left out between plain fields.
  } while (reader.takes(",") || ["word", "quoted field"].includes(reader.next.kind));
  return named;
}

function nameOf(
  reader: TokenReader,
  start: Token,
  expression: NamedExpression["expression"],
): string {
  return expression.kind === "field" ? expression.name : reader.textSince(start);
}

function readSortKeys(reader: TokenReader): SortKey[] {
  const keys: SortKey[] = [];
  do {
    const expression = parseExpression(reader);
    const descending = reader.takesWord("desc");
    if (!descending) reader.takesWord("asc");
    keys.push({ expression, descending });
  } while (reader.takes(","));
  return keys;
}

function readCount(reader: TokenReader): number {
  const token = reader.expect("number");
  const count = Number(token.text);
  if (!Number.isSafeInteger(count) || count < 1) throw reader.unexpected(token);
  return count;
}

/** `parse @message "user=*, took *ms" as user, took`, or with an expression that names its groups. */
function readParse(reader: TokenReader): Command {
  const isWhole = reader.next.kind === "text" || reader.next.kind === "expression";
  const from = isWhole
    ? ({ kind: "field", name: "@message" } as const)
    : parseExpression(reader, { withoutText: true });
  const token = reader.take();
  if (token.kind === "text") {
    const parts = token.text.split("*");
    if (!reader.takesWord("as")) throw reader.unexpected();
    const names: string[] = [];
    do names.push(reader.fieldName());
    while (reader.takes(","));
    if (names.length !== parts.length - 1) {
      const message = `Query parser error: the glob has ${parts.length - 1} wildcards and ${names.length} names`;
      throw new MalformedQuery(message, token.from, token.to);
    }
    return { kind: "parse", from, pattern: globExpression(parts), names };
  }
  if (token.kind !== "expression") throw reader.unexpected(token);
  const pattern = regularExpression(token);
  let names = [...pattern.source.matchAll(/\(\?<(\w+)>/g)].map(([, name]) => name!);
  if (reader.takesWord("as")) {
    names = [];
    do names.push(reader.fieldName());
    while (reader.takes(","));
  }
  return { kind: "parse", from, pattern, names };
}

const special = /[$()*+.?[\\\]^{|}]/g;

/** Stars are as short as they can be; the last one goes to the end. */
function globExpression(parts: readonly string[]): RegExp {
  const sources = parts.map((part) => part.replaceAll(special, String.raw`\$&`));
  const isOpen = parts.at(-1) === "";
  return new RegExp(
    sources.slice(0, -1).join("(.*?)") + `(.*${isOpen ? "" : "?"})` + sources.at(-1),
    "s",
  );
}

export function regularExpression({ text, from, to }: Token): RegExp {
  const ignoresCase = text.includes("(?i)");
  try {
    return new RegExp(text.replaceAll("(?i)", ""), ignoresCase ? "i" : "");
  } catch {
    throw new MalformedQuery(`Invalid regular expression: ${text}`, from, to);
  }
}

function readStats(reader: TokenReader): Command {
  const aggregates: Aggregate[] = [];
  do aggregates.push(readAggregate(reader));
  while (reader.takes(","));
  const by = reader.takesWord("by") ? readNamed(reader) : [];
  return { kind: "stats", aggregates, by };
}

function readAggregate(reader: TokenReader): Aggregate {
  const start = reader.expect("word");
  const name = start.text.toLowerCase();
  if (!aggregateNames.has(name)) {
    const isKnown = name in functions;
    throw new MalformedQuery(
      isKnown ? `${start.text} is no aggregation` : `Invalid function: ${start.text}`,
      start.from,
      start.to,
    );
  }
  const args: Aggregate["args"][number][] = [];
  reader.expectSymbol("(");
  if (!reader.takes(")")) {
    if (reader.takes("*")) args.push({ kind: "literal", value: 1 });
    else {
      do args.push(parseExpression(reader));
      while (reader.takes(","));
    }
    reader.expectSymbol(")");
  }
  const text = reader.textSince(start);
  return {
    name: reader.takesWord("as") ? reader.fieldName() : text,
    function: name === "percentile" ? "pct" : name,
    args,
  };
}
