import type { ConditionalOperator, FilterConditionMap } from "#models/dynamodb.ts";
import type { Condition } from "../expressions/condition.ts";
import { checkConjunction, filterCondition } from "../legacy/legacy-conditions.ts";

/** The filter that QueryFilter or ScanFilter asks for; undefined if it asks for nothing. */
export function legacyFilterOf(
  filter: FilterConditionMap | undefined,
  conjunction: ConditionalOperator | undefined,
): Condition | undefined {
  if (filter === undefined) {
    checkConjunction(conjunction, undefined);
    return undefined;
  }
  const condition = filterCondition(filter, conjunction);
  return condition.use.heads.size === 0 ? undefined : condition;
}
