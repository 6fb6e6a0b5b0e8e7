import { ExpressionProblem } from "../validation-problem.ts";

/** The parameters of an operation that hold expressions, and those from before expressions, in AWS's order. */
export type ExpressionParameters = {
  expressions: readonly string[];
  nonExpressions: readonly string[];
};

export const queryParameters: ExpressionParameters = {
  expressions: ["ProjectionExpression", "FilterExpression", "KeyConditionExpression"],
  nonExpressions: ["AttributesToGet", "QueryFilter", "ConditionalOperator", "KeyConditions"],
};
export const scanParameters: ExpressionParameters = {
  expressions: ["ProjectionExpression", "FilterExpression"],
  nonExpressions: ["AttributesToGet", "ScanFilter", "ConditionalOperator"],
};
export const searchParameters: ExpressionParameters = {
  expressions: ["ProjectionExpression", "SearchConditionExpression"],
  nonExpressions: [],
};
export const updateParameters: ExpressionParameters = {
  expressions: ["UpdateExpression", "ConditionExpression"],
  nonExpressions: ["AttributeUpdates", "Expected", "ConditionalOperator"],
};
/** PutItem and DeleteItem. */
export const writeParameters: ExpressionParameters = {
  expressions: ["ConditionExpression"],
  nonExpressions: ["Expected", "ConditionalOperator"],
};
/** GetItem, and each table of BatchGetItem. */
export const readParameters: ExpressionParameters = {
  expressions: ["ProjectionExpression"],
  nonExpressions: ["AttributesToGet"],
};

/** Refuses a mix of both sorts of parameters, and placeholders that no expression could use. */
export function checkExpressionParameters(
  input: object,
  { expressions, nonExpressions }: ExpressionParameters,
): void {
  const given = input as Record<string, unknown>;
  const isGiven = (name: string): boolean => given[name] !== undefined && given[name] !== null;
  const usedExpressions = expressions.filter(isGiven);
  if (usedExpressions.length > 0) {
    // KeyConditions may stand beside a FilterExpression, only not beside the other key condition.
    const others = nonExpressions.filter(
      (name) => isGiven(name) && (name !== "KeyConditions" || isGiven("KeyConditionExpression")),
    );
    if (others.length > 0) {
      throw new ExpressionProblem(
        "Can not use both expression and non-expression parameters in the same request: " +
          `Non-expression parameters: {${others.join(", ")}} ` +
          `Expression parameters: {${usedExpressions.join(", ")}}`,
      );
    }
  } else if (isGiven("ExpressionAttributeNames")) {
    throw new ExpressionProblem(
      "ExpressionAttributeNames can only be specified when using expressions",
    );
  }
  const withValues = expressions.filter((name) => name !== "ProjectionExpression");
  if (withValues.length > 0 && isGiven("ExpressionAttributeValues") && !withValues.some(isGiven)) {
    const verb = withValues.length > 1 ? "are" : "is";
    const message = "ExpressionAttributeValues can only be specified when using expressions";
    throw new ExpressionProblem(`${message}: ${withValues.join(" and ")} ${verb} null`, message);
  }
}
