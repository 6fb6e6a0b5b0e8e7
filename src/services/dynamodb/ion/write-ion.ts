import { type AttributeValue, type Item, typeOf } from "../items/attribute-values.ts";

/*
 * Items as Amazon Ion text, with DynamoDB's mapping of types: numbers are decimals, binaries blobs, sets lists with an
 * annotation.
 * Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html
 * and https://amazon-ion.github.io/ion-docs/docs/spec.html
 */

/** An item, or a map: `{pk:"a",n:6d2}`. */
export function ionStruct(item: Item): string {
  const fields = Object.entries(item).map(
    ([name, value]) => `${ionSymbol(name)}:${ionValue(value)}`,
  );
  return `{${fields.join(",")}}`;
}

function ionValue(value: AttributeValue): string {
  switch (typeOf(value)) {
    case "S":
      return ionString(value.S!);
    case "N":
      return ionDecimal(value.N!);
    case "B":
      return ionBlob(value.B!);
    case "BOOL":
      return String(value.BOOL);
    case "NULL":
      return "null";
    case "L":
      return `[${value.L!.map(ionValue).join(",")}]`;
    case "M":
      return ionStruct(value.M!);
    case "SS":
      return `$dynamodb_SS::[${value.SS!.map(ionString).join(",")}]`;
    case "NS":
      return `$dynamodb_NS::[${value.NS!.map(ionDecimal).join(",")}]`;
    case "BS":
      return `$dynamodb_BS::[${value.BS!.map(ionBlob).join(",")}]`;
  }
}

const ionBlob = (base64: string): string => `{{${base64}}}`;

const numberPattern = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/**
 * A number as an Ion decimal in as few digits as it has: `103.`, `6d2` for 600, `1.5`. (Without point or exponent it would
 * be an Ion integer.)
 */
export function ionDecimal(text: string): string {
  const [, sign = "", whole = "0", fraction = "", exponentText = "0"] =
    numberPattern.exec(text) ?? [];
  let digits = (whole + fraction).replace(/^0+/, "");
  let exponent = Number(exponentText) - fraction.length;
  const withoutZeros = digits.replace(/0+$/, "");
  exponent += digits.length - withoutZeros.length;
  digits = withoutZeros;
  if (digits === "") return "0.";
  if (exponent === 0) return `${sign}${digits}.`;
  if (exponent > 0) return `${sign}${digits}d${exponent}`;
  const point = digits.length + exponent;
  if (point > 0) return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
  if (point > -6) return `${sign}0.${"0".repeat(-point)}${digits}`;
  return `${sign}${digits}d${exponent}`;
}

const plainSymbol = /^[A-Za-z_$][A-Za-z0-9_$]*$/;
/** These would be read as something else, as would `$` with a number. */
const keywords = new Set(["null", "true", "false", "nan"]);

function ionSymbol(name: string): string {
  if (plainSymbol.test(name) && !keywords.has(name) && !/^\$\d+$/.test(name)) return name;
  return `'${escaped(name, "'")}'`;
}

export const ionString = (text: string): string => `"${escaped(text, '"')}"`;

const escapes: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\u0000": "\\0",
};

/** Lines end items, so none may be in a text. */
function escaped(text: string, quote: string): string {
  // Control characters are what this is about.
  // oxlint-disable-next-line no-control-regex
  return text.replace(/[\\"'\u0000-\u001f\u007f]/g, (character) => {
    if (character === '"' || character === "'")
      return character === quote ? `\\${quote}` : character;
    const code = character.charCodeAt(0);
    return escapes[character] ?? `\\x${code.toString(16).padStart(2, "0")}`;
  });
}
