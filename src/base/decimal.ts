/**
 * Decimal numbers of up to 38 significant digits and magnitudes from 1E-130 to 9.99…E+125, exact.
 *
 * A number is held as text in one normal form, so that equal numbers are equal strings: plain
 * digits without an exponent, no needless zeros, no plus sign, zero is `0`. `normalizeDecimal` makes
 * this form; every other function here expects it.
 */

export const maximumDigits = 38;
const largestExponent = 125;
const smallestExponent = -130;

/** A text that is not a number, or a number outside the supported range. */
export class DecimalProblem extends Error {
  override readonly name = "DecimalProblem";
}

export const notNumeric = "The parameter cannot be converted to a numeric value";
export const overflow =
  "Number overflow. Attempting to store a number with magnitude larger than supported range";
export const underflow =
  "Number underflow. Attempting to store a number with magnitude smaller than supported range";
const tooManyDigits = `Attempting to store more than ${maximumDigits} significant digits in a Number`;

/** `digits` × 10^(exponent - digits.length + 1): the exponent is that of the first digit. Zero has no digits. */
type Parts = { negative: boolean; digits: string; exponent: number };

const numberSyntax = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;

/** The normal form of a number as a client may write it; throws a DecimalProblem if there is none. */
export function normalizeDecimal(text: string): string {
  return isSurelyNormal(text) ? text : normalizeSlowly(text);
}

/** Most numbers arrive in normal form: this scan finds them without a copy. */
function isSurelyNormal(text: string): boolean {
  const length = text.length;
  if (length === 0 || length > maximumDigits) return false;
  let at = 0;
  if (text.charCodeAt(0) === minus) {
    at = 1;
    if (length === 1) return false;
  }
  const first = text.charCodeAt(at);
  if (first === zero && length > 1 && text.charCodeAt(at + 1) !== point) return false;
  let hasPoint = false;
  for (const start = at; at < length; at++) {
    const code = text.charCodeAt(at);
    if (code >= zero && code <= nine) continue;
    if (code !== point || hasPoint || at === start) return false;
    hasPoint = true;
  }
  if (!hasPoint) return first !== zero || length === 1;
  const last = text.charCodeAt(length - 1);
  return last !== zero && last !== point;
}

const minus = 45;
const point = 46;
const zero = 48;
const nine = 57;

function normalizeSlowly(text: string): string {
  const match = numberSyntax.exec(text);
  if (match === null) throw notANumber(text);
  const whole = match[2] ?? "";
  const fraction = match[3] ?? "";
  if (whole === "" && fraction === "") throw notANumber(text);
  const written = match[4];
  if (written !== undefined && written.length > 18 && !isLong(written)) throw notANumber(text);
  const digits = whole + fraction;
  const exponent = Number(written ?? "0");
  // DynamoDB takes a zero by the exponent that it is written with: 0e126 overflows.
  if (written !== undefined && !/[1-9]/.test(digits)) checkExponent(exponent - fraction.length);
  return format(
    inRange({ negative: match[1] === "-", digits, exponent: whole.length - 1 + exponent }),
  );
}

/** Whether a whole number fits into 64 bits. */
const isLong = (text: string): boolean => BigInt.asIntN(64, BigInt(text)) === BigInt(text);

function notANumber(text: string): DecimalProblem {
  const shown = text === "" ? "" : `: ${text}`;
  return new DecimalProblem(notNumeric + shown);
}

function inRange(parts: Parts): Parts {
  const trimmed = trim(parts);
  if (trimmed.digits === "") return trimmed;
  checkExponent(trimmed.exponent);
  if (trimmed.digits.length > maximumDigits) throw new DecimalProblem(tooManyDigits);
  return trimmed;
}

function checkExponent(exponent: number): void {
  if (exponent > largestExponent) throw new DecimalProblem(overflow);
  if (exponent < smallestExponent) throw new DecimalProblem(underflow);
}

function trim({ negative, digits, exponent }: Parts): Parts {
  let start = 0;
  let end = digits.length;
  while (start < end && digits.charCodeAt(start) === zero) start++;
  while (end > start && digits.charCodeAt(end - 1) === zero) end--;
  if (start === end) return { negative: false, digits: "", exponent: 0 };
  return { negative, digits: digits.slice(start, end), exponent: exponent - start };
}

function format({ negative, digits, exponent }: Parts): string {
  if (digits === "") return "0";
  const sign = negative ? "-" : "";
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = exponent + 1;
  if (digits.length <= whole) return sign + digits + "0".repeat(whole - digits.length);
  return `${sign}${digits.slice(0, whole)}.${digits.slice(whole)}`;
}

/** The parts of a number in normal form. */
function partsOf(text: string): Parts {
  const negative = text.charCodeAt(0) === minus;
  const magnitude = negative ? text.slice(1) : text;
  const at = magnitude.indexOf(".");
  if (at === -1) return trim({ negative, digits: magnitude, exponent: magnitude.length - 1 });
  return trim({
    negative,
    digits: magnitude.slice(0, at) + magnitude.slice(at + 1),
    exponent: at - 1,
  });
}

/** Negative, zero or positive as `left` is less than, equal to or greater than `right`. */
export function compareDecimals(left: string, right: string): number {
  if (left === right) return 0;
  const leftNegative = left.charCodeAt(0) === minus;
  const rightNegative = right.charCodeAt(0) === minus;
  if (leftNegative !== rightNegative) return leftNegative ? -1 : 1;
  return leftNegative ? compareMagnitudes(right, left, 1) : compareMagnitudes(left, right, 0);
}

/**
 * In normal form the longer whole part is the larger number, and with equally long whole parts the
 * texts compare like words: a point sorts before the digits, and so does the end of the text.
 */
function compareMagnitudes(left: string, right: string, from: number): number {
  const lengthDifference = wholeLength(left) - wholeLength(right);
  if (lengthDifference !== 0) return lengthDifference;
  for (let at = from; at < left.length && at < right.length; at++) {
    const difference = left.charCodeAt(at) - right.charCodeAt(at);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

function wholeLength(text: string): number {
  const at = text.indexOf(".");
  return at === -1 ? text.length : at;
}

export function addDecimals(left: string, right: string): string {
  return isSmallInteger(left) && isSmallInteger(right)
    ? String(Number(left) + Number(right))
    : sum(left, right, 1n);
}

export function subtractDecimals(left: string, right: string): string {
  return isSmallInteger(left) && isSmallInteger(right)
    ? String(Number(left) - Number(right))
    : sum(left, right, -1n);
}

/** Whether a double holds this number, and the sum of two such, exactly. */
function isSmallInteger(text: string): boolean {
  return text.length <= 15 && !text.includes(".");
}

function sum(left: string, right: string, sign: bigint): string {
  const scale = Math.max(fractionLength(left), fractionLength(right));
  const total = scaled(left, scale) + sign * scaled(right, scale);
  const negative = total < 0n;
  const digits = (negative ? -total : total).toString();
  const parts = trim({ negative, digits, exponent: digits.length - 1 - scale });
  // DynamoDB says "overflow" also where the result merely needs too many digits, as in 1E50 + 1.
  if (parts.digits.length > maximumDigits) throw new DecimalProblem(overflow);
  return format(inRange(parts));
}

function fractionLength(text: string): number {
  const at = text.indexOf(".");
  return at === -1 ? 0 : text.length - at - 1;
}

function scaled(text: string, scale: number): bigint {
  return BigInt(text.replace(".", "") + "0".repeat(scale - fractionLength(text)));
}

/** The number of significant digits before and after the point; zeros at either end do not count. */
export function significantDigits(text: string): { whole: number; fraction: number } {
  const start = text.charCodeAt(0) === minus ? 1 : 0;
  const at = text.indexOf(".");
  if (at === -1) {
    let end = text.length;
    while (end > start && text.charCodeAt(end - 1) === zero) end--;
    return { whole: end - start, fraction: 0 };
  }
  if (text.charCodeAt(start) !== zero) {
    return { whole: at - start, fraction: text.length - at - 1 };
  }
  let first = at + 1;
  while (text.charCodeAt(first) === zero) first++;
  return { whole: 0, fraction: text.length - first };
}

/*
 * The order-preserving form, one character a byte: a sign byte, the exponent of the first digit in
 * one byte, then two digits a byte. The bytes of a negative number are complemented and end in 0xFF,
 * which is larger than any complemented pair: -12 stands after -123.
 *
 *   D1. encodeDecimal(a) < encodeDecimal(b) exactly if a < b.
 *   D2. decodeDecimal(encodeDecimal(a)) === a for each number in normal form.
 */
const negativeSign = "\u0001";
const zeroSign = "\u0002";
const positiveSign = "\u0003";
const endOfNegative = "\u00ff";

/** The bytes of a number whose order as bytes is the order of the numbers. */
export function encodeDecimal(text: string): string {
  if (text === "0") return zeroSign;
  const { negative, digits, exponent } = partsOf(text);
  const flip = negative ? 0xff : 0;
  let bytes = negative ? negativeSign : positiveSign;
  bytes += String.fromCharCode((exponent - smallestExponent) ^ flip);
  for (let at = 0; at < digits.length; at += 2) {
    const tens = digits.charCodeAt(at) - zero;
    const ones = at + 1 < digits.length ? digits.charCodeAt(at + 1) - zero : 0;
    bytes += String.fromCharCode((tens * 10 + ones + 1) ^ flip);
  }
  return negative ? bytes + endOfNegative : bytes;
}

/** The number that `encodeDecimal` made these bytes from. */
export function decodeDecimal(bytes: string): string {
  if (bytes === zeroSign) return "0";
  const negative = bytes.startsWith(negativeSign);
  const flip = negative ? 0xff : 0;
  const end = negative ? bytes.length - 1 : bytes.length;
  let digits = "";
  for (let at = 2; at < end; at++) {
    const pair = (bytes.charCodeAt(at) ^ flip) - 1;
    digits += pair < 10 ? `0${pair}` : String(pair);
  }
  const exponent = (bytes.charCodeAt(1) ^ flip) + smallestExponent;
  return format(trim({ negative, digits, exponent }));
}
