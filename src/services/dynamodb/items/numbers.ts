import {
  addDecimals,
  DecimalProblem,
  normalizeDecimal,
  notNumeric,
  significantDigits,
  subtractDecimals,
  underflow,
} from "#base/decimal.ts";
import { ValidationProblem } from "../validation-problem.ts";

/** The form in which DynamoDB returns a number: plain digits. */
export function normalizeNumber(text: string): string {
  try {
    return normalizeDecimal(text);
  } catch (problem) {
    if (!(problem instanceof DecimalProblem)) throw problem;
    throw new ValidationProblem(olderMessage(problem.message, text), newerMessage(problem.message));
  }
}

export function addNumbers(left: string, right: string): string {
  try {
    return addDecimals(left, right);
  } catch (problem) {
    throw asValidation(problem);
  }
}

export function subtractNumbers(left: string, right: string): string {
  try {
    return subtractDecimals(left, right);
  } catch (problem) {
    throw asValidation(problem);
  }
}

function asValidation(problem: unknown): unknown {
  return problem instanceof DecimalProblem ? new ValidationProblem(problem.message) : problem;
}

function newerMessage(message: string): string {
  return message === notNumeric ? `${message}: ` : message;
}

/**
 * The operations with the older validation read numbers as Java's BigDecimal does: its exponents have 32 bits, and
 * what comes out just above them is negative. Recorded at AWS in October 2026 by paritysuite/dynamodb-conformance
 * (valueLayers); what BigDecimal refuses follows from its documentation.
 */
function olderMessage(message: string, text: string): string {
  const [, digits = "", exponent] = /^[+-]?(\d*).*[eE](.*)$/.exec(text) ?? [];
  if (exponent === undefined || message.startsWith(notNumeric)) return message;
  const written = Number(exponent);
  if (written > largestInt || written < -largestInt - 1) return `${notNumeric}: ${text}`;
  return digits.length + written > largestInt ? underflow : message;
}

const largestInt = 2 ** 31 - 1;

/**
 * What a normalized number costs: a byte, a byte for two digits on each side of the point, and one
 * for a minus sign. The developer guide's "digits / 2 + 1" misses the odd digits on the two sides;
 * measured at AWS against the limit of an item.
 */
export function numberBytes(text: string): number {
  if (text === "0") return 1;
  const { whole, fraction } = significantDigits(text);
  const sign = text.charCodeAt(0) === 45 ? 1 : 0;
  return 1 + Math.ceil(whole / 2) + Math.ceil(fraction / 2) + sign;
}
