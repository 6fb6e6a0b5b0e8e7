import { compareDecimals } from "#base/decimal.ts";
import { bytesOf, compareUtf8 } from "./attribute-values.ts";
import { invalidParameter, ValidationProblem } from "../validation-problem.ts";

/*
 * The members of a set. DynamoDB stores and answers them in an order of its own, which is theirs by UTF-8 bytes, by
 * value or by bytes; so do we. What it says of duplicates differs between its newer operations and the others.
 * Both recorded at AWS in October 2026 by paritysuite/dynamodb-conformance (updateItem/basic, valueLayers).
 */

export function orderStrings(members: string[]): void {
  if (hasDuplicates(members)) {
    const shown = newlyShown(members, compareUtf8).map((member) => JSON.stringify(member));
    throw new ValidationProblem(
      `${invalidParameter}Input collection [${members.join(", ")}] contains duplicates.`,
      `${invalidParameter}Input collection [${shown.join(", ")}] contains duplicates.`,
    );
  }
  order(members, compareUtf8);
}

/** `members`: in their normal form. */
export function orderNumbers(members: string[]): void {
  if (hasDuplicates(members)) {
    throw new ValidationProblem(
      "Input collection contains duplicates",
      `${invalidParameter}Input collection contains duplicates.`,
    );
  }
  order(members, compareDecimals);
}

export function orderBinaries(members: string[]): void {
  if (hasDuplicates(members)) {
    const shown = newlyShown(members, compareBinaries).map((member) => JSON.stringify(member));
    // The missing space is AWS's.
    throw new ValidationProblem(
      `${invalidParameter}Input collection [${members.join(", ")}]of type BS contains duplicates.`,
      `${invalidParameter}Input collection [${shown.join(",")}]of type BS contains duplicates.`,
    );
  }
  order(members, compareBinaries);
}

type Compare = (left: string, right: string) => number;

const compareBinaries: Compare = (left, right) => Buffer.compare(bytesOf(left), bytesOf(right));

/** In place. Most sets come as they were answered before, in order. */
function order(members: string[], compare: Compare): void {
  for (let at = 1; at < members.length; at++) {
    if (compare(members[at - 1]!, members[at]!) > 0) {
      members.sort(compare);
      return;
    }
  }
}

function hasDuplicates(members: readonly string[]): boolean {
  if (members.length > 8) return new Set(members).size < members.length;
  for (let at = 1; at < members.length; at++) {
    if (members.indexOf(members[at]!) < at) return true;
  }
  return false;
}

/** In order up to the first member that comes again; that one and what follows as they were sent. */
function newlyShown(members: readonly string[], compare: Compare): string[] {
  const seen = new Set<string>();
  let at = 0;
  while (!seen.has(members[at]!)) seen.add(members[at++]!);
  return [...members.slice(0, at).toSorted(compare), ...members.slice(at)];
}
