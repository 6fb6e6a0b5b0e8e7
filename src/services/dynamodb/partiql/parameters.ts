import type { AttributeValue } from "../attribute-values.ts";
import { checkValue } from "../item-size.ts";
import { ValidationProblem } from "../validation-problem.ts";

const unconvertible = "The parameter cannot be converted to a numeric value";
const underflow =
  "Number underflow. Attempting to store a number with magnitude smaller than supported range";
const largestInteger = 2 ** 31 - 1;

/**
 * Checks and normalizes the values of a statement's `?` in place. AWS reads their numbers as Java does: an exponent
 * of more than 32 bits is no number, and one that overflows beside the digits comes out as tiny (recorded at AWS in
 * October 2026 by paritysuite/dynamodb-conformance, partiqlParameterNumbers).
 */
export function checkParameters(parameters: readonly AttributeValue[]): void {
  for (const value of parameters) {
    checkExponents(value, 1);
    checkValue(value);
  }
}

/** Deeper than this `checkValue` says what is wrong. */
const deepest = 32;

function checkExponents(value: AttributeValue, level: number): void {
  if (level > deepest || typeof value !== "object" || value === null) return;
  if (typeof value.N === "string") checkExponent(value.N);
  if (Array.isArray(value.NS)) for (const member of value.NS) checkExponent(member);
  if (Array.isArray(value.L)) for (const element of value.L) checkExponents(element, level + 1);
  for (const name in value.M) {
    const entry = value.M[name]!;
    // What comes before it in the value is reported before it.
    if (isTooDeep(entry, level + 1)) return;
    checkExponents(entry, level + 1);
  }
}

function isTooDeep(value: AttributeValue, level: number): boolean {
  if (level > deepest) return true;
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value.L)) return value.L.some((element) => isTooDeep(element, level + 1));
  for (const name in value.M) if (isTooDeep(value.M[name]!, level + 1)) return true;
  return false;
}

const withExponent = /^[+-]?(\d*)(?:\.(\d*))?[eE]([+-]?\d+)$/;

function checkExponent(text: string): void {
  const found = typeof text === "string" ? withExponent.exec(text) : null;
  if (found === null) return;
  const [, whole = "", fraction = "", exponent] = found;
  const scale = fraction.length - Number(exponent);
  if (Math.abs(Number(exponent)) > largestInteger || Math.abs(scale) > largestInteger) {
    throw new ValidationProblem(`${unconvertible}: ${text}`);
  }
  if (whole.length + fraction.length - scale > largestInteger)
    throw new ValidationProblem(underflow);
}
