import { writeConsumedCapacity } from "#engines/dax-protocol/capacity.ts";
import type { CborReader } from "#engines/dax-protocol/cbor-reader.ts";
import { encodeItemBody, withoutKey } from "#engines/dax-protocol/items.ts";
import { decodeKey, encodeKey, type KeySchema } from "#engines/dax-protocol/keys.ts";
import type { WriteRequest } from "#models/dynamodb.ts";
import { success, writeMetrics } from "./answers.ts";
import type { Node } from "./node.ts";
import { readOptions } from "./options.ts";
import type { WrittenItem } from "./running-cluster.ts";
import { readItem } from "./write-items.ts";

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
