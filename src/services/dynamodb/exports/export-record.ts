import type { Context } from "#kernel/context.ts";
import type {
  ExportDescription,
  ExportFormat,
  ExportStatus,
  ExportViewType,
  FilterSpecification,
  S3SseAlgorithm,
} from "#models/dynamodb.ts";
import type { Codec, Snapshot, Transaction } from "#store/store.ts";
import type { Moment } from "../history/moment.ts";
import { exportKey } from "../keyspace.ts";
import type { TableKey } from "../tables/table-record.ts";

export interface ExportRecord {
  readonly id: string;
  readonly arn: string;
  readonly status: ExportStatus;
  readonly tableName: string;
  readonly tableArn: string;
  readonly tableId: string;
  readonly key: TableKey;
  readonly startedAtMs: number;
  readonly endedAtMs: number | undefined;
  /** Whose items are exported; of an incremental export, the end of its span. */
  readonly moment: Moment;
  readonly exportTimeMs: number;
  /** Of an incremental export. */
  readonly span: ExportSpan | undefined;
  readonly format: ExportFormat;
  /** As it was asked for: AWS shows nothing where nothing was said. */
  readonly askedType: ExportDescription["ExportType"];
  readonly filter?: FilterSpecification | undefined;
  readonly clientToken: string;
  readonly bucket: string;
  readonly bucketOwner: string | undefined;
  readonly prefix: string | undefined;
  readonly sseAlgorithm: S3SseAlgorithm;
  readonly sseKmsKeyId: string | undefined;
  readonly itemCount: number | undefined;
  readonly billedSizeBytes: number | undefined;
  readonly failure: { readonly code: string; readonly message: string } | undefined;
}

export interface ExportSpan {
  /** Inclusive. */
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
  readonly viewType: ExportViewType;
  readonly fromMoment: Moment;
}

const exportCodec: Codec<ExportRecord> = {
  encode: (record) => Buffer.from(JSON.stringify(record)),
  decode: (bytes) => JSON.parse(bytes.toString("utf8")) as ExportRecord,
};

export function readExport(snapshot: Snapshot, ctx: Context, id: string): ExportRecord | undefined {
  return snapshot.record(exportKey(ctx, id), exportCodec);
}

export function writeExport(tx: Transaction, ctx: Context, record: ExportRecord): void {
  tx.putRecord(exportKey(ctx, record.id), exportCodec, record);
}

export const decodeExport = (bytes: Buffer): ExportRecord => exportCodec.decode(bytes);

/** Which members are there and when: ack-api-quirks, DDB-EXPORT-016, 017 and 019. */
export function exportDescription(record: ExportRecord, manifest: string): ExportDescription {
  const { span } = record;
  return {
    ExportArn: record.arn,
    ExportStatus: record.status,
    StartTime: record.startedAtMs,
    EndTime: record.endedAtMs,
    ExportManifest: record.status === "COMPLETED" ? manifest : undefined,
    TableArn: record.tableArn,
    TableId: record.tableId,
    ExportTime: span === undefined ? record.exportTimeMs : undefined,
    ClientToken: record.clientToken,
    S3Bucket: record.bucket,
    S3BucketOwner: record.bucketOwner,
    S3Prefix: record.prefix,
    S3SseAlgorithm: record.sseAlgorithm,
    S3SseKmsKeyId: record.sseKmsKeyId,
    FailureCode: record.failure?.code,
    FailureMessage: record.failure?.message,
    ExportFormat: record.format,
    BilledSizeBytes: record.billedSizeBytes,
    ItemCount: record.itemCount,
    ExportType: record.askedType,
    FilterSpecification: record.filter,
    IncrementalExportSpecification: span && {
      ExportFromTime: span.fromMs,
      ExportToTime: span.toMs,
      ExportViewType: span.viewType,
    },
  };
}
