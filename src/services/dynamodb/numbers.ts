import {
  addDecimals,
  DecimalProblem,
  normalizeDecimal,
  significantDigits,
  subtractDecimals,
} from "#base/decimal.ts";
import { ValidationProblem } from "./validation-problem.ts";

/** The form in which DynamoDB returns a number: plain digits. */
export function normalizeNumber(text: string): string {
  try {
    return normalizeDecimal(text);
  } catch (problem) {
    throw asValidation(problem);
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
  if (!(problem instanceof DecimalProblem)) return problem;
  const { message } = problem;
  return new ValidationProblem(
    message,
    message.endsWith("a numeric value") ? `${message}: ` : message,
  );
}

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
