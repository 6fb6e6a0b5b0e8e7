import { createHash } from "node:crypto";
import type { JobContext } from "#kernel/context.ts";
import type { Transaction } from "#store/store.ts";
import type { TableJob } from "../tables/activate-table.ts";
import { tableKey } from "../keyspace.ts";
import { findTable } from "../tables/open-table.ts";
import { tableCodec, type TableRecord } from "../tables/table-record.ts";
import { type QueuedChange, putQueueState, queuedChanges, queueState } from "./change-queue.ts";
import { dataRecord } from "./data-record.ts";
import { putRecords } from "./data-streams.ts";
import { type DestinationRecord, liveDestination, withDestination } from "./destination-record.ts";

/** Source: Kinesis API reference, PutRecords; the images of a large item take more as a record than they do here. */
const recordsAtOnce = 500;
const bytesAtOnce = 2_000_000;

/** As long as AWS goes on trying. */
const retentionMs = 24 * 3_600_000;

/**
 * Delivers what is queued, in the order of the commits, each at least once: what the stream did not take is sent again
 * with all that comes after it. A stream that cannot be reached has the job run again, later and later.
 */
export async function deliverToKinesis(ctx: JobContext, job: TableJob): Promise<void> {
  for (;;) {
    const page = await ctx.transact((tx) => nextPage(tx, ctx, job));
    if (page === undefined) return;
    const { table, destination, changes } = page;
    const { streamArn, precision } = destination;
    const records = changes.map(({ change, sequence, atMs }) => {
      const eventId = eventIdOf(table, sequence);
      const place = { awsRegion: ctx.region, tableName: table.name, eventId, atMs, precision };
      return dataRecord(change, place);
    });
    const taken = await putRecords(ctx, streamArn, records);
    await ctx.transact((tx) => {
      for (const { key } of changes.slice(0, taken)) tx.delete(key);
    });
    if (taken < changes.length) throw new Error(`${streamArn} did not take all records`);
  }
}

interface DeliveryPage {
  readonly table: TableRecord;
  readonly destination: DestinationRecord;
  readonly changes: readonly QueuedChange[];
}

/** What is to be delivered next; undefined, and the job complete, when there is nothing left. */
function nextPage(tx: Transaction, ctx: JobContext, job: TableJob): DeliveryPage | undefined {
  const table = findTable(tx, ctx, job.tableName);
  const destination = table?.id === job.tableId ? liveDestination(table) : undefined;
  const oldestMs = ctx.now() - retentionMs;
  const changes: QueuedChange[] = [];
  let bytes = 0;
  for (const queued of queuedChanges(tx, ctx, { id: job.tableId }, recordsAtOnce)) {
    if (destination === undefined || queued.atMs < oldestMs) {
      tx.delete(queued.key);
      continue;
    }
    bytes += queued.bytes;
    if (bytes > bytesAtOnce && changes.length > 0) break;
    changes.push(queued);
  }
  if (changes.length > 0) return { table: table!, destination: destination!, changes };
  if (table?.id === job.tableId) {
    putQueueState(tx, ctx, table, { ...queueState(tx, ctx, table), isDelivering: false });
  }
  if (table !== undefined && destination?.status === "DISABLING") {
    const after = withDestination(table, { ...destination, status: "DISABLED" });
    tx.putRecord(tableKey(ctx, table.name), tableCodec, after);
  }
  ctx.complete(tx);
  return undefined;
}

/** A UUID by its form, and the same one each time. */
function eventIdOf({ id }: TableRecord, sequence: number): string {
  const digest = createHash("md5").update(`${id} ${sequence}`).digest("hex");
  return digest.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
