import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { DynamoDB, ExportTableToPointInTimeInput } from "#models/dynamodb.ts";
import type { Transaction } from "#store/store.ts";
import { newId } from "../backups/backup-record.ts";
import { hashOf } from "../transactions/client-tokens.ts";
import { holdHistory } from "../history/history-holds.ts";
import { exportTokenKey } from "../keyspace.ts";
import { tableWithBackups } from "../restores/continuous-backups.ts";
import { tableLayout } from "../tables/table-layout.ts";
import type { TableRecord } from "../tables/table-record.ts";
import { beginWithToken, findBegun } from "./begun-jobs.ts";
import {
  checkForm,
  type ExportContext,
  type ExportedTime,
  exportedTime,
} from "./export-request.ts";
import { checkExportFilter } from "./export-filter.ts";
import { type ExportRecord, readExport, writeExport } from "./export-record.ts";
import { describe } from "./exports.ts";
import { exportHolder } from "./write-export.ts";

export const exportTable = {
  /** IN_PROGRESS in the answer; a job writes to S3. What S3 says to that is told by DescribeExport. */
  ExportTableToPointInTime(ctx, input) {
    const tableName = tableNameOf(ctx, input.TableArn);
    const id = newId(ctx);
    const clientToken = input.ClientToken ?? ctx.random.uuid();
    const requestHash = hashOf({ ...input, ClientToken: undefined });
    checkForm(ctx, input);
    return ctx.transact((tx) => {
      const tokenKey = exportTokenKey(ctx, clientToken);
      const begun = findBegun(tx, ctx, tokenKey);
      if (begun !== undefined) {
        if (begun.requestHash !== requestHash) {
          throw ctx.error(
            "ExportConflictException",
            "Export conflict: Duplicate request detected with conflicting parameters",
          );
        }
        const earlier = readExport(tx, ctx, begun.id);
        if (earlier !== undefined) return { ExportDescription: describe(earlier) };
      }
      const table = openExported(tx, ctx, tableName, input.TableArn);
      checkExportFilter(tableLayout(ctx, table), input.FilterSpecification);
      const time = exportedTime(tx, ctx, table, input);
      const record = newExport(ctx, { id, table, clientToken, input, time });
      writeExport(tx, ctx, record);
      beginWithToken(tx, tokenKey, { id, requestHash, atMs: ctx.now() });
      begin(tx, ctx, table, record);
      return { ExportDescription: describe(record) };
    });
  },
} satisfies Handlers<DynamoDB>;

function begin(tx: Transaction, ctx: Context, table: TableRecord, record: ExportRecord): void {
  const fromMs = record.span?.fromMoment.historyFromMs ?? record.moment.historyFromMs;
  holdHistory(tx, ctx, table, exportHolder(record.id), fromMs);
  ctx.schedule(tx, {
    at: ctx.now(),
    job: "writeExport",
    key: record.id,
    payload: { exportId: record.id },
  });
}

const arnPattern = /^arn:aws[a-z-]*:dynamodb:([a-z0-9-]+):(\d{12}):table\/([^/]+)(\/.*)?$/;

/** AWS does not look at the region: it looks for the name in its own. Source: ack-api-quirks, DDB-EXPORT-001 and 002. */
function tableNameOf(ctx: ExportContext, arn: string): string {
  const [, , account, name, rest] = arnPattern.exec(arn) ?? [];
  if (name === undefined) {
    throw ctx.error(
      "ValidationException",
      "One or more parameter values were invalid: tableArn is not a valid ARN",
    );
  }
  if (rest !== undefined) {
    throw ctx.error("ValidationException", "Invalid Request: Table ARN is invalid.");
  }
  if (account !== ctx.account) throw ctx.error("AccessDeniedException", "Access is denied");
  return name;
}

function openExported(tx: Transaction, ctx: ExportContext, name: string, arn: string): TableRecord {
  const table = tableWithBackups(tx, ctx, name, arn);
  if (table.arn !== arn) throw ctx.error("TableNotFoundException", `Table not found: ${arn}`);
  return table;
}

interface Asked {
  readonly id: string;
  readonly table: TableRecord;
  readonly clientToken: string;
  readonly input: ExportTableToPointInTimeInput;
  readonly time: ExportedTime;
}

function newExport(ctx: Context, { id, table, clientToken, input, time }: Asked): ExportRecord {
  return {
    id,
    arn: `${table.arn}/export/${id}`,
    status: "IN_PROGRESS",
    tableName: table.name,
    tableArn: table.arn,
    tableId: table.id,
    key: table.key,
    startedAtMs: ctx.now(),
    endedAtMs: undefined,
    ...time,
    format: input.ExportFormat ?? "DYNAMODB_JSON",
    askedType: input.ExportType,
    filter: input.FilterSpecification,
    clientToken,
    bucket: input.S3Bucket,
    bucketOwner: input.S3BucketOwner,
    prefix: input.S3Prefix,
    sseAlgorithm: input.S3SseAlgorithm ?? "AES256",
    sseKmsKeyId: input.S3SseKmsKeyId,
    itemCount: undefined,
    billedSizeBytes: undefined,
    failure: undefined,
  };
}
