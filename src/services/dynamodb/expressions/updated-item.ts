import { attributeOf, setAttribute } from "../items/attribute-values.ts";
import type { AttributeValue, Item } from "../items/attribute-values.ts";
import { ValidationProblem } from "../validation-problem.ts";
import { headOf } from "./paths.ts";
import type { Path } from "./paths.ts";

/** One place of an item that is being updated: an attribute, a map's entry or a list's element. */
export interface Place {
  readonly value: AttributeValue | undefined;
  set(value: AttributeValue): void;
  remove(): void;
}

/**
 * An item being updated. What lies on the way to a changed place is copied once, everything else is
 * shared with the item before.
 *
 * List indexes mean the elements as they were before the update. So a removed element leaves a hole
 * and one that is set beyond the end waits: in `finish` the lists close up, and the latter follow in
 * the order of their indexes, however large these are.
 */
export class UpdatedItem {
  readonly #item: Item;
  /** Containers that are copies already. */
  readonly #own = new Set<Item | AttributeValue[]>();
  readonly #changes = new Map<AttributeValue[], ListChange>();

  constructor(before: Item) {
    this.#item = { ...before };
  }

  /** The place that a path leads to; throws if what the path leads through is not there. */
  open(path: Path): Place {
    if (path.length === 1) return new MapPlace(this.#item, headOf(path));
    let parent = attributeOf(this.#item, headOf(path));
    if (parent === undefined) throw new ValidationProblem(invalidPath);
    parent = this.#copyOf(parent);
    setAttribute(this.#item, headOf(path), parent);
    for (let depth = 1; ; depth++) {
      const element = path[depth]!;
      const place = this.#placeIn(parent, element);
      if (depth === path.length - 1) return place;
      if (place.value === undefined) throw new ValidationProblem(invalidPath);
      parent = this.#copyOf(place.value);
      place.set(parent);
    }
  }

  #placeIn(container: AttributeValue, element: string | number): Place {
    if (typeof element === "string") {
      if (container.M !== undefined) return new MapPlace(container.M, element);
    } else if (container.L !== undefined) {
      return new ListPlace(container.L, element, this.#changeOf(container.L));
    }
    throw new ValidationProblem(invalidPath);
  }

  #changeOf(list: AttributeValue[]): ListChange {
    let change = this.#changes.get(list);
    if (change === undefined) {
      change = { removed: new Set(), beyond: new Map() };
      this.#changes.set(list, change);
    }
    return change;
  }

  #copyOf(value: AttributeValue): AttributeValue {
    const content = value.M ?? value.L;
    if (content === undefined || this.#own.has(content)) return value;
    const copy = Array.isArray(content) ? [...content] : { ...content };
    this.#own.add(copy);
    return Array.isArray(copy) ? { L: copy } : { M: copy };
  }

  finish(): Item {
    for (const [list, { removed, beyond }] of this.#changes) {
      if (removed.size > 0) {
        let length = 0;
        for (const [index, element] of list.entries()) {
          if (!removed.has(index)) list[length++] = element;
        }
        list.length = length;
      }
      const indexes = [...beyond.keys()].sort((a, b) => a - b);
      for (const index of indexes) list.push(beyond.get(index)!);
    }
    return this.#item;
  }
}

/** What `finish` has still to do to a list: the removed indexes, and the elements that were set beyond its end. */
type ListChange = { removed: Set<number>; beyond: Map<number, AttributeValue> };

const invalidPath = "The document path provided in the update expression is invalid for update";

class MapPlace implements Place {
  readonly #map: Item;
  readonly #name: string;

  constructor(map: Item, name: string) {
    this.#map = map;
    this.#name = name;
  }

  get value(): AttributeValue | undefined {
    return attributeOf(this.#map, this.#name);
  }

  set(value: AttributeValue): void {
    setAttribute(this.#map, this.#name, value);
  }

  remove(): void {
    delete this.#map[this.#name];
  }
}

class ListPlace implements Place {
  readonly #list: AttributeValue[];
  readonly #index: number;
  readonly #change: ListChange;

  constructor(list: AttributeValue[], index: number, change: ListChange) {
    this.#list = list;
    this.#index = index;
    this.#change = change;
  }

  get value(): AttributeValue | undefined {
    return this.#list[this.#index];
  }

  set(value: AttributeValue): void {
    if (this.#index < this.#list.length) this.#list[this.#index] = value;
    else this.#change.beyond.set(this.#index, value);
  }

  remove(): void {
    if (this.#index < this.#list.length) this.#change.removed.add(this.#index);
  }
}
