import { writeAttributeValue, type Item } from "./attribute-values.ts";
import { readAttributeValue, setMember } from "./attribute-values.ts";
import { CborReader } from "./cbor-reader.ts";
import { CborWriter, encoded } from "./cbor-writer.ts";
import type { KeySchema } from "./keys.ts";
import { Malformed } from "./malformed.ts";

/*
 * An item travels without names: a list of names has a number, which both sides know it by, and the values follow in
 * the list's order. Key attributes are not among them: they travel in the key.
 */

/** The number of each list of attribute names, sorted; undefined while it has none. */
export interface AttributeListIds {
  idOf(names: readonly string[]): number | undefined;
}

/** No names at all: both sides know it without asking. */
export const emptyListId = 1;

/** A list of names that has no number yet: give it one, then encode again. */
export class UnknownAttributeList extends Error {
  override name = "UnknownAttributeList";
  readonly names: readonly string[];
  constructor(names: readonly string[]) {
    super();
    this.names = names;
  }
}

/** The attributes beside those of the key. */
export function withoutKey(item: Item, [partition, sort]: KeySchema): Item {
  const rest: Item = {};
  for (const [name, value] of Object.entries(item)) {
    if (name !== partition.name && name !== sort?.name) setMember(rest, name, value);
  }
  return rest;
}

function listOf(item: Item, lists: AttributeListIds): { names: string[]; id: number } {
  // The clients' order: that of UTF-16 units in JavaScript and Java. What matters is one order for one set of names.
  const names = Object.keys(item).sort();
  const id = lists.idOf(names);
  if (id === undefined) throw new UnknownAttributeList(names);
  return { names, id };
}

/** Attributes without the key's; throws UnknownAttributeList. */
export function encodeItemBody(attributes: Item, lists: AttributeListIds): Buffer {
  const { names, id } = listOf(attributes, lists);
  const writer = new CborWriter(512);
  writer.integer(id);
  for (const name of names) writeAttributeValue(writer, attributes[name]!);
  return writer.finish();
}

/** What an update changed: some of a list's values, by their place. */
export function encodeChangedAttributes(attributes: Item, lists: AttributeListIds): Buffer {
  const { names, id } = listOf(attributes, lists);
  return encoded((writer) => {
    writer.integer(id).openMap();
    names.forEach((name, place) => {
      writer.integer(place);
      writeAttributeValue(writer, attributes[name]!);
    });
    writer.end();
  });
}

/** The number of an encoded item's list of names. */
export function listIdOf(body: Buffer): number {
  return new CborReader(body).integer();
}

export function decodeItemBody(body: Buffer, names: readonly string[]): Item {
  const reader = new CborReader(body);
  reader.integer();
  const item: Item = {};
  for (const name of names) setMember(item, name, readAttributeValue(reader));
  if (!reader.isAtEnd) throw new Malformed("more values than names");
  return item;
}
