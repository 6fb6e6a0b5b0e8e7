import type { Key } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { Transaction } from "#store/store.ts";
import type {
  DynamoDB,
  TransactWriteItemsInput,
  TransactWriteItemsOutput,
} from "#models/dynamodb.ts";
import { type DoneTransaction, findDone, hashOf, rememberDone } from "./client-tokens.ts";
import { consumedCapacity, noUnits, readUnits, transactionFactor } from "../consumed-capacity.ts";
import { CollectedMetrics } from "../indexes/item-collections.ts";
import { openTransacted, ownerContext, tableNameOf } from "../tables/open-table.ts";
import type { ItemImage } from "../items/stored-item.ts";
import { type TransactedAction, transactedAction } from "./transact-actions.ts";
import { Cancellations, ConditionUnmet, PayloadSize, refuseDuplicateKeys } from "./transactions.ts";
import { TableWriter } from "../items/write-item.ts";

export type TransactContext = Context<
  | "IdempotentParameterMismatchException"
  | "ResourceNotFoundException"
  | "TransactionCanceledException"
>;

export const transactWriteItems = {
  /** All of the actions or none: they are one transaction of the store. */
  TransactWriteItems(ctx, input) {
    const payload = new PayloadSize();
    const actions = input.TransactItems.map((item) => {
      const action = transactedAction(item);
      tableNameOf(ctx, action.tableName);
      return action;
    });
    for (const action of actions) payload.add(action.payloadBytes);
    const token = input.ClientRequestToken;
    const requestHash = token === undefined ? "" : hashOf(input.TransactItems);
    return ctx.transact((tx) => {
      if (token !== undefined) {
        const done = findDone(tx, ctx, token);
        if (done !== undefined) return answerAgain(ctx, input, done, requestHash);
      }
      const tables = new TransactedTables(tx, ctx, actions);
      const readUnitsByTable = tables.run(ctx);
      if (token !== undefined) {
        const doneAtMs = ctx.now();
        rememberDone(tx, ctx, token, { requestHash, doneAtMs, readUnits: [...readUnitsByTable] });
      }
      return tables.answer(input);
    });
  },
} satisfies Handlers<DynamoDB>;

/** A repeated request is answered from what was noted, without writing: AWS reports it as read. */
export function answerAgain(
  ctx: TransactContext,
  input: CapacityParameters,
  done: DoneTransaction,
  requestHash: string,
): TransactWriteItemsOutput {
  if (done.requestHash !== requestHash) {
    throw ctx.error(
      "IdempotentParameterMismatchException",
      "The provided client token is already in use for a request with other parameters",
    );
  }
  const mode = input.ReturnConsumedCapacity;
  if (mode !== "TOTAL" && mode !== "INDEXES") return {};
  return {
    ConsumedCapacity: done.readUnits.map(([tableName, units]) => {
      const used = { ...noUnits(), table: units };
      return consumedCapacity(mode, tableName, used, "ReadCapacityUnits")!;
    }),
  };
}

type CapacityParameters = Pick<
  TransactWriteItemsInput,
  "ReturnConsumedCapacity" | "ReturnItemCollectionMetrics"
>;

interface Target {
  readonly action: TransactedAction;
  readonly writer: TableWriter;
}

/** One run of the transaction's body. */
export class TransactedTables {
  readonly #targets: readonly Target[];
  /** By the table's id: a table may come under its name and under its ARN, and is answered as it came first. */
  readonly #tables = new Map<string, { readonly name: string; readonly writer: TableWriter }>();

  constructor(tx: Transaction, ctx: TransactContext, actions: readonly TransactedAction[]) {
    this.#targets = actions.map((action) => {
      const owner = ownerContext(ctx, action.tableName);
      const record = openTransacted(tx, owner, action.tableName);
      let table = this.#tables.get(record.id);
      if (table === undefined) {
        const writer = new TableWriter(tx, owner, record, {
          tableFactor: transactionFactor,
          capacity: "asked",
        });
        table = { name: action.tableName, writer };
        this.#tables.set(record.id, table);
      }
      return { action, writer: table.writer };
    });
  }

  /** Tries all actions, and throws if one cannot be done. Answers what reading the items would cost, by table. */
  run(ctx: TransactContext): Map<string, number> {
    const units = new Map<string, number>();
    const cancellations = new Cancellations();
    const keys: (Key | undefined)[] = [];
    for (const { action, writer } of this.#targets) {
      cancellations.attempt(() => {
        const key = action.key(writer.layout);
        keys.push(key);
        const before = writer.find(key);
        const after = appliedOrCharged(action, writer, key, before);
        if (action.isCheck) writer.charge(key, before, undefined);
        else writer.write(key, before, after);
        const sizeBytes = Math.max(before?.sizeBytes ?? 0, after?.sizeBytes ?? 0);
        const { name } = this.#tables.get(writer.layout.table.id)!;
        units.set(name, (units.get(name) ?? 0) + readUnits(sizeBytes, true) * transactionFactor);
      });
    }
    refuseDuplicateKeys(keys);
    cancellations.throwIfAny(ctx);
    for (const { writer } of this.#tables.values()) writer.finish();
    return units;
  }

  answer(input: CapacityParameters): TransactWriteItemsOutput {
    const answer: TransactWriteItemsOutput = {};
    const mode = input.ReturnConsumedCapacity;
    if (mode === "TOTAL" || mode === "INDEXES") {
      answer.ConsumedCapacity = [...this.#tables.values()].map(({ name, writer }) =>
        consumedCapacity(mode, name, writer.units, "WriteCapacityUnits")!,
      );
    }
    const metrics = new CollectedMetrics(input.ReturnItemCollectionMetrics);
    for (const { action, writer } of this.#targets) {
      if (action.isCheck) continue;
      const one = writer.metrics(input.ReturnItemCollectionMetrics, action.attributes);
      metrics.addAll(action.tableName, [one]);
    }
    answer.ItemCollectionMetrics = metrics.byTable();
    return answer;
  }
}

/** An action whose condition does not hold costs as much as one that is done. */
function appliedOrCharged(
  action: TransactedAction,
  writer: TableWriter,
  key: Key,
  before: ItemImage | undefined,
): ItemImage | undefined {
  try {
    return action.apply(writer.layout, before);
  } catch (problem) {
    if (problem instanceof ConditionUnmet) writer.charge(key, before, undefined);
    throw problem;
  }
}
