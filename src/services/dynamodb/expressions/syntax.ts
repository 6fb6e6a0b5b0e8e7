/**
 * The syntax trees of expressions, as written: `#name` and `:value` placeholders still stand in
 * them. A tree depends on the text alone, so it is kept and used again for the same text.
 */

/** An attribute name, a `#name` placeholder or a list index. */
export type PathSyntax = { kind: "path"; elements: (string | number)[] };
export type ValueSyntax = { kind: "value"; placeholder: string };
export type FunctionSyntax = { kind: "function"; name: string; operands: OperandSyntax[] };
export type OperandSyntax = PathSyntax | ValueSyntax | FunctionSyntax;

export type Comparator = "=" | "<>" | "<" | "<=" | ">" | ">=";

export type ConditionSyntax =
  | { kind: "and"; terms: ConditionSyntax[] }
  | { kind: "or"; terms: ConditionSyntax[] }
  | { kind: "not"; term: ConditionSyntax }
  | { kind: "compare"; operator: Comparator; left: OperandSyntax; right: OperandSyntax }
  | { kind: "between"; value: OperandSyntax; low: OperandSyntax; high: OperandSyntax }
  | { kind: "in"; value: OperandSyntax; candidates: OperandSyntax[] }
  | FunctionSyntax;

export type SumSyntax = {
  kind: "sum";
  operator: "+" | "-";
  left: OperandSyntax;
  right: OperandSyntax;
};

export type Section = "SET" | "REMOVE" | "ADD" | "DELETE";

export type UpdateActionSyntax =
  | { section: "SET"; path: PathSyntax; value: OperandSyntax | SumSyntax }
  | { section: "REMOVE"; path: PathSyntax }
  | { section: "ADD" | "DELETE"; path: PathSyntax; value: ValueSyntax };

/** The parameters that hold expressions; each error names the one that it is about. */
export type ExpressionKind =
  | "ConditionExpression"
  | "FilterExpression"
  | "KeyConditionExpression"
  | "ProjectionExpression"
  | "SearchConditionExpression"
  | "UpdateExpression";
