import type { Key } from "#base/key.ts";
import type {
  ConditionCheck,
  Delete,
  ExpressionAttributeValueMap,
  Put,
  TransactWriteItem,
  Update,
} from "#models/dynamodb.ts";
import {
  checkExpressionParameters,
  updateParameters,
  writeParameters,
} from "../expressions/expression-parameters.ts";
import type { Condition } from "../expressions/condition.ts";
import { checkIndexKeys, keyOfItem, keyOfRequest } from "../items/item-key.ts";
import { checkItem, checkItemBytes, itemBytes } from "../items/item-size.ts";
import { checkKeyPaths, conditionOf, updateOf } from "../expressions/request-expressions.ts";
import { type Item, ItemImage } from "../items/stored-item.ts";
import type { TableLayout } from "../tables/table-layout.ts";
import { ConditionUnmet } from "./transactions.ts";
import { checkUpdate, updatedImage } from "../items/update-item.ts";
import { ValidationProblem } from "../validation-problem.ts";

/** One action of TransactWriteItems, checked as far as that is possible without data. */
export interface TransactedAction {
  readonly tableName: string;
  /** The item or the key, as the caller gave it. */
  readonly attributes: Item;
  /** What it adds to the size of the transaction. */
  readonly payloadBytes: number;
  /** It only looks, and leaves the item as it is. */
  readonly isCheck: boolean;
  /** The key of the item that it is about. Throws what is wrong with it. */
  key(layout: TableLayout): Key;
  /** The item afterwards, or undefined for none. Throws if the condition does not hold. */
  apply(layout: TableLayout, before: ItemImage | undefined): ItemImage | undefined;
}

export function transactedAction(item: TransactWriteItem): TransactedAction {
  const given = Object.values(item).filter((action) => action !== undefined).length;
  if (given > 1) {
    throw new ValidationProblem(
      "TransactItems can only contain one of Check, Put, Update or Delete",
    );
  }
  if (item.Put !== undefined) return putAction(item.Put);
  if (item.Update !== undefined) return updateAction(item.Update);
  if (item.Delete !== undefined) return keyAction(item.Delete, false);
  if (item.ConditionCheck !== undefined) return keyAction(item.ConditionCheck, true);
  throw new ValidationProblem(
    "Invalid Request: TransactWriteRequest should contain Delete or Put or Update request",
  );
}

function putAction(put: Put): TransactedAction {
  checkExpressionParameters(put, writeParameters);
  const sizeBytes = checkItem(put.Item);
  checkItemBytes(sizeBytes);
  const condition = conditionOf(put);
  const after = ItemImage.ofItem(put.Item, sizeBytes);
  return {
    tableName: put.TableName,
    attributes: put.Item,
    payloadBytes: sizeBytes + bytesOfValues(put.ExpressionAttributeValues),
    isCheck: false,
    key(layout) {
      const key = keyOfItem(layout, put.Item);
      checkIndexKeys(layout, put.Item);
      return key;
    },
    apply(layout, before) {
      checkCondition(layout, condition, put, before);
      return after;
    },
  };
}

function updateAction(action: Update): TransactedAction {
  checkExpressionParameters(action, updateParameters);
  const sizeBytes = checkItem(action.Key);
  const { update, condition } = updateOf(action);
  return {
    tableName: action.TableName,
    attributes: action.Key,
    payloadBytes: sizeBytes + bytesOfValues(action.ExpressionAttributeValues),
    isCheck: false,
    key: (layout) => keyOfRequest(layout, action.Key),
    apply(layout, before) {
      checkUpdate(layout, update);
      checkCondition(layout, condition, action, before);
      return updatedImage(layout, update, action.Key, before);
    },
  };
}

function keyAction(action: Delete | ConditionCheck, isCheck: boolean): TransactedAction {
  checkExpressionParameters(action, writeParameters);
  const sizeBytes = checkItem(action.Key);
  const condition = conditionOf(action);
  return {
    tableName: action.TableName,
    attributes: action.Key,
    payloadBytes: sizeBytes + bytesOfValues(action.ExpressionAttributeValues),
    isCheck,
    key: (layout) => keyOfRequest(layout, action.Key),
    apply(layout, before) {
      checkCondition(layout, condition, action, before);
      return undefined;
    },
  };
}

function checkCondition(
  layout: TableLayout,
  condition: Condition | undefined,
  { ReturnValuesOnConditionCheckFailure: mode }: Put | Update | Delete | ConditionCheck,
  before: ItemImage | undefined,
): void {
  if (condition === undefined) return;
  checkKeyPaths(layout, condition);
  if (!condition.holds(before?.item)) {
    throw new ConditionUnmet(mode === "ALL_OLD" ? before : undefined);
  }
}

function bytesOfValues(values: ExpressionAttributeValueMap | undefined): number {
  return values === undefined ? 0 : itemBytes(values);
}
