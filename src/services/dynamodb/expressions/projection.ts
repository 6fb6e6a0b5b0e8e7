import { attributeOf, setAttribute } from "../items/attribute-values.ts";
import type { AttributeValue, Item } from "../items/attribute-values.ts";
import type { Bindings } from "./bindings.ts";
import { parseProjectionSyntax } from "./parse-projection.ts";
import { headOf, pathCollision, PathUse, resolvePath } from "./paths.ts";
import type { Path } from "./paths.ts";
import { invalidExpression, SyntaxCache } from "./syntax-cache.ts";

const syntaxes = new SyntaxCache(parseProjectionSyntax);

export function parseProjection(text: string, bindings: Bindings): Projection {
  const kind = "ProjectionExpression";
  const paths = syntaxes.syntaxOf(text, kind).map((syntax) => {
    const { path, problem } = resolvePath(syntax, bindings);
    if (problem !== undefined) throw invalidExpression(kind, problem);
    return path;
  });
  const collision = pathCollision(paths);
  if (collision !== undefined) throw invalidExpression(kind, collision);
  return new Projection(paths);
}

/** What is wanted below one place: all of it, or parts by name or index. */
type Selection = "all" | { names: Map<string, Selection>; indexes: Map<number, Selection> };

/** Some of an item's attributes, and of those some parts. The paths must not overlap. */
export class Projection {
  readonly paths: readonly Path[];
  readonly use = new PathUse();
  readonly #selection: Exclude<Selection, "all"> = select();

  constructor(paths: readonly Path[]) {
    this.paths = paths;
    for (const path of paths) {
      this.use.add(path);
      insert(this.#selection, path);
    }
  }

  /** The names of the attributes that it takes anything from. */
  get attributeNames(): string[] {
    return [...new Set(this.paths.map(headOf))];
  }

  /** A new item that shares its values with `item`; list elements close up in the order of the list. */
  apply(item: Item): Item {
    return selectFromMap(item, this.#selection.names) ?? {};
  }
}

function select(): Exclude<Selection, "all"> {
  return { names: new Map(), indexes: new Map() };
}

function insert(root: Exclude<Selection, "all">, path: Path): void {
  let at = root;
  for (let depth = 0; depth < path.length; depth++) {
    const element = path[depth]!;
    const isLast = depth === path.length - 1;
    let next = typeof element === "number" ? at.indexes.get(element) : at.names.get(element);
    if (next === undefined || isLast) {
      next = isLast ? "all" : select();
      if (typeof element === "number") at.indexes.set(element, next);
      else at.names.set(element, next);
    }
    if (next === "all") return;
    at = next;
  }
}

function selectFrom(value: AttributeValue, selection: Selection): AttributeValue | undefined {
  if (selection === "all") return value;
  if (value.M !== undefined) {
    const content = selectFromMap(value.M, selection.names);
    return content === undefined ? undefined : { M: content };
  }
  if (value.L === undefined || selection.indexes.size === 0) return undefined;
  const elements: AttributeValue[] = [];
  for (const index of [...selection.indexes.keys()].sort((a, b) => a - b)) {
    const element = value.L[index];
    if (element === undefined) break;
    const selected = selectFrom(element, selection.indexes.get(index)!);
    if (selected !== undefined) elements.push(selected);
  }
  return elements.length === 0 ? undefined : { L: elements };
}

/** Undefined if nothing of what is wanted is there. */
function selectFromMap(map: Item, names: Map<string, Selection>): Item | undefined {
  let result: Item | undefined;
  for (const [name, selection] of names) {
    const value = attributeOf(map, name);
    const selected = value === undefined ? undefined : selectFrom(value, selection);
    if (selected !== undefined) setAttribute((result ??= {}), name, selected);
  }
  return result;
}
