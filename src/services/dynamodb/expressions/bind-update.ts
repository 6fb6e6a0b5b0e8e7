import { typeOf } from "../items/attribute-values.ts";
import type { AttributeType, AttributeValue } from "../items/attribute-values.ts";
import type { Bindings } from "./bindings.ts";
import { parseUpdateSyntax } from "./parse-update.ts";
import { pathCollision, PathUse, resolvePath, undefinedValue } from "./paths.ts";
import type { Path } from "./paths.ts";
import { invalidExpression, SyntaxCache } from "./syntax-cache.ts";
import type {
  FunctionSyntax,
  OperandSyntax,
  PathSyntax,
  SumSyntax,
  UpdateActionSyntax,
  ValueSyntax,
} from "./syntax.ts";
import { Update } from "./update.ts";
import type { NewValue, UpdateAction } from "./update.ts";

const syntaxes = new SyntaxCache(parseUpdateSyntax);

export function parseUpdate(text: string, bindings: Bindings): Update {
  const kind = "UpdateExpression";
  const syntax = syntaxes.syntaxOf(text, kind);
  const binder = new UpdateBinder(bindings);
  const actions = syntax.map((action) => binder.bind(action));
  const problem =
    binder.undefinedName ??
    binder.undefinedValue ??
    pathCollision(actions.map((action) => action.path)) ??
    binder.wrongSectionOperand ??
    binder.wrongFunctionOperand;
  if (problem !== undefined) throw invalidExpression(kind, problem);
  return new Update(actions, binder.use);
}

/** What the errors of ADD and DELETE call the types. */
const typeNames: Record<AttributeType, string> = {
  S: "STRING",
  N: "NUMBER",
  B: "BINARY",
  SS: "STRING_SET",
  NS: "NUMBER_SET",
  BS: "BINARY_SET",
  M: "MAP",
  L: "LIST",
  NULL: "NULL",
  BOOL: "BOOLEAN",
};

/** Replaces the placeholders; of each sort of problem the first is kept, for the order in which AWS reports them. */
class UpdateBinder {
  readonly use = new PathUse();
  undefinedName: string | undefined;
  undefinedValue: string | undefined;
  wrongSectionOperand: string | undefined;
  wrongFunctionOperand: string | undefined;
  readonly #bindings: Bindings;

  constructor(bindings: Bindings) {
    this.#bindings = bindings;
  }

  bind(action: UpdateActionSyntax): UpdateAction {
    const path = this.#path(action.path);
    switch (action.section) {
      case "SET":
        return { kind: "set", path, value: this.#newValue(action.value) };
      case "REMOVE":
        return { kind: "remove", path };
      case "ADD":
      case "DELETE": {
        const value = this.#value(action.value);
        this.#checkSectionOperand(action.section, value);
        return { kind: action.section === "ADD" ? "add" : "delete", path, value };
      }
    }
  }

  #newValue(syntax: OperandSyntax | SumSyntax): NewValue {
    switch (syntax.kind) {
      case "path":
        return { kind: "path", path: this.#path(syntax) };
      case "value":
        return { kind: "value", value: this.#value(syntax) };
      case "sum": {
        const left = this.#newValue(syntax.left);
        const right = this.#newValue(syntax.right);
        this.#checkFunctionOperands(syntax.operator, [left, right], "N");
        return { kind: "sum", operator: syntax.operator, left, right };
      }
      case "function":
        return this.#call(syntax);
    }
  }

  #call(syntax: FunctionSyntax): NewValue {
    const { name } = syntax;
    const [left, right, ...others] = syntax.operands.map((operand) => this.#newValue(operand));
    if (left === undefined || right === undefined || others.length > 0) {
      this.wrongFunctionOperand ??=
        "Incorrect number of operands for operator or function; " +
        `operator or function: ${name}, number of operands: ${syntax.operands.length}`;
      return { kind: "value", value: unknownValue };
    }
    if (name === "list_append") {
      this.#checkFunctionOperands(name, [left, right], "L");
      return { kind: "list_append", left, right };
    }
    if (left.kind !== "path") {
      this.wrongFunctionOperand ??= `Operator or function requires a document path; operator or function: ${name}`;
      return { kind: "value", value: unknownValue };
    }
    return { kind: "if_not_exists", path: left.path, otherwise: right };
  }

  #path(syntax: PathSyntax): Path {
    const { path, problem } = resolvePath(syntax, this.#bindings);
    if (problem !== undefined) this.undefinedName ??= problem;
    this.use.add(path);
    return path;
  }

  #value(syntax: ValueSyntax): AttributeValue {
    const value = this.#bindings.value(syntax.placeholder);
    if (value === undefined) this.undefinedValue ??= undefinedValue(syntax.placeholder);
    return value ?? unknownValue;
  }

  #checkSectionOperand(section: "ADD" | "DELETE", value: AttributeValue): void {
    if (value === unknownValue) return;
    const type = typeOf(value);
    if (type === "SS" || type === "NS" || type === "BS") return;
    if (section === "ADD" && type === "N") return;
    this.wrongSectionOperand ??=
      "Incorrect operand type for operator or function; " +
      `operator: ${section}, operand type: ${typeNames[type]}, typeSet: ALLOWED_FOR_${section}_OPERAND`;
  }

  #checkFunctionOperands(name: string, operands: NewValue[], expected: AttributeType): void {
    for (const operand of operands) {
      if (operand.kind !== "value" || operand.value === unknownValue) continue;
      const type = typeOf(operand.value);
      if (type === expected) continue;
      this.wrongFunctionOperand ??=
        "Incorrect operand type for operator or function; " +
        `operator or function: ${name}, operand type: ${type}`;
    }
  }
}

/** Stands for what could not be bound until the problem is reported. */
const unknownValue: AttributeValue = {};
