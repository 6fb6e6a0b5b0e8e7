import type { Key } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import { ServiceError } from "#kernel/errors.ts";
import type { Handlers } from "#kernel/service.ts";
import type {
  BatchExecuteStatementInput,
  BatchStatementError,
  BatchStatementErrorCodeEnum,
  BatchStatementRequest,
  BatchStatementResponse,
  ConsumedCapacity,
  DynamoDB,
} from "#models/dynamodb.ts";
import type { Snapshot } from "#store/store.ts";
import { checkStrongRead } from "../global-tables/strong-writes.ts";
import {
  addUnits,
  consumedCapacity,
  type ConsumedUnits,
  noUnits,
  readUnits,
} from "../consumed-capacity.ts";
import { openIndex, openTable, type TableContext, tableNameOf } from "../tables/open-table.ts";
import { tableLayout, type TableLayout } from "../tables/table-layout.ts";
import { ReadMeters } from "../throttling/meters.ts";
import { ValidationProblem } from "../validation-problem.ts";
import { existsOutsideTransaction, writeOne } from "./execute-statement.ts";
import { refuseLongKeys } from "./select-page.ts";
import { keyToRead, readItem } from "./single-read.ts";
import { type Select, type Statement, statementOf } from "./statement.ts";
import { type WriteAction, writeAction } from "./write-action.ts";

/** A statement of the batch with the item that it is about, or with what is wrong with it. */
type Slot =
  | { readonly kind: "failed"; readonly response: BatchStatementResponse }
  | {
      readonly kind: "read";
      readonly layout: TableLayout;
      readonly select: Select;
      readonly key: Key;
      readonly isConsistent: boolean;
    }
  | { readonly kind: "write"; readonly action: WriteAction; readonly key: Key };

export const batchExecuteStatement = {
  /** Reads or writes, each for itself: what is wrong with one is told in its place, and the others are done. */
  async BatchExecuteStatement(declared, input) {
    // Statements fail one by one, by codes that the operation itself does not declare.
    const ctx = declared as Context as TableContext;
    const statements = input.Statements.map((request) => parsed(ctx, request));
    refuseMixture(statements.map(({ statement }) => statement));
    const { slots, reads } = await ctx.read((snapshot) => {
      const opened = statements.map((one) => open(snapshot, ctx, one));
      refuseDuplicates(opened);
      // What is read is of one moment.
      const meters = new ReadMeters(snapshot, ctx);
      return { slots: opened, reads: opened.map((slot) => read(slot, snapshot, meters)) };
    });
    const units = new Map<string, ConsumedUnits>();
    const responses = await Promise.all(
      slots.map(async (slot, at): Promise<BatchStatementResponse> => {
        const found = reads[at];
        if (found !== undefined && "refusal" in found) {
          return { TableName: found.tableName, Error: errorOf(found.refusal) };
        }
        if (found !== undefined) {
          addUnits(units, found.tableName, found.units);
          return { TableName: found.tableName, Item: found.item };
        }
        return slot.kind === "write" ? write(ctx, slot.action, units) : failedResponse(slot);
      }),
    );
    return { Responses: responses, ConsumedCapacity: capacityOf(input, units) };
  },
} satisfies Handlers<DynamoDB>;

interface Parsed {
  readonly request: BatchStatementRequest;
  readonly statement: Statement | undefined;
  readonly response: BatchStatementResponse | undefined;
}

function parsed(ctx: TableContext, request: BatchStatementRequest): Parsed {
  try {
    const statement = statementOf(request);
    if (statement.kind === "exists") throw existsOutsideTransaction();
    tableNameOf(ctx, statement.tableName);
    return { request, statement, response: undefined };
  } catch (problem) {
    return { request, statement: undefined, response: { Error: errorOf(problem) } };
  }
}

function refuseMixture(statements: readonly (Statement | undefined)[]): void {
  const hasReads = statements.some((statement) => statement?.kind === "select");
  const hasWrites = statements.some(
    (statement) => statement !== undefined && statement.kind !== "select",
  );
  if (hasReads && hasWrites) {
    throw new ValidationProblem(
      "Read and write requests together in the same batch is not supported.",
    );
  }
}

/** Finds out which item a statement is about. */
function open(snapshot: Snapshot, ctx: TableContext, one: Parsed): Slot {
  const { request, statement, response } = one;
  if (statement === undefined) return { kind: "failed", response: response! };
  try {
    const layout = tableLayout(ctx, openTable(snapshot, ctx, statement.tableName));
    checkStrongRead(snapshot, ctx, layout, request.ConsistentRead);
    if (statement.kind === "select") {
      if (statement.indexName !== undefined) {
        refuseLongKeys(openIndex(ctx, layout.table, statement.indexName).index);
      }
      const key = keyToRead(layout, statement, "BatchExecuteStatement");
      const isConsistent = request.ConsistentRead === true;
      return { kind: "read", layout, select: statement, key, isConsistent };
    }
    const action = writeAction(statement, request.ReturnValuesOnConditionCheckFailure);
    return { kind: "write", action, key: action.key(layout) };
  } catch (problem) {
    return { kind: "failed", response: { Error: errorOf(problem) } };
  }
}

function refuseDuplicates(slots: readonly Slot[]): void {
  const keys = slots.flatMap((slot) => (slot.kind === "failed" ? [] : [slot.key]));
  if (new Set(keys).size === keys.length) return;
  throw new ValidationProblem("Provided list of item keys contains duplicates");
}

function read(slot: Slot, snapshot: Snapshot, meters: ReadMeters) {
  if (slot.kind !== "read") return undefined;
  const { tableName } = slot.select;
  const meter = meters.of(slot.layout);
  const refusal = meter.refusal(slot.key);
  if (refusal !== undefined) return { tableName, refusal };
  const { item, sizeBytes } = readItem(snapshot, slot.key, slot.select);
  const table = readUnits(sizeBytes, slot.isConsistent);
  meter.units += table;
  return { tableName, item, units: { ...noUnits(), table } };
}

async function write(
  ctx: TableContext,
  action: WriteAction,
  units: Map<string, ConsumedUnits>,
): Promise<BatchStatementResponse> {
  const { tableName } = action;
  try {
    const written = await writeOne(ctx, action);
    addUnits(units, tableName, written.units);
    return { TableName: tableName, Item: written.item };
  } catch (problem) {
    return { TableName: tableName, Error: errorOf(problem) };
  }
}

function failedResponse(slot: Slot): BatchStatementResponse {
  return slot.kind === "failed" ? slot.response : {};
}

const codes: Readonly<Record<string, BatchStatementErrorCodeEnum>> = {
  AccessDeniedException: "AccessDenied",
  ConditionalCheckFailedException: "ConditionalCheckFailed",
  DuplicateItemException: "DuplicateItem",
  ItemCollectionSizeLimitExceededException: "ItemCollectionSizeLimitExceeded",
  ProvisionedThroughputExceededException: "ProvisionedThroughputExceeded",
  RequestLimitExceeded: "RequestLimitExceeded",
  ResourceNotFoundException: "ResourceNotFound",
  ThrottlingException: "ThrottlingError",
  ValidationException: "ValidationError",
};

/** Rethrows what is no answer to one statement alone. */
function errorOf(problem: unknown): BatchStatementError {
  const code = problem instanceof ServiceError ? codes[problem.code] : undefined;
  if (code === undefined) throw problem;
  const { message, members } = problem as ServiceError;
  const error: BatchStatementError = { Code: code, Message: message };
  const { Item: item } = members as Pick<BatchStatementError, "Item">;
  if (item !== undefined) error.Item = item;
  return error;
}

function capacityOf(
  { ReturnConsumedCapacity: mode }: BatchExecuteStatementInput,
  units: ReadonlyMap<string, ConsumedUnits>,
): ConsumedCapacity[] | undefined {
  if (mode !== "TOTAL" && mode !== "INDEXES") return undefined;
  return [...units].map(([tableName, used]) => consumedCapacity(mode, tableName, used)!);
}
