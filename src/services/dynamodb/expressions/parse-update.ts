import { misusedFunction, SyntaxProblem, TokenStream } from "./token-stream.ts";
import type {
  FunctionSyntax,
  OperandSyntax,
  PathSyntax,
  Section,
  SumSyntax,
  UpdateActionSyntax,
} from "./syntax.ts";

/*
 *   update = section { section }
 *   section = SET path = value { , path = value } | REMOVE path { , path }
 *           | ADD path :value { , path :value }   | DELETE path :value { , path :value }
 *   value   = unit [ (+|-) unit ] | ( value )
 *   unit    = path | :value | function | ( unit )
 */

const sections: readonly Section[] = ["SET", "REMOVE", "ADD", "DELETE"];
const functions = new Set(["if_not_exists", "list_append"]);
const functionsOfConditions = new Set([
  "attribute_exists",
  "attribute_not_exists",
  "attribute_type",
  "begins_with",
  "contains",
  "size",
]);

/** The syntax of an update expression; throws a SyntaxProblem. */
export function parseUpdateSyntax(text: string): UpdateActionSyntax[] {
  return new UpdateParser(text).parse();
}

class UpdateParser {
  readonly #tokens: TokenStream;
  readonly #actions: UpdateActionSyntax[] = [];

  constructor(text: string) {
    this.#tokens = new TokenStream(text);
  }

  parse(): UpdateActionSyntax[] {
    const seen = new Set<Section>();
    do {
      const section = sections.find((word) => this.#tokens.takeKeyword(word));
      if (section === undefined) throw this.#tokens.unexpected();
      if (seen.has(section)) {
        this.#tokens.problems.section ??= `The "${section}" section can only be used once in an update expression;`;
      }
      seen.add(section);
      do this.#actions.push(this.#action(section));
      while (this.#tokens.takeSymbol(","));
    } while (this.#tokens.current.kind !== "end");
    this.#tokens.checkOperatorCount();
    const { parentheses, reserved, unknownFunction, misusedFunction, section } =
      this.#tokens.problems;
    const problem = parentheses ?? reserved ?? unknownFunction ?? misusedFunction ?? section;
    if (problem !== undefined) throw new SyntaxProblem(problem);
    return this.#actions;
  }

  #action(section: Section): UpdateActionSyntax {
    const path = this.#tokens.readPath();
    if (section === "REMOVE") return { section, path };
    if (section === "SET") return this.#assignment(path);
    return { section, path, value: this.#tokens.readValue() };
  }

  #assignment(path: PathSyntax): UpdateActionSyntax {
    this.#tokens.expectSymbol("=");
    return { section: "SET", path, value: this.#value() };
  }

  #value(): OperandSyntax | SumSyntax {
    const left = this.#tokens.isSymbol("(")
      ? this.#tokens.inParentheses(() => this.#value())
      : this.#unit();
    if (left.kind === "sum") return left;
    const { text } = this.#tokens.current;
    if (!this.#tokens.isSymbol("+") && !this.#tokens.isSymbol("-")) return left;
    const operator = text as "+" | "-";
    this.#tokens.advance();
    this.#tokens.countOperator();
    const right = this.#unit();
    this.#checkOperands([left, right]);
    return { kind: "sum", operator, left, right };
  }

  #unit(): OperandSyntax {
    if (this.#tokens.isSymbol("(")) return this.#tokens.inParentheses(() => this.#unit());
    if (this.#tokens.current.kind === ":value") return this.#tokens.readValue();
    if (this.#tokens.isFunction()) return this.#function();
    return this.#tokens.readPath();
  }

  #function(): FunctionSyntax {
    const call = this.#tokens.readFunction(() => this.#unit());
    const { problems } = this.#tokens;
    if (functionsOfConditions.has(call.name)) {
      problems.unknownFunction ??= `The function is not allowed in an update expression; function: ${call.name}`;
    } else if (!functions.has(call.name)) {
      problems.unknownFunction ??= `Invalid function name; function: ${call.name}`;
    }
    this.#checkOperands(call.operands);
    return call;
  }

  /** Of the functions only `if_not_exists` may stand within another value. */
  #checkOperands(operands: OperandSyntax[]): void {
    for (const operand of operands) {
      if (operand.kind === "function" && operand.name === "list_append") {
        this.#tokens.problems.misusedFunction ??= misusedFunction(operand.name);
      }
    }
  }
}
