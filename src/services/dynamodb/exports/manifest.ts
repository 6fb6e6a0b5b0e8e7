import { createHash } from "node:crypto";
import type { ExportRecord } from "./export-record.ts";

/*
 * What an export leaves in its bucket, besides the data: which files there are, and what they are of.
 * Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html; the names of the
 * checksum files are those that AWS writes (a structure observed at AWS is in Scylla's tests), not those of the page.
 */

/** Where the export's files are. */
export const exportFolder = ({ prefix, id }: Pick<ExportRecord, "prefix" | "id">): string =>
  `${prefix === undefined ? "" : `${prefix.replace(/\/$/, "")}/`}AWSDynamoDB/${id}/`;

const base32 = "abcdefghijklmnopqrstuvwxyz234567";
const fileNameLength = 26;

/** A data file's name looks random and is always the same: a job that runs again writes the same files. */
export function dataFileKey(record: ExportRecord, fileNumber: number): string {
  const digest = createHash("sha256").update(`${record.arn}/${fileNumber}`).digest();
  const letters = Array.from(digest.subarray(0, fileNameLength), (byte) => base32[byte % 32]);
  const extension = record.format === "ION" ? "ion.gz" : "json.gz";
  return `${exportFolder(record)}data/${letters.join("")}.${extension}`;
}

/** A data file's line in `manifest-files.json`. */
export function fileLine(file: {
  readonly itemCount: number;
  readonly md5: string;
  readonly etag: string;
  readonly key: string;
}): string {
  const line = {
    itemCount: file.itemCount,
    md5Checksum: file.md5,
    etag: file.etag,
    dataFileS3Key: file.key,
  };
  return `${JSON.stringify(line)}\n`;
}

export const md5Of = (body: Buffer): string => createHash("md5").update(body).digest("base64");

const timeText = (atMs: number): string => new Date(atMs).toISOString();

/** `manifest-summary.json` of an export that has come to its end. */
export function summaryText(record: ExportRecord): string {
  const { span } = record;
  const summary = {
    version: span === undefined ? "2020-06-30" : "2023-08-01",
    exportArn: record.arn,
    startTime: timeText(record.startedAtMs),
    endTime: timeText(record.endedAtMs ?? record.startedAtMs),
    tableArn: record.tableArn,
    tableId: record.tableId,
    ...(span === undefined
      ? { exportTime: timeText(record.exportTimeMs) }
      : { exportFromTime: timeText(span.fromMs), exportToTime: timeText(span.toMs) }),
    s3Bucket: record.bucket,
    s3Prefix: record.prefix ?? null,
    s3SseAlgorithm: record.sseAlgorithm,
    s3SseKmsKeyId: record.sseKmsKeyId ?? null,
    manifestFilesS3Key: `${exportFolder(record)}manifest-files.json`,
    billedSizeBytes: record.billedSizeBytes ?? 0,
    itemCount: record.itemCount ?? 0,
    outputFormat: record.format,
    ...(span !== undefined && { outputView: span.viewType }),
    exportType: span === undefined ? "FULL_EXPORT" : "INCREMENTAL_EXPORT",
  };
  return JSON.stringify(summary);
}
