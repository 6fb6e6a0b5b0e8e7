import type { Key } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type {
  DeleteItemInput,
  DynamoDB,
  GetItemOutput,
  PutItemInput,
  PutItemOutput,
} from "#models/dynamodb.ts";
import { readUnits, consumedCapacity, tableCapacity } from "../consumed-capacity.ts";
import {
  checkExpressionParameters,
  readParameters,
  writeParameters,
} from "../expressions/expression-parameters.ts";
import type { Condition } from "../expressions/condition.ts";
import { checkStrongRead } from "../global-tables/strong-writes.ts";
import { checkIndexKeys, keyOfItem, keyOfRequest } from "./item-key.ts";
import { checkItem, checkItemBytes } from "./item-size.ts";
import { openTable, tableNameOf } from "../tables/open-table.ts";
import {
  checkReadRequest,
  checkRequest,
  checkReturnsOldOrNone,
  conditionFailed,
} from "../request-checks.ts";
import { checkKeyPaths, conditionOf, projectionOf } from "../expressions/request-expressions.ts";
import { type Item, ItemImage, itemJson, itemSizeBytes, parseItem } from "./stored-item.ts";
import { tableLayout } from "../tables/table-layout.ts";
import { ReadMeter } from "../throttling/meters.ts";
import { TableWriter } from "./write-item.ts";

export const items = {
  GetItem(ctx, input) {
    tableNameOf(ctx, input.TableName);
    const projection = checkReadRequest(() => {
      checkExpressionParameters(input, readParameters);
      checkItem(input.Key);
      return projectionOf(input);
    });
    return ctx.read((snapshot) => {
      const layout = tableLayout(ctx, openTable(snapshot, ctx, input.TableName));
      const key = keyOfRequest(layout, input.Key);
      checkKeyPaths(layout, projection);
      checkStrongRead(snapshot, ctx, layout, input.ConsistentRead);
      const meter = new ReadMeter(snapshot, ctx, layout);
      meter.admit(key);
      const stored = snapshot.get(key);
      const sizeBytes = stored === undefined ? 0 : itemSizeBytes(stored);
      meter.units = readUnits(sizeBytes, input.ConsistentRead === true);
      const answer: GetItemOutput = {};
      if (stored !== undefined) {
        answer.Item =
          projection === undefined ? itemJson(stored) : projection.apply(parseItem(stored));
      }
      const mode = input.ReturnConsumedCapacity;
      if (mode !== undefined) {
        answer.ConsumedCapacity = tableCapacity(mode, input.TableName, meter.units);
      }
      return answer;
    });
  },

  /** Replaces the whole item if the condition holds for what was there before. */
  PutItem(ctx, input) {
    tableNameOf(ctx, input.TableName);
    const { condition, sizeBytes } = checkRequest(input, () => {
      checkExpressionParameters(input, writeParameters);
      const bytes = checkItem(input.Item);
      checkReturnsOldOrNone(input.ReturnValues);
      return { condition: conditionOf(input), sizeBytes: bytes };
    });
    checkItemBytes(sizeBytes);
    const after = ItemImage.ofItem(input.Item, sizeBytes);
    return ctx.transact((tx) => {
      const writer = new TableWriter(tx, ctx, openTable(tx, ctx, input.TableName), {
        capacity: "asked",
      });
      const { layout } = writer;
      const key = keyOfItem(layout, input.Item);
      checkIndexKeys(layout, input.Item);
      checkKeyPaths(layout, condition);
      return replace(ctx, writer, input, { key, after, condition, keyed: input.Item });
    });
  },

  DeleteItem(ctx, input) {
    tableNameOf(ctx, input.TableName);
    const condition = checkRequest(input, () => {
      checkExpressionParameters(input, writeParameters);
      checkItem(input.Key);
      checkReturnsOldOrNone(input.ReturnValues);
      return conditionOf(input);
    });
    return ctx.transact((tx) => {
      const writer = new TableWriter(tx, ctx, openTable(tx, ctx, input.TableName), {
        capacity: "asked",
      });
      const key = keyOfRequest(writer.layout, input.Key);
      checkKeyPaths(writer.layout, condition);
      return replace(ctx, writer, input, { key, after: undefined, condition, keyed: input.Key });
    });
  },
} satisfies Handlers<DynamoDB>;

interface Replacement {
  readonly key: Key;
  /** Undefined: the item goes. */
  readonly after: ItemImage | undefined;
  readonly condition: Condition | undefined;
  /** Has the key's attributes. */
  readonly keyed: Item;
}

/** Puts another item, or none, in the place of what stands under the key, if the condition holds for that. */
function replace(
  ctx: Context<"ConditionalCheckFailedException">,
  writer: TableWriter,
  input: PutItemInput | DeleteItemInput,
  { key, after, condition, keyed }: Replacement,
): PutItemOutput {
  const before = writer.find(key);
  if (condition !== undefined && !condition.holds(before?.item)) {
    writer.charge(key, before, undefined);
    throw conditionFailed(ctx, input.ReturnValuesOnConditionCheckFailure, before);
  }
  writer.write(key, before, after);
  writer.finish();
  const { TableName, ReturnConsumedCapacity, ReturnItemCollectionMetrics } = input;
  return {
    Attributes: input.ReturnValues === "ALL_OLD" ? before?.json : undefined,
    ConsumedCapacity: consumedCapacity(ReturnConsumedCapacity, TableName, writer.units),
    ItemCollectionMetrics: writer.metrics(ReturnItemCollectionMetrics, keyed),
  };
}
