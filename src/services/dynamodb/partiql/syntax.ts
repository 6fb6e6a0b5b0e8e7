import type { Place } from "./problems.ts";

/*
 * The syntax trees of statements, as written. A tree depends on the text alone, so it is kept and used again for the
 * same text with other parameters.
 */

export type BinaryOperator =
  | "="
  | "<>"
  | "<"
  | "<="
  | ">"
  | ">="
  | "and"
  | "or"
  | "in"
  | "like"
  | "+"
  | "-"
  | "*"
  | "/"
  | "%"
  | "||"
  | "union"
  | "except"
  | "intersect";

export type Expression = { readonly place: Place } & (
  | { readonly kind: "string"; readonly text: string }
  | { readonly kind: "number"; readonly text: string }
  | { readonly kind: "boolean"; readonly value: boolean }
  | { readonly kind: "null" }
  | { readonly kind: "missing" }
  | { readonly kind: "ion"; readonly text: string }
  /** `position`: of the `?` among those of the statement, from 0. */
  | { readonly kind: "parameter"; readonly position: number }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "path"; readonly root: Expression; readonly steps: readonly Step[] }
  | { readonly kind: "call"; readonly name: string; readonly operands: readonly Expression[] }
  | { readonly kind: "unary"; readonly operator: "not" | "+" | "-"; readonly operand: Expression }
  | {
      readonly kind: "binary";
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: "between";
      readonly value: Expression;
      readonly low: Expression;
      readonly high: Expression;
    }
  /** `type`: what messages call it. */
  | { readonly kind: "is"; readonly value: Expression; readonly type: string }
  | { readonly kind: "list" | "bag"; readonly elements: readonly Expression[] }
  | { readonly kind: "struct"; readonly fields: readonly Field[] }
  | SelectSyntax
  | ChangeSyntax
  | InsertSyntax
  /** Statements of PartiQL that DynamoDB has not, by the name that messages give them. */
  | { readonly kind: "other"; readonly name: string }
);

export type Step =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "index"; readonly index: Expression }
  /** `.*` */
  | { readonly kind: "unpivot"; readonly place: Place }
  /** `[*]` */
  | { readonly kind: "wildcard"; readonly place: Place };

export interface Field {
  readonly name: Expression;
  readonly value: Expression;
}

export interface SelectSyntax {
  readonly kind: "select";
  readonly place: Place;
  readonly isDistinct: boolean;
  /** Undefined: `*`. */
  readonly projection: readonly Projected[] | undefined;
  readonly isValue: boolean;
  readonly source: Source;
  readonly where: Expression | undefined;
  readonly order: readonly Order[];
  /** The first clause that DynamoDB has not. */
  readonly clause: { readonly name: string; readonly place: Place | undefined } | undefined;
}

export interface Projected {
  readonly expression: Expression;
  readonly isAliased: boolean;
}

export interface Order {
  readonly by: Expression;
  readonly isDescending: boolean;
}

export interface Source {
  readonly expression: Expression;
  readonly isAliased: boolean;
  /** More than one table, or something else than a table. */
  readonly isJoin: boolean;
}

/** UPDATE and DELETE, also in the form that begins with FROM. */
export interface ChangeSyntax {
  readonly kind: "change";
  readonly place: Place;
  readonly source: Source;
  /** Empty: DELETE. */
  readonly actions: readonly ActionSyntax[];
  readonly where: Expression | undefined;
  readonly returning: readonly Returning[];
}

export type ActionSyntax =
  | { readonly kind: "set"; readonly path: Expression; readonly value: Expression }
  | { readonly kind: "remove"; readonly path: Expression }
  | InsertSyntax;

export interface InsertSyntax {
  readonly kind: "insert";
  readonly place: Place;
  readonly target: Expression;
  readonly value: Expression;
  /** `INSERT INTO t VALUE v`, and not the form without VALUE. */
  readonly isSingle: boolean;
  readonly hasPosition: boolean;
  readonly hasConflictClause: boolean;
  readonly returning: readonly Returning[];
}

export interface Returning {
  /** "ALL OLD" */
  readonly what: "ALL OLD" | "ALL NEW" | "MODIFIED OLD" | "MODIFIED NEW";
  readonly isAllColumns: boolean;
}
