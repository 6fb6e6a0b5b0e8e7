import { writeAttributeValue, type AttributeValue, type Item } from "./attribute-values.ts";
import type { CborWriter } from "./cbor-writer.ts";
import type { DocumentPath } from "./expressions.ts";

/** A projected item is a map from a path's place in the projection to the value there. */
export function writeProjection(
  writer: CborWriter,
  item: Item,
  paths: readonly DocumentPath[],
): void {
  const found = paths.flatMap((path, ordinal) => {
    const value = valueAt(item, path);
    return value === undefined ? [] : [{ ordinal, value }];
  });
  writer.map(found.length);
  for (const { ordinal, value } of found) {
    writer.integer(ordinal);
    writeAttributeValue(writer, value);
  }
}

function valueAt(item: Item, path: DocumentPath): AttributeValue | undefined {
  let value: AttributeValue | undefined = { M: item };
  for (const element of path) {
    if (typeof element === "number") value = value?.L?.[element];
    else if (value?.M !== undefined && Object.hasOwn(value.M, element)) value = value.M[element];
    else return undefined;
  }
  return value;
}

/** Whether one path is the same as another or lies within it, which a projection must not have. */
export function overlap(paths: readonly DocumentPath[]): boolean {
  return paths.some((path, index) =>
    paths.some(
      (other, place) =>
        place !== index &&
        other.length >= path.length &&
        path.every((element, at) => element === other[at]),
    ),
  );
}
