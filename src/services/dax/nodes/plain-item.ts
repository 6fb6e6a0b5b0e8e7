import { JsonBytes } from "#base/json-bytes.ts";
import type { Item } from "#engines/dax-protocol/attribute-values.ts";

/** An item from DynamoDB as values: it may be JSON text still. */
export type FoundItem = Item | JsonBytes;

export function plainItem(found: FoundItem): Item {
  return found instanceof JsonBytes ? (found.value() as Item) : found;
}
