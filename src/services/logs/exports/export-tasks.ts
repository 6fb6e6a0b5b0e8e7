import { endOfPrefix } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import { ServiceError } from "#kernel/errors.ts";
import type { Handlers } from "#kernel/service.ts";
import type { CloudWatchLogs, ExportTask } from "#models/logs.ts";
import type { Snapshot } from "#store/store.ts";
import { exportKey, exportsPrefix } from "../keyspace.ts";
import { openGroup } from "../open.ts";
import { pageOf } from "../pages.ts";
import { exportCodec, type ExportRecord } from "./records.ts";

const pageAtMost = 50;
const defaultPrefix = "exportedlogs";

export const exportTasks = {
  /** One at a time for an account, as on AWS. */
  async CreateExportTask(ctx, input) {
    const { from, to, destination: bucket } = input;
    const refuse = (message: string): Error => ctx.error("InvalidParameterException", message);
    if (to <= from) throw refuse("The 'to' time must be later than the 'from' time.");
    await ctx.read((snapshot) => openGroup(snapshot, ctx, input.logGroupName));
    await checkBucket(ctx, bucket);
    const id = ctx.random.uuid();
    return ctx.transact((tx) => {
      const group = openGroup(tx, ctx, input.logGroupName);
      if (tasks(tx, ctx).some(isActive)) {
        throw ctx.error("LimitExceededException", "Resource limit exceeded.");
      }
      const record: ExportRecord = {
        id,
        taskName: input.taskName,
        groupName: group.name,
        streamPrefix: input.logStreamNamePrefix ?? "",
        fromMs: from,
        toMs: to,
        bucket,
        prefix: input.destinationPrefix ?? defaultPrefix,
        status: "PENDING",
        message: undefined,
        createdMs: ctx.now(),
        endedMs: undefined,
      };
      tx.putRecord(exportKey(ctx, record.createdMs, id), exportCodec, record);
      const payload = { id, createdMs: record.createdMs };
      ctx.schedule(tx, { at: ctx.now(), job: "writeExport", key: id, payload });
      return { taskId: id };
    });
  },

  async CancelExportTask(ctx, input) {
    await ctx.transact((tx) => {
      const record = tasks(tx, ctx).find(({ id }) => id === input.taskId);
      if (record === undefined) {
        throw ctx.error("ResourceNotFoundException", "The specified export task does not exist.");
      }
      if (!isActive(record)) {
        throw ctx.error(
          "InvalidOperationException",
          "The specified export task has already finished.",
        );
      }
      const ended: ExportRecord = { ...record, status: "CANCELLED", endedMs: ctx.now() };
      tx.putRecord(exportKey(ctx, record.createdMs, record.id), exportCodec, ended);
    });
    return {};
  },

  DescribeExportTasks(ctx, input) {
    return ctx.read((snapshot) => {
      const { items, next } = pageOf(snapshot, ctx, {
        prefix: exportsPrefix(ctx),
        codec: exportCodec,
        limit: input.limit ?? pageAtMost,
        nextToken: input.nextToken,
        isWanted: ({ id, status }) =>
          (input.taskId === undefined || id === input.taskId) &&
          (input.statusCode === undefined || status === input.statusCode),
      });
      return { exportTasks: items.map(describe), nextToken: next };
    });
  },
} satisfies Handlers<CloudWatchLogs>;

export const isActive = ({ status }: ExportRecord): boolean =>
  status === "PENDING" || status === "RUNNING";

function tasks(snapshot: Snapshot, ctx: Context): ExportRecord[] {
  const prefix = exportsPrefix(ctx);
  return [...snapshot.range({ start: prefix, end: endOfPrefix(prefix) })].map(({ value }) =>
    exportCodec.decode(value),
  );
}

/** Members as recorded. */
function describe(record: ExportRecord): ExportTask {
  return {
    taskId: record.id,
    taskName: record.taskName,
    logGroupName: record.groupName,
    from: record.fromMs,
    to: record.toMs,
    destination: record.bucket,
    destinationPrefix: record.prefix,
    status: { code: record.status, message: record.message },
    executionInfo: { creationTime: record.createdMs, completionTime: record.endedMs },
  };
}

/** Words: AWS's, as clients report them. */
async function checkBucket(
  ctx: Context<"InvalidParameterException">,
  bucket: string,
): Promise<void> {
  try {
    await ctx.services.s3.HeadBucket({ Bucket: bucket });
  } catch (problem) {
    if (!(problem instanceof ServiceError)) throw problem;
    throw ctx.error(
      "InvalidParameterException",
      "The given bucket does not exist. Please make sure the bucket is valid.",
    );
  }
}
