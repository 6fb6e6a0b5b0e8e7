import type { FilterSpecification } from "#models/dynamodb.ts";
import { parseFilter } from "../expressions/bind-condition.ts";
import { Bindings } from "../expressions/bindings.ts";
import type { Condition } from "../expressions/condition.ts";
import {
  checkExpressionParameters,
  queryParameters,
} from "../expressions/expression-parameters.ts";
import {
  keyRangeOf,
  type KeyTerm,
  keyTermsOf,
  parseKeyCondition,
} from "../expressions/key-condition.ts";
import { parseProjection, type Projection } from "../expressions/projection.ts";
import { checkKeyPaths } from "../expressions/request-expressions.ts";
import { type StoreRange, storeRange } from "../reads/query-range.ts";
import { keyParts } from "../reads/read-source.ts";
import { checkReadRequest } from "../request-checks.ts";
import type { TableLayout } from "../tables/table-layout.ts";
import type { TableKey } from "../tables/table-record.ts";

/*
 * What an export leaves out. Its key condition narrows what is read, as a Query's does; its filter then drops items, as a
 * Scan's does, and may name key attributes only where there is no key condition; its projection drops attributes.
 * Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Filtered.html, which says that the rules
 * are those of Query and Scan; their words, too: what AWS answers here nobody recorded.
 */

export interface ExportFilter {
  /** In which the keys of items are, without the prefix of their table's items; undefined: all. */
  readonly range: StoreRange | undefined;
  readonly filter: Condition | undefined;
  readonly projection: Projection | undefined;
}

export const noFilter: ExportFilter = {
  range: undefined,
  filter: undefined,
  projection: undefined,
};

interface ParsedFilter {
  readonly terms: readonly KeyTerm[] | undefined;
  readonly filter: Condition | undefined;
  readonly projection: Projection | undefined;
}

/** Everything that needs no table. */
export function parseExportFilter(given: FilterSpecification): ParsedFilter {
  return checkReadRequest(() => {
    checkExpressionParameters(given, { ...queryParameters, nonExpressions: [] });
    const bindings = new Bindings(given.ExpressionAttributeNames, given.ExpressionAttributeValues);
    const {
      KeyConditionExpression: keyText,
      FilterExpression: filterText,
      ProjectionExpression: projectionText,
    } = given;
    const condition = keyText === undefined ? undefined : parseKeyCondition(keyText, bindings);
    const filter = filterText === undefined ? undefined : parseFilter(filterText, bindings);
    const projection =
      projectionText === undefined ? undefined : parseProjection(projectionText, bindings);
    bindings.assertAllUsed();
    return { terms: condition && keyTermsOf(condition), filter, projection };
  });
}

/** Throws what stands against it with a table as it is. */
export function checkExportFilter(
  layout: TableLayout,
  given: FilterSpecification | undefined,
): void {
  if (given === undefined) return;
  const { range, filter, projection } = exportFilter(layout.table.key, given);
  checkKeyPaths(layout, projection);
  if (range !== undefined) filter?.use.checkNoKey(layout.keyNames, "Filter Expression");
  checkKeyPaths(layout, filter);
}

export function exportFilter(key: TableKey, given: FilterSpecification | undefined): ExportFilter {
  if (given === undefined) return noFilter;
  const { terms, filter, projection } = parseExportFilter(given);
  const parts = keyParts(key);
  const range =
    terms && storeRange({ key: parts, prefix: "", index: undefined }, keyRangeOf(terms, parts));
  return { range, filter, projection };
}
