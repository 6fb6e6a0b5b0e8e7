import { ServiceError } from "#kernel/errors.ts";

/** A request that DynamoDB refuses as a ValidationException; the message is what the caller reads. */
export class ValidationProblem extends ServiceError {
  override name = "ValidationProblem";
  /**
   * The message of the operations that AWS has moved to its newer validation, where it differs: PutItem, UpdateItem,
   * DeleteItem, GetItem, BatchGetItem and Query say it so (request-checks.ts), the others as `message` does.
   */
  readonly newerMessage: string;

  constructor(message: string, newerMessage: string = message) {
    super("ValidationException", message);
    this.newerMessage = newerMessage;
  }
}

/**
 * A problem of an expression as such, found before any item is read ("Invalid …Expression: …").
 * PutItem, UpdateItem and DeleteItem announce these with "1 validation error detected: ".
 */
export class ExpressionProblem extends ValidationProblem {
  override name = "ExpressionProblem";
}

/** A request whose JSON has another shape than the API: a SerializationException. */
export class SerializationProblem extends ServiceError {
  override name = "SerializationProblem";

  constructor(message: string) {
    super("SerializationException", message);
  }
}

export const invalidParameter = "One or more parameter values were invalid: ";
