import type { Item } from "#engines/dax-protocol/attribute-values.ts";
import {
  writeConsumedCapacity,
  writeItemCollectionMetrics,
} from "#engines/dax-protocol/capacity.ts";
import type { CborReader } from "#engines/dax-protocol/cbor-reader.ts";
import { Placeholders } from "#engines/dax-protocol/expressions.ts";
import {
  decodeItemBody,
  encodeItemBody,
  listIdOf,
  withoutKey,
} from "#engines/dax-protocol/items.ts";
import { decodeKey, encodeKey, type KeySchema } from "#engines/dax-protocol/keys.ts";
import type { WriteRequest } from "#models/dynamodb.ts";
import { success, writeAnswer } from "./answers.ts";
import type { Node } from "./node.ts";
import { optionalCondition, optionalUpdate, readOptions } from "./options.ts";
import type { RunningCluster, WrittenItem } from "./running-cluster.ts";

/** An item as a client sent it, in the names of its list. */
export async function readItem(
  { lists, ctx }: RunningCluster,
  key: Buffer,
  body: Buffer,
  schema: KeySchema,
): Promise<Item> {
  const names = await lists.namesOf(listIdOf(body));
  if (names === undefined) {
    throw ctx.error("ValidationException", "The list of attribute names is not known");
  }
  return { ...decodeItemBody(body, names), ...decodeKey(key, schema) };
}

export async function putItem(node: Node, reader: CborReader): Promise<Buffer> {
  node.metrics.add("PutItemRequestCount");
  const tableName = reader.byteString().toString("latin1");
  const key = reader.byteString();
  const body = reader.byteString();
  const options = readOptions(reader);
  const { schemas, lists } = node.cluster;
  const schema = await schemas.find(tableName);
  const item = await readItem(node.cluster, key, body, schema);
  const placeholders = new Placeholders();
  const condition = optionalCondition(options.condition, placeholders);
  const dynamodb = await node.cluster.dynamodb();
  const output = await node.cluster.write(
    [{ tableName, schema, key }],
    () =>
      dynamodb.PutItem({
        TableName: tableName,
        Item: item,
        ConditionExpression: condition,
        ExpressionAttributeNames: placeholders.names,
        ExpressionAttributeValues: placeholders.values,
        ReturnValues: options.returnValues,
        ReturnConsumedCapacity: options.capacity,
        ReturnItemCollectionMetrics: options.metrics,
      }),
    () => [item],
  );
  return lists.encode((ids) => writeAnswer(output, options, schema, ids));
}

export async function deleteItem(node: Node, reader: CborReader): Promise<Buffer> {
  node.metrics.add("DeleteItemRequestCount");
  const tableName = reader.byteString().toString("latin1");
  const key = reader.byteString();
  const options = readOptions(reader);
  const { schemas, lists } = node.cluster;
  const schema = await schemas.find(tableName);
  const placeholders = new Placeholders();
  const condition = optionalCondition(options.condition, placeholders);
  const dynamodb = await node.cluster.dynamodb();
  const output = await node.cluster.write(
    [{ tableName, schema, key }],
    () =>
      dynamodb.DeleteItem({
        TableName: tableName,
        Key: decodeKey(key, schema),
        ConditionExpression: condition,
        ExpressionAttributeNames: placeholders.names,
        ExpressionAttributeValues: placeholders.values,
        ReturnValues: options.returnValues,
        ReturnConsumedCapacity: options.capacity,
        ReturnItemCollectionMetrics: options.metrics,
      }),
    () => [null],
  );
  return lists.encode((ids) => writeAnswer(output, options, schema, ids));
}

/** The caches need what is there afterwards, so DynamoDB is asked for it where the client wants nothing else. */
export async function updateItem(node: Node, reader: CborReader): Promise<Buffer> {
  node.metrics.add("UpdateItemRequestCount");
  const tableName = reader.byteString().toString("latin1");
  const key = reader.byteString();
  const options = readOptions(reader);
  const { schemas, lists } = node.cluster;
  const schema = await schemas.find(tableName);
  const placeholders = new Placeholders();
  const update = optionalUpdate(options.update, placeholders);
  const condition = optionalCondition(options.condition, placeholders);
  const { returnValues = "NONE" } = options;
  const isWholeItem = returnValues === "NONE" || returnValues === "ALL_NEW";
  const dynamodb = await node.cluster.dynamodb();
  const output = await node.cluster.write(
    [{ tableName, schema, key }],
    () =>
      dynamodb.UpdateItem({
        TableName: tableName,
        Key: decodeKey(key, schema),
        UpdateExpression: update,
        ConditionExpression: condition,
        ExpressionAttributeNames: placeholders.names,
        ExpressionAttributeValues: placeholders.values,
        ReturnValues: isWholeItem ? "ALL_NEW" : returnValues,
        ReturnConsumedCapacity: options.capacity,
        ReturnItemCollectionMetrics: options.metrics,
      }),
    ({ Attributes: after }) => [isWholeItem ? after : undefined],
  );
  const answered = returnValues === "NONE" ? { ...output, Attributes: undefined } : output;
  return lists.encode((ids) => writeAnswer(answered, options, schema, ids));
}

interface BatchWrite {
  readonly tableName: string;
  readonly key: Buffer;
  /** Undefined for a deletion. */
  readonly body: Buffer | undefined;
}

export async function batchWriteItem(node: Node, reader: CborReader): Promise<Buffer> {
  node.metrics.add("BatchWriteItemRequestCount");
  const requested: BatchWrite[] = [];
  for (const _ of reader.pairs()) {
    const tableName = reader.text();
    // Pairs of a key and an item in one array.
    for (const place of reader.elements()) {
      if (place % 2 === 1) continue;
      const key = reader.byteString();
      requested.push({ tableName, key, body: reader.tryNull() ? undefined : reader.byteString() });
    }
  }
  const options = readOptions(reader);
  const { cluster } = node;
  const writes = await Promise.all(
    requested.map(async ({ tableName, key, body }) => {
      const schema = await cluster.schemas.find(tableName);
      const item = body && (await readItem(cluster, key, body, schema));
      return { tableName, schema, key, item };
    }),
  );
  const requestItems: Record<string, WriteRequest[]> = {};
  for (const { tableName, schema, key, item } of writes) {
    (requestItems[tableName] ??= []).push(
      item === undefined
        ? { DeleteRequest: { Key: decodeKey(key, schema) } }
        : { PutRequest: { Item: item } },
    );
  }
  const dynamodb = await cluster.dynamodb();
  const output = await cluster.write(
    writes,
    () =>
      dynamodb.BatchWriteItem({
        RequestItems: requestItems,
        ReturnConsumedCapacity: options.capacity,
        ReturnItemCollectionMetrics: options.metrics,
      }),
    ({ UnprocessedItems: left = {} }) =>
      // What was left undone is as it was, but nobody knows what that is.
      writes.map(({ tableName, item }) =>
        left[tableName] === undefined ? (item ?? null) : undefined,
      ),
  );
  return cluster.lists.encode((ids) => {
    const writer = success();
    const left = Object.entries(output.UnprocessedItems ?? {});
    writer.map(left.length);
    for (const [tableName, requests] of left) {
      const schema = schemaOf(writes, tableName);
      writer.text(tableName).array(requests.length * 2);
      for (const { PutRequest: put, DeleteRequest: deletion } of requests) {
        writer.byteString(encodeKey(put?.Item ?? deletion?.Key ?? {}, schema));
        if (put === undefined) writer.null();
        else writer.byteString(encodeItemBody(withoutKey(put.Item, schema), ids));
      }
    }
    const capacities = output.ConsumedCapacity ?? [];
    writer.array(capacities.length);
    for (const consumed of capacities) writeConsumedCapacity(writer, consumed);
    writeMetrics(writer, output.ItemCollectionMetrics);
    return writer.finish();
  });
}

function schemaOf(writes: readonly WrittenItem[], tableName: string): KeySchema {
  const found = writes.find((write) => write.tableName === tableName);
  if (found === undefined) throw new Error("DynamoDB leaves undone only what it was asked for");
  return found.schema;
}

type Metrics = Readonly<
  Record<string, readonly Parameters<typeof writeItemCollectionMetrics>[1][]>
>;

export function writeMetrics(
  writer: ReturnType<typeof success>,
  metrics: Metrics | undefined,
): void {
  const entries = Object.entries(metrics ?? {});
  writer.map(entries.length);
  for (const [tableName, ofTable] of entries) {
    writer.text(tableName).array(ofTable.length);
    for (const one of ofTable) writeItemCollectionMetrics(writer, one);
  }
}
