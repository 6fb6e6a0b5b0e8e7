import type { Handlers } from "#kernel/service.ts";
import type { DynamoDB, UpdateItemInput, UpdateItemOutput } from "#models/dynamodb.ts";
import { attributeOf, typeOf } from "./attribute-values.ts";
import { consumedCapacity } from "../consumed-capacity.ts";
import {
  checkExpressionParameters,
  updateParameters,
} from "../expressions/expression-parameters.ts";
import type { Update } from "../expressions/update.ts";
import { checkIndexKeySize, keyOfRequest } from "./item-key.ts";
import { checkItem, checkUpdatedItemBytes, itemBytes } from "./item-size.ts";
import { openTable, tableNameOf } from "../tables/open-table.ts";
import { checkRequest, conditionFailed } from "../request-checks.ts";
import { checkKeyPaths, updateOf } from "../expressions/request-expressions.ts";
import { ItemImage, type Item } from "./stored-item.ts";
import type { TableLayout } from "../tables/table-layout.ts";
import { checkVectors, emptyInUpdate } from "../vector-indexes/check-vectors.ts";
import { invalidParameter, ValidationProblem } from "../validation-problem.ts";
import { TableWriter } from "./write-item.ts";

export const updateItem = {
  /** Changes some attributes of an item, and makes the item if there is none. */
  UpdateItem(ctx, input) {
    tableNameOf(ctx, input.TableName);
    const { condition, update } = checkRequest(input, () => {
      checkExpressionParameters(input, updateParameters);
      checkItem(input.Key);
      return updateOf(input);
    });
    return ctx.transact((tx) => {
      const writer = new TableWriter(tx, ctx, openTable(tx, ctx, input.TableName), {
        capacity: "asked",
      });
      const { layout } = writer;
      const key = keyOfRequest(layout, input.Key);
      checkUpdate(layout, update);
      checkKeyPaths(layout, condition);
      if (input.UpdateExpression !== undefined) update?.checkCharge();
      const before = writer.find(key);
      if (condition !== undefined && !condition.holds(before?.item)) {
        writer.charge(key, before, undefined);
        throw conditionFailed(ctx, input.ReturnValuesOnConditionCheckFailure, before);
      }
      const after = updatedImage(layout, update, input.Key, before);
      writer.write(key, before, after);
      writer.finish();
      return answer(input, writer, update, before, after);
    });
  },
} satisfies Handlers<DynamoDB>;

/** What an update must not do whatever the item is: change the key, or give an index's key another type. */
export function checkUpdate(layout: TableLayout, update: Update | undefined): void {
  if (update === undefined) return;
  update.checkKeysUnchanged(layout.keyNames);
  if (layout.indexes.length > 0) checkAssignedTypes(layout, update);
  checkKeyPaths(layout, update);
}

function checkAssignedTypes(layout: TableLayout, update: Update): void {
  const types = update.assignedTypes();
  for (const { index, keyAttributes } of layout.indexesFromLast) {
    for (const { name, type } of keyAttributes) {
      const assigned = types.get(name);
      if (assigned !== undefined && assigned !== type) {
        throw new ValidationProblem(
          `${invalidParameter}Type mismatch for Index Key ${name} Expected: ${type} Actual: ${assigned} IndexName: ${index.name}`,
        );
      }
    }
  }
}

/** The item after the update, or undefined where a legacy update that merely deletes finds none. */
export function updatedImage(
  layout: TableLayout,
  update: Update | undefined,
  key: Item,
  before: ItemImage | undefined,
): ItemImage | undefined {
  if (update === undefined) {
    return before ?? ItemImage.ofItem(key, itemBytes(key));
  }
  const item = update.apply(before?.item ?? key);
  if (before === undefined && !update.createsItem) return undefined;
  checkChangedIndexKeys(layout, update, item);
  const bytes = itemBytes(item);
  checkUpdatedItemBytes(bytes);
  return ItemImage.ofItem(item, bytes);
}

/** Attributes that the update leaves alone may be what an index cannot take: they were there before the index. */
function checkChangedIndexKeys(layout: TableLayout, update: Update, item: Item): void {
  for (const { index, keyAttributes } of layout.indexesFromLast) {
    keyAttributes.forEach(({ name, type }, position) => {
      if (!update.changedNames.has(name)) return;
      const value = attributeOf(item, name);
      if (value === undefined) return;
      if (typeOf(value) !== type) {
        throw new ValidationProblem(
          "The update expression attempted to update the secondary index key to unsupported type",
        );
      }
      const text = value[type];
      if (text === "") throw emptyInUpdate(type);
      checkIndexKeySize(index, position, value);
    });
  }
  checkVectors(layout, item, update.changedNames);
}

function answer(
  input: UpdateItemInput,
  writer: TableWriter,
  update: Update | undefined,
  before: ItemImage | undefined,
  after: ItemImage | undefined,
): UpdateItemOutput {
  return {
    Attributes: returned(input, update, before, after),
    ConsumedCapacity: consumedCapacity(input.ReturnConsumedCapacity, input.TableName, writer.units),
    ItemCollectionMetrics: writer.metrics(input.ReturnItemCollectionMetrics, input.Key),
  };
}

function returned(
  input: UpdateItemInput,
  update: Update | undefined,
  before: ItemImage | undefined,
  after: ItemImage | undefined,
): UpdateItemOutput["Attributes"] {
  switch (input.ReturnValues) {
    case "ALL_OLD":
      return before?.json;
    case "ALL_NEW":
      return after?.json;
    case "UPDATED_OLD":
      return before && touched(update, before.item);
    case "UPDATED_NEW":
      return after && touched(update, after.item);
    case "NONE":
    case undefined:
      return undefined;
  }
}

/** The parts that the update names, or undefined if there are none of them. */
function touched(update: Update | undefined, item: Item): Item | undefined {
  const parts = update?.touched(item) ?? {};
  for (const _name in parts) return parts;
  return undefined;
}
