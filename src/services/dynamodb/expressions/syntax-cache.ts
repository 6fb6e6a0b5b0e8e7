import { ExpressionProblem } from "../validation-problem.ts";
import { SyntaxProblem } from "./token-stream.ts";
import type { ExpressionKind } from "./syntax.ts";

const maximumExpressionBytes = 4096;
/** How many texts one generation of a cache holds; two generations are kept. */
const generationSize = 500;

/**
 * Syntax trees by text: applications send the same few expressions again and again. When a generation
 * is full it becomes the old one, and what is still used moves over from there; so the cache is
 * bounded, and a hit costs one look-up.
 */
export class SyntaxCache<Syntax> {
  readonly #parse: (text: string) => Syntax;
  #young = new Map<string, Syntax>();
  #old = new Map<string, Syntax>();

  constructor(parse: (text: string) => Syntax) {
    this.#parse = parse;
  }

  /** The tree of this text; throws an ExpressionProblem about an expression of this kind. */
  syntaxOf(text: string, kind: ExpressionKind): Syntax {
    const found = this.#young.get(text);
    if (found !== undefined) return found;
    const syntax = this.#old.get(text) ?? this.#parseNew(text, kind);
    if (this.#young.size >= generationSize) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(text, syntax);
    return syntax;
  }

  #parseNew(text: string, kind: ExpressionKind): Syntax {
    if (text.length === 0) throw invalidExpression(kind, "The expression can not be empty;");
    const bytes = Buffer.byteLength(text);
    if (bytes > maximumExpressionBytes) {
      // Source: paritysuite/dynamodb-conformance, validation-ordering/deepRequests: no size for updates.
      const size = kind === "UpdateExpression" ? "" : ` expression size: ${bytes}`;
      throw invalidExpression(
        kind,
        `Expression size has exceeded the maximum allowed size;${size}`,
      );
    }
    try {
      return this.#parse(text);
    } catch (problem) {
      if (problem instanceof SyntaxProblem) throw invalidExpression(kind, problem.message);
      throw problem;
    }
  }
}

export function invalidExpression(kind: ExpressionKind, message: string): ExpressionProblem {
  return new ExpressionProblem(`Invalid ${kind}: ${message}`);
}
