import type { Item } from "#engines/dax-protocol/attribute-values.ts";
import type { CborReader } from "#engines/dax-protocol/cbor-reader.ts";
import { Placeholders } from "#engines/dax-protocol/expressions.ts";
import { decodeItemBody, listIdOf } from "#engines/dax-protocol/items.ts";
import { decodeKey, type KeySchema } from "#engines/dax-protocol/keys.ts";
import type { ServiceClients } from "#kernel/service.ts";
import { writeAnswer, type WriteOutput } from "./answers.ts";
import type { Node } from "./node.ts";
import { optionalCondition, optionalUpdate, readOptions, type Options } from "./options.ts";
import type { FoundItem } from "./plain-item.ts";
import type { RunningCluster } from "./running-cluster.ts";

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
  const place = readPlace(reader);
  const body = reader.byteString();
  const write = await writeOf(node, place, readOptions(reader));
  const item = await readItem(node.cluster, place.key, body, write.schema);
  const output = await perform(
    node,
    write,
    (dynamodb) => dynamodb.PutItem({ ...write.input, Item: item }),
    () => item,
  );
  return answerTo(node, write, output);
}

export async function deleteItem(node: Node, reader: CborReader): Promise<Buffer> {
  node.metrics.add("DeleteItemRequestCount");
  const place = readPlace(reader);
  const write = await writeOf(node, place, readOptions(reader));
  const Key = decodeKey(place.key, write.schema);
  const output = await perform(
    node,
    write,
    (dynamodb) => dynamodb.DeleteItem({ ...write.input, Key }),
    () => null,
  );
  return answerTo(node, write, output);
}

/** The caches need what is there afterwards, so DynamoDB is asked for it where the client wants nothing else. */
export async function updateItem(node: Node, reader: CborReader): Promise<Buffer> {
  node.metrics.add("UpdateItemRequestCount");
  const place = readPlace(reader);
  const write = await writeOf(node, place, readOptions(reader));
  const { returnValues = "NONE" } = write.options;
  const isWholeItem = returnValues === "NONE" || returnValues === "ALL_NEW";
  const output = await perform(
    node,
    write,
    (dynamodb) =>
      dynamodb.UpdateItem({
        ...write.input,
        Key: decodeKey(place.key, write.schema),
        UpdateExpression: write.update,
        ReturnValues: isWholeItem ? "ALL_NEW" : returnValues,
      }),
    ({ Attributes: after }) => (isWholeItem ? after : undefined),
  );
  return answerTo(
    node,
    write,
    returnValues === "NONE" ? { ...output, Attributes: undefined } : output,
  );
}

/** Where an item is, as its client says it. */
interface Place {
  readonly tableName: string;
  readonly key: Buffer;
}

function readPlace(reader: CborReader): Place {
  return { tableName: reader.byteString().toString("latin1"), key: reader.byteString() };
}

/** A write of one item, and what the inputs of all kinds have in common. */
interface ItemWrite extends Place {
  readonly schema: KeySchema;
  readonly options: Options;
  readonly update: string | undefined;
  readonly input: ReturnType<typeof commonInput>;
}

async function writeOf({ cluster }: Node, place: Place, options: Options): Promise<ItemWrite> {
  const schema = await cluster.schemas.find(place.tableName);
  const placeholders = new Placeholders();
  const update = optionalUpdate(options.update, placeholders);
  return {
    ...place,
    schema,
    options,
    update,
    input: commonInput(place.tableName, options, placeholders),
  };
}

function commonInput(TableName: string, options: Options, placeholders: Placeholders) {
  const ConditionExpression = optionalCondition(options.condition, placeholders);
  return {
    TableName,
    ConditionExpression,
    ExpressionAttributeNames: placeholders.names,
    ExpressionAttributeValues: placeholders.values,
    ReturnValues: options.returnValues,
    ReturnConsumedCapacity: options.capacity,
    ReturnItemCollectionMetrics: options.metrics,
  };
}

/** `image`: what is there afterwards, `null` for no item, undefined if nobody knows. */
async function perform<Output>(
  { cluster }: Node,
  written: ItemWrite,
  write: (dynamodb: ServiceClients["dynamodb"]) => Promise<Output>,
  image: (output: Output) => FoundItem | null | undefined,
): Promise<Output> {
  const dynamodb = await cluster.dynamodb();
  return cluster.write(
    [written],
    () => write(dynamodb),
    (output) => [image(output)],
  );
}

function answerTo(
  { cluster }: Node,
  { options, schema }: ItemWrite,
  output: WriteOutput,
): Promise<Buffer> {
  return cluster.lists.encode((ids) => writeAnswer(output, options, schema, ids));
}
