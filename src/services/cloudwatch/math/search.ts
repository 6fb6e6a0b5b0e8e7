import type { MetricId } from "../metrics/metric-id.ts";
import { MathProblem } from "./parse.ts";

/*
 * What SEARCH('{AWS/DynamoDB,TableName} Consumed AND NOT MetricName="..."', ...) finds. Source: Amazon CloudWatch User
 * Guide, "CloudWatch search expression syntax".
 */

export type Finder = (metric: MetricId) => boolean;

const tokenPattern = /\s*(?:(?<quoted>"[^"]*")|(?<sign>[()=])|(?<word>[^\s()="]+))/y;

interface Token {
  readonly kind: "quoted" | "sign" | "word";
  readonly text: string;
}

/** The condition that a search asks for. */
export function parseSearch(text: string): Finder {
  const schema = /^\s*\{([^}]*)\}/.exec(text);
  const fits = schema === null ? undefined : schemaFinder(schema[1]!);
  const rest = text.slice(schema?.[0].length ?? 0);
  if (rest.trim() === "") {
    if (fits === undefined) throw new MathProblem("The search is empty");
    return fits;
  }
  const reader = new TermReader(tokensOf(rest));
  const holds = reader.either();
  reader.end();
  return fits === undefined ? holds : (metric) => fits(metric) && holds(metric);
}

/** `{Namespace, Dimension1, "Dimension 2"}`: the metrics with these dimensions and no others. */
function schemaFinder(text: string): Finder {
  const [namespace = "", ...names] = Array.from(
    text.matchAll(/"([^"]*)"|([^,\s][^,]*)/g),
    ([, quoted, plain]) => quoted ?? plain!.trim(),
  );
  const wanted = names.toSorted().join("\n");
  return (metric) =>
    metric.namespace === namespace &&
    Object.keys(metric.dimensions).toSorted().join("\n") === wanted;
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  const pattern = new RegExp(tokenPattern);
  const end = text.trimEnd().length;
  while (pattern.lastIndex < end) {
    const groups = pattern.exec(text)?.groups;
    if (groups === undefined) throw new MathProblem("Syntax error in the search");
    const [kind, found] = Object.entries(groups).find(([, value]) => value !== undefined)!;
    const isQuoted = kind === "quoted";
    tokens.push({ kind: kind as Token["kind"], text: isQuoted ? found.slice(1, -1) : found });
  }
  return tokens;
}

class TermReader {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  end(): void {
    if (this.#at < this.#tokens.length) throw new MathProblem("Syntax error in the search");
  }

  either(): Finder {
    let left = this.#both();
    while (this.#take("word", "OR")) {
      const [one, other] = [left, this.#both()];
      left = (metric) => one(metric) || other(metric);
    }
    return left;
  }

  /** Terms that stand beside each other must all hold. */
  #both(): Finder {
    let left = this.#negatable();
    for (;;) {
      const isJoined = this.#take("word", "AND");
      const next = this.#tokens[this.#at];
      const isOver = next === undefined || (next.kind === "sign" && next.text === ")");
      if (!isJoined && (isOver || (next.kind === "word" && next.text === "OR"))) return left;
      const [one, other] = [left, this.#negatable()];
      left = (metric) => one(metric) && other(metric);
    }
  }

  #negatable(): Finder {
    if (!this.#take("word", "NOT")) return this.#term();
    const not = this.#negatable();
    return (metric) => !not(metric);
  }

  #term(): Finder {
    if (this.#take("sign", "(")) {
      this.#depth += 1;
      if (this.#depth > 50) throw new MathProblem("The search is nested too deeply");
      const inner = this.either();
      if (!this.#take("sign", ")")) throw new MathProblem("Syntax error in the search");
      this.#depth -= 1;
      return inner;
    }
    const token = this.#next();
    if (token.kind === "sign") throw new MathProblem("Syntax error in the search");
    if (!this.#take("sign", "=")) return (metric) => textsOf(metric).some(matcher(token));
    const values = this.#take("sign", "(") ? this.#alternatives() : [this.#next()];
    const matchers = values.map(matcher);
    return (metric) => {
      const found = designated(metric, token.text);
      return found !== undefined && matchers.some((matches) => matches(found));
    };
  }

  /** `MetricName=("one" OR "other")` */
  #alternatives(): Token[] {
    const values = [this.#next()];
    while (this.#take("word", "OR")) values.push(this.#next());
    if (!this.#take("sign", ")")) throw new MathProblem("Syntax error in the search");
    return values;
  }

  #next(): Token {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw new MathProblem("The search ends too early");
    this.#at += 1;
    return token;
  }

  #take(kind: Token["kind"], text: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.kind !== kind || token.text !== text) return false;
    this.#at += 1;
    return true;
  }
}

const textsOf = ({ namespace, metric, dimensions }: MetricId): string[] => [
  namespace,
  metric,
  ...Object.keys(dimensions),
  ...Object.values(dimensions),
];

/** What a designator speaks of: `MetricName`, `Namespace`, or a dimension by its name. */
function designated({ namespace, metric, dimensions }: MetricId, name: string): string | undefined {
  if (name === "MetricName") return metric;
  if (name === "Namespace") return namespace;
  return Object.hasOwn(dimensions, name) ? dimensions[name] : undefined;
}

/** In quotes the whole text, whatever its case; without, all of the term's words somewhere in it. */
function matcher({ kind, text }: Token): (of: string) => boolean {
  if (kind === "quoted") return (of) => of.toLowerCase() === text.toLowerCase();
  const wanted = wordsOf(text);
  return (of) => {
    const words = new Set(wordsOf(of));
    return of.toLowerCase() === text.toLowerCase() || wanted.every((word) => words.has(word));
  };
}

/** "ConsumedReadCapacityUnits" has four words, "i-12ab" three: they end where letters, digits or case begin anew. */
function wordsOf(text: string): string[] {
  const words = text.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+/g) ?? [];
  return words.map((word) => word.toLowerCase());
}
