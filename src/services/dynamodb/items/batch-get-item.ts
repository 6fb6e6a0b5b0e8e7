import type { Handlers } from "#kernel/service.ts";
import type {
  BatchGetItemInput,
  BatchGetItemOutput,
  ConsumedCapacity,
  DynamoDB,
  ItemList,
  KeysAndAttributes,
} from "#models/dynamodb.ts";
import { checkStrongRead } from "../global-tables/strong-writes.ts";
import { typeOf } from "./attribute-values.ts";
import { readUnits, tableCapacity } from "../consumed-capacity.ts";
import { checkExpressionParameters, readParameters } from "../expressions/expression-parameters.ts";
import type { Projection } from "../expressions/projection.ts";
import { keyOfRequest } from "./item-key.ts";
import { checkItem } from "./item-size.ts";
import { ownerContext, tableNameOf } from "../tables/open-table.ts";
import { checkReadRequest } from "../request-checks.ts";
import { checkKeyPaths, projectionOf } from "../expressions/request-expressions.ts";
import { itemJson, itemSizeBytes, type Item, parseItem } from "./stored-item.ts";
import { openLayout } from "../tables/table-layout.ts";
import { ReadMeters } from "../throttling/meters.ts";
import type { Throttled } from "../throttling/throttled.ts";
import { ValidationProblem } from "../validation-problem.ts";

const keysAtMost = 100;
/** Of the items in one answer, by DynamoDB's rule of sizes; what goes beyond comes back as UnprocessedKeys. */
const answerBytesAtMost = 16 * 1024 * 1024;

export const batchGetItem = {
  BatchGetItem(ctx, input) {
    for (const tableName in input.RequestItems) tableNameOf(ctx, tableName);
    const projections = checkReadRequest(() => checkRequests(input));
    return ctx.read((snapshot) => {
      const responses: Record<string, ItemList> = {};
      const unprocessed: Record<string, KeysAndAttributes> = {};
      const capacity: ConsumedCapacity[] = [];
      const meters = new ReadMeters(snapshot, ctx);
      const tables = Object.entries(input.RequestItems).map(([tableName, request]) => {
        const layout = openLayout(snapshot, ctx, tableName);
        checkStrongRead(snapshot, ownerContext(ctx, tableName), layout, request.ConsistentRead);
        const keys = request.Keys.map((key) => keyOfRequest(layout, key));
        const projection = projections.get(tableName);
        checkKeyPaths(layout, projection);
        const meter = meters.of(layout);
        return { tableName, request, keys, projection, meter };
      });
      let answerBytes = 0;
      let throttled: Throttled | undefined;
      let readCount = 0;
      for (const { tableName, request, keys, projection, meter } of tables) {
        const found: ItemList = [];
        let units = 0;
        let read = 0;
        for (; read < keys.length && answerBytes < answerBytesAtMost; read++) {
          const refusal = meter.refusal(keys[read]);
          throttled ??= refusal;
          if (refusal !== undefined) break;
          const stored = snapshot.get(keys[read]!);
          const sizeBytes = stored === undefined ? 0 : itemSizeBytes(stored);
          if (answerBytes + sizeBytes > answerBytesAtMost) break;
          answerBytes += sizeBytes;
          const cost = readUnits(sizeBytes, request.ConsistentRead === true);
          units += cost;
          meter.units += cost;
          if (stored === undefined) continue;
          found.push(
            projection === undefined ? itemJson(stored) : projection.apply(parseItem(stored)),
          );
        }
        readCount += read;
        if (read > 0 || keys.length === 0) responses[tableName] = found;
        if (read < keys.length) {
          unprocessed[tableName] = { ...request, Keys: request.Keys.slice(read) };
        }
        const consumed = tableCapacity(input.ReturnConsumedCapacity, tableName, units);
        if (consumed !== undefined && read > 0) capacity.push(consumed);
      }
      // Only if nothing at all could be read, the batch as a whole has failed.
      if (readCount === 0 && throttled !== undefined) throw throttled;
      const answer: BatchGetItemOutput = { Responses: responses, UnprocessedKeys: unprocessed };
      if (asksForCapacity(input)) answer.ConsumedCapacity = capacity;
      return answer;
    });
  },
} satisfies Handlers<DynamoDB>;

function asksForCapacity({ ReturnConsumedCapacity: mode }: BatchGetItemInput): boolean {
  return mode === "TOTAL" || mode === "INDEXES";
}

/** All that needs no table. AWS finds duplicate keys before it looks for the tables. */
function checkRequests(input: BatchGetItemInput): Map<string, Projection | undefined> {
  const projections = new Map<string, Projection | undefined>();
  const requests = Object.entries(input.RequestItems);
  checkOneForm(requests.map(([, request]) => request));
  let keyCount = 0;
  for (const [tableName, request] of requests) {
    checkExpressionParameters(request, readParameters);
    projections.set(tableName, projectionOf(request));
    const seen = new Set<string>();
    for (const key of request.Keys) {
      checkItem(key);
      seen.add(identityOf(key));
      keyCount++;
    }
    if (seen.size < request.Keys.length) {
      throw new ValidationProblem("Provided list of item keys contains duplicates");
    }
  }
  if (keyCount > keysAtMost) {
    throw new ValidationProblem("Too many items requested for the BatchGetItem call");
  }
  return projections;
}

/** One table's AttributesToGet beside another's ProjectionExpression is refused like both on one table. */
function checkOneForm(requests: readonly KeysAndAttributes[]): void {
  const some = (name: "ProjectionExpression" | "AttributesToGet") =>
    requests.find((request) => request[name] !== undefined)?.[name];
  const together = {
    ProjectionExpression: some("ProjectionExpression"),
    AttributesToGet: some("AttributesToGet"),
  };
  checkExpressionParameters(together, readParameters);
}

/** The same text for equal keys, in whichever order their attributes came. */
function identityOf(key: Item): string {
  const parts: string[] = [];
  for (const name in key) {
    const value = key[name]!;
    const type = typeOf(value);
    parts.push(`${name}\n${type}\n${JSON.stringify(value[type])}`);
  }
  return parts.length === 1 ? parts[0]! : parts.toSorted().join("\n");
}
