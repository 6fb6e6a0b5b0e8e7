import { setAttribute } from "../items/attribute-values.ts";
import type { AttributeValue, Item } from "../items/attribute-values.ts";
import { headOf, type Path, pathCollision, PathUse, valueAt } from "../expressions/paths.ts";
import { Projection } from "../expressions/projection.ts";
import { ValidationProblem } from "../validation-problem.ts";
import { pathOf } from "./paths.ts";
import type { Projected } from "./syntax.ts";

/** One column of a SELECT. */
interface Column {
  readonly name: string;
  /** Where its value stands. */
  readonly path: Path;
  /** What is wanted of that value: `a[2].b` gives `a[2]` with nothing but `b` in it. */
  readonly inner: Projection | undefined;
}

/** What a SELECT makes of each item: unlike a projection expression it lifts what it names to the top. */
export class Output {
  readonly use = new PathUse();
  readonly #columns: readonly Column[];
  readonly #paths: readonly Path[];

  constructor(paths: readonly Path[]) {
    this.#paths = paths;
    for (const path of paths) this.use.add(path);
    this.#columns = paths.map(columnOf);
    const seen = new Set<string>();
    for (const { name } of this.#columns) {
      if (seen.has(name)) {
        throw new ValidationProblem(`Duplicate identifiers in select clause: ${name}`);
      }
      seen.add(name);
    }
    const collision = pathCollision(paths);
    if (collision !== undefined) throw new ValidationProblem(collision);
  }

  /** The names of the attributes that it takes anything from. */
  get attributeNames(): string[] {
    return [...new Set(this.#paths.map(headOf))];
  }

  /** A new item, empty if nothing of what is wanted is there. */
  apply(item: Item): Item {
    const result: Item = {};
    for (const { name, path, inner } of this.#columns) {
      const value = valueAt(item, path);
      const wanted = value === undefined || inner === undefined ? value : within(value, inner);
      if (wanted !== undefined) setAttribute(result, name, wanted);
    }
    return result;
  }
}

/** Throws if the list of a SELECT asks for what is no place in an item. */
export function outputOf(projected: readonly Projected[]): Output {
  return new Output(
    projected.map(({ expression, isAliased }) => {
      if (isAliased) throw new ValidationProblem("Aliasing is not supported");
      if (expression.kind === "path" && expression.steps.at(-1)?.kind === "unpivot") {
        throw new ValidationProblem("Changing item's hierarchy while reading isn't supported");
      }
      return pathOf(expression);
    }),
  );
}

/** A column is named by the last name before the first index, and by that index: `a.b[2].c` by `b[2]`. */
function columnOf(path: Path): Column {
  const index = path.findIndex((element) => typeof element === "number");
  if (index === -1) return { name: path.at(-1) as string, path, inner: undefined };
  const rest = path.slice(index + 1);
  return {
    name: `${path[index - 1]}[${path[index]}]`,
    path: path.slice(0, index + 1),
    inner: rest.length === 0 ? undefined : new Projection([["value", ...rest]]),
  };
}

function within(value: AttributeValue, inner: Projection): AttributeValue | undefined {
  return inner.apply({ value })["value"];
}
