import { ServiceError } from "#kernel/errors.ts";
import type { Handlers } from "#kernel/service.ts";
import type { AttributeMap, DynamoDB } from "#models/dynamodb.ts";
import { consumedCapacity, type ConsumedUnits } from "../consumed-capacity.ts";
import { openTable, type TableContext, tableNameOf } from "../tables/open-table.ts";
import { ConditionUnmet } from "../transactions/transactions.ts";
import { ValidationProblem } from "../validation-problem.ts";
import { TableWriter } from "../items/write-item.ts";
import { selectPage } from "./select-page.ts";
import { statementOf } from "./statement.ts";
import { type WriteAction, writeAction } from "./write-action.ts";

export const executeStatement = {
  /** One statement: a page of a SELECT, or a write of one item. */
  async ExecuteStatement(ctx, input) {
    const statement = statementOf(input);
    tableNameOf(ctx, statement.tableName);
    if (statement.kind === "select") {
      return ctx.read((snapshot) => selectPage(snapshot, ctx, statement, input));
    }
    if (statement.kind === "exists") throw existsOutsideTransaction();
    const mode = input.ReturnValuesOnConditionCheckFailure;
    const { item, units } = await writeOne(ctx, writeAction(statement, mode));
    return {
      Items: item === undefined ? [] : [item],
      ConsumedCapacity: consumedCapacity(input.ReturnConsumedCapacity, statement.tableName, units),
    };
  },
} satisfies Handlers<DynamoDB>;

export function existsOutsideTransaction(): ValidationProblem {
  return new ValidationProblem("EXISTS can only be used in ExecuteTransaction write requests.");
}

interface Written {
  readonly item: AttributeMap | undefined;
  readonly units: ConsumedUnits;
}

/** Runs one write in a transaction of its own. */
export function writeOne(ctx: TableContext, action: WriteAction): Promise<Written> {
  return ctx.transact((tx) => {
    const writer = new TableWriter(tx, ctx, openTable(tx, ctx, action.tableName), {
      capacity: "asked",
    });
    const key = action.key(writer.layout);
    const before = writer.find(key);
    try {
      const after = action.apply(writer.layout, before);
      writer.write(key, before, after);
      writer.finish();
      return { item: action.returned(before, after), units: writer.units };
    } catch (problem) {
      if (!(problem instanceof ConditionUnmet)) throw problem;
      writer.charge(key, before, undefined);
      const members = problem.found === undefined ? {} : { Item: problem.found.json };
      throw new ServiceError(problem.code, problem.message, members);
    }
  });
}
