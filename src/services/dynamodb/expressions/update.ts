import { typeOf } from "../items/attribute-values.ts";
import type { AttributeType, AttributeValue, Item } from "../items/attribute-values.ts";
import { checkUpdatedItemBytes } from "../items/item-size.ts";
import { addNumbers, subtractNumbers } from "../items/numbers.ts";
import { ValidationProblem } from "../validation-problem.ts";
import { checkNotKey, headOf, PathUse, valueAt } from "./paths.ts";
import type { Path } from "./paths.ts";
import { Projection } from "./projection.ts";
import { chargeBytes } from "./update-charge.ts";
import { UpdatedItem } from "./updated-item.ts";
import type { Place } from "./updated-item.ts";

/** What SET assigns, with its placeholders replaced. */
export type NewValue =
  | { kind: "value"; value: AttributeValue }
  | { kind: "path"; path: Path }
  | { kind: "if_not_exists"; path: Path; otherwise: NewValue }
  | { kind: "list_append"; left: NewValue; right: NewValue }
  | { kind: "sum"; operator: "+" | "-"; left: NewValue; right: NewValue };

export type UpdateAction =
  | { kind: "set"; path: Path; value: NewValue }
  | { kind: "remove"; path: Path }
  | { kind: "add"; path: Path; value: AttributeValue }
  | { kind: "delete"; path: Path; value: AttributeValue };

const wrongOperand = "An operand in the update expression has an incorrect data type";
const missingAttribute =
  "The provided expression refers to an attribute that does not exist in the item";

/**
 * An update, ready to be applied.
 *
 *   U1. Every operand is read from the item as it was before the update.
 *   U2. `apply` changes nothing of what it is given; the new item shares what stays as it was.
 *   U3. No two actions touch the same place (checked when the expression is bound), so that their
 *       order does not matter.
 */
export class Update {
  readonly actions: readonly UpdateAction[];
  /** Which attributes it names, also in operands. */
  readonly use: PathUse;
  /** The attributes that it changes, in whole or in part. */
  readonly changedNames: ReadonlySet<string>;
  /** Whether it makes an item where there is none: not if all that it does is to take something away. */
  readonly createsItem: boolean;
  readonly #wrongType: string;

  constructor(actions: readonly UpdateAction[], use: PathUse, wrongType = wrongOperand) {
    this.actions = actions;
    this.use = use;
    this.changedNames = new Set(actions.map((action) => headOf(action.path)));
    this.createsItem =
      actions.length === 0 || actions.some(({ kind }) => kind === "set" || kind === "add");
    this.#wrongType = wrongType;
  }

  /** Throws if it changes an attribute of the key. */
  checkKeysUnchanged(keyNames: Iterable<string>): void {
    checkNotKey(this.changedNames, keyNames);
  }

  /** The types that it gives to whole attributes, as far as they are known without the item. */
  assignedTypes(): Map<string, AttributeType> {
    const types = new Map<string, AttributeType>();
    for (const action of this.actions) {
      if (action.path.length > 1 || action.kind === "remove") continue;
      const type = action.kind === "set" ? typeOfNewValue(action.value) : typeOf(action.value);
      if (type !== undefined) types.set(headOf(action.path), type);
    }
    return types;
  }

  /** The item after the update; `before` is the stored item, or the key's attributes if there is none. */
  apply(before: Item): Item {
    const item = new UpdatedItem(before);
    for (const action of this.actions) {
      const place = item.open(action.path);
      switch (action.kind) {
        case "set":
          place.set(evaluate(action.value, before));
          break;
        case "remove":
          place.remove();
          break;
        case "add":
          place.set(this.#add(place.value, action.value));
          break;
        case "delete":
          this.#delete(place, action.value);
          break;
      }
    }
    return item.finish();
  }

  #add(found: AttributeValue | undefined, value: AttributeValue): AttributeValue {
    if (found === undefined) return value;
    const type = typeOf(value);
    if (typeOf(found) !== type) throw new ValidationProblem(this.#wrongType);
    if (type === "N") return { N: addNumbers(found.N!, value.N!) };
    // Only legacy updates add to lists.
    if (type === "L") return { L: [...found.L!, ...value.L!] };
    const members = found[type] as string[];
    const present = new Set(members);
    const added = (value[type] as string[]).filter((member) => !present.has(member));
    return added.length === 0 ? found : { [type]: [...members, ...added] };
  }

  #delete(place: Place, value: AttributeValue): void {
    const found = place.value;
    if (found === undefined) return;
    const type = typeOf(value);
    if (typeOf(found) !== type) throw new ValidationProblem(this.#wrongType);
    const deleted = new Set(value[type] as string[]);
    const members = found[type] as string[];
    const kept = members.filter((member) => !deleted.has(member));
    if (kept.length === 0) place.remove();
    else if (kept.length < members.length) place.set({ [type]: kept });
  }

  /** What the update touches of an item: of the one before for UPDATED_OLD, of the one after for UPDATED_NEW. */
  touched(item: Item): Item {
    return new Projection(this.actions.map((action) => action.path)).apply(item);
  }

  /** Throws if UpdateItem does not take an expression that writes so much: see update-charge.ts. */
  checkCharge(): void {
    checkUpdatedItemBytes(chargeBytes(this.actions));
  }
}

function typeOfNewValue(value: NewValue): AttributeType | undefined {
  switch (value.kind) {
    case "value":
      return typeOf(value.value);
    case "path":
      return undefined;
    case "if_not_exists":
      return typeOfNewValue(value.otherwise);
    case "list_append":
      return "L";
    case "sum":
      return "N";
  }
}

function evaluate(value: NewValue, before: Item): AttributeValue {
  switch (value.kind) {
    case "value":
      return value.value;
    case "path": {
      const found = valueAt(before, value.path);
      if (found === undefined) throw new ValidationProblem(missingAttribute);
      return found;
    }
    case "if_not_exists":
      return valueAt(before, value.path) ?? evaluate(value.otherwise, before);
    case "list_append": {
      const left = evaluate(value.left, before).L;
      if (left === undefined) throw new ValidationProblem(wrongOperand);
      const right = evaluate(value.right, before).L;
      if (right === undefined) throw new ValidationProblem(wrongOperand);
      return { L: [...left, ...right] };
    }
    case "sum": {
      const left = evaluate(value.left, before).N;
      if (left === undefined) throw new ValidationProblem(wrongOperand);
      const right = evaluate(value.right, before).N;
      if (right === undefined) throw new ValidationProblem(wrongOperand);
      return { N: value.operator === "+" ? addNumbers(left, right) : subtractNumbers(left, right) };
    }
  }
}
