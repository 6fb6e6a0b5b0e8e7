import type { Context } from "#kernel/context.ts";
import type {
  ImportStatus,
  ImportTableDescription,
  ImportTableInput,
  InputCompressionType,
} from "#models/dynamodb.ts";
import type { Codec, Snapshot, Transaction } from "#store/store.ts";
import type { StorageFailure } from "../exports/object-storage.ts";
import { importKey } from "../keyspace.ts";

export interface ImportRecord {
  readonly id: string;
  readonly arn: string;
  readonly status: ImportStatus;
  readonly tableName: string;
  readonly tableArn: string;
  readonly tableId: string;
  readonly clientToken: string;
  readonly bucketOwner: string;
  readonly compression: InputCompressionType;
  /** As it was asked for. */
  readonly input: ImportTableInput;
  readonly startedAtMs: number;
  readonly endedAtMs: number | undefined;
  readonly progress: ImportProgress;
  readonly failure: StorageFailure | undefined;
}

/** How far an import has come: what is before this place in the objects' order is in the table. */
export interface ImportProgress {
  /** The object that is being read. */
  readonly objectKey: string | undefined;
  /** How many of its items are done with. */
  readonly itemsOfObject: number;
  readonly processedItems: number;
  readonly importedItems: number;
  readonly errors: number;
  /** Of the objects that are done with. */
  readonly processedBytes: number;
}

export const noProgress: ImportProgress = {
  objectKey: undefined,
  itemsOfObject: 0,
  processedItems: 0,
  importedItems: 0,
  errors: 0,
  processedBytes: 0,
};

const importCodec: Codec<ImportRecord> = {
  encode: (record) => Buffer.from(JSON.stringify(record)),
  decode: (bytes) => JSON.parse(bytes.toString("utf8")) as ImportRecord,
};

export function readImport(snapshot: Snapshot, ctx: Context, id: string): ImportRecord | undefined {
  return snapshot.record(importKey(ctx, id), importCodec);
}

export function writeImport(tx: Transaction, ctx: Context, record: ImportRecord): void {
  tx.putRecord(importKey(ctx, record.id), importCodec, record);
}

export const decodeImport = (bytes: Buffer): ImportRecord => importCodec.decode(bytes);

/** What was asked for is echoed, with what AWS fills in: ack-api-quirks, DDB-IMPORT-003, 004 and 015. */
export function importDescription(record: ImportRecord): ImportTableDescription {
  const { input, progress } = record;
  return {
    ImportArn: record.arn,
    ImportStatus: record.status,
    TableArn: record.tableArn,
    TableId: record.tableId,
    ClientToken: record.clientToken,
    S3BucketSource: { ...input.S3BucketSource, S3BucketOwner: record.bucketOwner },
    ErrorCount: progress.errors,
    InputFormat: input.InputFormat,
    InputFormatOptions: input.InputFormatOptions,
    InputCompressionType: record.compression,
    TableCreationParameters: input.TableCreationParameters,
    StartTime: record.startedAtMs,
    EndTime: record.endedAtMs,
    ProcessedSizeBytes: progress.processedBytes,
    ProcessedItemCount: progress.processedItems,
    ImportedItemCount: progress.importedItems,
    FailureCode: record.failure?.code,
    FailureMessage: record.failure?.message,
  };
}
