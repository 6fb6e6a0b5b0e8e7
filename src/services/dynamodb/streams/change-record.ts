import { JsonBytes } from "#base/json-bytes.ts";
import { entryHeaderBytes, newEntry } from "#kernel/sharded-log.ts";
import type { OperationType, StreamViewType } from "#models/dynamodbstreams.ts";
import type { Item, ItemImage } from "../items/stored-item.ts";

/*
 * A change of an item as its stream's log has it:
 *
 *   version · event · cause · size (4 bytes) · lengths of keys, new and old image (4 bytes each) · the three as JSON text
 *
 * Images are the JSON text of the stored item, so recording a change copies bytes and reading one copies them again.
 */
const version = 1;
const fixedBytes = 1 + 1 + 1 + 4 + 3 * 4;

/**
 * Who changed the item: a request, or DynamoDB itself, because the item's time had come or because another replica of
 * the table has it so.
 */
export type ChangeCause = "request" | "expiry" | "replication";

const events: readonly OperationType[] = ["INSERT", "MODIFY", "REMOVE"];
const causes: readonly ChangeCause[] = ["request", "expiry", "replication"];

export interface Change {
  readonly event: OperationType;
  readonly cause: ChangeCause;
  /** The sizes of the keys and of the images that are there, by DynamoDB's rule. */
  readonly sizeBytes: number;
  readonly keys: JsonBytes;
  readonly newImage: JsonBytes | undefined;
  readonly oldImage: JsonBytes | undefined;
}

/** The entry of a change for the log. `keys`: the item's key attributes; `keyBytes`: their size by DynamoDB's rule. */
export function changeEntry(
  viewType: StreamViewType,
  keys: Item,
  keyBytes: number,
  before: ItemImage | undefined,
  after: ItemImage | undefined,
  cause: ChangeCause,
): Buffer {
  const shown = imagesShown(viewType, before, after);
  const keyText = JSON.stringify(keys);
  const keyLength = Buffer.byteLength(keyText);
  const newBytes = shown.after?.json.bytes;
  const oldBytes = shown.before?.json.bytes;
  const newLength = newBytes?.length ?? 0;
  const oldLength = oldBytes?.length ?? 0;
  const entry = newEntry(fixedBytes + keyLength + newLength + oldLength);
  let at = entryHeaderBytes;
  entry[at] = version;
  entry[at + 1] = before === undefined ? 0 : after === undefined ? 2 : 1;
  entry[at + 2] = causes.indexOf(cause);
  const sizeBytes = keyBytes + (shown.after?.sizeBytes ?? 0) + (shown.before?.sizeBytes ?? 0);
  entry.writeUInt32BE(sizeBytes, at + 3);
  entry.writeUInt32BE(keyLength, at + 7);
  entry.writeUInt32BE(newLength, at + 11);
  entry.writeUInt32BE(oldLength, at + 15);
  at += fixedBytes;
  entry.write(keyText, at);
  at += keyLength;
  newBytes?.copy(entry, at);
  at += newLength;
  oldBytes?.copy(entry, at);
  return entry;
}

function imagesShown(
  viewType: StreamViewType,
  before: ItemImage | undefined,
  after: ItemImage | undefined,
): { readonly before: ItemImage | undefined; readonly after: ItemImage | undefined } {
  switch (viewType) {
    case "KEYS_ONLY":
      return { before: undefined, after: undefined };
    case "NEW_IMAGE":
      return { before: undefined, after };
    case "OLD_IMAGE":
      return { before, after: undefined };
    case "NEW_AND_OLD_IMAGES":
      return { before, after };
  }
}

export function readChange(value: Buffer): Change {
  const keyLength = value.readUInt32BE(7);
  const newLength = value.readUInt32BE(11);
  const oldLength = value.readUInt32BE(15);
  const newAt = fixedBytes + keyLength;
  const oldAt = newAt + newLength;
  return {
    event: events[value[1]!]!,
    cause: causes[value[2]!]!,
    sizeBytes: value.readUInt32BE(3),
    keys: new JsonBytes(value.subarray(fixedBytes, newAt)),
    newImage: newLength === 0 ? undefined : new JsonBytes(value.subarray(newAt, oldAt)),
    oldImage: oldLength === 0 ? undefined : new JsonBytes(value.subarray(oldAt, oldAt + oldLength)),
  };
}
