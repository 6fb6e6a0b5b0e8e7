import { endOfPrefix, type Key } from "#base/key.ts";
import type { Handlers } from "#kernel/service.ts";
import type { DynamoDB, ScanInput } from "#models/dynamodb.ts";
import {
  checkStartKeyCount,
  checkStartKeyInSegment,
  checkStartKeyOfScan,
  checkStartKeyOfTable,
  checkStartKeyPart,
  rangeBehind,
  startKeyDoesNotMatch,
} from "./exclusive-start-key.ts";
import { checkExpressionParameters, scanParameters } from "../expressions/expression-parameters.ts";
import { parseFilter } from "../expressions/bind-condition.ts";
import { Bindings } from "../expressions/bindings.ts";
import type { Condition } from "../expressions/condition.ts";
import { parseProjection, type Projection } from "../expressions/projection.ts";
import { checkValue } from "../items/item-size.ts";
import { segmentRange } from "../keyspace.ts";
import { attributesToGet } from "../legacy/legacy-conditions.ts";
import { tableNameOf } from "../tables/open-table.ts";
import type { StoreRange } from "./query-range.ts";
import { readPage } from "./read-page.ts";
import { legacyFilterOf } from "./read-request.ts";
import { openSource, positionOf, type ReadSource } from "./read-source.ts";
import { checkKeyPaths } from "../expressions/request-expressions.ts";
import { checkSelect, needsTable } from "./select.ts";
import type { Item } from "../items/stored-item.ts";
import { ValidationProblem } from "../validation-problem.ts";

export const scan = {
  /** Reads a page of a whole table or index, or of one of the equal parts that parallel scans divide it into. */
  Scan(ctx, input) {
    tableNameOf(ctx, input.TableName);
    const { filter, projection } = parsed(input);
    return ctx.read((snapshot) => {
      const source = openSource(snapshot, ctx, input);
      const { ExclusiveStartKey: startKey } = input;
      if (startKey !== undefined) checkStartKey(source, startKey);
      checkSelect(input, projection);
      const fetches = needsTable(source, input.Select, projection);
      const range = rangeOf(source, input);
      checkKeyPaths(source.layout, projection);
      checkKeyPaths(source.layout, filter);
      const walk = { range, isReverse: false, filter, projection, fetches };
      return readPage(snapshot, ctx, source, input, walk);
    });
  },
} satisfies Handlers<DynamoDB>;

interface ParsedScan {
  readonly filter: Condition | undefined;
  readonly projection: Projection | undefined;
}

/** Everything that needs no table, in AWS's order. */
function parsed(input: ScanInput): ParsedScan {
  checkExpressionParameters(input, scanParameters);
  const legacyProjection =
    input.AttributesToGet === undefined ? undefined : attributesToGet(input.AttributesToGet);
  // Query looks at ConditionalOperator before it looks at the values, as the operations with the newer validation do.
  for (const { AttributeValueList: values } of Object.values(input.ScanFilter ?? {})) {
    values?.forEach(checkValue);
  }
  const legacyFilter = legacyFilterOf(input.ScanFilter, input.ConditionalOperator);
  if (input.ExclusiveStartKey !== undefined) checkStartKeyOfScan(input.ExclusiveStartKey);
  checkSegment(input);
  const bindings = new Bindings(input.ExpressionAttributeNames, input.ExpressionAttributeValues);
  const { FilterExpression: filterText, ProjectionExpression: projectionText } = input;
  const filter = filterText === undefined ? legacyFilter : parseFilter(filterText, bindings);
  const projection =
    projectionText === undefined ? legacyProjection : parseProjection(projectionText, bindings);
  bindings.assertAllUsed();
  return { filter, projection };
}

function checkSegment({ Segment: segment, TotalSegments: totalSegments }: ScanInput): void {
  if (totalSegments === undefined) {
    if (segment === undefined) return;
    throw new ValidationProblem(
      "The TotalSegments parameter is required but was not present in the request when Segment parameter is present",
    );
  }
  if (segment === undefined) {
    throw new ValidationProblem(
      "The Segment parameter is required but was not present in the request when parameter TotalSegments is present",
    );
  }
  if (segment >= totalSegments) {
    throw new ValidationProblem(
      "The Segment parameter is zero-based and must be less than parameter TotalSegments: " +
        `Segment: ${segment} is not less than TotalSegments: ${totalSegments}`,
    );
  }
}

/** Of a table's start key AWS looks at the whole later; here only whether it has the right number of attributes. */
function checkStartKey(source: ReadSource, startKey: Item): void {
  if (source.index === undefined) {
    if (Object.keys(startKey).length !== source.startKeyNames.length) throw startKeyDoesNotMatch();
    return;
  }
  checkStartKeyCount(source, startKey);
  for (const attribute of source.key) checkStartKeyPart(source, startKey, attribute);
}

function rangeOf(source: ReadSource, input: ScanInput): StoreRange {
  const { ExclusiveStartKey: startKey, Segment: segment, TotalSegments: totalSegments } = input;
  const range =
    segment === undefined || totalSegments === undefined
      ? wholeRange(source.prefix)
      : segmentRange(source.prefix, segment, totalSegments);
  if (startKey === undefined) return range;
  checkStartKeyOfTable(source, startKey);
  const position = positionOf(source, startKey);
  if (segment !== undefined && totalSegments !== undefined) {
    checkStartKeyInSegment(position, range, segment, totalSegments);
  }
  return rangeBehind(range, position, false);
}

function wholeRange(prefix: Key): StoreRange {
  return { start: prefix, end: endOfPrefix(prefix) };
}
