import { attributeOf, setAttribute, valuesEqual } from "../items/attribute-values.ts";
import type { AttributeValue, Item } from "../items/attribute-values.ts";
import { Condition, type Predicate } from "../expressions/condition.ts";
import { keyOfRequest } from "../items/item-key.ts";
import { checkKeyPaths } from "../expressions/request-expressions.ts";
import type { TableLayout } from "../tables/table-layout.ts";
import { ValidationProblem } from "../validation-problem.ts";
import type { Key } from "#base/key.ts";

/** One item, as a WHERE clause names it, and what else the clause asks of it. */
export interface NamedItem {
  readonly attributes: Item;
  readonly key: Key;
  readonly condition: Condition | undefined;
}

/** The item that a WHERE clause names by an equality on each key attribute. Throws if it names none. */
export function namedItem(layout: TableLayout, where: Condition | undefined): NamedItem {
  const attributes: Item = {};
  const others: Predicate[] = [];
  for (const term of termsOf(where)) {
    const equality = equalityOf(term);
    if (equality === undefined || !layout.keyNames.includes(equality.name)) {
      others.push(term);
      continue;
    }
    const { name, value } = equality;
    const known = attributeOf(attributes, name);
    if (known !== undefined && !valuesEqual(known, value)) {
      throw new ValidationProblem(
        `Multiple conditions on same key ${name}. Only single item Update/Insert/Delete are supported`,
      );
    }
    setAttribute(attributes, name, value);
  }
  for (const name of layout.keyNames) {
    if (attributeOf(attributes, name) !== undefined) continue;
    throw new ValidationProblem(
      "Where clause does not contain a mandatory equality on all key attributes",
    );
  }
  checkKeyTypes(layout, attributes);
  checkKeyPaths(layout, where);
  const key = keyOfRequest(layout, attributes);
  const condition =
    others.length === 0 ? undefined : new Condition({ kind: "and", terms: others }, where!.use);
  return { attributes, key, condition };
}

/** Refuses key attributes that an item lacks, or has with another type than the table. */
export function checkKeyTypes({ partition, sort }: TableLayout, item: Item): void {
  for (const attribute of sort === undefined ? [partition] : [partition, sort]) {
    const value = attributeOf(item, attribute.name);
    if (value === undefined) {
      throw new ValidationProblem(
        `Key attribute should be present in the item: Key ${attribute.name}`,
      );
    }
    if (value[attribute.type] === undefined) throw wrongKeyType(attribute.name);
  }
}

export function wrongKeyType(name: string): ValidationProblem {
  return new ValidationProblem(
    `Key attribute's data type should match its data type in table's schema: Key ${name}`,
  );
}

/** The conditions that all have to hold. */
export function termsOf(where: Condition | undefined): readonly Predicate[] {
  if (where === undefined) return [];
  const { predicate } = where;
  return predicate.kind === "and" ? predicate.terms : [predicate];
}

/** `name = value`, either way round. */
export function equalityOf(
  predicate: Predicate,
): { readonly name: string; readonly value: AttributeValue } | undefined {
  if (predicate.kind !== "compare" || predicate.operator !== "=") return undefined;
  const { left, right } = predicate;
  const [path, value] = left.kind === "path" ? [left, right] : [right, left];
  if (path.kind !== "path" || value.kind !== "value" || path.path.length > 1) return undefined;
  return { name: path.path[0] as string, value: value.value };
}
