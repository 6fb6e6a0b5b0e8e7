import type { ExportFormat } from "#models/dynamodb.ts";
import type { Projection } from "../expressions/projection.ts";
import { ionStruct } from "../ion/write-ion.ts";
import { type Item, itemJson, parseItem } from "../items/stored-item.ts";

/*
 * A line of an export's data files: an item, or what became of an item within a span of time.
 * Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html
 */

const lineEnd = Buffer.from("\n");

/** What is to be shown of stored items; undefined: all. */
type Shown = Projection | undefined;

export function itemLine(format: ExportFormat, stored: Buffer, shown: Shown): Buffer {
  if (format === "ION") return ionLine(`{Item:${ionOf(stored, shown)}}`);
  return Buffer.concat([Buffer.from('{"Item":'), jsonOf(stored, shown), Buffer.from("}"), lineEnd]);
}

function ionOf(stored: Buffer, shown: Shown): string {
  const item = parseItem(stored);
  return ionStruct(shown === undefined ? item : shown.apply(item));
}

/** The JSON of a whole item is copied as it is stored. */
function jsonOf(stored: Buffer, shown: Shown): Buffer {
  if (shown === undefined) return itemJson(stored).bytes;
  return Buffer.from(JSON.stringify(shown.apply(parseItem(stored))));
}

export interface ItemChange {
  readonly keys: Item;
  /** Of the latest change within the span. */
  readonly writtenAtMs: number;
  /** At the span's beginning and at its end, as stored; undefined: there was no item, or it is not asked for. */
  readonly oldImage: Buffer | undefined;
  readonly newImage: Buffer | undefined;
}

export function changeLine(format: ExportFormat, change: ItemChange, shown: Shown): Buffer {
  const micros = String(Math.round(change.writtenAtMs * 1000));
  const { keys, oldImage, newImage } = change;
  if (format === "ION") {
    const parts = [
      `Keys:${ionStruct(keys)}`,
      `Metadata:{WriteTimestampMicros:${micros}.}`,
      ...(oldImage === undefined ? [] : [`OldImage:${ionOf(oldImage, shown)}`]),
      ...(newImage === undefined ? [] : [`NewImage:${ionOf(newImage, shown)}`]),
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
      stored === undefined ? [] : [Buffer.from(`,"${name}":`), jsonOf(stored, shown)],
    ),
    Buffer.from("}"),
    lineEnd,
  ]);
}

const ionLine = (text: string): Buffer => Buffer.from(`$ion_1_0 ${text}\n`);
