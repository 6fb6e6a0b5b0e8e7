import type { AttributeMap, ReturnValuesOnConditionCheckFailure } from "#models/dynamodb.ts";
import type { Item } from "../items/attribute-values.ts";
import type { Condition } from "../expressions/condition.ts";
import { checkIndexKeys, keyOfItem } from "../items/item-key.ts";
import { itemBytes } from "../items/item-size.ts";
import { ItemImage } from "../items/stored-item.ts";
import type { TableLayout } from "../tables/table-layout.ts";
import type { TransactedAction } from "../transactions/transact-actions.ts";
import { ConditionUnmet, DuplicateItem } from "../transactions/transactions.ts";
import { checkUpdate, updatedImage } from "../items/update-item.ts";
import { checkKeyTypes, namedItem, type NamedItem } from "./key-terms.ts";
import type { Change, Exists, Insert } from "./statement.ts";

/** A statement that writes, as an action on one item. */
export interface WriteAction extends TransactedAction {
  /** What its RETURNING clause asks for; undefined for nothing. */
  returned(before: ItemImage | undefined, after: ItemImage | undefined): AttributeMap | undefined;
}

type Mode = ReturnValuesOnConditionCheckFailure | undefined;

export function writeAction(statement: Insert | Change | Exists, mode: Mode): WriteAction {
  switch (statement.kind) {
    case "insert":
      return insertAction(statement);
    case "change":
      return statement.update === undefined
        ? deleteAction(statement, mode)
        : updateAction(statement, mode);
    case "exists":
      return existsAction(statement, mode);
  }
}

const nothing = (): undefined => undefined;

function insertAction({ tableName, item, sizeBytes }: Insert): WriteAction {
  const after = ItemImage.ofItem(item, sizeBytes);
  return {
    tableName,
    attributes: item,
    payloadBytes: sizeBytes,
    isCheck: false,
    key(layout) {
      checkKeyTypes(layout, item);
      const key = keyOfItem(layout, item);
      checkIndexKeys(layout, item);
      return key;
    },
    apply(_layout, before) {
      if (before !== undefined) throw new DuplicateItem();
      return after;
    },
    returned: nothing,
  };
}

/** Unlike UpdateItem, an UPDATE makes no item: that there is one is part of its condition. */
function updateAction(statement: Change, mode: Mode): WriteAction {
  const { tableName, update, returning } = statement;
  const named = namedBy(statement.where);
  return {
    ...changed(statement),
    tableName,
    key: (layout) => named(layout).key,
    apply(layout, before) {
      checkUpdate(layout, update);
      const { condition } = named(layout);
      if (before === undefined) throw new ConditionUnmet(undefined);
      checkCondition(condition, before, mode);
      return updatedImage(layout, update, {}, before);
    },
    returned(before, after) {
      switch (returning) {
        case "ALL OLD":
          return before?.json;
        case "ALL NEW":
          return after?.json;
        case "MODIFIED OLD":
          return before && unlessEmpty(update!.touched(before.item));
        case "MODIFIED NEW":
          return after && unlessEmpty(update!.touched(after.item));
        case undefined:
          return undefined;
      }
    },
  };
}

/** Where there is no item, there is nothing to do and nothing to check. */
function deleteAction(statement: Change, mode: Mode): WriteAction {
  const named = namedBy(statement.where);
  return {
    ...changed(statement),
    key: (layout) => named(layout).key,
    apply(layout, before) {
      if (before !== undefined) checkCondition(named(layout).condition, before, mode);
      return undefined;
    },
    returned: (before) => (statement.returning === undefined ? undefined : before?.json),
  };
}

function existsAction({ tableName, select }: Exists, mode: Mode): WriteAction {
  const named = namedBy(select.where);
  return {
    tableName,
    attributes: {},
    payloadBytes: 0,
    isCheck: true,
    key: (layout) => named(layout).key,
    apply(layout, before) {
      if (before === undefined) throw new ConditionUnmet(undefined);
      checkCondition(named(layout).condition, before, mode);
      return undefined;
    },
    returned: nothing,
  };
}

function changed({ tableName, update }: Change) {
  let payloadBytes = 0;
  for (const action of update?.actions ?? []) {
    if (action.kind !== "remove" && "value" in action && action.kind !== "set") {
      payloadBytes += itemBytes({ value: action.value });
    } else if (action.kind === "set" && action.value.kind === "value") {
      payloadBytes += itemBytes({ value: action.value.value });
    }
  }
  return { tableName, attributes: {}, payloadBytes, isCheck: false };
}

/** The item that the statement is about, worked out once for each state of its table. */
function namedBy(where: Condition | undefined): (layout: TableLayout) => NamedItem {
  let of: TableLayout | undefined;
  let named: NamedItem | undefined;
  return (layout) => {
    if (named === undefined || of !== layout) {
      named = namedItem(layout, where);
      of = layout;
    }
    return named;
  };
}

function checkCondition(condition: Condition | undefined, before: ItemImage, mode: Mode): void {
  if (condition === undefined || condition.holds(before.item)) return;
  throw new ConditionUnmet(mode === "ALL_OLD" ? before : undefined);
}

function unlessEmpty(item: Item): Item | undefined {
  for (const _name in item) return item;
  return undefined;
}
