import type { Handlers } from "#kernel/service.ts";
import type { DynamoDB, Get, ItemResponse, TransactGetItemsOutput } from "#models/dynamodb.ts";
import {
  consumedCapacity,
  type ConsumedUnits,
  noUnits,
  readUnits,
  transactionFactor,
} from "../consumed-capacity.ts";
import { checkExpressionParameters, readParameters } from "../expressions/expression-parameters.ts";
import { keyOfRequest } from "../items/item-key.ts";
import { checkItem } from "../items/item-size.ts";
import { openTransacted, ownerContext, tableNameOf } from "../tables/open-table.ts";
import { checkKeyPaths, projectionOf } from "../expressions/request-expressions.ts";
import { itemJson, itemSizeBytes, parseItem } from "../items/stored-item.ts";
import { tableLayout } from "../tables/table-layout.ts";
import { ReadMeters } from "../throttling/meters.ts";
import { Cancellations, PayloadSize, refuseDuplicateKeys } from "./transactions.ts";

export const transactGetItems = {
  TransactGetItems(ctx, input) {
    const gets = input.TransactItems.map(({ Get: get }) => {
      tableNameOf(ctx, get.TableName);
      return { get, projection: checkGet(get) };
    });
    return ctx.read((snapshot) => {
      const cancellations = new Cancellations();
      const meters = new ReadMeters(snapshot, ctx);
      const targets = gets.map(({ get, projection }) => {
        const owner = ownerContext(ctx, get.TableName);
        const layout = tableLayout(owner, openTransacted(snapshot, owner, get.TableName));
        const meter = meters.of(layout);
        const key = cancellations.attempt(() => {
          const found = keyOfRequest(layout, get.Key);
          checkKeyPaths(layout, projection);
          meter.admit(found);
          return found;
        });
        return { get, projection, key, meter };
      });
      refuseDuplicateKeys(targets.map(({ key }) => key));
      cancellations.throwIfAny(ctx);
      const payload = new PayloadSize();
      const units = new Map<string, ConsumedUnits>();
      const responses = targets.map(({ get, projection, key, meter }): ItemResponse => {
        const stored = snapshot.get(key!);
        const sizeBytes = stored === undefined ? 0 : itemSizeBytes(stored);
        payload.add(sizeBytes);
        let used = units.get(get.TableName);
        if (used === undefined) units.set(get.TableName, (used = noUnits()));
        const read = readUnits(sizeBytes, true) * transactionFactor;
        used.table += read;
        meter.units += read;
        if (stored === undefined) return {};
        return {
          Item: projection === undefined ? itemJson(stored) : projection.apply(parseItem(stored)),
        };
      });
      const answer: TransactGetItemsOutput = { Responses: responses };
      const mode = input.ReturnConsumedCapacity;
      if (mode === "TOTAL" || mode === "INDEXES") {
        answer.ConsumedCapacity = [...units].map(([tableName, used]) =>
          consumedCapacity(mode, tableName, used, "ReadCapacityUnits")!,
        );
      }
      return answer;
    });
  },
} satisfies Handlers<DynamoDB>;

function checkGet(get: Get) {
  checkExpressionParameters(get, readParameters);
  checkItem(get.Key);
  return projectionOf(get);
}
