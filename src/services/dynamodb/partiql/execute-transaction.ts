import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type {
  DynamoDB,
  ExecuteTransactionInput,
  ExecuteTransactionOutput,
  ItemResponse,
  ParameterizedStatement,
} from "#models/dynamodb.ts";
import { findDone, hashOf, rememberDone } from "../transactions/client-tokens.ts";
import {
  consumedCapacity,
  type ConsumedUnits,
  noUnits,
  readUnits,
  transactionFactor,
} from "../consumed-capacity.ts";
import { checkValue } from "../items/item-size.ts";
import { openTransacted, tableNameOf } from "../tables/open-table.ts";
import { tableLayout } from "../tables/table-layout.ts";
import {
  answerAgain,
  type TransactContext,
  TransactedTables,
} from "../transactions/transact-write-items.ts";
import { ReadMeters } from "../throttling/meters.ts";
import { Cancellations, PayloadSize, refuseDuplicateKeys } from "../transactions/transactions.ts";
import { ValidationProblem } from "../validation-problem.ts";
import { equalityOf, termsOf } from "./key-terms.ts";
import { keyToRead, readItem } from "./single-read.ts";
import { type Select, type Statement, statementOf } from "./statement.ts";
import { writeAction } from "./write-action.ts";

export const executeTransaction = {
  /** All of the statements or none: reads of one moment, or writes. */
  async ExecuteTransaction(ctx, input) {
    const statements = input.TransactStatements.map((statement, at) => checked(at, statement));
    for (const { tableName } of statements) tableNameOf(ctx, tableName);
    const selects = statements.filter((statement) => statement.kind === "select");
    if (selects.length === statements.length) return read(ctx, input, selects);
    if (selects.length === 0) return write(ctx, input, statements);
    throw new ValidationProblem(
      "ExecuteTransaction API does not support both read and write operations in the same request.",
    );
  },
} satisfies Handlers<DynamoDB>;

function checked(at: number, request: ParameterizedStatement): Statement {
  // Of values it does not say which statement they are of.
  for (const value of request.Parameters ?? []) checkValue(value);
  return within(at, () => {
    const statement = statementOf(request);
    if (statement.kind === "change" && statement.returning !== undefined) {
      throw new ValidationProblem("RETURNING clause is not supported in ExecuteTransaction.");
    }
    const select = statement.kind === "exists" ? statement.select : statement;
    if (select.kind === "select" && select.indexName !== undefined) {
      throw new ValidationProblem("Reads on indices are not supported within transactions.");
    }
    return statement;
  });
}

function within<T>(at: number, check: () => T): T {
  try {
    return check();
  } catch (problem) {
    if (!(problem instanceof ValidationProblem)) throw problem;
    throw new ValidationProblem(
      `Validation failed in TransactStatements[${at}]: ${problem.message}`,
    );
  }
}

function read(
  ctx: Context<"ResourceNotFoundException" | "TransactionCanceledException">,
  input: ExecuteTransactionInput,
  selects: readonly Select[],
): Promise<ExecuteTransactionOutput> {
  return ctx.read((snapshot) => {
    const meters = new ReadMeters(snapshot, ctx);
    const layouts = selects.map((select) =>
      tableLayout(ctx, openTransacted(snapshot, ctx, select.tableName)),
    );
    const keys = selects.map((select, at) =>
      within(at, () => keyToRead(layouts[at]!, select, "ExecuteTransaction")),
    );
    refuseDuplicateKeys(keys);
    const cancellations = new Cancellations();
    for (const [at, key] of keys.entries()) {
      cancellations.attempt(() => meters.of(layouts[at]!).admit(key));
    }
    cancellations.throwIfAny(ctx);
    const payload = new PayloadSize();
    const units = new Map<string, ConsumedUnits>();
    const responses = selects.map((select, at): ItemResponse => {
      const { item, sizeBytes } = readItem(snapshot, keys[at]!, select);
      payload.add(sizeBytes);
      let used = units.get(select.tableName);
      if (used === undefined) units.set(select.tableName, (used = noUnits()));
      const consumed = readUnits(sizeBytes, true) * transactionFactor;
      used.table += consumed;
      meters.of(layouts[at]!).units += consumed;
      return item === undefined ? {} : { Item: item };
    });
    const answer: ExecuteTransactionOutput = { Responses: responses };
    const mode = input.ReturnConsumedCapacity;
    if (mode === "TOTAL" || mode === "INDEXES") {
      answer.ConsumedCapacity = [...units].map(([tableName, used]) =>
        consumedCapacity(mode, tableName, used, "ReadCapacityUnits")!,
      );
    }
    return answer;
  });
}

function write(
  ctx: TransactContext,
  input: ExecuteTransactionInput,
  statements: readonly Statement[],
): Promise<ExecuteTransactionOutput> {
  const payload = new PayloadSize();
  const actions = statements.map((statement, at) => {
    if (statement.kind === "select") throw new TypeError("a read among writes");
    const mode = input.TransactStatements[at]!.ReturnValuesOnConditionCheckFailure;
    return writeAction(statement, mode);
  });
  for (const action of actions) payload.add(action.payloadBytes);
  const token = input.ClientRequestToken;
  const requestHash = token === undefined ? "" : hashOf(input.TransactStatements);
  return ctx.transact((tx): ExecuteTransactionOutput => {
    if (token !== undefined) {
      const done = findDone(tx, ctx, token);
      if (done !== undefined) {
        return { Responses: [], ...answerAgain(ctx, input, done, requestHash) };
      }
    }
    for (const [at, statement] of statements.entries()) {
      if (statement.kind !== "exists") continue;
      const layout = tableLayout(ctx, openTransacted(tx, ctx, statement.tableName));
      within(at, () => checkExists(layout.keyNames, statement.select));
    }
    const tables = new TransactedTables(tx, ctx, actions);
    const readUnitsByTable = tables.run(ctx);
    if (token !== undefined) {
      const doneAtMs = ctx.now();
      rememberDone(tx, ctx, token, { requestHash, doneAtMs, readUnits: [...readUnitsByTable] });
    }
    return { Responses: [], ConsumedCapacity: tables.answer(input).ConsumedCapacity };
  });
}

/** What EXISTS asks beyond the key is why it is there. */
function checkExists(keyNames: readonly string[], { where }: Select): void {
  const terms = termsOf(where);
  const named = new Set(terms.map((term) => equalityOf(term)?.name));
  if (keyNames.every((name) => named.has(name)) && terms.length > keyNames.length) return;
  throw new ValidationProblem("EXISTS() must contain a single item read with additional condition");
}
