import type {
  AttributeNameList,
  AttributeUpdates,
  ConditionalOperator,
  ExpectedAttributeMap,
  ExpressionAttributeNameMap,
  ExpressionAttributeValueMap,
} from "#models/dynamodb.ts";
import { Bindings } from "./bindings.ts";
import { parseCondition } from "./bind-condition.ts";
import type { Condition } from "./condition.ts";
import type { PathUse } from "./paths.ts";
import { parseProjection, type Projection } from "./projection.ts";
import { parseUpdate } from "./bind-update.ts";
import type { Update } from "./update.ts";
import {
  attributesToGet,
  checkConjunction,
  expectedCondition,
} from "../legacy/legacy-conditions.ts";
import { legacyUpdate } from "../legacy/legacy-updates.ts";
import type { TableLayout } from "../tables/table-layout.ts";

export interface ConditionParameters {
  readonly ConditionExpression?: string | undefined;
  readonly Expected?: ExpectedAttributeMap | undefined;
  readonly ConditionalOperator?: ConditionalOperator | undefined;
  readonly ExpressionAttributeNames?: ExpressionAttributeNameMap | undefined;
  readonly ExpressionAttributeValues?: ExpressionAttributeValueMap | undefined;
}

/**
 * The condition of a write, in either form; undefined if it has none. Whether the forms are mixed has been checked
 * before (expression-parameters.ts): AWS looks at the values of the item in between.
 */
export function conditionOf(input: ConditionParameters): Condition | undefined {
  const { ConditionExpression: text } = input;
  if (text === undefined) return legacyConditionOf(input);
  const bindings = new Bindings(input.ExpressionAttributeNames, input.ExpressionAttributeValues);
  const condition = parseCondition(text, bindings);
  bindings.assertAllUsed();
  return condition;
}

function legacyConditionOf(input: ConditionParameters): Condition | undefined {
  const { Expected: expected, ConditionalOperator: conjunction } = input;
  if (expected !== undefined) return expectedCondition(expected, conjunction);
  checkConjunction(conjunction, undefined);
  return undefined;
}

interface UpdateParameters extends ConditionParameters {
  readonly UpdateExpression?: string | undefined;
  readonly AttributeUpdates?: AttributeUpdates | undefined;
}

/** The update of an item and its condition, in either form. */
export function updateOf(input: UpdateParameters): {
  readonly update: Update | undefined;
  readonly condition: Condition | undefined;
} {
  const { UpdateExpression: updateText, ConditionExpression: conditionText } = input;
  if (updateText === undefined && conditionText === undefined) {
    const condition = legacyConditionOf(input);
    const update =
      input.AttributeUpdates === undefined ? undefined : legacyUpdate(input.AttributeUpdates);
    return { update, condition };
  }
  const bindings = new Bindings(input.ExpressionAttributeNames, input.ExpressionAttributeValues);
  const update = updateText === undefined ? undefined : parseUpdate(updateText, bindings);
  const condition =
    conditionText === undefined ? undefined : parseCondition(conditionText, bindings);
  bindings.assertAllUsed();
  return { update, condition };
}

interface ProjectionParameters {
  readonly ProjectionExpression?: string | undefined;
  readonly AttributesToGet?: AttributeNameList | undefined;
  readonly ExpressionAttributeNames?: ExpressionAttributeNameMap | undefined;
}

/** What a read asks for, in either form; undefined if it wants the whole item. */
export function projectionOf(input: ProjectionParameters): Projection | undefined {
  const { ProjectionExpression: text, AttributesToGet: names } = input;
  if (text === undefined) return names === undefined ? undefined : attributesToGet(names);
  const bindings = new Bindings(input.ExpressionAttributeNames, undefined);
  const projection = parseProjection(text, bindings);
  bindings.assertAllUsed();
  return projection;
}

/** Refuses paths that lead into a key attribute. */
export function checkKeyPaths(
  layout: TableLayout,
  expression: { readonly use: PathUse } | undefined,
): void {
  expression?.use.checkKeysAreScalar(layout.keyNames, layout.indexKeyNames);
}
