import type {
  ConsumedCapacity,
  ExecuteStatementInput,
  ItemList,
  Key as StartKey,
} from "#models/dynamodb.ts";
import type { Snapshot } from "#store/store.ts";
import type { Condition } from "../expressions/condition.ts";
import type { TableContext } from "../tables/open-table.ts";
import { rangeBehind } from "../reads/exclusive-start-key.ts";
import type { StoreRange } from "../reads/query-range.ts";
import { pageBytes, readCapacity, readRange } from "../reads/read-page.ts";
import { openSource, positionOf, type ReadSource } from "../reads/read-source.ts";
import { checkKeyPaths } from "../expressions/request-expressions.ts";
import { checkFilterIsProjected, needsTable } from "../reads/select.ts";
import type { IndexRecord } from "../tables/table-record.ts";
import { ReadMeter } from "../throttling/meters.ts";
import { ValidationProblem } from "../validation-problem.ts";
import { type KeyRanges, keyRangesOf } from "./key-ranges.ts";
import { termsOf } from "./key-terms.ts";
import { invalidToken, nextToken, startKeyOf } from "./next-token.ts";
import type { Select } from "./statement.ts";

interface SelectedPage {
  readonly Items: ItemList;
  readonly NextToken?: string | undefined;
  readonly ConsumedCapacity?: ConsumedCapacity | undefined;
}

type PageParameters = Pick<
  ExecuteStatementInput,
  "ConsistentRead" | "Limit" | "NextToken" | "ReturnConsumedCapacity"
>;

/**
 * One page of a SELECT: of the ranges of keys that its WHERE clause leaves, one after the other. Without a condition
 * on the partition key that is the whole table or index.
 */
export function selectPage(
  snapshot: Snapshot,
  ctx: TableContext,
  select: Select,
  input: PageParameters,
): SelectedPage {
  const { tableName, output, where } = select;
  const source = openSource(snapshot, ctx, {
    TableName: tableName,
    IndexName: select.indexName,
    ConsistentRead: input.ConsistentRead,
  });
  if (source.index !== undefined) refuseLongKeys(source.index.index);
  checkKeyPaths(source.layout, output);
  checkKeyPaths(source.layout, where);
  const wanted = keyRangesOf(source, where);
  const { isReverse, isPartitionReverse } = orderOf(source, select, wanted);
  const fetches = needsTable(source, undefined, output);
  if (where !== undefined && isKeyed(source, where)) checkFilterIsProjected(source, where);
  const filter = wanted.isExact ? undefined : where;
  const ranges = rangesToRead(source, wanted, input.NextToken, { isReverse, isPartitionReverse });

  const meter = new ReadMeter(snapshot, ctx, source.layout, source.index);
  meter.admit(wanted.partitions === undefined ? undefined : ranges[0]?.start, false);
  const { noteItem } = meter;
  const items: ItemList = [];
  let bytes = 0;
  let scannedCount = 0;
  let walkUnits = 0;
  let fetchUnits = 0;
  let lastKey: StartKey | undefined;
  for (const range of ranges) {
    const limit = input.Limit === undefined ? undefined : input.Limit - scannedCount;
    const read = readRange(
      snapshot,
      source,
      { TableName: tableName, ConsistentRead: input.ConsistentRead, Limit: limit },
      { range, isReverse, filter, projection: output, fetches, noteItem },
      pageBytes - bytes,
    );
    for (const item of read.items) items.push(item);
    bytes += read.bytes;
    scannedCount += read.scannedCount;
    walkUnits += read.walkUnits;
    fetchUnits += read.fetchUnits;
    lastKey = read.lastEvaluatedKey;
    if (lastKey !== undefined) break;
  }
  meter.units = walkUnits + fetchUnits;
  source.layout.traffic.operation(ctx.operation).returnedItems.add(items.length);
  return {
    Items: items,
    NextToken: lastKey === undefined ? undefined : nextToken(source, lastKey),
    ConsumedCapacity: readCapacity(
      source,
      { TableName: tableName, ReturnConsumedCapacity: input.ReturnConsumedCapacity },
      walkUnits,
      fetchUnits,
    ),
  };
}

/** Recorded at AWS in October 2026 by paritysuite/dynamodb-conformance (partiqlMultiAttributeIndex). */
export function refuseLongKeys({ key: { partition, sort } }: IndexRecord): void {
  if (partition.length <= 1 && sort.length <= 1) return;
  throw new ValidationProblem(
    "PartiQL statements cannot be executed on tables with multi-attribute HASH keys or multi-attribute RANGE keys.",
  );
}

/** Whether a condition beside the others, not one among alternatives, asks for values of the partition key. */
function isKeyed(source: ReadSource, where: Condition): boolean {
  return termsOf(where).some((term) => isPartitionTerm(term, source.key[0]!.name));
}

function isPartitionTerm(term: Condition["predicate"], name: string): boolean {
  if (term.kind === "in") return isPath(term.value, name);
  if (term.kind !== "compare" || term.operator !== "=") return false;
  return isPath(term.left, name) || isPath(term.right, name);
}

function isPath(
  operand: { readonly kind: string; readonly path?: unknown },
  name: string,
): boolean {
  return (
    operand.kind === "path" &&
    Array.isArray(operand.path) &&
    operand.path.length === 1 &&
    operand.path[0] === name
  );
}

interface Directions {
  /** Of the sort key. */
  readonly isReverse: boolean;
  /** Of the partitions, if there are several. */
  readonly isPartitionReverse: boolean;
}

function orderOf(
  { keyNames, key }: ReadSource,
  { order }: Select,
  { partitions }: KeyRanges,
): Directions {
  for (const { name } of order) {
    if (keyNames.includes(name)) continue;
    throw new ValidationProblem(
      `Variable reference ${name} in ORDER BY clause must be part of the primary key`,
    );
  }
  if (order.length > 0 && partitions === undefined) {
    throw new ValidationProblem(
      "Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause.",
    );
  }
  const isDescending = (name: string | undefined): boolean =>
    order.some((by) => by.name === name && by.isDescending);
  return {
    isReverse: isDescending(key[1]?.name),
    isPartitionReverse: isDescending(key[0]!.name),
  };
}

/** The ranges in the order in which they are read, behind the item that a token stands for. */
function rangesToRead(
  source: ReadSource,
  { ranges }: KeyRanges,
  token: string | undefined,
  { isReverse, isPartitionReverse }: Directions,
): readonly StoreRange[] {
  const groups = isPartitionReverse ? ranges.toReversed() : ranges;
  const ordered = groups.flatMap((group) => (isReverse ? group.toReversed() : group));
  if (token === undefined) return ordered;
  const position = positionOf(source, startKeyOf(source, token));
  const at = ordered.findIndex(({ start, end }) => position >= start && position < end);
  if (at === -1) throw invalidToken();
  return [rangeBehind(ordered[at]!, position, isReverse), ...ordered.slice(at + 1)];
}
