import type { Context } from "#kernel/context.ts";
import type { CallOutcome } from "#kernel/service.ts";

/** What GetRecords leaves for this: which stream it read, and how much. */
interface ReadNote {
  readonly tableName: string;
  readonly label: string;
  readonly records: number;
  readonly bytes: number;
}

export function noteRead(ctx: Context, note: ReadNote): void {
  ctx.note = note;
}

/** Counts the reads of streams. Source: Developer Guide, "DynamoDB metrics and dimensions" (Operation = GetRecords). */
export function observeStreamRequest(ctx: Context, { status, latencyMs }: CallOutcome): void {
  const note = ctx.note as ReadNote | undefined;
  if (note === undefined || status >= 400) return;
  const dimensions = {
    TableName: note.tableName,
    StreamLabel: note.label,
    Operation: ctx.operation,
  };
  const count = (metric: string, value: number): void =>
    ctx.series("AWS/DynamoDB", metric, dimensions).add(value);
  count("SuccessfulRequestLatency", latencyMs);
  count("ReturnedBytes", note.bytes);
  count("ReturnedRecordsCount", note.records);
}
