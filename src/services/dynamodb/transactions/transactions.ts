import type { Key } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import { ServiceError } from "#kernel/errors.ts";
import type { CancellationReason } from "#models/dynamodb.ts";
import { CollectionTooLarge } from "../indexes/item-collections.ts";
import { isEmptyKeyProblem } from "../items/key-encoding.ts";
import { conditionFailedMessage } from "../request-checks.ts";
import type { ItemImage } from "../items/stored-item.ts";
import { Throttled } from "../throttling/throttled.ts";
import { ValidationProblem } from "../validation-problem.ts";

/* What TransactGetItems and TransactWriteItems have in common. */

/** An action whose condition does not hold. Its message goes into the reasons of the cancellation. */
export class ConditionUnmet extends ServiceError {
  override name = "ConditionUnmet";
  readonly found: ItemImage | undefined;

  /** `found`: the item to show, if the action asks for it. */
  constructor(found: ItemImage | undefined) {
    super("ConditionalCheckFailedException", conditionFailedMessage);
    this.found = found;
  }
}

/** An INSERT of an item that is there already. */
export class DuplicateItem extends ServiceError {
  override name = "DuplicateItem";

  constructor() {
    super("DuplicateItemException", "Duplicate primary key exists in table");
  }
}

/** Why a transaction is cancelled: a reason for each action, in the order of the actions. */
export class Cancellations {
  readonly #reasons: CancellationReason[] = [];
  #isCancelled = false;

  /** Tries the next action; what is wrong with it becomes its reason, and the others are tried all the same. */
  attempt<T>(action: () => T): T | undefined {
    try {
      const result = action();
      this.#reasons.push({ Code: "None" });
      return result;
    } catch (problem) {
      this.#reasons.push(reasonOf(problem));
      this.#isCancelled = true;
      return undefined;
    }
  }

  throwIfAny(ctx: Context<"TransactionCanceledException">): void {
    if (!this.#isCancelled) return;
    const codes = this.#reasons.map((reason) => reason.Code).join(", ");
    throw ctx.error(
      "TransactionCanceledException",
      `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`,
      { CancellationReasons: this.#reasons },
    );
  }
}

/** Rethrows what is no reason to cancel: an empty key is refused like any other malformed request, as AWS does. */
function reasonOf(problem: unknown): CancellationReason {
  if (problem instanceof ConditionUnmet) {
    const reason = { Code: "ConditionalCheckFailed", Message: problem.message };
    return problem.found === undefined ? reason : { ...reason, Item: problem.found.json };
  }
  if (problem instanceof DuplicateItem) {
    return { Code: "DuplicateItem", Message: problem.message };
  }
  if (problem instanceof CollectionTooLarge) {
    return { Code: "ItemCollectionSizeLimitExceeded", Message: problem.message };
  }
  if (problem instanceof Throttled) {
    const isProvisioned = problem.code === "ProvisionedThroughputExceededException";
    const code = isProvisioned ? "ProvisionedThroughputExceeded" : "ThrottlingError";
    return { Code: code, Message: problem.message };
  }
  if (problem instanceof ValidationProblem && !isEmptyKeyProblem(problem)) {
    return { Code: "ValidationError", Message: problem.message };
  }
  throw problem;
}

/** `keys`: of the actions, as far as they could be found out. */
export function refuseDuplicateKeys(keys: readonly (Key | undefined)[]): void {
  const seen = new Set<Key>();
  for (const key of keys) {
    if (key === undefined) continue;
    if (seen.has(key)) {
      throw new ValidationProblem(
        "Transaction request cannot include multiple operations on one item",
      );
    }
    seen.add(key);
  }
}

const payloadBytesAtMost = 4 * 1024 * 1024;

/** Adds up what a transaction carries. Message: DynamoDB Local 3.3.1. */
export class PayloadSize {
  #bytes = 0;

  add(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > payloadBytesAtMost) {
      throw new ValidationProblem(
        `Transaction payload size cannot exceed 4MB. Payload Size: ${this.#bytes}`,
      );
    }
  }
}
