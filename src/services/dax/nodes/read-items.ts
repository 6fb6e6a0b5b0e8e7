import type { Item } from "#engines/dax-protocol/attribute-values.ts";
import type { CborReader } from "#engines/dax-protocol/cbor-reader.ts";
import { Placeholders, projectionText } from "#engines/dax-protocol/expressions.ts";
import { decodeItemBody, listIdOf } from "#engines/dax-protocol/items.ts";
import { decodeKey, type KeySchema } from "#engines/dax-protocol/keys.ts";
import { overlap } from "#engines/dax-protocol/projection.ts";
import type { GetItemOutput } from "#models/dynamodb.ts";
import { bodyInAnswer, itemAnswer, projectedAnswer, withCapacity } from "./answers.ts";
import type { Node } from "./node.ts";
import { plainItem } from "./plain-item.ts";
import { readOptions, type Options } from "./options.ts";
import { cacheKey } from "./running-cluster.ts";

/** GetItem. What is cached is answered at once. */
export function getItem(node: Node, reader: CborReader): Buffer | Promise<Buffer> {
  const tableName = reader.byteString().toString("latin1");
  const key = reader.byteString();
  const options = readOptions(reader);
  node.metrics.add("GetItemRequestCount");
  const schema = node.cluster.schemas.known(tableName);
  if (schema !== undefined && !options.consistentRead && options.projection === undefined) {
    const cached = node.items.get(cacheKey(tableName, key, schema));
    if (cached !== undefined) {
      node.metrics.add("ItemCacheHits");
      return cached;
    }
  }
  return getItemSlowly(node, { tableName, key, options });
}

interface GetRequest {
  readonly tableName: string;
  readonly key: Buffer;
  readonly options: Options;
}

async function getItemSlowly(node: Node, { tableName, key, options }: GetRequest): Promise<Buffer> {
  const schema = await node.cluster.schemas.find(tableName);
  const { projection } = options;
  const found = await findItem(node, { tableName, key, schema, options });
  if (projection === undefined) return withCapacity(found.answer, found.consumed);
  const item = await itemOf(node, found.answer, key, schema);
  return projectedAnswer(item, projection, found.consumed);
}

interface Wanted extends GetRequest {
  readonly schema: KeySchema;
}

interface Found {
  /** As the cache has it. */
  readonly answer: Buffer;
  /** Undefined of what came from the cache: clients say 0 for it. */
  readonly consumed: GetItemOutput["ConsumedCapacity"];
}

/** From the cache or the table. A whole item always: a projection is made here of what is cached. */
async function findItem(node: Node, wanted: Wanted): Promise<Found> {
  const { tableName, key, schema, options } = wanted;
  const cacheName = cacheKey(tableName, key, schema);
  // A projection that DynamoDB would refuse is refused by it, in its words.
  const isWrong = options.projection !== undefined && overlap(options.projection);
  if (!options.consistentRead && !isWrong) {
    const cached = node.items.get(cacheName);
    if (cached !== undefined) {
      node.metrics.add("ItemCacheHits");
      return { answer: cached, consumed: undefined };
    }
    node.metrics.add("ItemCacheMisses");
  }
  let consumed: GetItemOutput["ConsumedCapacity"];
  const read = async (): Promise<Buffer> => {
    const output = await readItem(node, wanted, isWrong);
    consumed = output.ConsumedCapacity;
    const item = output.Item && plainItem(output.Item);
    return node.cluster.lists.encode((lists) => itemAnswer(item, schema, lists));
  };
  const answer = options.consistentRead ? await read() : await node.items.fill(cacheName, read);
  return { answer, consumed };
}

async function readItem(
  node: Node,
  { tableName, key, schema, options }: Wanted,
  isProjected: boolean,
): Promise<GetItemOutput> {
  const placeholders = new Placeholders();
  const { projection: paths = [] } = options;
  const projection = isProjected ? projectionText(paths, placeholders) : undefined;
  const dynamodb = await node.cluster.dynamodb();
  return dynamodb.GetItem({
    TableName: tableName,
    Key: decodeKey(key, schema),
    ConsistentRead: options.consistentRead,
    ReturnConsumedCapacity: options.capacity,
    ProjectionExpression: projection,
    ExpressionAttributeNames: placeholders.names,
  });
}

/** The item in an answer, with its key. */
export async function itemOf(
  node: Node,
  answer: Buffer,
  key: Buffer,
  schema: KeySchema,
): Promise<Item | undefined> {
  const body = bodyInAnswer(answer);
  if (body === undefined) return undefined;
  const names = await node.cluster.lists.namesOf(listIdOf(body));
  if (names === undefined) throw new Error("a list that was used has names");
  return { ...decodeItemBody(body, names), ...decodeKey(key, schema) };
}
