import { ValidationProblem } from "../validation-problem.ts";

/** Where a token stands, as messages show it: line and column count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
  readonly length: number;
}

/**
 * A statement that cannot be read. What follows the colon is what the parser of the PartiQL project says, which AWS
 * runs; for text that is no token at all it is nothing (recorded at AWS in October 2026 by
 * paritysuite/dynamodb-conformance, partiqlGrammar).
 */
export function notWellFormed(detail: string): ValidationProblem {
  return new ValidationProblem(`Statement wasn't well formed, can't be processed: ${detail}`);
}

/** A statement that can be read and asks for what DynamoDB does not have. */
export function unsupported(message: string, place?: Place): ValidationProblem {
  return new ValidationProblem(place === undefined ? message : `${message} at ${shown(place)}`);
}

function shown({ line, column, length }: Place): string {
  return `${line}:${column}:${length}`;
}
