import type { Path } from "../expressions/paths.ts";
import { ValidationProblem } from "../validation-problem.ts";
import { unsupported } from "./problems.ts";
import type { Expression, Step } from "./syntax.ts";

/** The place in an item that an expression names; throws if it names none. */
export function pathOf(expression: Expression): Path {
  if (expression.kind === "name") return [named(expression.name)];
  if (expression.kind !== "path" || expression.root.kind !== "name") {
    throw unsupported("Unexpected path component", expression.place);
  }
  return [named(expression.root.name), ...expression.steps.map(element)];
}

function element(step: Step): string | number {
  switch (step.kind) {
    case "name":
      return named(step.name);
    case "wildcard":
      throw unsupported("Wildcard path component like a[*].b are not supported", step.place);
    case "unpivot":
      throw unsupported("Unpivot path component like a.*.b are not supported", step.place);
    case "index":
      return indexOf(step.index);
  }
}

/** `[1]` is an element of a list; `['a']` an entry of a map, and so is `[a]`. */
function indexOf(index: Expression): string | number {
  if (index.kind === "string") return named(index.text);
  if (index.kind === "name") return named(index.name);
  if (index.kind !== "number" || !/^-?\d+$/.test(index.text)) {
    throw unsupported("Unexpected path component", index.place);
  }
  const position = Number(index.text);
  if (position < 0 || position >= 2 ** 31) {
    throw unsupported(
      `List index is not within the allowable range; index: [${index.text}]`,
      index.place,
    );
  }
  return position;
}

function named(name: string): string {
  if (name === "") throw new ValidationProblem("Path component cannot be an empty string");
  return name;
}
