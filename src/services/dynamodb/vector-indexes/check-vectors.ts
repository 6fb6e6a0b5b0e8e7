import { attributeOf, typeOf } from "../items/attribute-values.ts";
import { checkIndexKeyValue } from "../items/key-encoding.ts";
import type { Item } from "../items/stored-item.ts";
import type { TableLayout } from "../tables/table-layout.ts";
import { ValidationProblem } from "../validation-problem.ts";
import type { VectorIndexLayout } from "./vector-index-layout.ts";
import { readVector } from "./vector-values.ts";

/*
 * What cannot be written to a table with vector indexes. Messages, their points included, are AWS's, as dynoxide
 * measured them in August 2026. Attributes that are absent are fine: the item then has no entry, or one without the
 * filter.
 */

const invalid = "One or more parameter values were invalid.";

/** `changed`: the attributes that an update changes; what else the item has may be from before the index. */
export function checkVectors(
  { vectorIndexes }: TableLayout,
  item: Item,
  changed?: ReadonlySet<string>,
): void {
  for (const layout of vectorIndexes) {
    if (changed?.has(layout.index.vectorAttribute) !== false) checkVector(layout, item);
    checkSearchAttributes(layout, item, changed);
  }
}

function checkVector({ index }: VectorIndexLayout, item: Item): void {
  const { vectorAttribute: name, dimensions } = index;
  const value = attributeOf(item, name);
  if (value === undefined) return;
  const read = readVector(value, dimensions);
  if ("vector" in read) return;
  const where = `IndexName: ${index.name}`;
  switch (read.wrong) {
    case "type":
      throw new ValidationProblem(
        `${invalid} Invalid type for parameter ${name}, Expected: 32-bit floating point number list ${where}`,
      );
    case "element":
      throw new ValidationProblem(
        `${invalid} Invalid type for parameter ${name}[${read.position}], Expected: 32-bit floating point number, Actual: ${read.actual}. ${where}`,
      );
    case "range":
      throw new ValidationProblem(
        `${invalid} Invalid value for parameter ${name}[${read.position}], Value: ${read.number} is outside valid range [-3.4028235E38, 3.4028235E38]. ${where}`,
      );
    case "size":
      throw new ValidationProblem(
        `${invalid} Invalid size for parameter ${name}, Expected: ${dimensions}, Actual: ${read.actual} ${where}`,
      );
  }
}

function checkSearchAttributes(
  { index }: VectorIndexLayout,
  item: Item,
  changed: ReadonlySet<string> | undefined,
): void {
  for (const { name, type, role } of index.searchSchema) {
    const value = attributeOf(item, name);
    if (value === undefined || changed?.has(name) === false) continue;
    if (value[type] === undefined) {
      throw new ValidationProblem(
        `${invalid} Attribute '${name}' type mismatch. Expected: ${type}, Actual: ${typeOf(value)}. IndexName: ${index.name}`,
      );
    }
    if (role !== "HASH") continue;
    if (changed !== undefined && value[type] === "") throw emptyInUpdate(type);
    checkIndexKeyValue(name, value, type, "HASH", index.name);
  }
}

export function emptyInUpdate(type: string): ValidationProblem {
  const kind = type === "B" ? "binary" : "string";
  return new ValidationProblem(
    "One or more parameter values are not valid. The update expression attempted to update a secondary index " +
      "key to a value that is not supported. " +
      `The AttributeValue for a key attribute cannot contain an empty ${kind} value.`,
  );
}
