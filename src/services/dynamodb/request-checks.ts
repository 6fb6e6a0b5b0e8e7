import { isNestedDeeper } from "#base/nesting.ts";
import type { Context } from "#kernel/context.ts";
import type { ReturnValue, ReturnValuesOnConditionCheckFailure } from "#models/dynamodb.ts";
import type { ServiceError } from "#kernel/errors.ts";
import type { ItemImage } from "./items/stored-item.ts";
import { ValidationProblem } from "./validation-problem.ts";

/** Of lists and objects: AWS's newer validation leaves requests that are nested deeper to the older one. */
const newerValidationLevels = 127;

/**
 * Runs the checks of a request that need no data, for the operations that write one item: those announce what they
 * find wrong with the envelope of the generic validation. (Recorded at AWS in October 2026 by
 * paritysuite/dynamodb-conformance, error-messages; reads, batches and transactions give the bare message, and so do
 * these for what is nested very deep: validation-ordering/deepRequests.)
 */
export function checkRequest<T>(input: object, check: () => T): T {
  try {
    return check();
  } catch (problem) {
    if (!(problem instanceof ValidationProblem)) throw problem;
    if (isNestedDeeper(input, newerValidationLevels)) throw problem;
    throw new ValidationProblem(`1 validation error detected: ${problem.newerMessage}`);
  }
}

/** The same for GetItem, BatchGetItem and Query: the newer words, without the envelope. */
export function checkReadRequest<T>(check: () => T): T {
  try {
    return check();
  } catch (problem) {
    if (!(problem instanceof ValidationProblem)) throw problem;
    throw new ValidationProblem(problem.newerMessage);
  }
}

/** PutItem and DeleteItem can return what was there before, or nothing. */
export function checkReturnsOldOrNone(returnValues: ReturnValue | undefined): void {
  if (returnValues !== undefined && returnValues !== "ALL_OLD" && returnValues !== "NONE") {
    throw new ValidationProblem("ReturnValues can only be ALL_OLD or NONE");
  }
}

export const conditionFailedMessage = "The conditional request failed";

export function conditionFailed(
  ctx: Context<"ConditionalCheckFailedException">,
  mode: ReturnValuesOnConditionCheckFailure | undefined,
  found: ItemImage | undefined,
): ServiceError {
  const members = mode === "ALL_OLD" && found !== undefined ? { Item: found.json } : {};
  return ctx.error("ConditionalCheckFailedException", conditionFailedMessage, members);
}
