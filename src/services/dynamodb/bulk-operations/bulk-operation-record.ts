import { endOfPrefix } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import type {
  BulkOperationBytes,
  BulkOperationDescription,
  BulkOperationStatus,
  BulkOperationUsage,
  StartBulkPutItemsInput,
} from "#models/dynamodb.ts";
import type { Codec, Snapshot, Transaction } from "#store/store.ts";
import type { StorageFailure } from "../exports/object-storage.ts";
import { bulkOperationKey, bulkTargetsPrefix } from "../keyspace.ts";
import type { TableRecord } from "../tables/table-record.ts";

export interface BulkOperationRecord {
  readonly id: string;
  readonly arn: string;
  readonly status: BulkOperationStatus;
  readonly tableName: string;
  readonly tableId: string;
  /** What was asked for, with what DynamoDB takes where nothing is said. */
  readonly input: StartBulkPutItemsInput;
  readonly startedAtMs: number;
  readonly endedAtMs: number | undefined;
  readonly progress: BulkProgress;
  /** Why it FAILED or was CANCELLED. */
  readonly failure: StorageFailure | undefined;
}

/** How far an operation has come: what is before this place in the objects' order is done. */
export interface BulkProgress {
  /** The object that is being read. */
  readonly objectKey: string | undefined;
  /** How many of its records are done with. */
  readonly recordsOfObject: number;
  readonly processedItems: number;
  /** Of those, the ones that could not be read or were refused. */
  readonly failedItems: number;
  /** Of those, the ones whose condition did not hold. */
  readonly unmetConditions: number;
  /** Of the objects that are done with. */
  readonly processedBytes: number;
  /** Undefined until the objects have been listed. */
  readonly totalBytes: number | undefined;
  readonly usage: BulkUsage;
  /** When, at the rate that is allowed, the write request units so far are all spent. */
  readonly paidUntilMs: number;
  /** How many parts of its report are kept. */
  readonly reportParts: number;
}

/** Bytes that were written: of items, and of entries by their index's name. */
export interface BulkUsage {
  readonly table: number;
  readonly globalIndexes: Readonly<Record<string, number>>;
  readonly localIndexes: Readonly<Record<string, number>>;
  readonly vectorIndexes: Readonly<Record<string, number>>;
}

export const noBulkProgress: BulkProgress = {
  objectKey: undefined,
  recordsOfObject: 0,
  processedItems: 0,
  failedItems: 0,
  unmetConditions: 0,
  processedBytes: 0,
  totalBytes: undefined,
  usage: { table: 0, globalIndexes: {}, localIndexes: {}, vectorIndexes: {} },
  paidUntilMs: 0,
  reportParts: 0,
};

const bulkCodec: Codec<BulkOperationRecord> = {
  encode: (record) => Buffer.from(JSON.stringify(record)),
  decode: (bytes) => JSON.parse(bytes.toString("utf8")) as BulkOperationRecord,
};

export const decodeBulkOperation = (bytes: Buffer): BulkOperationRecord => bulkCodec.decode(bytes);

export function readBulkOperation(
  snapshot: Snapshot,
  ctx: Context,
  id: string,
): BulkOperationRecord | undefined {
  return snapshot.record(bulkOperationKey(ctx, id), bulkCodec);
}

export function writeBulkOperation(
  tx: Transaction,
  ctx: Context,
  record: BulkOperationRecord,
): void {
  tx.putRecord(bulkOperationKey(ctx, record.id), bulkCodec, record);
}

/** Whether it has not come to its end. */
export const isUnderWay = ({ status }: BulkOperationRecord): boolean =>
  status === "IN_PROGRESS" || status === "CANCELLING";

/** Whether bulk operations on a table are under way. */
export function isBulkTarget(snapshot: Snapshot, ctx: Context, table: TableRecord): boolean {
  const prefix = bulkTargetsPrefix(ctx, table);
  for (const _ of snapshot.range({ start: prefix, end: endOfPrefix(prefix), limit: 1 }))
    return true;
  return false;
}

/** Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BulkOperationDescription.html */
export function bulkOperationDescription(record: BulkOperationRecord): BulkOperationDescription {
  const { input, progress, failure } = record;
  return {
    BulkOperationArn: record.arn,
    BulkOperationStatus: record.status,
    TableDetails: [{ TableName: record.tableName, TableId: record.tableId }],
    ClientToken: input.ClientToken,
    InputS3Configuration: input.InputS3Configuration,
    OutputS3Configuration: input.OutputS3Configuration,
    StartTime: record.startedAtMs,
    EndTime: record.endedAtMs,
    ProcessedItemCount: progress.processedItems,
    ProcessedInputBytes: progress.processedBytes,
    TotalInputBytes: progress.totalBytes,
    BulkOperationUsage: [usageOf(record.tableName, progress.usage)],
    FailedItemCount: progress.failedItems,
    FailureCode: failure?.code,
    FailureMessage: failure?.message,
    MaxWriteRequestUnits: input.MaxWriteRequestUnits,
    PerformanceTier: input.PerformanceTier,
  };
}

function usageOf(TableName: string, usage: BulkUsage): BulkOperationUsage {
  const { table, globalIndexes, localIndexes, vectorIndexes } = usage;
  const indexes = [...Object.values(globalIndexes), ...Object.values(localIndexes)];
  const bulkBytes = (bytes: number): BulkOperationBytes => ({ BulkPutBytes: bytes });
  return {
    TableName,
    BulkPutBytes: indexes.reduce((sum, bytes) => sum + bytes, table),
    Table: bulkBytes(table),
    GlobalSecondaryIndexes: byName(globalIndexes, bulkBytes),
    LocalSecondaryIndexes: byName(localIndexes, bulkBytes),
    VectorIndexes: byName(vectorIndexes, (bytes) => ({ BulkPutVectorBytes: bytes })),
  };
}

/** Nothing where no index was written to. */
function byName<T>(
  usage: Readonly<Record<string, number>>,
  shown: (bytes: number) => T,
): Record<string, T> | undefined {
  const entries = Object.entries(usage).map(([name, bytes]) => [name, shown(bytes)] as const);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
