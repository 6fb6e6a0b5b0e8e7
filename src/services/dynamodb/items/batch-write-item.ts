import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { Transaction } from "#store/store.ts";
import type {
  BatchWriteItemInput,
  BatchWriteItemOutput,
  ConsumedCapacity,
  BatchWriteItemRequestMap,
  DynamoDB,
  ItemCollectionMetrics,
  WriteRequest,
} from "#models/dynamodb.ts";
import { addUnits, consumedCapacity, type ConsumedUnits } from "../consumed-capacity.ts";
import { checkIndexKeys, keyOfBatchItem, keyOfRequest } from "./item-key.ts";
import { CollectedMetrics } from "../indexes/item-collections.ts";
import { checkItem, checkItemBytes } from "./item-size.ts";
import { openTable, ownerContext, tableNameOf } from "../tables/open-table.ts";
import { ItemImage, type Item } from "./stored-item.ts";
import { Throttled } from "../throttling/throttled.ts";
import { ValidationProblem } from "../validation-problem.ts";
import { TableWriter } from "./write-item.ts";

const requestsAtMost = 25;
/**
 * Of the items in one of the store's transactions. The batch as a whole is not atomic at AWS either; small batches
 * are one transaction, and large ones stay within the store's bounds even if twenty indexes hold whole copies.
 */
const bytesPerTransaction = 400 * 1024;

/** One write, checked as far as that is possible without the table. */
interface BatchedWrite {
  readonly tableName: string;
  /** The item, or the key of the one to delete. */
  readonly attributes: Item;
  readonly after: ItemImage | undefined;
  /** As it came. */
  readonly request: WriteRequest;
}

interface ThrottledWrite {
  readonly write: BatchedWrite;
  readonly problem: Throttled;
}

export const batchWriteItem = {
  /** Checks all of the request before it writes any of it. */
  async BatchWriteItem(ctx, input) {
    for (const tableName in input.RequestItems) tableNameOf(ctx, tableName);
    const writes = batchedWrites(input);
    const units = new Map<string, ConsumedUnits>();
    const metrics = new CollectedMetrics(input.ReturnItemCollectionMetrics);
    const throttled: ThrottledWrite[] = [];
    for (const group of groupsOf(writes)) {
      const results = await ctx.transact((tx) => {
        const isFirst = group[0] === writes[0];
        // With the first group all others are checked, so that a bad request writes nothing.
        const tables = tableWrites(tx, ctx, isFirst ? writes : group);
        if (isFirst) refuseDuplicates(tables);
        return tables.map((table) => writeGroup(table, group, input));
      });
      for (const result of results) {
        addUnits(units, result.tableName, result.units);
        metrics.addAll(result.tableName, result.metrics);
        throttled.push(...result.throttled);
      }
    }
    // Only if nothing at all could be done, the batch as a whole has failed.
    if (throttled.length === writes.length && throttled[0] !== undefined) {
      throw throttled[0].problem;
    }
    const answer: BatchWriteItemOutput = { UnprocessedItems: unprocessed(throttled) };
    const mode = input.ReturnConsumedCapacity;
    if (mode === "TOTAL" || mode === "INDEXES") {
      answer.ConsumedCapacity = [...units].map(([tableName, used]): ConsumedCapacity =>
        consumedCapacity(mode, tableName, used)!,
      );
    }
    answer.ItemCollectionMetrics = metrics.byTable();
    return answer;
  },
} satisfies Handlers<DynamoDB>;

function batchedWrites(input: BatchWriteItemInput): BatchedWrite[] {
  const writes: BatchedWrite[] = [];
  for (const [tableName, requests] of Object.entries(input.RequestItems)) {
    for (const request of requests) {
      const { PutRequest: put, DeleteRequest: deletion } = request;
      if ((put === undefined) === (deletion === undefined)) {
        // AWS's words, though no attribute value is concerned.
        throw new ValidationProblem(
          "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
        );
      }
      if (put !== undefined) {
        const sizeBytes = checkItem(put.Item);
        checkItemBytes(sizeBytes);
        const after = ItemImage.ofItem(put.Item, sizeBytes);
        writes.push({ tableName, attributes: put.Item, after, request });
      } else if (deletion !== undefined) {
        checkItem(deletion.Key);
        writes.push({ tableName, attributes: deletion.Key, after: undefined, request });
      }
    }
  }
  if (writes.length > requestsAtMost) {
    throw new ValidationProblem("Too many items requested for the BatchWriteItem call");
  }
  return writes;
}

function groupsOf(writes: readonly BatchedWrite[]): BatchedWrite[][] {
  const groups: BatchedWrite[][] = [];
  let bytes = Infinity;
  for (const write of writes) {
    bytes += write.after?.sizeBytes ?? 0;
    if (bytes > bytesPerTransaction) {
      groups.push([]);
      bytes = write.after?.sizeBytes ?? 0;
    }
    groups.at(-1)!.push(write);
  }
  return groups;
}

type BatchContext = Context<"ResourceNotFoundException">;

/** A table of the request, and the keys that its writes concern. */
interface TableWrites {
  readonly tableName: string;
  readonly writer: TableWriter;
  readonly writes: { readonly key: string; readonly write: BatchedWrite }[];
}

function tableWrites(
  tx: Transaction,
  ctx: BatchContext,
  writes: readonly BatchedWrite[],
): TableWrites[] {
  // By the table's id: a table may come under its name and under its ARN.
  const tables = new Map<string, TableWrites>();
  const byName = new Map<string, TableWrites>();
  for (const write of writes) {
    const { tableName } = write;
    let table = byName.get(tableName);
    if (table === undefined) {
      const owner = ownerContext(ctx, tableName);
      const record = openTable(tx, owner, tableName);
      table = tables.get(record.id);
      if (table === undefined) {
        const writer = new TableWriter(tx, owner, record, { capacity: "asked" });
        table = { tableName, writer, writes: [] };
        tables.set(record.id, table);
      }
      byName.set(tableName, table);
    }
    table.writes.push({ key: keyOf(table.writer, write), write });
  }
  return [...tables.values()];
}

function keyOf({ layout }: TableWriter, { attributes, after }: BatchedWrite): string {
  if (after === undefined) return keyOfRequest(layout, attributes);
  const key = keyOfBatchItem(layout, attributes);
  checkIndexKeys(layout, attributes);
  return key;
}

function refuseDuplicates(tables: readonly TableWrites[]): void {
  const seen = new Set<string>();
  for (const { writes } of tables) {
    for (const { key } of writes) {
      if (seen.has(key)) {
        throw new ValidationProblem("Provided list of item keys contains duplicates");
      }
      seen.add(key);
    }
  }
}

function writeGroup(
  { tableName, writer, writes }: TableWrites,
  group: readonly BatchedWrite[],
  { ReturnItemCollectionMetrics: mode }: BatchWriteItemInput,
) {
  const throttled: ThrottledWrite[] = [];
  const metrics: (ItemCollectionMetrics | undefined)[] = [];
  for (const { key, write } of writes) {
    if (!group.includes(write)) continue;
    try {
      writer.write(key, writer.find(key), write.after);
      metrics.push(writer.metrics(mode, write.attributes));
    } catch (problem) {
      // It was not begun, so that the others go on.
      if (!(problem instanceof Throttled)) throw problem;
      throttled.push({ write, problem });
    }
  }
  writer.finish();
  return { tableName, units: writer.units, metrics, throttled };
}

function unprocessed(throttled: readonly ThrottledWrite[]): BatchWriteItemRequestMap {
  const requests: BatchWriteItemRequestMap = {};
  for (const { write } of throttled) (requests[write.tableName] ??= []).push(write.request);
  return requests;
}
