import { CborWriter } from "#wire/cbor.ts";
import type { Json } from "./json.ts";
import { rawMark } from "./mutate.ts";

/** As JSON, with what is marked as raw standing there as it is. */
export function jsonBytes(value: Json): Buffer {
  const text = JSON.stringify(value);
  if (!text.includes("\\u0001raw:")) return Buffer.from(text);
  const marked = new RegExp(
    `"${rawMark.replace("\u0001", "\\\\u0001")}((?:[^"\\\\]|\\\\.)*)"`,
    "g",
  );
  const raw = text.replaceAll(marked, (_whole, inner: string) => String(JSON.parse(`"${inner}"`)));
  return Buffer.from(raw);
}

/** As CBOR; what stands under "B" and is base64 as bytes. */
export function cborBytes(value: Json): Buffer {
  const writer = new CborWriter();
  writeCbor(writer, value, undefined);
  return writer.finish();
}

function writeCbor(writer: CborWriter, value: Json, name: string | undefined): void {
  if (value === null) return writer.null();
  if (typeof value === "boolean") return writer.boolean(value);
  if (typeof value === "number") return writer.number(value);
  if (typeof value === "string") {
    if ((name === "B" || name === "BS") && /^[\w+/]*=*$/.test(value))
      return writer.blob(Buffer.from(value, "base64"));
    return writer.text(value);
  }
  if (Array.isArray(value)) {
    writer.array(value.length);
    for (const each of value) writeCbor(writer, each, name);
    return;
  }
  writer.openMap();
  for (const [each, inner] of Object.entries(value)) {
    writer.text(each);
    writeCbor(writer, inner, each);
  }
  writer.end();
}
