import { major, type CborReader } from "#engines/dax-protocol/cbor-reader.ts";
import { success } from "./answers.ts";
import { batchGetItem } from "./batch-get-items.ts";
import { batchWriteItem } from "./batch-write-items.ts";
import { endpoints } from "./endpoints.ts";
import type { Node } from "./node.ts";
import type { Asked } from "./permissions.ts";
import { query, scan } from "./query-items.ts";
import { getItem } from "./read-items.ts";
import { transactGetItems, transactWriteItems } from "./transact-items.ts";
import { deleteItem, putItem, updateItem } from "./write-items.ts";

/** A request's answer, at once where it is at hand. Throws and rejects with what went wrong. */
export function answerRequest(
  node: Node,
  { method, reader }: Pick<Asked, "method" | "reader">,
  reachedAt: string | undefined,
): Buffer | Promise<Buffer> {
  switch (method) {
    case "getItem":
      return getItem(node, reader);
    case "putItem":
      return putItem(node, reader);
    case "updateItem":
      return updateItem(node, reader);
    case "deleteItem":
      return deleteItem(node, reader);
    case "batchGetItem":
      return batchGetItem(node, reader);
    case "batchWriteItem":
      return batchWriteItem(node, reader);
    case "query":
      return query(node, reader);
    case "scan":
      return scan(node, reader);
    case "transactGetItems":
      return transactGetItems(node, reader);
    case "transactWriteItems":
      return transactWriteItems(node, reader);
    case "endpoints":
      return endpoints(node.cluster.sortedNodes, reachedAt);
    case "defineKeySchema":
      return defineKeySchema(node, reader);
    case "defineAttributeListId":
      return defineAttributeListId(node, reader);
    case "defineAttributeList":
      return defineAttributeList(node, reader);
  }
}

/** The names and types of a table's key. */
async function defineKeySchema(node: Node, reader: CborReader): Promise<Buffer> {
  const schema = await node.cluster.schemas.find(reader.byteString().toString("utf8"));
  const attributes = schema.filter((attribute) => attribute !== undefined);
  const writer = success().map(attributes.length);
  for (const { name, type } of attributes) writer.text(name).text(type);
  return writer.finish();
}

async function defineAttributeListId(node: Node, reader: CborReader): Promise<Buffer> {
  const names: string[] = [];
  // The Java client says that they are a set.
  if (reader.nextMajor() === major.tag) reader.tag();
  for (const _ of reader.elements()) names.push(reader.text());
  return success()
    .integer(await node.cluster.lists.define(names))
    .finish();
}

async function defineAttributeList(node: Node, reader: CborReader): Promise<Buffer> {
  const { lists, ctx } = node.cluster;
  const names = await lists.namesOf(reader.integer());
  if (names === undefined) {
    throw ctx.error("ValidationException", "No list of attribute names has this number");
  }
  const writer = success().array(names.length);
  for (const name of names) writer.text(name);
  return writer.finish();
}
