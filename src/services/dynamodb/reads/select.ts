import type { Select } from "#models/dynamodb.ts";
import type { Condition } from "../expressions/condition.ts";
import type { Projection } from "../expressions/projection.ts";
import type { ReadSource } from "./read-source.ts";
import { invalidParameter, ValidationProblem } from "../validation-problem.ts";

interface SelectParameters {
  readonly Select?: Select | undefined;
  readonly IndexName?: string | undefined;
  readonly ProjectionExpression?: string | undefined;
}

/** Whether Select and what is to be projected fit together. Words and order: DynamoDB Local 3.3.1. */
export function checkSelect(input: SelectParameters, projection: Projection | undefined): void {
  const { Select: select } = input;
  if (select === undefined) return;
  if (select === "SPECIFIC_ATTRIBUTES") {
    if (projection !== undefined) return;
    throw new ValidationProblem(
      "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES",
    );
  }
  if (projection !== undefined) {
    const parameter =
      input.ProjectionExpression === undefined ? "AttributesToGet" : "ProjectionExpression";
    const wanted = select === "COUNT" ? "only the Count" : select;
    throw new ValidationProblem(`Cannot specify the ${parameter} when choosing to get ${wanted}`);
  }
  if (select === "ALL_PROJECTED_ATTRIBUTES" && input.IndexName === undefined) {
    // "Querying" of a Scan as well.
    throw new ValidationProblem(
      "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName",
    );
  }
}

/**
 * Whether more is wanted of an index than it holds, so that each item is fetched from the table. Local indexes allow
 * that; global ones, whose items may stand anywhere, do not.
 */
export function needsTable(
  source: ReadSource,
  select: Select | undefined,
  projection: Pick<Projection, "attributeNames"> | undefined,
): boolean {
  const projected = source.index?.projected;
  if (source.index === undefined || projected === undefined) return false;
  const { index, isGlobal } = source.index;
  if (select === "ALL_ATTRIBUTES") {
    if (!isGlobal) return true;
    throw new ValidationProblem(
      `${invalidParameter}Select type ALL_ATTRIBUTES is not supported for global secondary index ` +
        `${index.name} because its projection type is not ALL`,
    );
  }
  if (projection === undefined) return false;
  const missing = projection.attributeNames.filter((name) => !projected.has(name));
  if (missing.length === 0 || !isGlobal) return missing.length > 0;
  throw new ValidationProblem(
    `${invalidParameter}Global secondary index ${index.name} does not project [${missing.join(", ")}]`,
  );
}

/** A Query's filter may ask only what the index holds, of a local one too. (A Scan's finds such attributes absent.) */
export function checkFilterIsProjected(source: ReadSource, filter: Condition): void {
  const { index } = source;
  const projected = index?.projected;
  if (index === undefined || projected === undefined) return;
  const missing = [...filter.use.heads].filter((name) => !projected.has(name));
  if (missing.length === 0) return;
  throw new ValidationProblem(
    `${invalidParameter}Secondary index ${index.index.name} does not project ` +
      `one or more filter attributes: [${missing.join(", ")}]`,
  );
}
