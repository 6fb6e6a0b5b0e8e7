import type { JobContext } from "#kernel/context.ts";
import {
  getObject,
  listObjects,
  storageFailure,
  type StorageFailure,
} from "../exports/object-storage.ts";
import { readLines } from "../imports/read-lines.ts";
import { readRecords } from "../imports/read-records.ts";
import { bulkReportPrefix, bulkTargetKey } from "../keyspace.ts";
import { sweep } from "../tables/delete-table.ts";
import { findTable } from "../tables/open-table.ts";
import {
  type BulkOperationRecord,
  isUnderWay,
  readBulkOperation,
  writeBulkOperation,
} from "./bulk-operation-record.ts";
import { beginReport, keepLines, reportFolder, writeReport } from "./bulk-report.ts";
import { type InputRecord, inputRecord, putRecords } from "./put-records.ts";
import { scheduleBulkPut } from "./start-bulk-put-items.ts";

/** Bounds of one transaction: it holds up everybody else's for as long as it runs. */
const recordsPerStep = 100;
const bytesPerStep = 250_000;
/** What a record that was refused counts as: it may have any size, and goes into the report. */
const refusedBytes = 25_000;

/** Developer guide, BulkPutItems.BestPractices. Other quotas are not known. */
const objectsAtMost = 50_000;
const objectBytesAtMost = 5 * 1024 ** 3;

/**
 * How far a run goes ahead of the rate that it is held to, before it waits: each run reads the object that it is at from the
 * beginning.
 */
const aheadMs = 5_000;

/** What ends a run before its input does. */
type Stop = "cancelled" | "waiting" | StorageFailure;

/**
 * Puts the records of the objects under a prefix into a table, in the order of their keys. How far it has come is stored
 * with each step, and with it what the report will say, so a run that was cut off repeats nothing and loses nothing.
 */
export async function bulkPutItems(
  ctx: JobContext,
  { operationId }: { readonly operationId: string },
): Promise<void> {
  const record = await ctx.read((snapshot) => readBulkOperation(snapshot, ctx, operationId));
  if (record === undefined) return;
  if (isUnderWay(record)) {
    const stop = await putObjects(ctx, record);
    if (stop === "waiting") return;
    await end(ctx, operationId, stop);
  }
  await sweep(ctx, bulkReportPrefix(ctx, operationId));
}

async function putObjects(ctx: JobContext, record: BulkOperationRecord): Promise<Stop | undefined> {
  if (record.status === "CANCELLING") return "cancelled";
  const { InputS3Configuration: source } = record.input;
  const place = { bucket: source.S3Bucket, owner: source.S3BucketOwner };
  try {
    await beginReport(ctx, record);
    const listed = await listObjects(ctx, place, source.S3KeyPrefix);
    // Its own report may stand under the prefix of what it reads.
    const objects = listed.filter(({ key }) => !key.startsWith(reportFolder(record)));
    const failure = inputFailure(objects);
    if (failure !== undefined) return failure;
    const totalBytes = objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const run = new BulkPut(ctx, { ...record, progress: { ...record.progress, totalBytes } });
    const startKey = record.progress.objectKey;
    for (const { key, sizeBytes } of objects) {
      if (sizeBytes === 0 || (startKey !== undefined && key < startKey)) continue;
      const stop = await run.putObject(key, sizeBytes, await getObject(ctx, place, key));
      if (stop !== undefined) return stop;
    }
    return await run.note();
  } catch (error) {
    return storageFailure(error);
  }
}

function inputFailure(
  objects: readonly { readonly key: string; readonly sizeBytes: number }[],
): StorageFailure | undefined {
  const code = "InputLimitExceeded";
  if (objects.length > objectsAtMost) {
    return { code, message: `There are more than ${objectsAtMost} input objects` };
  }
  const large = objects.find(({ sizeBytes }) => sizeBytes > objectBytesAtMost);
  return large && { code, message: `The input object is larger than 5 GB: ${large.key}` };
}

/** One run's way through the objects. */
class BulkPut {
  readonly #ctx: JobContext;
  #record: BulkOperationRecord;
  #pending: InputRecord[] = [];
  #pendingBytes = 0;

  constructor(ctx: JobContext, record: BulkOperationRecord) {
    this.#ctx = ctx;
    this.#record = record;
  }

  async putObject(
    key: string,
    sizeBytes: number,
    body: AsyncIterable<Uint8Array>,
  ): Promise<Stop | undefined> {
    const { InputFormat, InputCompressionType } = this.#record.input.InputS3Configuration;
    const { objectKey, recordsOfObject } = this.#record.progress;
    const passedOver = objectKey === key ? recordsOfObject : 0;
    this.#advance({ objectKey: key, recordsOfObject: passedOver });
    let recordNumber = 0;
    for await (const read of readRecords(readLines(body, InputCompressionType!), InputFormat)) {
      recordNumber += 1;
      if (recordNumber <= passedOver) continue;
      this.#take(
        "members" in read ? inputRecord(read.members, recordNumber) : { ...read, recordNumber },
      );
      if (this.#pending.length < recordsPerStep && this.#pendingBytes < bytesPerStep) continue;
      const stop = await this.#putPending();
      if (stop !== undefined) return stop;
    }
    const stop = await this.#putPending();
    this.#advance({ processedBytes: this.#record.progress.processedBytes + sizeBytes });
    return stop;
  }

  /** Stores how far it has come, though nothing was put since the last step. */
  note(): Promise<Stop | undefined> {
    return this.#step();
  }

  #take(record: InputRecord): void {
    this.#pending.push(record);
    this.#pendingBytes += "image" in record ? record.image.sizeBytes : refusedBytes;
  }

  #advance(change: Partial<BulkOperationRecord["progress"]>): void {
    this.#record = { ...this.#record, progress: { ...this.#record.progress, ...change } };
  }

  async #putPending(): Promise<Stop | undefined> {
    while (this.#pending.length > 0) {
      const stop = await this.#step();
      if (stop !== undefined) return stop;
    }
    this.#pendingBytes = 0;
    return undefined;
  }

  async #step(): Promise<Stop | undefined> {
    const ctx = this.#ctx;
    const { id, tableName, tableId, input, progress } = this.#record;
    const { stop, taken, record } = await ctx.transact((tx) => {
      const stored = readBulkOperation(tx, ctx, id);
      if (stored?.progress.processedItems !== progress.processedItems) {
        throw new Error("another run of this bulk operation has gone on");
      }
      const unchanged = { taken: 0, record: this.#record };
      if (stored.status !== "IN_PROGRESS") return { ...unchanged, stop: "cancelled" as const };
      const table = findTable(tx, ctx, tableName);
      if (table?.id !== tableId || table.status === "DELETING") {
        return { ...unchanged, stop: tableGone(tableName) };
      }
      const step = { records: this.#pending, bytesAtMost: bytesPerStep };
      const put = putRecords(tx, ctx, table, progress, step);
      const reportParts = keepLines(tx, ctx, this.#record, put.unwritten);
      const rate = input.MaxWriteRequestUnits;
      const paidUntilMs =
        rate === undefined
          ? 0
          : Math.max(progress.paidUntilMs, ctx.now()) + (put.units / rate) * 1000;
      const after = { ...stored, progress: { ...put.progress, reportParts, paidUntilMs } };
      writeBulkOperation(tx, ctx, after);
      const done = { taken: put.taken, record: after };
      if (paidUntilMs <= ctx.now() + aheadMs) return { ...done, stop: undefined };
      ctx.complete(tx);
      scheduleBulkPut(tx, ctx, id, paidUntilMs);
      return { ...done, stop: "waiting" as const };
    });
    this.#record = record;
    this.#pending = this.#pending.slice(taken);
    return stop;
  }
}

const tableGone = (tableName: string): StorageFailure => ({
  code: "TableNotFound",
  message: `Requested resource not found: Table: ${tableName} not found`,
});

const cancelled: StorageFailure = {
  code: "Cancelled",
  message: "The bulk operation was cancelled by CancelBulkOperation",
};

/** Writes the report, whatever has happened, and after that says how it ended. */
async function end(
  ctx: JobContext,
  operationId: string,
  stop: "cancelled" | StorageFailure | undefined,
): Promise<void> {
  const record = await ctx.read((snapshot) => readBulkOperation(snapshot, ctx, operationId));
  let failure = typeof stop === "object" ? stop : undefined;
  try {
    await writeReport(ctx, record!);
  } catch (error) {
    failure ??= storageFailure(error);
  }
  await ctx.transact((tx) => {
    const last = readBulkOperation(tx, ctx, operationId);
    if (last === undefined || !isUnderWay(last)) return;
    tx.delete(bulkTargetKey(ctx, { id: last.tableId }, operationId));
    writeBulkOperation(tx, ctx, { ...last, ...outcomeOf(last, failure), endedAtMs: ctx.now() });
  });
}

function outcomeOf(
  { status, progress }: BulkOperationRecord,
  failure: StorageFailure | undefined,
): Pick<BulkOperationRecord, "status" | "failure"> {
  if (failure !== undefined) return { status: "FAILED", failure };
  if (status === "CANCELLING") return { status: "CANCELLED", failure: cancelled };
  return {
    status: progress.failedItems === 0 ? "COMPLETED" : "COMPLETED_WITH_ERRORS",
    failure: undefined,
  };
}
