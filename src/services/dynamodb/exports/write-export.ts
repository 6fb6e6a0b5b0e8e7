import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { endOfPrefix, type Key } from "#base/key.ts";
import type { JobContext } from "#kernel/context.ts";
import type { Codec, Snapshot } from "#store/store.ts";
import { changesWithin } from "../history/changes-within.ts";
import { releaseHistory } from "../history/history-holds.ts";
import { itemsAt, type PastTable, type WalkStart } from "../history/items-at.ts";
import { keyAttributesOf } from "../items/item-key.ts";
import { exportFileKey, exportFilesPrefix, itemsPrefix } from "../keyspace.ts";
import { itemSizeBytes, parseItem } from "../items/stored-item.ts";
import { historyLayout } from "../tables/table-layout.ts";
import { changeLine, itemLine } from "./export-lines.ts";
import { type ExportFilter, exportFilter } from "./export-filter.ts";
import {
  type ExportRecord,
  type ExportSpan,
  readExport,
  writeExport as writeRecord,
} from "./export-record.ts";
import { dataFileKey, exportFolder, fileLine, md5Of, summaryText } from "./manifest.ts";
import { putObject, storageFailure } from "./object-storage.ts";

/** Bounds of one look into the store. */
const keysPerStep = 1_000;
const bytesPerStep = 1_000_000;
/** Uncompressed, about: a file is made in memory. */
const bytesPerFile = 16_000_000;
/** Source: ack-api-quirks, DDB-EXPORT-019. */
const leastBilledIncrementalBytes = 10_000_000;

/** Who holds the table's history while it is exported. */
export const exportHolder = (exportId: string): string => `export/${exportId}`;

/** A data file that is in its bucket, and how far the walk had come with it. */
interface WrittenFile {
  readonly line: string;
  readonly itemCount: number;
  readonly sizeBytes: number;
  /** The last key, without the prefix of the table's items; undefined: that was all. */
  readonly reached: Key | undefined;
}

const fileCodec: Codec<WrittenFile> = {
  encode: (file) => Buffer.from(JSON.stringify(file)),
  decode: (bytes) => JSON.parse(bytes.toString("utf8")) as WrittenFile,
};

const compress = promisify(gzip);

/**
 * Writes an export's files. Each data file is noted when it is in its bucket, so a run that was cut off goes on behind
 * the last one; what it writes again is the same under the same name.
 */
export async function writeExport(
  ctx: JobContext,
  { exportId }: { readonly exportId: string },
): Promise<void> {
  const record = await ctx.read((snapshot) => readExport(snapshot, ctx, exportId));
  if (record === undefined) return;
  let ended: ExportRecord;
  try {
    ended = await writeFiles(ctx, record);
  } catch (error) {
    const failure = storageFailure(error);
    ended = { ...record, status: "FAILED", endedAtMs: ctx.now(), failure };
  }
  await ctx.transact((tx) => {
    ctx.complete(tx);
    writeRecord(tx, ctx, ended);
    releaseHistory(tx, ctx, record, exportHolder(exportId));
    for (const { key } of filesOf(tx, ctx, exportId)) tx.delete(key);
  });
}

async function writeFiles(ctx: JobContext, record: ExportRecord): Promise<ExportRecord> {
  const folder = exportFolder(record);
  const place = { bucket: record.bucket, owner: record.bucketOwner };
  const encryption = record.sseAlgorithm === "KMS" ? { kmsKeyId: record.sseKmsKeyId } : undefined;
  const put = (key: string, body: Buffer): Promise<string> =>
    putObject(ctx, place, key, body, encryption);
  await put(`${folder}_started`, Buffer.alloc(0));
  const walk: Walk = { record, filter: exportFilter(record.key, record.filter) };
  const files = await ctx.read((snapshot) =>
    filesOf(snapshot, ctx, record.id).map(({ file }) => file),
  );
  while (files.length === 0 || files.at(-1)!.reached !== undefined) {
    const { lines, itemCount, sizeBytes, reached } = await readLines(ctx, walk, files.at(-1));
    const body = await compress(lines);
    const key = dataFileKey(record, files.length);
    const etag = await put(key, body);
    const line = fileLine({ itemCount, md5: md5Of(body), etag, key });
    const file: WrittenFile = { line, itemCount, sizeBytes, reached };
    await ctx.transact((tx) => {
      tx.putRecord(exportFileKey(ctx, record.id, files.length), fileCodec, file);
    });
    files.push(file);
  }
  const sum = (member: "itemCount" | "sizeBytes"): number =>
    files.reduce((total, file) => total + file[member], 0);
  const ended: ExportRecord = {
    ...record,
    status: "COMPLETED",
    endedAtMs: ctx.now(),
    itemCount: sum("itemCount"),
    billedSizeBytes:
      record.span === undefined
        ? sum("sizeBytes")
        : Math.max(leastBilledIncrementalBytes, sum("sizeBytes")),
  };
  const manifests = [
    ["manifest-files", files.map((file) => file.line).join("")],
    ["manifest-summary", summaryText(ended)],
  ] as const;
  for (const [name, text] of manifests) {
    const body = Buffer.from(text);
    await put(`${folder}${name}.json`, body);
    await put(`${folder}${name}.md5`, Buffer.from(md5Of(body)));
  }
  return ended;
}

function filesOf(
  snapshot: Snapshot,
  ctx: JobContext,
  exportId: string,
): { readonly key: Key; readonly file: WrittenFile }[] {
  const prefix = exportFilesPrefix(ctx, exportId);
  const range = snapshot.range({ start: prefix, end: endOfPrefix(prefix) });
  return Array.from(range, ({ key, value }) => ({ key, file: fileCodec.decode(value) }));
}

interface Walk {
  readonly record: ExportRecord;
  readonly filter: ExportFilter;
}

interface Lines {
  readonly lines: Buffer;
  readonly itemCount: number;
  readonly sizeBytes: number;
  readonly reached: Key | undefined;
}

/** A file's worth of lines, in several looks into the store. */
async function readLines(
  ctx: JobContext,
  walk: Walk,
  last: WrittenFile | undefined,
): Promise<Lines> {
  const lines: Buffer[] = [];
  let lineBytes = 0;
  let sizeBytes = 0;
  let reached = last?.reached;
  while (lineBytes < bytesPerFile) {
    const step = await ctx.read((snapshot) => stepOf(snapshot, ctx, walk, reached));
    for (const line of step.lines) {
      lines.push(line);
      lineBytes += line.length;
    }
    sizeBytes += step.sizeBytes;
    reached = step.reached;
    if (reached === undefined) break;
  }
  return { lines: Buffer.concat(lines), itemCount: lines.length, sizeBytes, reached };
}

interface Step {
  readonly lines: Buffer[];
  readonly sizeBytes: number;
  readonly reached: Key | undefined;
}

function stepOf(
  snapshot: Snapshot,
  ctx: JobContext,
  walk: Walk,
  afterSuffix: Key | undefined,
): Step {
  const id = { id: walk.record.tableId };
  const table = { itemsPrefix: itemsPrefix(ctx, id), history: historyLayout(ctx, id) };
  const lines: Buffer[] = [];
  let sizeBytes = 0;
  let bytes = 0;
  let keys = 0;
  for (const { suffix, line, size } of linesOf(snapshot, table, walk, afterSuffix)) {
    if (line !== undefined) {
      lines.push(line);
      bytes += line.length;
    }
    // What a filter drops has been read all the same.
    sizeBytes += size;
    keys += 1;
    if (keys >= keysPerStep || bytes >= bytesPerStep) return { lines, sizeBytes, reached: suffix };
  }
  return { lines, sizeBytes, reached: undefined };
}

interface WalkedLine {
  readonly suffix: Key;
  /** Undefined: there is nothing to say of this key. */
  readonly line: Buffer | undefined;
  readonly size: number;
}

function* linesOf(
  snapshot: Snapshot,
  table: PastTable,
  walk: Walk,
  afterSuffix: Key | undefined,
): Iterable<WalkedLine> {
  const { range } = walk.filter;
  const start: WalkStart = { afterSuffix, firstSuffix: range?.start ?? "" };
  const lines =
    walk.record.span === undefined
      ? itemLines(snapshot, table, walk, start)
      : changeLines(snapshot, table, walk, walk.record.span, start);
  for (const line of lines) {
    if (range !== undefined && line.suffix >= range.end) return;
    yield line;
  }
}

function* itemLines(
  snapshot: Snapshot,
  table: PastTable,
  { record: { format, moment }, filter: { filter, projection } }: Walk,
  start: WalkStart,
): Iterable<WalkedLine> {
  for (const { suffix, stored } of itemsAt(snapshot, table, moment, start)) {
    const isWanted = stored !== undefined && filter?.holds(parseItem(stored)) !== false;
    const line = isWanted ? itemLine(format, stored, projection) : undefined;
    yield { suffix, line, size: stored === undefined ? 0 : itemSizeBytes(stored) };
  }
}

function* changeLines(
  snapshot: Snapshot,
  table: PastTable,
  { record, filter: { filter, projection } }: Walk,
  { fromMoment, viewType }: ExportSpan,
  start: WalkStart,
): Iterable<WalkedLine> {
  const keyLayout = { partition: record.key.partition[0]!, sort: record.key.sort[0] };
  const changes = changesWithin(snapshot, table, fromMoment, record.moment, start);
  for (const { suffix, change } of changes) {
    const { before, after } = change ?? {};
    const known = after ?? before;
    // What came and went within the span leaves nothing.
    if (change === undefined || known === undefined) {
      yield { suffix, line: undefined, size: 0 };
      continue;
    }
    const oldImage = viewType === "NEW_IMAGE" ? undefined : before;
    const size = [oldImage, after].reduce(
      (sum, image) => sum + (image === undefined ? 0 : itemSizeBytes(image)),
      0,
    );
    const item = parseItem(known);
    // Of a deleted item the old image counts.
    if (filter?.holds(item) === false) {
      yield { suffix, line: undefined, size };
      continue;
    }
    const keys = keyAttributesOf(keyLayout, item);
    const { writtenAtMs } = change;
    const shown = { keys, writtenAtMs, oldImage, newImage: after };
    yield { suffix, line: changeLine(record.format, shown, projection), size };
  }
}
