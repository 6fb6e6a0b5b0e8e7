import type { Context } from "#kernel/context.ts";
import type { ExportTableToPointInTimeInput } from "#models/dynamodb.ts";
import type { Snapshot } from "#store/store.ts";
import { momentAt, momentBefore, momentNow, type Moment } from "../history/moment.ts";
import { recoveryWindow, secondOf } from "../restores/recovery-window.ts";
import { historyLayout } from "../tables/table-layout.ts";
import type { TableRecord } from "../tables/table-record.ts";
import { parseExportFilter } from "./export-filter.ts";
import type { ExportSpan } from "./export-record.ts";

/*
 * What an export may ask for. Messages and their order: ack-api-quirks, DDB-EXPORT-001 to 005 and 019.
 */

export type ExportContext = Context<
  | "ExportConflictException"
  | "InvalidExportTimeException"
  | "LimitExceededException"
  | "PointInTimeRecoveryUnavailableException"
  | "TableNotFoundException"
>;

const shortestSpanMs = 15 * 60_000;
const longestSpanMs = 24 * 3_600_000;

/** What the request says by itself. */
export function checkForm(ctx: ExportContext, input: ExportTableToPointInTimeInput): void {
  const refuse = (message: string): Error => ctx.error("ValidationException", message);
  if (input.S3SseKmsKeyId !== undefined && input.S3SseAlgorithm !== "KMS") {
    throw refuse("Invalid Request: KMS Key Id is not supported for this encryption type");
  }
  const asked = input.IncrementalExportSpecification;
  if (input.ExportType === "INCREMENTAL_EXPORT") {
    if (asked === undefined) {
      throw refuse(
        "Invalid Request: Incremental Export Specification expected when export type is set as Incremental Export",
      );
    }
    if (asked.ExportFromTime === undefined) {
      throw refuse(
        "Invalid Request: ExportFromTime must be provided in IncrementalExportSpecification",
      );
    }
  } else if (asked !== undefined) {
    throw refuse(
      input.ExportType === undefined
        ? "Invalid Request: Export Type expected to be Incremental Export when incremental export specification is provided"
        : "Invalid Request: When Export Type is Full Export , Incremental Export Specification should not be provided",
    );
  }
  if (input.FilterSpecification !== undefined) parseExportFilter(input.FilterSpecification);
}

export interface ExportedTime {
  readonly moment: Moment;
  readonly exportTimeMs: number;
  readonly span: ExportSpan | undefined;
}

/** Of which moment, or of which span of time, the export is. */
export function exportedTime(
  snapshot: Snapshot,
  ctx: ExportContext,
  table: TableRecord,
  input: ExportTableToPointInTimeInput,
): ExportedTime {
  const nowMs = ctx.now();
  const history = historyLayout(ctx, table);
  const asked = input.IncrementalExportSpecification;
  if (asked?.ExportFromTime !== undefined) {
    const fromMs = asked.ExportFromTime;
    const toMs = asked.ExportToTime ?? secondOf(nowMs);
    checkSpan(ctx, table, fromMs, toMs);
    const { earliestMs } = windowOf(ctx, table);
    if (fromMs < secondOf(earliestMs)) throw outOfReach(ctx);
    const span: ExportSpan = {
      fromMs,
      toMs,
      viewType: asked.ExportViewType ?? "NEW_AND_OLD_IMAGES",
      fromMoment: momentBefore(snapshot, history, Math.max(fromMs, earliestMs)),
    };
    return { moment: momentBefore(snapshot, history, toMs), exportTimeMs: toMs, span };
  }
  const { earliestMs, latestMs } = windowOf(ctx, table);
  const askedMs = input.ExportTime;
  if (askedMs === undefined) {
    const moment = momentNow(snapshot, history, nowMs);
    return { moment, exportTimeMs: nowMs, span: undefined };
  }
  if (askedMs < secondOf(earliestMs) || askedMs > latestMs) {
    throw ctx.error("InvalidExportTimeException", "Export Time is invalid");
  }
  const moment = momentAt(snapshot, history, Math.max(askedMs, earliestMs));
  return { moment, exportTimeMs: askedMs, span: undefined };
}

function checkSpan(ctx: ExportContext, table: TableRecord, fromMs: number, toMs: number): void {
  const refuse = (message: string): Error => ctx.error("InvalidExportTimeException", message);
  if (fromMs < secondOf(table.createdAtMs)) {
    throw refuse(
      `Incremental export period from time cannot be less than the table creation time : ${timeText(fromMs)}`,
    );
  }
  if (toMs > ctx.now()) {
    throw refuse(
      `Incremental export period to time cannot be greater than the current time : ${timeText(toMs)}`,
    );
  }
  if (toMs - fromMs < shortestSpanMs) {
    throw refuse(
      "Difference between export period from time and export period to time is less than 15 minutes",
    );
  }
  if (toMs - fromMs > longestSpanMs) {
    throw refuse(
      "Difference between export period from time and export period to time is greater than 24 hours",
    );
  }
}

function windowOf(
  ctx: ExportContext,
  { name, recovery }: TableRecord,
): { readonly earliestMs: number; readonly latestMs: number } {
  if (recovery === undefined) {
    throw ctx.error(
      "PointInTimeRecoveryUnavailableException",
      `Point in time recovery is not enabled for table '${name}'`,
    );
  }
  return recoveryWindow(recovery, ctx.now());
}

const outOfReach = (ctx: ExportContext): Error =>
  ctx.error(
    "InvalidExportTimeException",
    "Point in Time Recovery is not available for specified export time",
  );

const timeText = (atMs: number): string =>
  new Date(secondOf(atMs)).toISOString().replace(".000Z", "Z");
