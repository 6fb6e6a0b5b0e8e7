import type { Token } from "./lexer.ts";
import { ExpressionParser, selectPrecedence } from "./parse-expression.ts";
import { notWellFormed, type Place, unsupported } from "./problems.ts";
import type {
  ActionSyntax,
  ChangeSyntax,
  Expression,
  InsertSyntax,
  Order,
  Projected,
  Returning,
  SelectSyntax,
  Source,
} from "./syntax.ts";

/** A statement that has been read, and how many parameters it takes. */
export interface ParsedStatement {
  readonly expression: Expression;
  readonly parameterCount: number;
}

/** Throws a ValidationProblem if the text is no statement of PartiQL. */
export function parseStatement(text: string): ParsedStatement {
  const parser = new StatementParser(text);
  return { expression: parser.parse(), parameterCount: parser.parameterCount };
}

class StatementParser extends ExpressionParser {
  parse(): Expression {
    const expression = this.parseExpression();
    const { reader } = this;
    if (reader.takeIf("symbol", ";") !== undefined && !reader.is("end")) {
      throw notWellFormed("Unexpected token after semicolon. (Only one query is allowed.)");
    }
    if (!reader.is("end")) throw notWellFormed("Unexpected token after expression");
    return expression;
  }

  protected override parseStatementTerm(keyword: Token): Expression | undefined {
    const { reader } = this;
    switch (keyword.text) {
      case "select":
        reader.take();
        return this.#parseSelect(keyword);
      case "update":
        reader.take();
        return this.#parseChange(keyword, () => this.#parseActions());
      case "delete":
        reader.take();
        if (!reader.takeKeywords("from")) throw notWellFormed("Expected FROM after DELETE");
        return this.#parseChange(keyword, () => []);
      case "from":
        reader.take();
        return this.#parseFromFirst(keyword);
      case "insert":
        if (!reader.areKeywords("insert", "into")) return undefined;
        return this.#parseInsert();
      case "set":
      case "remove": {
        this.#parseActions();
        return { kind: "other", place: keyword, name: "DataManipulation" };
      }
      case "create":
      case "drop":
        return this.#parseDefinition(keyword);
      case "pivot":
        throw unsupported("Select projection doesn't support value or pivot keywords");
      default:
        return undefined;
    }
  }

  #parseDefinition(keyword: Token): Expression {
    const { reader } = this;
    reader.take();
    const what = reader.take();
    const verb = keyword.text.toUpperCase();
    if (what.kind !== "keyword" || (what.text !== "table" && what.text !== "index")) {
      throw notWellFormed(`Unexpected token following ${verb}`);
    }
    while (!reader.is("end")) reader.take();
    const name = `${capitalized(keyword.text)}${capitalized(what.text)}`;
    return { kind: "other", place: keyword, name };
  }

  #parseSelect(place: Place): SelectSyntax {
    const { reader } = this;
    const isDistinct = reader.takeKeywords("distinct");
    if (!isDistinct) reader.takeKeywords("all");
    const isValue = reader.takeKeywords("value");
    const projection = isValue ? [this.#parseProjected()] : this.#parseProjection();
    if (!reader.takeKeywords("from")) throw notWellFormed("Expected FROM after SELECT list");
    const source = this.#parseSources(selectPrecedence);
    if (reader.areKeywords("let")) {
      throw unsupported("Unsupported clause: LET", reader.next);
    }
    const where = reader.takeKeywords("where") ? this.parseExpression(selectPrecedence) : undefined;
    const order = this.#parseOrder();
    const clause = this.#parseFurtherClauses();
    return { kind: "select", place, isDistinct, projection, isValue, source, where, order, clause };
  }

  #parseProjection(): readonly Projected[] | undefined {
    const items = this.parseList(() =>
      this.reader.takeIf("symbol", "*") === undefined ? this.#parseProjected() : "*",
    );
    if (!items.includes("*")) return items as Projected[];
    if (items.length === 1) return undefined;
    throw notWellFormed(
      "Other expressions may not be present in the select list when '*' is used without dot notation.",
    );
  }

  #parseProjected(): Projected {
    const expression = this.parseExpression();
    return { expression, isAliased: this.#takeAlias() };
  }

  #parseSources(precedence: number): Source {
    const { reader } = this;
    let isJoin = false;
    if (reader.takeKeywords("unpivot")) isJoin = true;
    const expression = this.parseExpression(precedence);
    const isAliased = this.#takeAliases();
    for (;;) {
      if (reader.takeIf("symbol", ",") !== undefined) {
        this.parseExpression(precedence);
        this.#takeAliases();
      } else if (!this.#parseJoin(precedence)) {
        break;
      }
      isJoin = true;
    }
    return { expression, isAliased, isJoin };
  }

  /** One more table, with ON unless it is a cross join. */
  #parseJoin(precedence: number): boolean {
    const { reader } = this;
    let length = 0;
    while (isJoinWord(reader.peek(length))) length++;
    if (length === 0 || !isKeyword(reader.peek(length), "join")) return false;
    return this.#parseJoined(length, precedence);
  }

  #parseJoined(length: number, precedence: number): true {
    const { reader } = this;
    let isCross = false;
    for (let count = 0; count <= length; count++) {
      if (reader.take().text === "cross") isCross = true;
    }
    this.parseExpression(precedence);
    this.#takeAliases();
    if (isCross) return true;
    if (!reader.takeKeywords("on")) throw notWellFormed("Expected 'ON'");
    this.parseExpression(precedence);
    return true;
  }

  #parseOrder(): readonly Order[] {
    const { reader } = this;
    if (!reader.takeKeywords("order")) return [];
    if (!reader.takeKeywords("by")) throw notWellFormed("Expected BY");
    return this.parseList(() => {
      const by = this.parseExpression();
      const isDescending = reader.takeKeywords("desc");
      if (!isDescending) reader.takeKeywords("asc");
      return { by, isDescending };
    });
  }

  /** What may follow ORDER BY in PartiQL. */
  #parseFurtherClauses(): SelectSyntax["clause"] {
    const { reader } = this;
    let clause: SelectSyntax["clause"];
    if (reader.takeKeywords("group")) {
      reader.takeKeywords("partial");
      if (!reader.takeKeywords("by")) throw notWellFormed("Expected BY");
      this.parseList(() => {
        this.parseExpression(selectPrecedence);
        this.#takeAlias();
      });
      clause = { name: "GROUP BY", place: undefined };
    }
    for (const word of ["having", "limit"]) {
      if (!reader.takeKeywords(word)) continue;
      const place = this.parseExpression(selectPrecedence).place;
      clause ??= { name: word.toUpperCase(), place };
    }
    return clause;
  }

  /** UPDATE and DELETE: the table, what is to be done, then the condition. */
  #parseChange(place: Place, parseActions: () => readonly ActionSyntax[]): ChangeSyntax {
    const { reader } = this;
    const expression = this.parseSimplePath();
    const isAliased = this.#takeAliases();
    const source: Source = { expression, isAliased, isJoin: false };
    const actions = parseActions();
    const where = reader.takeKeywords("where") ? this.parseExpression() : undefined;
    const returning = this.#parseReturning();
    return { kind: "change", place, source, actions, where, returning };
  }

  /** The form of UPDATE that names the item first. */
  #parseFromFirst(place: Place): ChangeSyntax {
    const { reader } = this;
    const source = this.#parseSources(-1);
    const where = reader.takeKeywords("where") ? this.parseExpression() : undefined;
    const actions = this.#parseActions();
    const returning = this.#parseReturning();
    return { kind: "change", place, source, actions, where, returning };
  }

  #parseActions(): readonly ActionSyntax[] {
    const { reader } = this;
    const actions: ActionSyntax[] = [];
    for (;;) {
      if (reader.takeKeywords("set")) {
        actions.push(...this.parseList(() => this.#parseAssignment()));
      } else if (reader.takeKeywords("remove")) {
        actions.push({ kind: "remove", path: this.parseSimplePath() });
      } else if (reader.areKeywords("insert", "into")) {
        actions.push(this.#parseInsert());
      } else {
        break;
      }
    }
    if (actions.length === 0) throw notWellFormed("Expected data manipulation");
    return actions;
  }

  #parseAssignment(): ActionSyntax {
    const path = this.parseSimplePath();
    if (this.reader.takeIf("symbol", "=") === undefined) throw notWellFormed("Expected '='");
    return { kind: "set", path, value: this.parseExpression() };
  }

  #parseInsert(): InsertSyntax {
    const { reader } = this;
    const place = reader.take();
    reader.take();
    const target = this.parseSimplePath();
    const isSingle = reader.takeKeywords("value");
    if (!isSingle) return this.#parseManyInserted(place, target);
    const value = this.parseExpression();
    const hasPosition = reader.takeKeywords("at");
    if (hasPosition) this.parseExpression();
    const hasConflictClause = reader.takeKeywords("on", "conflict");
    if (hasConflictClause) {
      if (!reader.takeKeywords("where")) throw notWellFormed("invalid ON CONFLICT syntax");
      this.parseExpression();
      if (!reader.takeKeywords("do", "nothing")) throw notWellFormed("invalid ON CONFLICT syntax");
    }
    const returning = this.#parseReturning();
    return {
      kind: "insert",
      place,
      target,
      value,
      isSingle,
      hasPosition,
      hasConflictClause,
      returning,
    };
  }

  /** `INSERT INTO table <<...>>` or `VALUES (...), ...`: for DynamoDB only to be refused. */
  #parseManyInserted(place: Place, target: Expression): InsertSyntax {
    const { reader } = this;
    if (reader.takeKeywords("values")) {
      if (!reader.is("symbol", "(")) {
        throw notWellFormed("Expected LEFT_PAREN for row value constructor");
      }
      this.parseList(() => this.parseExpression());
    } else if (reader.is("name") || reader.is("quoted")) {
      // An alias has no place here: the parser takes it for the value, and stumbles over what follows.
      reader.take();
    } else {
      this.parseExpression();
    }
    return {
      kind: "insert",
      place,
      target,
      value: target,
      isSingle: false,
      hasPosition: false,
      hasConflictClause: false,
      returning: [],
    };
  }

  #parseReturning(): readonly Returning[] {
    const { reader } = this;
    if (!reader.takeKeywords("returning")) return [];
    return this.parseList(() => {
      const what = this.#parseReturned();
      const isAllColumns = reader.takeIf("symbol", "*") !== undefined;
      if (!isAllColumns) this.parseExpression();
      return { what, isAllColumns };
    });
  }

  #parseReturned(): Returning["what"] {
    for (const which of ["all", "modified"] as const) {
      for (const when of ["old", "new"] as const) {
        if (this.reader.takeKeywords(which, when)) {
          return `${which} ${when}`.toUpperCase() as Returning["what"];
        }
      }
    }
    throw notWellFormed("Expected ( MODIFIED | ALL ) ( NEW | OLD ) in each returning element.");
  }

  #takeAliases(): boolean {
    let isAliased = this.#takeAlias();
    for (const word of ["at", "by"]) {
      if (!this.reader.takeKeywords(word)) continue;
      this.#takeAliasName(word);
      isAliased = true;
    }
    return isAliased;
  }

  #takeAlias(): boolean {
    const { reader } = this;
    if (reader.takeKeywords("as")) this.#takeAliasName("as");
    else if (reader.is("name") || reader.is("quoted")) reader.take();
    else return false;
    return true;
  }

  #takeAliasName(word: string): void {
    const { kind } = this.reader.take();
    if (kind === "name" || kind === "quoted") return;
    throw notWellFormed(`Expected identifier for ${word.toUpperCase()}-alias`);
  }
}

function isKeyword(token: Token, word: string): boolean {
  return token.kind === "keyword" && token.text === word;
}

function isJoinWord(token: Token): boolean {
  return (
    token.kind === "keyword" &&
    ["left", "right", "full", "outer", "inner", "cross"].includes(token.text)
  );
}

function capitalized(word: string): string {
  return word[0]!.toUpperCase() + word.slice(1);
}
