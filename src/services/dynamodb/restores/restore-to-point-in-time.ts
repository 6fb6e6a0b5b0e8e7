import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { DynamoDB, RestoreTableToPointInTimeInput } from "#models/dynamodb.ts";
import type { Snapshot, Transaction } from "#store/store.ts";
import { holdHistory } from "../history/history-holds.ts";
import { momentAt, momentNow, type Moment } from "../history/moment.ts";
import { tableKey } from "../keyspace.ts";
import { tableNameOf } from "../tables/open-table.ts";
import { empty, tableDescription } from "../tables/table-description.ts";
import { historyLayout } from "../tables/table-layout.ts";
import { tableCodec, type TableRecord } from "../tables/table-record.ts";
import { tableWithBackups } from "./continuous-backups.ts";
import { recoveryWindow, secondOf } from "./recovery-window.ts";
import { beginRestore, restoreHolder } from "./restore-table.ts";
import { checkTarget } from "./restore-target.ts";
import { findEncryption } from "../tables/encryption.ts";
import { restoredTable } from "./restored-table.ts";

/*
 * Messages and their order are AWS's, as they were measured in October 2026 (ack-api-quirks, DDB-TABLE-100, 219 and
 * 272): first the request's form, then whether recovery is on, then the time, then the target.
 */

type PointInTimeContext = Context<
  | "InvalidRestoreTimeException"
  | "LimitExceededException"
  | "PointInTimeRecoveryUnavailableException"
  | "TableAlreadyExistsException"
  | "TableInUseException"
  | "TableNotFoundException"
>;

export const restoreToPointInTime = {
  /** The table is CREATING in the answer; a job fills it and makes it ACTIVE. */
  async RestoreTableToPointInTime(ctx, input) {
    const source = sourceOf(ctx, input);
    checkTimes(ctx, input);
    const there = ctx.inRegion(source.region);
    const encryption = await findEncryption(ctx, input.SSESpecificationOverride);
    return ctx.transact((tx) => {
      const table = tableWithBackups(tx, there, source.name);
      const moment = momentToRestore(tx, there, table, input);
      checkTarget(tx, ctx, input.TargetTableName, `table: ${table.arn}`);
      const origin = {
        tableArn: table.arn,
        backupArn: undefined,
        atMs: secondOf(moment.atMs),
      };
      const target = restoredTable(ctx, table, input, origin, encryption);
      tx.putRecord(tableKey(ctx, target.name), tableCodec, target);
      beginPast(tx, ctx, there, table, target, moment);
      return { TableDescription: tableDescription(target, empty, ctx.now()) };
    });
  },
} satisfies Handlers<DynamoDB>;

function beginPast(
  tx: Transaction,
  ctx: Context,
  there: Context,
  table: TableRecord,
  target: TableRecord,
  moment: Moment,
): void {
  holdHistory(tx, there, table, restoreHolder(target.id), moment.historyFromMs);
  beginRestore(tx, ctx, {
    tableName: target.name,
    tableId: target.id,
    region: there.region,
    source: {
      kind: "moment",
      table: { tableName: table.name, tableId: table.id },
      moment,
    },
  });
}

const sourceArnPattern = /^arn:aws[a-z-]*:dynamodb:([a-z0-9-]+):(\d{12}):table\/([a-zA-Z0-9_.-]+)$/;

/** A table of this region by its name, or one of any region by its ARN. */
function sourceOf(
  ctx: Context,
  { SourceTableArn: arn, SourceTableName: name }: RestoreTableToPointInTimeInput,
): { readonly region: string; readonly name: string } {
  const refuse = (message: string): Error => ctx.error("ValidationException", message);
  if (arn !== undefined && name !== undefined) {
    throw refuse("Must provide exactly one of: sourceTableArn, sourceTableName");
  }
  if (name !== undefined) return { region: ctx.region, name: tableNameOf(ctx, name) };
  if (arn === undefined) throw refuse("The parameter 'TableName' is required");
  const [, region, account, tableName] = sourceArnPattern.exec(arn) ?? [];
  if (region === undefined || tableName === undefined) {
    throw refuse("sourceTableArn is not a valid ARN");
  }
  if (account !== ctx.account) {
    throw refuse(
      "This action is only supported by accounts that match the resource owner's account",
    );
  }
  return { region, name: tableName };
}

function checkTimes(ctx: Context, input: RestoreTableToPointInTimeInput): void {
  const isLatest = input.UseLatestRestorableTime === true;
  const isChosen = input.RestoreDateTime !== undefined;
  if (isLatest && isChosen) {
    throw ctx.error(
      "ValidationException",
      "Invalid Request: Both RestoreDateTime and UseLatestRestorableTime cannot be set for point-in-time restore request. Please specify only one of them",
    );
  }
  if (!isLatest && !isChosen) {
    throw ctx.error(
      "ValidationException",
      "Invalid Request: Either one of RestoreDateTime or UseLatestRestorableTime must be specified, but not both",
    );
  }
}

function momentToRestore(
  snapshot: Snapshot,
  ctx: PointInTimeContext,
  table: TableRecord,
  { RestoreDateTime: askedMs }: RestoreTableToPointInTimeInput,
): Moment {
  if (table.recovery === undefined) {
    throw ctx.error(
      "PointInTimeRecoveryUnavailableException",
      `Point in time recovery is not enabled for table '${table.name}'`,
    );
  }
  const history = historyLayout(ctx, table);
  if (askedMs === undefined) return momentNow(snapshot, history, ctx.now());
  const { earliestMs, latestMs } = recoveryWindow(table.recovery, ctx.now());
  if (askedMs < secondOf(earliestMs) || askedMs > latestMs) {
    throw ctx.error(
      "InvalidRestoreTimeException",
      `RestoreDateTime '${timeText(askedMs)}' must be within EarliestRestorableDateTime '${timeText(earliestMs)}' and LatestRestorableDateTime '${timeText(latestMs)}'`,
    );
  }
  // The second in which recovery was enabled counts as a whole, as it is shown.
  return momentAt(snapshot, history, Math.max(askedMs, earliestMs));
}

const timeText = (atMs: number): string =>
  new Date(secondOf(atMs)).toISOString().replace(".000Z", "Z");
