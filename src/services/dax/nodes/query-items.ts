import type { Item } from "#engines/dax-protocol/attribute-values.ts";
import { writeAttributeValue } from "#engines/dax-protocol/attribute-values.ts";
import { writeConsumedCapacity, type ConsumedCapacity } from "#engines/dax-protocol/capacity.ts";
import { CborReader } from "#engines/dax-protocol/cbor-reader.ts";
import { encoded } from "#engines/dax-protocol/cbor-writer.ts";
import { conditionText, Placeholders, projectionText } from "#engines/dax-protocol/expressions.ts";
import { encodeItemBody, withoutKey, type AttributeListIds } from "#engines/dax-protocol/items.ts";
import { decodeKey, encodeKey, readNamedKey, type KeySchema } from "#engines/dax-protocol/keys.ts";
import { answer } from "#engines/dax-protocol/methods.ts";
import { writeProjection } from "#engines/dax-protocol/projection.ts";
import { success } from "./answers.ts";
import type { Node } from "./node.ts";
import { plainItem, type FoundItem } from "./plain-item.ts";
import { optionalCondition, readOptions, type Options } from "./options.ts";

/** Query. Its answer is kept under all the bytes that asked for it. */
export function query(node: Node, reader: CborReader): Buffer | Promise<Buffer> {
  node.metrics.add("QueryRequestCount");
  return answerQuery(node, reader, "Query");
}

export function scan(node: Node, reader: CborReader): Buffer | Promise<Buffer> {
  node.metrics.add("ScanRequestCount");
  return answerQuery(node, reader, "Scan");
}

function answerQuery(
  node: Node,
  reader: CborReader,
  operation: "Query" | "Scan",
): Buffer | Promise<Buffer> {
  const start = reader.at;
  const tableName = reader.byteString().toString("latin1");
  let keyCondition: Buffer | undefined;
  if (operation === "Query" && !reader.tryNull()) keyCondition = reader.byteString();
  const options = readOptions(reader);
  const asked = { tableName, keyCondition, options, operation };
  if (options.consistentRead) return readPage(node, asked, undefined);
  const cacheName = `${operation}\0${reader.bytes.toString("latin1", start, reader.at)}`;
  const cached = node.findQuery(cacheName);
  node.metrics.add(`${operation}Cache${cached === undefined ? "Misses" : "Hits"}`);
  return cached ?? readPage(node, asked, cacheName);
}

interface Asked {
  readonly tableName: string;
  readonly keyCondition: Buffer | undefined;
  readonly options: Options;
  readonly operation: "Query" | "Scan";
}

async function readPage(
  node: Node,
  { tableName, keyCondition, options, operation }: Asked,
  cacheName: string | undefined,
): Promise<Buffer> {
  const { schemas, lists } = node.cluster;
  const schema = await schemas.find(tableName);
  const placeholders = new Placeholders();
  const input = {
    TableName: tableName,
    IndexName: options.indexName,
    Select: options.select,
    Limit: options.limit,
    ConsistentRead: options.consistentRead,
    ReturnConsumedCapacity: options.capacity,
    FilterExpression: optionalCondition(options.filter, placeholders),
    ProjectionExpression: options.projection && projectionText(options.projection, placeholders),
    ExclusiveStartKey: startKey(options, schema),
  };
  const condition = keyCondition && conditionText(keyCondition, placeholders);
  const names = {
    ExpressionAttributeNames: placeholders.names,
    ExpressionAttributeValues: placeholders.values,
  };
  const dynamodb = await node.cluster.dynamodb();
  const output =
    operation === "Query"
      ? await dynamodb.Query({
          ...input,
          ...names,
          KeyConditionExpression: condition,
          ScanIndexForward: options.scanIndexForward,
        })
      : await dynamodb.Scan({
          ...input,
          ...names,
          Segment: options.segment,
          TotalSegments: options.totalSegments,
        });
  const { ConsumedCapacity: consumed, ...page } = output;
  const encodePage = (capacity: ConsumedCapacity | undefined): Promise<Buffer> =>
    lists.encode((ids) => encodeOutput(page, capacity, options, schema, ids));
  const kept = await encodePage(undefined);
  if (cacheName !== undefined) node.keepQuery(cacheName, kept);
  return consumed === undefined ? kept : encodePage(consumed);
}

function startKey({ exclusiveStartKey, indexName }: Options, schema: KeySchema): Item | undefined {
  if (exclusiveStartKey === undefined) return undefined;
  if (indexName === undefined) return decodeKey(exclusiveStartKey, schema);
  return readNamedKey(new CborReader(exclusiveStartKey));
}

interface Page {
  readonly Items?: readonly FoundItem[] | undefined;
  readonly Count?: number | undefined;
  readonly ScannedCount?: number | undefined;
  readonly LastEvaluatedKey?: Item | undefined;
}

function encodeOutput(
  { Items: items, Count: count, ScannedCount: scanned, LastEvaluatedKey: last }: Page,
  consumed: ConsumedCapacity | undefined,
  { projection, indexName }: Options,
  schema: KeySchema,
  lists: AttributeListIds,
): Buffer {
  const writer = success(4096).openMap();
  if (items !== undefined) {
    writer.integer(answer.items).array(items.length);
    for (const item of items.map(plainItem)) {
      if (projection === undefined) {
        writer.array(2).byteString(encodeKey(item, schema));
        writer.byteString(encodeItemBody(withoutKey(item, schema), lists));
      } else {
        writeProjection(writer, item, projection);
      }
    }
  }
  if (count !== undefined) writer.integer(answer.count).integer(count);
  if (scanned !== undefined) writer.integer(answer.scannedCount).integer(scanned);
  if (last !== undefined) {
    writer.integer(answer.lastEvaluatedKey);
    writer.byteString(indexName === undefined ? encodeKey(last, schema) : namedKey(last));
  }
  if (consumed !== undefined) {
    writer.integer(answer.consumedCapacity);
    writeConsumedCapacity(writer, consumed);
  }
  return writer.end().finish();
}

function namedKey(key: Item): Buffer {
  return encoded((writer) => {
    writer.openMap();
    for (const [name, value] of Object.entries(key)) {
      writer.text(name);
      writeAttributeValue(writer, value);
    }
    writer.end();
  });
}
