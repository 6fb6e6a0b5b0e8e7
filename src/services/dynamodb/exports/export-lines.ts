import type { ExportFormat } from "#models/dynamodb.ts";
import { ionStruct } from "../ion/write-ion.ts";
import { type Item, itemJson, parseItem } from "../items/stored-item.ts";

/*
 * A line of an export's data files: an item, or what became of an item within a span of time.
 * Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html
 */

const lineEnd = Buffer.from("\n");

/** `stored`: the item as it is stored, whose JSON is copied. */
export function itemLine(format: ExportFormat, stored: Buffer): Buffer {
  if (format === "ION") return ionLine(`{Item:${ionStruct(parseItem(stored))}}`);
  return Buffer.concat([
    Buffer.from('{"Item":'),
    itemJson(stored).bytes,
    Buffer.from("}"),
    lineEnd,
  ]);
}

export interface ItemChange {
  readonly keys: Item;
  /** Of the latest change within the span. */
  readonly writtenAtMs: number;
  /** At the span's beginning and at its end, as stored; undefined: there was no item, or it is not asked for. */
  readonly oldImage: Buffer | undefined;
  readonly newImage: Buffer | undefined;
}

export function changeLine(format: ExportFormat, change: ItemChange): Buffer {
  const micros = String(Math.round(change.writtenAtMs * 1000));
  const { keys, oldImage, newImage } = change;
  if (format === "ION") {
    const parts = [
      `Keys:${ionStruct(keys)}`,
      `Metadata:{WriteTimestampMicros:${micros}.}`,
      ...(oldImage === undefined ? [] : [`OldImage:${ionStruct(parseItem(oldImage))}`]),
      ...(newImage === undefined ? [] : [`NewImage:${ionStruct(parseItem(newImage))}`]),
    ];
    return ionLine(`{Record:{${parts.join(",")}}}`);
  }
  const images = [
    ["OldImage", oldImage],
    ["NewImage", newImage],
  ] as const;
  return Buffer.concat([
    Buffer.from(
      `{"Metadata":{"WriteTimestampMicros":{"N":"${micros}"}},"Keys":${JSON.stringify(keys)}`,
    ),
    ...images.flatMap(([name, stored]) =>
      stored === undefined ? [] : [Buffer.from(`,"${name}":`), itemJson(stored).bytes],
    ),
    Buffer.from("}"),
    lineEnd,
  ]);
}

const ionLine = (text: string): Buffer => Buffer.from(`$ion_1_0 ${text}\n`);
