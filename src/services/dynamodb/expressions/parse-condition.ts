import { misusedFunction, SyntaxProblem, TokenStream } from "./token-stream.ts";
import type { Comparator, ConditionSyntax, FunctionSyntax, OperandSyntax } from "./syntax.ts";

/*
 *   or         = and { OR and }
 *   and        = not { AND not }
 *   not        = { NOT } comparison
 *   comparison = operand comparator operand
 *              | operand BETWEEN operand AND operand
 *              | operand IN ( operand { , operand } )
 *              | function | ( or )
 *   operand    = path | :value | function | ( operand ) | ( path ) suffix
 */

const comparators = new Set(["=", "<>", "<", "<=", ">", ">="]);
const functions = new Set([
  "attribute_exists",
  "attribute_not_exists",
  "attribute_type",
  "begins_with",
  "contains",
  "size",
]);
const functionsOfUpdates = new Set(["if_not_exists", "list_append"]);

type Node = ConditionSyntax | OperandSyntax;

/** The syntax of a condition, filter or key condition; throws a SyntaxProblem. */
export function parseConditionSyntax(text: string): ConditionSyntax {
  const parser = new ConditionParser(text);
  return parser.parse();
}

class ConditionParser {
  readonly #tokens: TokenStream;

  constructor(text: string) {
    this.#tokens = new TokenStream(text);
  }

  parse(): ConditionSyntax {
    const node = this.#condition(this.#or());
    this.#tokens.expectEnd();
    this.#tokens.checkOperatorCount();
    const { parentheses, unknownFunction, misusedFunction, reserved } = this.#tokens.problems;
    const problem = parentheses ?? unknownFunction ?? misusedFunction ?? reserved;
    if (problem !== undefined) throw new SyntaxProblem(problem);
    return node;
  }

  #or(): Node {
    const first = this.#and();
    if (!this.#tokens.isKeyword("OR")) return first;
    const terms = [this.#condition(first)];
    while (this.#tokens.takeKeyword("OR")) {
      this.#tokens.countOperator();
      terms.push(this.#condition(this.#and()));
    }
    return { kind: "or", terms };
  }

  #and(): Node {
    const first = this.#not();
    if (!this.#tokens.isKeyword("AND")) return first;
    const terms = [this.#condition(first)];
    while (this.#tokens.takeKeyword("AND")) {
      this.#tokens.countOperator();
      terms.push(this.#condition(this.#not()));
    }
    return { kind: "and", terms };
  }

  #not(): Node {
    let negations = 0;
    while (this.#tokens.takeKeyword("NOT")) {
      this.#tokens.countOperator();
      negations++;
    }
    if (negations === 0) return this.#comparison();
    const term = this.#condition(this.#comparison());
    // NOT NOT x is x; so the tree is never deeper than the parentheses.
    return negations % 2 === 0 ? term : { kind: "not", term };
  }

  #comparison(): Node {
    const left = this.#tokens.isSymbol("(") ? this.#parenthesized() : this.#operand();
    const { current } = this.#tokens;
    if (current.kind === "symbol" && comparators.has(current.text)) {
      const value = this.#asOperand(left);
      this.#tokens.advance();
      const operator = current.text as Comparator;
      this.#tokens.countOperator();
      const right = this.#operand();
      this.#checkNoFunction([value, right]);
      return { kind: "compare", operator, left: value, right };
    }
    if (this.#tokens.isKeyword("BETWEEN")) return this.#between(this.#asOperand(left));
    if (this.#tokens.isKeyword("IN")) return this.#in(this.#asOperand(left));
    // An operand alone may only stand in parentheses, before its comparator: (a) = :v.
    const alone = left.kind === "path" || left.kind === "value";
    if (alone && !(this.#tokens.depth > 0 && this.#tokens.isSymbol(")"))) {
      throw this.#tokens.unexpected();
    }
    return left;
  }

  #between(value: OperandSyntax): ConditionSyntax {
    this.#tokens.advance();
    this.#tokens.countOperator();
    const low = this.#operand();
    if (!this.#tokens.takeKeyword("AND")) throw this.#tokens.unexpected();
    const high = this.#operand();
    this.#checkNoFunction([value, low, high]);
    return { kind: "between", value, low, high };
  }

  #in(value: OperandSyntax): ConditionSyntax {
    this.#tokens.advance();
    this.#tokens.countOperator();
    this.#tokens.expectSymbol("(");
    const candidates = [this.#operand()];
    while (this.#tokens.takeSymbol(",")) candidates.push(this.#operand());
    this.#tokens.expectSymbol(")");
    this.#checkNoFunction([value, ...candidates]);
    return { kind: "in", value, candidates };
  }

  #parenthesized(): Node {
    const node = this.#tokens.inParentheses(() => this.#or());
    return node.kind === "path" ? this.#tokens.readPathSuffix(node) : node;
  }

  #operand(): OperandSyntax {
    if (this.#tokens.isSymbol("(")) {
      const operand = this.#tokens.inParentheses(() => this.#operand());
      return operand.kind === "path" ? this.#tokens.readPathSuffix(operand) : operand;
    }
    if (this.#tokens.current.kind === ":value") return this.#tokens.readValue();
    if (this.#tokens.isFunction()) return this.#function();
    return this.#tokens.readPath();
  }

  #function(): FunctionSyntax {
    const call = this.#tokens.readFunction(() => this.#operand());
    this.#checkNoFunction(call.operands);
    if (functionsOfUpdates.has(call.name)) {
      this.#tokens.problems.unknownFunction ??= `The function is not allowed in a condition expression; function: ${call.name}`;
    } else if (!functions.has(call.name)) {
      this.#tokens.problems.unknownFunction ??= `Invalid function name; function: ${call.name}`;
    }
    return call;
  }

  /** Only `size` gives a value; the other functions are conditions themselves. */
  #checkNoFunction(operands: OperandSyntax[]): void {
    for (const operand of operands) {
      if (operand.kind === "function" && operand.name !== "size") {
        this.#tokens.problems.misusedFunction ??= misusedFunction(operand.name);
      }
    }
  }

  #asOperand(node: Node): OperandSyntax {
    if (node.kind === "path" || node.kind === "value" || node.kind === "function") return node;
    throw this.#tokens.unexpected();
  }

  #condition(node: Node): ConditionSyntax {
    if (node.kind === "path" || node.kind === "value") throw this.#tokens.unexpected();
    if (node.kind === "function" && node.name === "size") {
      this.#tokens.problems.misusedFunction ??= misusedFunction("size");
    }
    return node;
  }
}
