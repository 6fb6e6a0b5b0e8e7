import type { Item } from "#engines/dax-protocol/attribute-values.ts";
import {
  writeConsumedCapacity,
  writeItemCollectionMetrics,
  type ConsumedCapacity,
  type ItemCollectionMetrics,
} from "#engines/dax-protocol/capacity.ts";
import { CborReader } from "#engines/dax-protocol/cbor-reader.ts";
import { CborWriter } from "#engines/dax-protocol/cbor-writer.ts";
import type { DocumentPath } from "#engines/dax-protocol/expressions.ts";
import { writeProjection } from "#engines/dax-protocol/projection.ts";
import {
  encodeChangedAttributes,
  encodeItemBody,
  withoutKey,
  type AttributeListIds,
} from "#engines/dax-protocol/items.ts";
import type { KeySchema } from "#engines/dax-protocol/keys.ts";
import { answer } from "#engines/dax-protocol/methods.ts";
import { plainItem, type FoundItem } from "./plain-item.ts";
import type { Options } from "./options.ts";

/** An answer begins with an empty array: no error. */
export function success(sizeBytes?: number): CborWriter {
  return new CborWriter(sizeBytes).array(0);
}

/** There is no such item: what GetItem answers, and what the cache holds of it. */
export const noItem: Buffer = success().map(0).finish();

/** What GetItem answers, and what the cache holds. */
export function itemAnswer(
  item: Item | undefined,
  schema: KeySchema,
  lists: AttributeListIds,
): Buffer {
  if (item === undefined) return noItem;
  const body = encodeItemBody(withoutKey(item, schema), lists);
  return success(body.length + 16)
    .map(1)
    .integer(answer.item)
    .byteString(body)
    .finish();
}

/** The item within such an answer, as it is encoded; undefined if there was none. */
export function bodyInAnswer(cached: Buffer): Buffer | undefined {
  if (cached.length === noItem.length) return undefined;
  // An empty array, a map of one, the number of the member.
  return new CborReader(cached, 3).byteString();
}

/** The same with what the read cost. */
export function withCapacity(cached: Buffer, consumed: ConsumedCapacity | undefined): Buffer {
  if (consumed === undefined) return cached;
  const body = bodyInAnswer(cached);
  const writer = success(cached.length + 64).map(body === undefined ? 1 : 2);
  if (body !== undefined) writer.integer(answer.item).byteString(body);
  writer.integer(answer.consumedCapacity);
  writeConsumedCapacity(writer, consumed);
  return writer.finish();
}

export function projectedAnswer(
  item: Item | undefined,
  paths: readonly DocumentPath[],
  consumed: ConsumedCapacity | undefined,
): Buffer {
  const members = (item === undefined ? 0 : 1) + (consumed === undefined ? 0 : 1);
  const writer = success().map(members);
  if (item !== undefined) {
    writer.integer(answer.item);
    writeProjection(writer, item, paths);
  }
  if (consumed !== undefined) {
    writer.integer(answer.consumedCapacity);
    writeConsumedCapacity(writer, consumed);
  }
  return writer.finish();
}

export interface WriteOutput {
  readonly Attributes?: FoundItem | undefined;
  readonly ConsumedCapacity?: ConsumedCapacity | undefined;
  readonly ItemCollectionMetrics?: ItemCollectionMetrics | undefined;
}

/** Of PutItem, UpdateItem and DeleteItem. */
export function writeAnswer(
  { Attributes: found, ConsumedCapacity: consumed, ItemCollectionMetrics: metrics }: WriteOutput,
  { returnValues }: Options,
  schema: KeySchema,
  lists: AttributeListIds,
): Buffer {
  const attributes = found && plainItem(found);
  const writer = success().openMap();
  if (attributes !== undefined) {
    const isChange = returnValues === "UPDATED_NEW" || returnValues === "UPDATED_OLD";
    writer.integer(answer.attributes);
    writer.byteString(
      isChange
        ? encodeChangedAttributes(attributes, lists)
        : encodeItemBody(withoutKey(attributes, schema), lists),
    );
  }
  if (consumed !== undefined) {
    writer.integer(answer.consumedCapacity);
    writeConsumedCapacity(writer, consumed);
  }
  if (metrics !== undefined) {
    writer.integer(answer.itemCollectionMetrics);
    writeItemCollectionMetrics(writer, metrics);
  }
  return writer.end().finish();
}

type MetricsByTable = Readonly<Record<string, readonly ItemCollectionMetrics[]>>;

/** Of a batch or a transaction. */
export function writeMetrics(writer: CborWriter, metrics: MetricsByTable | undefined): void {
  const entries = Object.entries(metrics ?? {});
  writer.map(entries.length);
  for (const [tableName, ofTable] of entries) {
    writer.text(tableName).array(ofTable.length);
    for (const one of ofTable) writeItemCollectionMetrics(writer, one);
  }
}
