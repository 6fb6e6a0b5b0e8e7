import type { Context } from "#kernel/context.ts";
import { type Datapoint, minuteMs } from "#kernel/datapoint.ts";
import type { TimeRange } from "#kernel/measurements.ts";
import type { Snapshot } from "#store/store.ts";
import { tableLayout } from "../tables/table-layout.ts";
import type { TableRecord } from "../tables/table-record.ts";
import { readTableSize } from "../tables/table-size.ts";
import type { TableUsage, UnitHours } from "./bill.ts";
import { ownNamespace } from "./measure-tables.ts";

const hourMs = 3_600_000;
/** What auto scaling aims at unless it is told otherwise. */
const followedUtilization = 0.7;

/** Bytes now, of the table with all of its indexes. */
export function storedBytes(snapshot: Snapshot, ctx: Context, table: TableRecord): number {
  const size = readTableSize(snapshot, tableLayout(ctx, table));
  let bytes = size.sizeBytes;
  for (const index of size.indexes.values()) bytes += index.sizeBytes;
  return bytes;
}

/** What a table used within the range: as it was measured, and where nothing was, as it is now. */
export async function usageOf(
  ctx: Context,
  table: TableRecord,
  nowStored: number,
  range: TimeRange,
): Promise<TableUsage> {
  const { name, billing, tableClass = "STANDARD" } = table;
  const read = (
    metric: string,
    dimensions: Record<string, string> = {},
    namespace = "AWS/DynamoDB",
  ): Promise<Datapoint[]> =>
    ctx.measured(namespace, metric, { TableName: name, ...dimensions }, range);
  let readUnits = 0;
  let writeUnits = 0;
  const followed = { read: 0, write: 0 };
  const provisioned = { read: 0, write: 0 };
  const resources = [
    { dimensions: {}, throughput: billing.throughput },
    ...table.globalIndexes.map((index) => ({
      dimensions: { GlobalSecondaryIndexName: index.name },
      throughput: index.throughput ?? billing.throughput,
    })),
  ];
  for (const { dimensions, throughput } of resources) {
    const reads = await read("ConsumedReadCapacityUnits", dimensions);
    const writes = await read("ConsumedWriteCapacityUnits", dimensions);
    readUnits += sumOf(reads);
    writeUnits += sumOf(writes);
    followed.read += followedHours(reads, range);
    followed.write += followedHours(writes, range);
    const given = {
      read: await read("ProvisionedReadCapacityUnits", dimensions),
      write: await read("ProvisionedWriteCapacityUnits", dimensions),
    };
    provisioned.read += heldHours(given.read, throughput.readUnits, range);
    provisioned.write += heldHours(given.write, throughput.writeUnits, range);
  }
  const stored = await read("StoredBytes", {}, ownNamespace);
  const recoverable = await read("RecoverableBytes", {}, ownNamespace);
  const backedUp = await read("BackupBytes", {}, ownNamespace);
  return {
    tableName: name,
    mode: billing.mode,
    tableClass,
    hours: (range.endMs - range.startMs) / hourMs,
    readUnits,
    writeUnits,
    provisioned: billing.mode === "PROVISIONED" ? (provisioned satisfies UnitHours) : undefined,
    followed,
    storedByteHours: heldHours(stored, nowStored, range),
    recoveryByteHours: heldHours(recoverable, 0, range),
    backupByteHours: heldHours(backedUp, 0, range),
    streamReads: await streamReads(ctx, name, range),
  };
}

async function streamReads(ctx: Context, tableName: string, range: TimeRange): Promise<number> {
  let count = 0;
  for (const series of await ctx.measuredSeries("AWS/DynamoDB", "SuccessfulRequestLatency")) {
    const { TableName, StreamLabel, Operation } = series.dimensions;
    if (TableName !== tableName || StreamLabel === undefined || Operation !== "GetRecords")
      continue;
    const points = await ctx.measured(series.namespace, series.metric, series.dimensions, range);
    for (const point of points) count += point.count;
  }
  return count;
}

function sumOf(points: readonly Datapoint[]): number {
  return points.reduce((sum, point) => sum + point.sum, 0);
}

/** What is measured now and then holds until it is measured again. `fallback`: if it never was. */
export function heldHours(
  points: readonly Datapoint[],
  fallback: number,
  { startMs, endMs }: TimeRange,
): number {
  let fromMs = startMs;
  let value = points[0] === undefined ? fallback : averageOf(points[0]);
  let sum = 0;
  for (const point of points) {
    const atMs = Math.max(fromMs, Math.min(endMs, point.startMs));
    sum += value * (atMs - fromMs);
    fromMs = atMs;
    value = averageOf(point);
  }
  return (sum + value * (endMs - fromMs)) / hourMs;
}

const averageOf = (point: Datapoint): number => point.sum / point.count;

/**
 * Units times hours, if in each hour so much were provisioned as its busiest minute needs; one unit at least, for a table
 * cannot have less.
 */
export function followedHours(points: readonly Datapoint[], { startMs, endMs }: TimeRange): number {
  const hours = new Map<number, number>();
  for (const { startMs: atMs, periodMs, sum } of points) {
    const rate = sum / (Math.max(periodMs, minuteMs) / 1000);
    const units = Math.max(1, Math.ceil(rate / followedUtilization));
    const hour = Math.floor(atMs / hourMs);
    hours.set(hour, Math.max(hours.get(hour) ?? 1, units));
  }
  let above = 0;
  for (const [hour, units] of hours) {
    const fromMs = Math.max(startMs, hour * hourMs);
    const toMs = Math.min(endMs, (hour + 1) * hourMs);
    above += (units - 1) * Math.max(0, toMs - fromMs);
  }
  return (above + (endMs - startMs)) / hourMs;
}
