import { readAttributeValue, type AttributeValue } from "./attribute-values.ts";
import { CborReader, deepestLevel, major } from "./cbor-reader.ts";
import { Malformed } from "./malformed.ts";
import { tag } from "./methods.ts";

/*
 * Clients parse expressions themselves and send trees: `[format, tree, values]`, in which each node is an array that
 * begins with its function's number. Here they become expressions again, for DynamoDB to check and to apply: names
 * as `#n0`, values as `:v0`, so that no name is a reserved word.
 */

/** Names and values that all expressions of one request share. */
export class Placeholders {
  readonly #names = new Map<string, string>();
  readonly #values: AttributeValue[] = [];

  name(name: string): string {
    let found = this.#names.get(name);
    if (found === undefined) {
      found = `#n${this.#names.size}`;
      this.#names.set(name, found);
    }
    return found;
  }

  /** Placeholders of an expression's own values, in their order. */
  value(value: AttributeValue): string {
    return `:v${this.#values.push(value) - 1}`;
  }

  get names(): Record<string, string> | undefined {
    if (this.#names.size === 0) return undefined;
    return Object.fromEntries([...this.#names].map(([name, placeholder]) => [placeholder, name]));
  }

  get values(): Record<string, AttributeValue> | undefined {
    if (this.#values.length === 0) return undefined;
    return Object.fromEntries(this.#values.map((value, index) => [`:v${index}`, value]));
  }
}

const format = 1;

const comparisons = ["=", "<>", "<", ">=", ">", "<="];
const and = 6;
const or = 7;
const not = 8;
const between = 9;
const within = 10;
const functions: ReadonlyMap<number, string> = new Map([
  [11, "attribute_exists"],
  [12, "attribute_not_exists"],
  [13, "attribute_type"],
  [14, "begins_with"],
  [15, "contains"],
  [16, "size"],
  [23, "if_not_exists"],
  [24, "list_append"],
]);
const variable = 17;
const documentPath = 18;
const clauses: ReadonlyMap<number, string> = new Map([
  [19, "SET"],
  [20, "ADD"],
  [21, "DELETE"],
  [22, "REMOVE"],
]);
const plus = 25;
const minus = 26;

/** A place in an item: names of map members and indexes of lists. */
export type DocumentPath = readonly (string | number)[];

/** A condition, a filter or a key condition. */
export function conditionText(bytes: Buffer, placeholders: Placeholders): string {
  const { reader, values } = open(bytes, 3, placeholders);
  return new TreeReader(reader, placeholders, values).operand(0);
}

export function updateText(bytes: Buffer, placeholders: Placeholders): string {
  const { reader, values } = open(bytes, 3, placeholders);
  return new TreeReader(reader, placeholders, values).update();
}

export function projectionPaths(bytes: Buffer): DocumentPath[] {
  const { reader } = open(bytes, 2, new Placeholders());
  const paths: DocumentPath[] = [];
  for (const _ of reader.elements()) {
    const length = reader.arrayLength();
    if (length === undefined || reader.integer() !== documentPath) {
      throw new Malformed("not a document path");
    }
    paths.push(readPath(reader, length - 1));
  }
  return paths;
}

export function projectionText(paths: readonly DocumentPath[], placeholders: Placeholders): string {
  return paths.map((path) => pathText(path, placeholders)).join(", ");
}

function pathText(path: DocumentPath, placeholders: Placeholders): string {
  let text = "";
  for (const element of path) {
    if (typeof element === "number") text += `[${element}]`;
    else text += `${text === "" ? "" : "."}${placeholders.name(element)}`;
  }
  return text;
}

interface Opened {
  /** Before the tree. */
  readonly reader: CborReader;
  /** The placeholders of the expression's values. */
  readonly values: readonly string[];
}

/** The values stand behind the tree that refers to them. */
function open(bytes: Buffer, length: number, placeholders: Placeholders): Opened {
  const reader = new CborReader(bytes);
  if (reader.arrayLength() !== length || reader.integer() !== format) {
    throw new Malformed("an expression of no known form");
  }
  const treeAt = reader.at;
  const values: string[] = [];
  if (length === 3) {
    reader.skip();
    for (const _ of reader.elements()) {
      values.push(placeholders.value(readAttributeValue(reader)));
    }
  }
  return { reader: new CborReader(bytes, treeAt), values };
}

class TreeReader {
  readonly #reader: CborReader;
  readonly #placeholders: Placeholders;
  readonly #values: readonly string[];

  constructor(reader: CborReader, placeholders: Placeholders, values: readonly string[]) {
    this.#reader = reader;
    this.#placeholders = placeholders;
    this.#values = values;
  }

  /** `SET #n0 = :v0 REMOVE #n1`: each clause once, with its actions in their order. */
  update(): string {
    const actions = new Map<string, string[]>();
    for (const _ of this.#reader.elements()) {
      const count = this.#node();
      const clause = clauses.get(this.#reader.integer());
      if (clause === undefined) throw new Malformed("not an action");
      const path = this.operand(1);
      let action = path;
      if (clause !== "REMOVE") {
        const operand = this.operand(1);
        action = clause === "SET" ? `${path} = ${operand}` : `${path} ${operand}`;
      }
      if (count !== (clause === "REMOVE" ? 2 : 3)) throw new Malformed("not an action");
      actions.set(clause, [...(actions.get(clause) ?? []), action]);
    }
    return [...actions].map(([clause, texts]) => `${clause} ${texts.join(", ")}`).join(" ");
  }

  operand(level: number): string {
    return this.#parsed(level).text;
  }

  #parsed(level: number): { readonly text: string; readonly isCompound: boolean } {
    if (level > deepestLevel) throw new Malformed("nested too deeply");
    const count = this.#node();
    const code = this.#reader.integer();
    const simple = (text: string): { text: string; isCompound: boolean } => ({
      text,
      isCompound: false,
    });
    if (code === variable) return simple(this.#variable());
    if (code === documentPath) {
      return simple(pathText(readPath(this.#reader, count - 1), this.#placeholders));
    }
    const comparison = comparisons[code];
    if (comparison !== undefined || code === plus || code === minus) {
      const left = this.operand(level + 1);
      const right = this.operand(level + 1);
      return simple(`${left} ${comparison ?? (code === plus ? "+" : "-")} ${right}`);
    }
    if (code === and || code === or) {
      const left = this.#nested(level);
      const right = this.#nested(level);
      return { text: `${left} ${code === and ? "AND" : "OR"} ${right}`, isCompound: true };
    }
    if (code === not) return { text: `NOT (${this.operand(level + 1)})`, isCompound: true };
    if (code === between) {
      const operand = this.operand(level + 1);
      const low = this.operand(level + 1);
      const high = this.operand(level + 1);
      return simple(`${operand} BETWEEN ${low} AND ${high}`);
    }
    if (code === within) {
      const operand = this.operand(level + 1);
      const list: string[] = [];
      for (const _ of this.#reader.elements()) list.push(this.operand(level + 1));
      return simple(`${operand} IN (${list.join(", ")})`);
    }
    const name = functions.get(code);
    if (name === undefined) throw new Malformed("an unknown function");
    const operands: string[] = [];
    for (let index = 1; index < count; index += 1) operands.push(this.operand(level + 1));
    return simple(`${name}(${operands.join(", ")})`);
  }

  /** Parentheses where they say something: DynamoDB refuses redundant ones. */
  #nested(level: number): string {
    const { text, isCompound } = this.#parsed(level + 1);
    return isCompound ? `(${text})` : text;
  }

  #variable(): string {
    const found = this.#values[this.#reader.integer()];
    if (found === undefined) throw new Malformed("a value that is not there");
    return found;
  }

  #node(): number {
    const count = this.#reader.arrayLength();
    if (count === undefined || count < 1) throw new Malformed("a function without a name");
    return count;
  }
}

function readPath(reader: CborReader, length: number): DocumentPath {
  const path: (string | number)[] = [];
  for (let index = 0; index < length; index += 1) {
    if (reader.nextMajor() === major.text) {
      path.push(reader.text());
      continue;
    }
    if (path.length === 0 || reader.tag() !== tag.listIndex) throw new Malformed("not a path");
    path.push(reader.integer());
  }
  if (path.length === 0) throw new Malformed("an empty path");
  return path;
}
