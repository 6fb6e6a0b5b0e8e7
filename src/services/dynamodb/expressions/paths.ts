import { attributeOf } from "../items/attribute-values.ts";
import type { AttributeValue, Item } from "../items/attribute-values.ts";
import { invalidParameter, ValidationProblem } from "../validation-problem.ts";
import type { Placeholders } from "./bindings.ts";
import type { PathSyntax } from "./syntax.ts";
import { showPath } from "./token-stream.ts";

/** A place in an item: the name of an attribute, then names in maps and indexes in lists. */
export type Path = readonly (string | number)[];

export function headOf(path: Path): string {
  return path[0] as string;
}

export function valueAt(item: Item, path: Path): AttributeValue | undefined {
  let found = attributeOf(item, path[0] as string);
  for (let depth = 1; depth < path.length && found !== undefined; depth++) {
    const element = path[depth]!;
    if (typeof element === "number") found = found.L?.[element];
    else found = found.M === undefined ? undefined : attributeOf(found.M, element);
  }
  return found;
}

/**
 * Which attributes an expression reaches, for the rules about key attributes. A table's and its
 * indexes' keys are scalars, so a path that leads into one is a mistake.
 */
export class PathUse {
  /** The first names of all paths. */
  readonly heads = new Set<string>();
  /** The first names of the paths that have more than one element. */
  readonly nestedHeads = new Set<string>();

  add(path: Path): void {
    this.heads.add(headOf(path));
    if (path.length > 1) this.nestedHeads.add(headOf(path));
  }

  /** Throws if a path leads into a key attribute of the table, or of one of its indexes. */
  checkKeysAreScalar(keyNames: Iterable<string>, indexKeyNames: Iterable<string>): void {
    if (this.nestedHeads.size === 0) return;
    for (const name of keyNames) this.#checkScalar(name, "Key");
    for (const name of indexKeyNames) this.#checkScalar(name, "IndexKey");
  }

  #checkScalar(name: string, role: string): void {
    if (this.nestedHeads.has(name)) {
      throw new ValidationProblem(
        "Key attributes must be scalars; list random access '[]' and map lookup '.' " +
          `are not allowed: ${role}: ${name}`,
      );
    }
  }

  /** Query: a filter may not name the key attributes that the key condition is about. */
  checkNoKey(keyNames: Iterable<string>, parameter: "Filter Expression" | "QueryFilter"): void {
    for (const name of keyNames) {
      if (this.heads.has(name)) {
        throw new ValidationProblem(
          `${parameter} can only contain non-primary key attributes: Primary key attribute: ${name}`,
        );
      }
    }
  }
}

/** The path with its `#name` placeholders replaced; a message if one is not defined. */
export function resolvePath(
  syntax: PathSyntax,
  bindings: Placeholders,
): { path: Path; problem?: string } {
  let resolved: (string | number)[] | undefined;
  const { elements } = syntax;
  for (let index = 0; index < elements.length; index++) {
    const element = elements[index]!;
    if (typeof element !== "string" || !element.startsWith("#")) continue;
    const name = bindings.name(element);
    if (name === undefined) return { path: elements, problem: undefinedName(element) };
    (resolved ??= [...elements])[index] = name;
  }
  return { path: resolved ?? elements };
}

const undefinedName = (placeholder: string): string =>
  `An expression attribute name used in the document path is not defined; attribute name: ${placeholder}`;

export const undefinedValue = (placeholder: string): string =>
  `An expression attribute value used in expression is not defined; attribute value: ${placeholder}`;

export function pathsEqual(left: Path, right: Path): boolean {
  return left.length === right.length && left.every((element, index) => element === right[index]);
}

/**
 * What stands in the way of using all these paths in one projection or update: two of them lead to
 * the same place or one into the other (overlap), or treat one place as a map and as a list (conflict).
 */
export function pathCollision(paths: readonly Path[]): string | undefined {
  let conflict: string | undefined;
  const byHead = new Map<string, Path[]>();
  for (const path of paths) {
    const earlier = byHead.get(headOf(path));
    if (earlier === undefined) {
      byHead.set(headOf(path), [path]);
      continue;
    }
    for (const other of earlier) {
      const collision = collisionOf(other, path);
      if (collision === undefined) continue;
      const message =
        `Two document paths ${collision} with each other; must remove or rewrite one of these paths; ` +
        `path one: ${showPath(other)}, path two: ${showPath(path)}`;
      if (collision === "overlap") return message;
      conflict ??= message;
    }
    earlier.push(path);
  }
  return conflict;
}

function collisionOf(one: Path, two: Path): "overlap" | "conflict" | undefined {
  for (let index = 0; index < one.length && index < two.length; index++) {
    if (typeof one[index] !== typeof two[index]) return "conflict";
    if (one[index] !== two[index]) return undefined;
  }
  return "overlap";
}

/** Throws if a key attribute is among those that an update changes. */
export function checkNotKey(heads: ReadonlySet<string>, keyNames: Iterable<string>): void {
  for (const name of keyNames) {
    if (heads.has(name)) {
      throw new ValidationProblem(
        `${invalidParameter}Cannot update attribute ${name}. This attribute is part of the key`,
      );
    }
  }
}
