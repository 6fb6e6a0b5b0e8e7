import type { CborReader } from "#engines/dax-protocol/cbor-reader.ts";
import { writeTransactionCapacity } from "#engines/dax-protocol/capacity.ts";
import {
  Placeholders,
  projectionPaths,
  projectionText,
} from "#engines/dax-protocol/expressions.ts";
import { encodeItemBody, withoutKey } from "#engines/dax-protocol/items.ts";
import { decodeKey } from "#engines/dax-protocol/keys.ts";
import { Malformed } from "#engines/dax-protocol/malformed.ts";
import { action, returnValuesOnFailure } from "#engines/dax-protocol/methods.ts";
import { writeProjection } from "#engines/dax-protocol/projection.ts";
import type { TransactWriteItem } from "#models/dynamodb.ts";
import { success, writeMetrics } from "./answers.ts";
import type { Node } from "./node.ts";
import { plainItem } from "./plain-item.ts";
import { optionalCondition, optionalUpdate, readOptions } from "./options.ts";
import type { WrittenItem } from "./running-cluster.ts";
import { readItem } from "./write-items.ts";

/** Reads go to the tables, and what they find is not kept. */
export async function transactGetItems(node: Node, reader: CborReader): Promise<Buffer> {
  node.metrics.add("TransactGetItemsCount");
  const tableNames = column(reader, () => reader.byteString().toString("latin1"));
  const keys = column(reader, () => reader.byteString());
  const projections = reader.tryNull()
    ? []
    : column(reader, () => (reader.tryNull() ? undefined : projectionPaths(reader.byteString())));
  const options = readOptions(reader);
  const { lists, schemas } = node.cluster;
  const wanted = await Promise.all(
    tableNames.map(async (tableName, index) => {
      const schema = await schemas.find(tableName);
      return { tableName, schema, key: part(keys, index), projection: projections[index] };
    }),
  );
  const dynamodb = await node.cluster.dynamodb();
  const output = await dynamodb.TransactGetItems({
    TransactItems: wanted.map(({ tableName, schema, key, projection }) => {
      const placeholders = new Placeholders();
      return {
        Get: {
          TableName: tableName,
          Key: decodeKey(key, schema),
          ProjectionExpression: projection && projectionText(projection, placeholders),
          ExpressionAttributeNames: placeholders.names,
        },
      };
    }),
    ReturnConsumedCapacity: options.capacity,
  });
  return lists.encode((ids) => {
    const writer = success(1024).array(2).array(wanted.length);
    wanted.forEach(({ schema, projection }, index) => {
      const found = output.Responses?.[index]?.Item;
      const item = found && plainItem(found);
      if (item === undefined) writer.null();
      else if (projection !== undefined) writeProjection(writer, item, projection);
      else writer.byteString(encodeItemBody(withoutKey(item, schema), ids));
    });
    const capacities = output.ConsumedCapacity ?? [];
    writer.array(capacities.length);
    for (const consumed of capacities) writeTransactionCapacity(writer, consumed);
    return writer.finish();
  });
}

/** One column for each thing that an action has; an action is a row. */
export async function transactWriteItems(node: Node, reader: CborReader): Promise<Buffer> {
  node.metrics.add("TransactWriteItemsCount");
  const operations = column(reader, () => reader.integer());
  const tableNames = column(reader, () => reader.byteString().toString("latin1"));
  const keys = column(reader, () => reader.byteString());
  const optionalBytes = (): Buffer | undefined =>
    reader.tryNull() ? undefined : reader.byteString();
  const bodies = optionalColumn(reader, optionalBytes);
  reader.skip();
  const onFailure = optionalColumn(reader, () => returnValuesOnFailure[reader.integer()]);
  const conditions = optionalColumn(reader, optionalBytes);
  const updates = optionalColumn(reader, optionalBytes);
  const options = readOptions(reader);
  const { cluster } = node;
  const rows = await Promise.all(
    operations.map(async (operation, index) => {
      const tableName = part(tableNames, index);
      const schema = await cluster.schemas.find(tableName);
      const key = part(keys, index);
      const body = bodies[index];
      const item = body && (await readItem(cluster, key, body, schema));
      const placeholders = new Placeholders();
      const update = optionalUpdate(updates[index], placeholders);
      const common = {
        TableName: tableName,
        ConditionExpression: optionalCondition(conditions[index], placeholders),
        ExpressionAttributeNames: placeholders.names,
        ExpressionAttributeValues: placeholders.values,
        ReturnValuesOnConditionCheckFailure: onFailure[index],
      };
      const Key = decodeKey(key, schema);
      let request: TransactWriteItem;
      if (operation === action.put && item !== undefined)
        request = { Put: { ...common, Item: item } };
      else if (operation === action.delete) request = { Delete: { ...common, Key } };
      else if (operation === action.update) {
        request = { Update: { ...common, Key, UpdateExpression: update ?? "" } };
      } else if (operation === action.check) {
        const { ConditionExpression: condition = "" } = common;
        request = { ConditionCheck: { ...common, Key, ConditionExpression: condition } };
      } else throw new Malformed("an unknown action");
      return { operation, tableName, schema, key, item, request };
    }),
  );
  const writes = rows.filter(({ operation }) => operation !== action.check);
  const dynamodb = await cluster.dynamodb();
  const write = (): ReturnType<typeof dynamodb.TransactWriteItems> =>
    dynamodb.TransactWriteItems({
      TransactItems: rows.map(({ request }) => request),
      ClientRequestToken: options.clientRequestToken,
      ReturnConsumedCapacity: options.capacity,
      ReturnItemCollectionMetrics: options.metrics,
    });
  let output: Awaited<ReturnType<typeof write>>;
  try {
    output = await cluster.write(writes, write, () =>
      // A token that was used before writes nothing now, and what is there may be newer than what was sent.
      writes.map(() => undefined),
    );
  } catch (failure) {
    throw new FailedTransaction(failure, rows);
  }
  const writer = success().array(3).array(0);
  const capacities = output.ConsumedCapacity ?? [];
  writer.array(capacities.length);
  for (const consumed of capacities) writeTransactionCapacity(writer, consumed);
  writeMetrics(writer, output.ItemCollectionMetrics);
  return writer.finish();
}

/** What went wrong, and which items the reasons are about: they are told without their keys. */
export class FailedTransaction extends Error {
  override name = "FailedTransaction";
  readonly items: readonly WrittenItem[];
  constructor(cause: unknown, items: readonly WrittenItem[]) {
    super("a transaction failed", { cause });
    this.items = items;
  }
}

function column<T>(reader: CborReader, read: () => T): T[] {
  const values: T[] = [];
  for (const _ of reader.elements()) values.push(read());
  return values;
}

function optionalColumn<T>(reader: CborReader, read: () => T): T[] {
  return reader.tryNull() ? [] : column(reader, read);
}

function part<T>(values: readonly T[], index: number): T {
  const value = values[index];
  if (value === undefined) throw new Malformed("columns of different lengths");
  return value;
}
