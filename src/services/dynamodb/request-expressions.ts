import type {
  AttributeNameList,
  AttributeUpdates,
  ConditionalOperator,
  ExpectedAttributeMap,
  ExpressionAttributeNameMap,
  ExpressionAttributeValueMap,
} from "#models/dynamodb.ts";
import { Bindings } from "./expressions/bindings.ts";
import { parseCondition } from "./expressions/bind-condition.ts";
import type { Condition } from "./expressions/condition.ts";
import type { PathUse } from "./expressions/paths.ts";
import { parseProjection, type Projection } from "./expressions/projection.ts";
import { parseUpdate } from "./expressions/bind-update.ts";
import type { Update } from "./expressions/update.ts";
import type { TableLayout } from "./table-layout.ts";

interface ConditionParameters {
  readonly ConditionExpression?: string | undefined;
  readonly Expected?: ExpectedAttributeMap | undefined;
  readonly ConditionalOperator?: ConditionalOperator | undefined;
  readonly ExpressionAttributeNames?: ExpressionAttributeNameMap | undefined;
  readonly ExpressionAttributeValues?: ExpressionAttributeValueMap | undefined;
}

/** The condition of a write in either form, or undefined if it has none. */
export function conditionOf(input: ConditionParameters): Condition | undefined {
  if (input.ConditionExpression === undefined) return undefined;
  const bindings = new Bindings(input.ExpressionAttributeNames, input.ExpressionAttributeValues);
  const condition = parseCondition(input.ConditionExpression, bindings);
  bindings.assertAllUsed();
  return condition;
}

interface UpdateParameters extends ConditionParameters {
  readonly UpdateExpression?: string | undefined;
  readonly AttributeUpdates?: AttributeUpdates | undefined;
}

/** The update of an item and its condition, each in either form. */
export function updateOf(input: UpdateParameters): {
  readonly update: Update | undefined;
  readonly condition: Condition | undefined;
} {
  const bindings = new Bindings(input.ExpressionAttributeNames, input.ExpressionAttributeValues);
  const update =
    input.UpdateExpression === undefined ? undefined : parseUpdate(input.UpdateExpression, bindings);
  const condition =
    input.ConditionExpression === undefined
      ? undefined
      : parseCondition(input.ConditionExpression, bindings);
  bindings.assertAllUsed();
  return { update, condition };
}

interface ProjectionParameters {
  readonly ProjectionExpression?: string | undefined;
  readonly AttributesToGet?: AttributeNameList | undefined;
  readonly ExpressionAttributeNames?: ExpressionAttributeNameMap | undefined;
}

/** What a read asks for in either form, or undefined if it wants the whole item. */
export function projectionOf(input: ProjectionParameters): Projection | undefined {
  if (input.ProjectionExpression === undefined) return undefined;
  const bindings = new Bindings(input.ExpressionAttributeNames, undefined);
  const projection = parseProjection(input.ProjectionExpression, bindings);
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
