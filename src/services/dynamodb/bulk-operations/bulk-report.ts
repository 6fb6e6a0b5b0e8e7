import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { endOfPrefix } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import type { OutputTypeEnum } from "#models/dynamodb.ts";
import type { Transaction } from "#store/store.ts";
import { exportFolder, fileLine, md5Of } from "../exports/manifest.ts";
import { type ObjectEncryption, putObject } from "../exports/object-storage.ts";
import { bulkReportKey, bulkReportPrefix } from "../keyspace.ts";
import type { BulkOperationRecord } from "./bulk-operation-record.ts";
import type { Unwritten } from "./put-records.ts";

/*
 * What an operation leaves in its output bucket: `_started` before it writes any item, and at its end data files of what was
 * not written (JSON lines, compressed), `manifest-files.json` and `manifest-summary.json`.
 *
 * The layout is ours, like that of exports: the developer guide has a section about AWS's (BulkPutItems.Output) that could not
 * be had. Until the end, lines are kept in the store, each in the transaction in which its item was looked at.
 */

/** Uncompressed, about: a file is made in memory. */
const bytesPerFile = 16_000_000;
/** An item whose text is longer is reported without it. */
const longestItemCharacters = 1_000_000;

const folders: Readonly<Record<OutputTypeEnum, string>> = {
  ERROR: "error",
  CONDITION_CHECK_FAILURE: "condition-check-failure",
};

const compress = promisify(gzip);

export const reportFolder = ({ id, input }: BulkOperationRecord): string =>
  exportFolder({ id, prefix: input.OutputS3Configuration.S3KeyPrefix });

/** Keeps the lines of one step, of the types that were asked for; answers how many parts there are now. */
export function keepLines(
  tx: Transaction,
  ctx: Context,
  { id, input, progress }: BulkOperationRecord,
  unwritten: readonly Unwritten[],
): number {
  let parts = progress.reportParts;
  for (const outputType of new Set(input.OutputS3Configuration.OutputType)) {
    const lines = unwritten
      .filter((one) => one.outputType === outputType)
      .map((one) => reportLine(progress.objectKey!, one));
    if (lines.length === 0) continue;
    tx.put(bulkReportKey(ctx, id, outputType, parts), Buffer.from(lines.join("")));
    parts += 1;
  }
  return parts;
}

function reportLine(objectKey: string, unwritten: Unwritten): string {
  const { recordNumber, reason, item, existingItem } = unwritten;
  const content = JSON.stringify(item);
  const line = {
    S3Key: objectKey,
    RecordNumber: recordNumber,
    Reason: reason,
    Item: content !== undefined && content.length > longestItemCharacters ? undefined : item,
    ExistingItem: existingItem,
  };
  return `${JSON.stringify(line)}\n`;
}

/** Finds out, before anything is written, whether the bucket takes a report. */
export async function beginReport(ctx: Context, record: BulkOperationRecord): Promise<void> {
  await putFile(ctx, record, "_started", Buffer.alloc(0));
}

/** Writes the files anew if it was cut off: the same ones, under the same names. */
export async function writeReport(ctx: Context, record: BulkOperationRecord): Promise<void> {
  const files: string[] = [];
  for (const outputType of new Set(record.input.OutputS3Configuration.OutputType)) {
    let number = 0;
    for await (const lines of linesOf(ctx, record, outputType)) {
      number += 1;
      const name = `${folders[outputType]}/${String(number).padStart(5, "0")}.json.gz`;
      const body = await compress(lines);
      const etag = await putFile(ctx, record, name, body);
      const key = `${reportFolder(record)}${name}`;
      files.push(fileLine({ itemCount: countOf(lines), md5: md5Of(body), etag, key }));
    }
  }
  await putFile(ctx, record, "manifest-files.json", Buffer.from(files.join("")));
  await putFile(ctx, record, "manifest-summary.json", Buffer.from(summaryText(record)));
}

function putFile(
  ctx: Context,
  record: BulkOperationRecord,
  name: string,
  body: Buffer,
): Promise<string> {
  const { OutputS3Configuration: output } = record.input;
  const place = { bucket: output.S3Bucket!, owner: output.S3BucketOwner };
  const encryption: ObjectEncryption | undefined =
    output.S3SseAlgorithm === "KMS" ? { kmsKeyId: output.S3SseKmsKeyId } : output.S3SseAlgorithm;
  return putObject(ctx, place, `${reportFolder(record)}${name}`, body, encryption);
}

/** The lines of each file, which are all that is kept. */
async function* linesOf(
  ctx: Context,
  { id }: BulkOperationRecord,
  outputType: OutputTypeEnum,
): AsyncIterable<Buffer> {
  const prefix = bulkReportPrefix(ctx, id, outputType);
  const end = endOfPrefix(prefix);
  let start: string | undefined = prefix;
  while (start !== undefined) {
    const from: string = start;
    const file = await ctx.read((snapshot) => {
      const lines: Buffer[] = [];
      let bytes = 0;
      for (const { key, value } of snapshot.range({ start: from, end })) {
        if (bytes >= bytesPerFile) return { lines: Buffer.concat(lines), next: key };
        lines.push(value);
        bytes += value.length;
      }
      return { lines: Buffer.concat(lines), next: undefined };
    });
    if (file.lines.length > 0) yield file.lines;
    start = file.next;
  }
}

function countOf(lines: Buffer): number {
  let count = 0;
  for (let at = lines.indexOf(0x0a); at !== -1; at = lines.indexOf(0x0a, at + 1)) count += 1;
  return count;
}

function summaryText(record: BulkOperationRecord): string {
  const { arn, tableName, tableId, input, startedAtMs, progress } = record;
  const { InputS3Configuration: source, OutputS3Configuration: output } = input;
  const { processedItems, failedItems, unmetConditions } = progress;
  return JSON.stringify({
    bulkOperationArn: arn,
    startTime: new Date(startedAtMs).toISOString(),
    tableName,
    tableId,
    inputS3Bucket: source.S3Bucket,
    inputS3KeyPrefix: source.S3KeyPrefix ?? null,
    outputType: output.OutputType,
    manifestFilesS3Key: `${reportFolder(record)}manifest-files.json`,
    processedItemCount: processedItems,
    writtenItemCount: processedItems - failedItems - unmetConditions,
    failedItemCount: failedItems,
    conditionCheckFailureCount: unmetConditions,
  });
}
