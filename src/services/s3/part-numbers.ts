import { invalidArgument } from "./errors.ts";

const partsAtMost = 10_000;

export function checkPartNumber(number: number): void {
  if (number >= 1 && number <= partsAtMost) return;
  const message = `Part number must be an integer between 1 and ${partsAtMost}, inclusive`;
  throw invalidArgument(message, "partNumber", String(number));
}
