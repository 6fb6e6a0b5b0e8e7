import { Malformed } from "./malformed.ts";

/*
 * A number as a sort key: bytes in the order of the numbers. After a header with sign and exponent come groups of
 * three decimal digits, ten bits each, and a terminator that says how many digits of the last group count. Negative
 * numbers have everything mirrored.
 */

const zeroByte = 0x80;
const smallestShort = -0x3e;
const largestShort = 0x3e;

/** Plain digits with a point, as DynamoDB normalizes numbers. */
export function encodeSortNumber(text: string): Buffer {
  const isNegative = text.startsWith("-");
  const [whole = "", fraction = ""] = (isNegative ? text.slice(1) : text).split(".");
  const digits = `${whole}${fraction}`.replace(/^0+/, "").replace(/0+$/, "");
  if (digits === "") return Buffer.of(zeroByte);
  const leading = `${whole}${fraction}`.search(/[1-9]/);
  const exponent = whole.length - leading;
  const groups: number[] = [];
  for (let at = 0; at < digits.length; at += 3) {
    groups.push(Number(digits.slice(at, at + 3).padEnd(3, "0")));
  }
  const terminator = (digits.length + 2) % 3;
  return Buffer.concat([
    header(isNegative, exponent),
    packed([
      ...groups.map((group) => (isNegative ? 1011 - group : group + 12)),
      isNegative ? 1023 - terminator : terminator,
    ]),
  ]);
}

function header(isNegative: boolean, exponent: number): Buffer {
  if (exponent >= smallestShort && exponent < largestShort) {
    return Buffer.of(isNegative ? 0x3f - exponent : exponent + 0xc0);
  }
  const bytes = Buffer.alloc(5);
  if (isNegative) {
    bytes[0] = exponent < 0 ? 0x7e : 1;
    bytes.writeInt32BE(exponent ^ 0x7fffffff, 1);
  } else {
    bytes[0] = exponent < 0 ? 0x81 : 0xfe;
    bytes.writeInt32BE(exponent ^ -0x80000000, 1);
  }
  return bytes;
}

/** Ten bits each, the last byte filled up with zeros. */
function packed(tens: readonly number[]): Buffer {
  const bytes: number[] = [];
  let bits = 0;
  let count = 0;
  for (const ten of tens) {
    bits = (bits << 10) | ten;
    count += 10;
    while (count >= 8) {
      count -= 8;
      bytes.push((bits >> count) & 0xff);
    }
    bits &= (1 << count) - 1;
  }
  if (count > 0) bytes.push((bits << (8 - count)) & 0xff);
  return Buffer.from(bytes);
}

/** The number that all of the bytes stand for, as digits with an exponent. */
export function decodeSortNumber(bytes: Buffer): string {
  const first = bytes[0];
  if (first === undefined) throw new Malformed("too short");
  if (first === zeroByte || first === 0x7f) return "0";
  if (first === 0 || first === 0xff) throw new Malformed("a sort key without a value");
  const isNegative = first < zeroByte;
  const isLong = first === 1 || first === 0x7e || first === 0x81 || first === 0xfe;
  if (isLong && bytes.length < 5) throw new Malformed("too short");
  let exponent: number;
  if (isLong) exponent = bytes.readInt32BE(1) ^ (isNegative ? 0x7fffffff : -0x80000000);
  else exponent = isNegative ? 0x3f - first : first - 0xc0;
  const digits = digitsOf(bytes, isLong ? 5 : 1, isNegative);
  return `${isNegative ? "-" : ""}${digits}E${exponent - digits.length}`;
}

function digitsOf(bytes: Buffer, start: number, isNegative: boolean): string {
  let digits = "";
  let bits = 0;
  let count = 0;
  for (let at = start; at < bytes.length; at += 1) {
    bits = ((bits << 8) | bytes[at]!) & 0x3ffff;
    count += 8;
    if (count < 10) continue;
    count -= 10;
    const ten = (bits >> count) & 0x3ff;
    if (ten <= 2 || ten >= 1021) {
      const terminator = ten <= 2 ? ten : 1023 - ten;
      if (digits === "") throw new Malformed("a number without digits");
      return digits.slice(0, digits.length - 2 + terminator);
    }
    const group = isNegative ? 1011 - ten : ten - 12;
    if (group < 0 || group > 999 || digits.length > 300) throw new Malformed("not a number");
    digits += String(group).padStart(3, "0");
  }
  throw new Malformed("too short");
}
