import type { Handlers } from "#kernel/service.ts";
import type { DynamoDB, QueryInput } from "#models/dynamodb.ts";
import {
  checkStartKeyCount,
  checkStartKeyInQuery,
  checkStartKeyOfTable,
  checkStartKeyPart,
  rangeBehind,
} from "./exclusive-start-key.ts";
import {
  checkExpressionParameters,
  queryParameters,
} from "../expressions/expression-parameters.ts";
import { parseFilter } from "../expressions/bind-condition.ts";
import { Bindings } from "../expressions/bindings.ts";
import type { Condition } from "../expressions/condition.ts";
import {
  keyRangeOf,
  type KeyRange,
  keyTermsOf,
  type KeyTerm,
  parseKeyCondition,
} from "../expressions/key-condition.ts";
import { parseProjection, type Projection } from "../expressions/projection.ts";
import { checkItem } from "../items/item-size.ts";
import { attributesToGet, legacyKeyTerms } from "../legacy/legacy-conditions.ts";
import { tableNameOf } from "../tables/open-table.ts";
import { storeRange } from "./query-range.ts";
import { readPage } from "./read-page.ts";
import { legacyFilterOf } from "./read-request.ts";
import { openSource, positionOf, type ReadSource } from "./read-source.ts";
import { checkReadRequest } from "../request-checks.ts";
import { checkKeyPaths } from "../expressions/request-expressions.ts";
import { checkFilterIsProjected, checkSelect, needsTable } from "./select.ts";
import { ValidationProblem } from "../validation-problem.ts";

export const query = {
  /** Reads a page of one partition of a table or index, in the order of the sort key. */
  Query(ctx, input) {
    tableNameOf(ctx, input.TableName);
    const { terms, filter, projection } = checkReadRequest(() => parsed(input));
    return ctx.read((snapshot) => {
      const source = openSource(snapshot, ctx, input);
      const wanted = checkedRange(source, input, terms);
      checkKeyPaths(source.layout, projection);
      if (filter !== undefined) checkFilter(source, input, filter);
      checkSelect(input, projection);
      const fetches = needsTable(source, input.Select, projection);
      checkKeyPaths(source.layout, filter);
      const isReverse = input.ScanIndexForward === false;
      const whole = storeRange(source, wanted);
      const { ExclusiveStartKey: startKey } = input;
      const range =
        startKey === undefined
          ? whole
          : rangeBehind(whole, positionOf(source, startKey), isReverse);
      const partition = whole.start;
      const walk = { range, isReverse, filter, projection, fetches, partition };
      return readPage(snapshot, ctx, source, input, walk);
    });
  },
} satisfies Handlers<DynamoDB>;

interface ParsedQuery {
  readonly terms: readonly KeyTerm[];
  readonly filter: Condition | undefined;
  readonly projection: Projection | undefined;
}

/** Everything that needs no table, in AWS's order. */
function parsed(input: QueryInput): ParsedQuery {
  checkExpressionParameters(input, queryParameters);
  const legacyFilter = legacyFilterOf(input.QueryFilter, input.ConditionalOperator);
  const legacyProjection =
    input.AttributesToGet === undefined ? undefined : attributesToGet(input.AttributesToGet);
  if (input.ExclusiveStartKey !== undefined) checkItem(input.ExclusiveStartKey);
  const { KeyConditions: legacyConditions, KeyConditionExpression: conditionText } = input;
  if (legacyConditions === undefined && conditionText === undefined) {
    throw new ValidationProblem(
      "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.",
    );
  }
  const { FilterExpression: filterText, ProjectionExpression: projectionText } = input;
  const bindings = new Bindings(input.ExpressionAttributeNames, input.ExpressionAttributeValues);
  const condition =
    conditionText === undefined ? undefined : parseKeyCondition(conditionText, bindings);
  const filter = filterText === undefined ? legacyFilter : parseFilter(filterText, bindings);
  const projection =
    projectionText === undefined ? legacyProjection : parseProjection(projectionText, bindings);
  bindings.assertAllUsed();
  const terms = condition === undefined ? legacyKeyTerms(legacyConditions!) : keyTermsOf(condition);
  if (terms.length === 0) throw new ValidationProblem("Conditions can be of length 1 or 2 only");
  return { terms, filter, projection };
}

/** The start key's partition is looked at before the key condition, the rest of it after. */
function checkedRange(
  source: ReadSource,
  { ExclusiveStartKey: startKey }: QueryInput,
  terms: readonly KeyTerm[],
): KeyRange {
  const { key } = source;
  const indexName = source.index?.index.name;
  if (startKey === undefined) return keyRangeOf(terms, key, indexName);
  checkStartKeyCount(source, startKey);
  checkStartKeyPart(source, startKey, key[0]!);
  const wanted = keyRangeOf(terms, key, indexName);
  for (let at = 1; at < key.length; at++) checkStartKeyPart(source, startKey, key[at]!);
  if (source.index !== undefined) checkStartKeyOfTable(source, startKey);
  checkStartKeyInQuery(source, startKey, wanted);
  return wanted;
}

/** A filter is about what the key condition cannot say: it may name no attribute of the key that is queried. */
function checkFilter(source: ReadSource, input: QueryInput, filter: Condition): void {
  const parameter = input.FilterExpression === undefined ? "QueryFilter" : "Filter Expression";
  filter.use.checkNoKey(source.keyNames, parameter);
  checkFilterIsProjected(source, filter);
}
