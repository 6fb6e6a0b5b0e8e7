/*
 * A query of Logs Insights as it was parsed: commands, one after another.
 * Source: CloudWatch Logs User Guide, "CloudWatch Logs Insights language query syntax".
 */

export type Expression =
  | { readonly kind: "literal"; readonly value: Value }
  | { readonly kind: "field"; readonly name: string }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Expression[] }
  | { readonly kind: "not"; readonly of: Expression }
  | { readonly kind: "negative"; readonly of: Expression }
  | {
      readonly kind: "binary";
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: "in";
      readonly value: Expression;
      readonly list: readonly Expression[];
      readonly isNegated: boolean;
    }
  | {
      readonly kind: "like";
      readonly value: Expression;
      /** A regular expression, or a text that is to be contained. */
      readonly pattern: RegExp | string;
      readonly isNegated: boolean;
    };

export type BinaryOperator =
  | "and"
  | "or"
  | "="
  | "!="
  | "<"
  | "<="
  | ">"
  | ">="
  | "+"
  | "-"
  | "*"
  | "/"
  | "^"
  | "%";

/** A moment, which is shown as a date. */
export class Instant {
  readonly ms: number;

  constructor(ms: number) {
    this.ms = ms;
  }
}

/** Undefined: there is no such field. */
export type Value = string | number | boolean | Instant | undefined;

export interface NamedExpression {
  readonly name: string;
  readonly expression: Expression;
}

export interface Aggregate {
  readonly name: string;
  readonly function: string;
  readonly args: readonly Expression[];
}

export type Command =
  | { readonly kind: "fields"; readonly fields: readonly NamedExpression[] }
  | { readonly kind: "display"; readonly fields: readonly NamedExpression[] }
  | { readonly kind: "filter"; readonly condition: Expression }
  /** A glob has become an expression with groups without names, one for each name. */
  | {
      readonly kind: "parse";
      readonly from: Expression;
      readonly pattern: RegExp;
      readonly names: readonly string[];
    }
  | {
      readonly kind: "stats";
      readonly aggregates: readonly Aggregate[];
      readonly by: readonly NamedExpression[];
    }
  | { readonly kind: "sort"; readonly keys: readonly SortKey[] }
  | { readonly kind: "limit"; readonly count: number }
  | { readonly kind: "dedup"; readonly fields: readonly NamedExpression[] }
  | { readonly kind: "pattern"; readonly of: Expression };

export interface SortKey {
  readonly expression: Expression;
  readonly descending: boolean;
}

export interface Query {
  readonly commands: readonly Command[];
  /** Groups that `SOURCE` names, if it does. */
  readonly source: readonly string[] | undefined;
}

export class MalformedQuery extends Error {
  override name = "MalformedQuery";
  readonly from: number;
  readonly to: number;

  constructor(message: string, from: number, to: number) {
    super(message);
    this.from = from;
    this.to = to;
  }
}
