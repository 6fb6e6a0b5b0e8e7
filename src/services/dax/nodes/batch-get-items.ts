import type { Item } from "#engines/dax-protocol/attribute-values.ts";
import { writeConsumedCapacity, type ConsumedCapacity } from "#engines/dax-protocol/capacity.ts";
import type { CborReader } from "#engines/dax-protocol/cbor-reader.ts";
import type { CborWriter } from "#engines/dax-protocol/cbor-writer.ts";
import {
  Placeholders,
  projectionPaths,
  projectionText,
  type DocumentPath,
} from "#engines/dax-protocol/expressions.ts";
import { decodeKey, encodeKey, type KeySchema } from "#engines/dax-protocol/keys.ts";
import { Malformed } from "#engines/dax-protocol/malformed.ts";
import { overlap, writeProjection } from "#engines/dax-protocol/projection.ts";
import type { BatchGetItemInput } from "#models/dynamodb.ts";
import { bodyInAnswer, itemAnswer, success } from "./answers.ts";
import type { Node } from "./node.ts";
import { plainItem, type FoundItem } from "./plain-item.ts";
import { readOptions } from "./options.ts";
import { itemOf } from "./read-items.ts";
import { cacheKey, cacheKeyOf } from "./running-cluster.ts";

interface TableRequest {
  readonly tableName: string;
  readonly isConsistent: boolean;
  readonly projection: readonly DocumentPath[] | undefined;
  readonly keys: readonly RequestedKey[];
  readonly schema: KeySchema;
}

interface RequestedKey {
  readonly bytes: Buffer;
  readonly cacheName: string;
}

/** BatchGetItem: what is cached from there, the rest from the tables in one request. */
export async function batchGetItem(node: Node, reader: CborReader): Promise<Buffer> {
  node.metrics.add("BatchGetItemRequestCount");
  const requested = readTables(reader);
  const { capacity } = readOptions(reader);
  const tables = await Promise.all(
    requested.map(async ({ keys, ...table }): Promise<TableRequest> => {
      const schema = await node.cluster.schemas.find(table.tableName);
      const named = keys.map((bytes) => ({
        bytes,
        cacheName: cacheKey(table.tableName, bytes, schema),
      }));
      return { ...table, schema, keys: named };
    }),
  );
  const answers = cachedAnswers(node, tables);
  const missing = tables
    .map((table) => ({
      ...table,
      keys: table.keys.filter(({ cacheName }) => !answers.has(cacheName)),
    }))
    .filter(({ keys }) => keys.length > 0);
  let capacities: readonly ConsumedCapacity[] = [];
  if (missing.length > 0) {
    const kept = missing
      .filter(({ isConsistent }) => !isConsistent)
      .flatMap(({ keys }) => keys.map(({ cacheName }) => cacheName));
    const read = await node.items.fillAll(kept, async () => {
      const dynamodb = await node.cluster.dynamodb();
      const output = await dynamodb.BatchGetItem({
        RequestItems: Object.fromEntries(missing.map(requestOf)),
        ReturnConsumedCapacity: capacity,
      });
      capacities = output.ConsumedCapacity ?? [];
      return answersOf(node, missing, output);
    });
    for (const [name, answer] of read) answers.set(name, answer);
  }
  return encode(node, tables, answers, capacities);
}

interface ReadTable extends Omit<TableRequest, "schema" | "keys"> {
  readonly keys: readonly Buffer[];
}

function readTables(reader: CborReader): ReadTable[] {
  const tables: ReadTable[] = [];
  for (const _ of reader.pairs()) {
    const tableName = reader.text();
    if (reader.arrayLength() !== 3) throw new Malformed("not a table's keys");
    const isConsistent = reader.flag();
    const projection = reader.tryNull() ? undefined : projectionPaths(reader.byteString());
    const keys: Buffer[] = [];
    for (const __ of reader.elements()) keys.push(reader.byteString());
    tables.push({ tableName, isConsistent, projection, keys });
  }
  return tables;
}

function cachedAnswers(node: Node, tables: readonly TableRequest[]): Map<string, Buffer> {
  const answers = new Map<string, Buffer>();
  for (const { isConsistent, projection, keys } of tables) {
    if (isConsistent || isWrong(projection)) continue;
    for (const { cacheName } of keys) {
      const cached = node.items.get(cacheName);
      node.metrics.add(cached === undefined ? "ItemCacheMisses" : "ItemCacheHits");
      if (cached !== undefined) answers.set(cacheName, cached);
    }
  }
  return answers;
}

function requestOf({
  tableName,
  isConsistent,
  projection,
  keys,
  schema,
}: TableRequest): [string, NonNullable<BatchGetItemInput["RequestItems"]>[string]] {
  const placeholders = new Placeholders();
  const request = {
    Keys: keys.map(({ bytes }) => decodeKey(bytes, schema)),
    ConsistentRead: isConsistent,
    ProjectionExpression: isWrong(projection)
      ? projectionText(projection, placeholders)
      : undefined,
    ExpressionAttributeNames: placeholders.names,
  };
  return [tableName, request];
}

/** What DynamoDB would refuse is refused by it, in its words. */
function isWrong(
  projection: readonly DocumentPath[] | undefined,
): projection is readonly DocumentPath[] {
  return projection !== undefined && overlap(projection);
}

interface BatchOutput {
  readonly Responses?: Readonly<Record<string, readonly FoundItem[]>> | undefined;
  readonly UnprocessedKeys?: Readonly<Record<string, { Keys: readonly Item[] }>> | undefined;
}

/** What was read, by cache name; keys that were left out are not in it. */
async function answersOf(
  node: Node,
  tables: readonly TableRequest[],
  output: BatchOutput,
): Promise<Map<string, Buffer>> {
  const answers = new Map<string, Buffer>();
  for (const { tableName, schema, keys } of tables) {
    const nameOf = (key: Item): string => cacheKeyOf(tableName, key, schema);
    const left = new Set(output.UnprocessedKeys?.[tableName]?.Keys.map(nameOf));
    const items = new Map(
      output.Responses?.[tableName]?.map(plainItem).map((item) => [nameOf(item), item] as const),
    );
    for (const { cacheName } of keys) {
      if (left.has(cacheName)) continue;
      const item = items.get(cacheName);
      const answer = await node.cluster.lists.encode((lists) => itemAnswer(item, schema, lists));
      answers.set(cacheName, answer);
    }
  }
  return answers;
}

async function encode(
  node: Node,
  tables: readonly TableRequest[],
  answers: ReadonlyMap<string, Buffer>,
  capacities: readonly ConsumedCapacity[],
): Promise<Buffer> {
  // The array of two has a third value behind it: the protocol's oldest mistake, which clients expect.
  const writer = success(4096).array(2).map(tables.length);
  for (const table of tables) {
    writer.text(table.tableName);
    const found = table.keys.flatMap((key) => {
      const answer = answers.get(key.cacheName);
      const body = answer && bodyInAnswer(answer);
      return answer === undefined || body === undefined ? [] : [{ key, answer, body }];
    });
    if (table.projection === undefined) {
      writer.array(found.length * 2);
      for (const { key, body } of found) writer.byteString(key.bytes).byteString(body);
      continue;
    }
    writer.array(found.length);
    for (const { key, answer } of found) {
      const item = await itemOf(node, answer, key.bytes, table.schema);
      writeProjection(writer, item ?? {}, table.projection);
    }
  }
  writeUnprocessed(writer, tables, answers);
  writer.array(capacities.length);
  for (const consumed of capacities) writeConsumedCapacity(writer, consumed);
  return writer.finish();
}

function writeUnprocessed(
  writer: CborWriter,
  tables: readonly TableRequest[],
  answers: ReadonlyMap<string, Buffer>,
): void {
  const left = tables
    .map(({ tableName, schema, keys }) => ({
      tableName,
      keys: keys
        .filter(({ cacheName }) => !answers.has(cacheName))
        .map(({ bytes }) => encodeKey(decodeKey(bytes, schema), schema)),
    }))
    .filter(({ keys }) => keys.length > 0);
  writer.map(left.length);
  for (const { tableName, keys } of left) {
    writer.text(tableName).array(keys.length);
    for (const key of keys) writer.byteString(key);
  }
}
