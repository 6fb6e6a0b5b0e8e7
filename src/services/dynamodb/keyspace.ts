import { createHash } from "node:crypto";
import { endOfPrefix, type Key } from "#base/key.ts";
import { bytes } from "#base/tuple.ts";
import type { Context } from "#kernel/context.ts";
import type { StreamRecord } from "./streams/stream-record.ts";
import type { IndexRecord, TableRecord } from "./tables/table-record.ts";

/*
 * Every key that DynamoDB stores. All begin with (service, account, region); then:
 *
 *   table        name                                     → TableRecord
 *   tags         table name                               → tags of the table
 *   size         table id                                 → item counts and bytes of the table and its indexes
 *   item         table id · hash · partition · sort       → stored item (stored-item.ts)
 *   index        table id, index id · hash · partition · sort · primary key → stored item, projected
 *                of a vector index: HASH attribute, if any · item's place → its vector (vector-indexes/vector-entry.ts)
 *   collection   table id · hash · partition              → bytes of an item collection (tables with local indexes)
 *   backfill     table id, index id                       → the key of the last item that a new index has
 *   stream       table name, stream label                 → StreamRecord; streams outlive their tables by a day
 *   log          table id, stream label                   → the stream's changes (#kernel/sharded-log.ts)
 *   expiry       table id, generation · second · hash · partition · sort → nothing: when an item expires
 *   expiry-due   table id                                 → when the job that deletes expired items is due
 *   expiry-fill  table id, generation                     → the key of the last item that a new expiry index has
 *   history       table id · day · item key (escaped) · sequence → what stood there before (history/history-entry.ts)
 *   history-state table id                             → the next sequence number and the latest time of its history
 *   history-hold  table id, who                        → from when on its history, and its items, must be kept
 *   backup       backup id                             → BackupRecord; backups outlive their tables
 *   backup-item  backup id · hash · partition · sort   → stored item
 *   restore      target's table id                     → how far its restore has come
 *   witness      name                                     → TableRecord of a strongly consistent group's witness
 *   origin       table id, group id · hash · partition · sort → when and where a replica's item was written last
 *   tombstone    table id, group id · hash · partition · sort → the same of an item that was deleted
 *   outbound     table id, member id · millisecond · hash · partition · sort → time of a write to deliver to a replica
 *   outbound-job table id, member id                      → nothing: the job that delivers is scheduled
 *   replica-fill table id, member id                      → the key of the last item that a new replica was sent
 *   tombstone-job table id, group id                      → nothing: the job that forgets tombstones is scheduled
 *   export       export id                              → ExportRecord
 *   export-file  export id, number                      → a data file that is written: its line of the manifest
 *   export-token client token                           → the export that was begun with it
 *   import       import id                              → ImportRecord
 *   import-token client token                           → the import that was begun with it
 *   bulk-operation id                                   → BulkOperationRecord
 *   bulk-token   client token                           → the bulk operation that was begun with it
 *   bulk-report  bulk operation id, output type, number → lines for its report, until that is written
 *   bulk-target  table id, bulk operation id            → nothing: the operation is under way
 *   kinesis      table id · sequence                      → a change that a Kinesis data stream is to get
 *   kinesis-state table id                                → the next sequence, and whether a job delivers
 *   token        time window, client token                → an idempotent transaction (client-tokens.ts)
 *
 * Items are ordered by a hash of their partition key, then by sort key: a Scan walks the hashes as AWS's does, and
 * parallel segments are equal ranges of them. `partition` and `sort` are order-preserving bytes (key-encoding.ts).
 */

type AnyContext = Context;
/** Items outlive their table's record for a while: they are found by its id. */
type TableId = Pick<TableRecord, "id">;

export const tableKey = (ctx: AnyContext, tableName: string): Key => ctx.key("table", tableName);
/** All tables of the account in the region, by name. */
export const tablesPrefix = (ctx: AnyContext): Key => ctx.key("table");
export const tagsKey = (ctx: AnyContext, tableName: string): Key => ctx.key("tags", tableName);
export const sizeKey = (ctx: AnyContext, table: TableId): Key => ctx.key("size", table.id);
export const tokenKey = (ctx: AnyContext, window: number, token: string): Key =>
  ctx.key("token", window, token);
/** All client tokens first used in one window of time. */
export const tokensPrefix = (ctx: AnyContext, window: number): Key => ctx.key("token", window);

/** Where the changes wait that a Kinesis data stream is to get. */
export const destinationQueueKey = (ctx: AnyContext, table: TableId): Key =>
  ctx.key("kinesis", table.id);
export const destinationQueueStateKey = (ctx: AnyContext, table: TableId): Key =>
  ctx.key("kinesis-state", table.id);

/** Which stream of which table; its log stands under the table's id, so a new table of the name never meets it. */
export type StreamId = Pick<StreamRecord, "tableName" | "tableId" | "label">;
export const streamKey = (ctx: AnyContext, tableName: string, label: string): Key =>
  ctx.key("stream", tableName, label);
/** All streams of the account in the region, or those that a table's name has or had, by label. */
export const streamsPrefix = (ctx: AnyContext, tableName?: string): Key =>
  tableName === undefined ? ctx.key("stream") : ctx.key("stream", tableName);
export const streamLogKey = (
  ctx: AnyContext,
  stream: Pick<StreamRecord, "tableId" | "label">,
): Key => ctx.key("log", stream.tableId, stream.label);

/** Where the items of a table with time to live stand by the second in which they expire. */
export const expiryPrefix = (ctx: AnyContext, table: TableId, generation: number): Key =>
  ctx.key("expiry", table.id, generation);
/** The same for all times that it was enabled. */
export const expiriesPrefix = (ctx: AnyContext, table: TableId): Key => ctx.key("expiry", table.id);
export const expiryDueKey = (ctx: AnyContext, table: TableId): Key =>
  ctx.key("expiry-due", table.id);
export const expiryFillKey = (ctx: AnyContext, table: TableId, generation: number): Key =>
  ctx.key("expiry-fill", table.id, generation);
export const expiryFillsPrefix = (ctx: AnyContext, table: TableId): Key =>
  ctx.key("expiry-fill", table.id);

/** Where the changes of a table's items stand, by the day on which they were made; `day`: days since 1970. */
export const historyPrefix = (ctx: AnyContext, table: TableId): Key => ctx.key("history", table.id);
export const historyStateKey = (ctx: AnyContext, table: TableId): Key =>
  ctx.key("history-state", table.id);
export const historyHoldKey = (ctx: AnyContext, table: TableId, holder: string): Key =>
  ctx.key("history-hold", table.id, holder);
export const historyHoldsPrefix = (ctx: AnyContext, table: TableId): Key =>
  ctx.key("history-hold", table.id);

/** Backup ids begin with the time, so backups stand in the order in which they were made. */
export const backupKey = (ctx: AnyContext, backupId: string): Key => ctx.key("backup", backupId);
export const backupsPrefix = (ctx: AnyContext): Key => ctx.key("backup");
export const backupItemsPrefix = (ctx: AnyContext, backupId: string): Key =>
  ctx.key("backup-item", backupId);
export const restoreKey = (ctx: AnyContext, target: TableId): Key => ctx.key("restore", target.id);
/** All restores that are under way in the account's region. */
export const restoresPrefix = (ctx: AnyContext): Key => ctx.key("restore");
export const witnessKey = (ctx: AnyContext, tableName: string): Key =>
  ctx.key("witness", tableName);
/** Where what is known of the last writes of a replica's items stands, by the item's key without its prefix. */
export const originsPrefix = (ctx: AnyContext, table: TableId, groupId: string): Key =>
  ctx.key("origin", table.id, groupId);
export const tombstonesPrefix = (ctx: AnyContext, table: TableId, groupId: string): Key =>
  ctx.key("tombstone", table.id, groupId);
export const tombstoneJobKey = (ctx: AnyContext, table: TableId, groupId: string): Key =>
  ctx.key("tombstone-job", table.id, groupId);
/** What is to be delivered to another replica, oldest first. */
export const outboundPrefix = (ctx: AnyContext, table: TableId, memberId: string): Key =>
  ctx.key("outbound", table.id, memberId);
export const outboundJobKey = (ctx: AnyContext, table: TableId, memberId: string): Key =>
  ctx.key("outbound-job", table.id, memberId);
export const replicaFillKey = (ctx: AnyContext, table: TableId, memberId: string): Key =>
  ctx.key("replica-fill", table.id, memberId);
const groupKinds = ["origin", "tombstone", "tombstone-job"];
const memberKinds = ["outbound", "outbound-job", "replica-fill"];
/** What a table keeps for one group, for one other replica, and for all of any time. */
export const groupPrefixes = (ctx: AnyContext, table: TableId, groupId: string): readonly Key[] =>
  groupKinds.map((kind) => ctx.key(kind, table.id, groupId));
export const memberPrefixes = (ctx: AnyContext, table: TableId, memberId: string): readonly Key[] =>
  memberKinds.map((kind) => ctx.key(kind, table.id, memberId));
export const replicationPrefixes = (ctx: AnyContext, table: TableId): readonly Key[] =>
  [...groupKinds, ...memberKinds].map((kind) => ctx.key(kind, table.id));

export const exportKey = (ctx: AnyContext, exportId: string): Key => ctx.key("export", exportId);
export const exportsPrefix = (ctx: AnyContext): Key => ctx.key("export");
export const exportFileKey = (ctx: AnyContext, exportId: string, fileNumber: number): Key =>
  ctx.key("export-file", exportId, fileNumber);
export const exportFilesPrefix = (ctx: AnyContext, exportId: string): Key =>
  ctx.key("export-file", exportId);
export const exportTokenKey = (ctx: AnyContext, token: string): Key =>
  ctx.key("export-token", token);
export const importKey = (ctx: AnyContext, importId: string): Key => ctx.key("import", importId);
export const importsPrefix = (ctx: AnyContext): Key => ctx.key("import");
export const importTokenKey = (ctx: AnyContext, token: string): Key =>
  ctx.key("import-token", token);
/** Ids begin with the time, so bulk operations stand in the order in which they were begun. */
export const bulkOperationKey = (ctx: AnyContext, operationId: string): Key =>
  ctx.key("bulk-operation", operationId);
export const bulkOperationsPrefix = (ctx: AnyContext): Key => ctx.key("bulk-operation");
export const bulkTokenKey = (ctx: AnyContext, token: string): Key => ctx.key("bulk-token", token);
export const bulkReportKey = (
  ctx: AnyContext,
  operationId: string,
  outputType: string,
  partNumber: number,
): Key => ctx.key("bulk-report", operationId, outputType, partNumber);
export const bulkReportPrefix = (
  ctx: AnyContext,
  operationId: string,
  ...outputType: readonly string[]
): Key => ctx.key("bulk-report", operationId, ...outputType);
export const bulkTargetKey = (ctx: AnyContext, table: TableId, operationId: string): Key =>
  ctx.key("bulk-target", table.id, operationId);
export const bulkTargetsPrefix = (ctx: AnyContext, table: TableId): Key =>
  ctx.key("bulk-target", table.id);

/** Where a table's items, or an index's entries, stand: `prefix`, then a partition's bytes, then the sort key's. */
export const itemsPrefix = (ctx: AnyContext, table: TableId): Key => ctx.key("item", table.id);
export const indexPrefix = (ctx: AnyContext, table: TableId, index: Pick<IndexRecord, "id">): Key =>
  ctx.key("index", table.id, index.id);
/** The entries of all of a table's indexes. */
export const indexesPrefix = (ctx: AnyContext, table: TableId): Key => ctx.key("index", table.id);
/** Up to which item a new index's backfill has come. */
export const backfillKey = (ctx: AnyContext, table: TableId, index: Pick<IndexRecord, "id">): Key =>
  ctx.key("backfill", table.id, index.id);
/** Where the sizes of a table's item collections stand, each under its partition's bytes. */
export const collectionsPrefix = (ctx: AnyContext, table: TableId): Key =>
  ctx.key("collection", table.id);

/** Above this, a partition key stands in keys as its SHA-256: nothing needs the order of partitions. */
const longestPlainPartitionBytes = 512;

/**
 * A partition key's part of a key: four bytes of hash, then the partition attributes' ordered bytes.
 * `attributes`: each partition attribute's bytes from key-encoding.ts.
 */
export function partitionBytes(attributes: readonly Key[]): Key {
  let plain = "";
  for (const attribute of attributes) plain += bytes(attribute);
  const body = plain.length <= longestPlainPartitionBytes ? plain : digest(plain);
  return hashBytes(partitionHash(plain)) + body;
}

/** The longest primary key that stands as it is at the end of an index entry's key. */
const longestPlainSuffixBytes = 512;

/**
 * What makes an index entry's key unique: the item's partition and sort attributes' ordered bytes, or their SHA-256
 * where they are long. Entries that agree in the index's own key are ordered by it.
 */
export function primaryKeySuffix(attributes: readonly Key[]): Key {
  let plain = "";
  for (const attribute of attributes) plain += bytes(attribute);
  return plain.length <= longestPlainSuffixBytes ? plain : digest(plain);
}

/** What a long key's digest begins with. */
export const longKeyMark = "\u00ff";

/** Begins with a byte that no part of a tuple begins with, so that no plain key can be taken for it. */
function digest(plain: Key): Key {
  return longKeyMark + createHash("sha256").update(plain, "latin1").digest("binary");
}

/** A 32-bit hash of a partition key's bytes (FNV-1a, then mixed so that the high bits spread as well). */
function partitionHash(bytes: Key): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < bytes.length; at++) {
    hash = Math.imul(hash ^ bytes.charCodeAt(at), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** The hash of an item's partition key, from the item's key: `prefix` is where its table's items stand. */
export function hashOfItemKey(prefix: Key, key: Key): number {
  const at = prefix.length;
  return (
    ((key.charCodeAt(at) << 24) |
      (key.charCodeAt(at + 1) << 16) |
      (key.charCodeAt(at + 2) << 8) |
      key.charCodeAt(at + 3)) >>>
    0
  );
}

function hashBytes(hash: number): Key {
  return String.fromCharCode(hash >>> 24, (hash >>> 16) & 0xff, (hash >>> 8) & 0xff, hash & 0xff);
}

/** The range of keys that a parallel scan's segment walks. */
export function segmentRange(
  prefix: Key,
  segment: number,
  totalSegments: number,
): { readonly start: Key; readonly end: Key } {
  const boundary = (at: number): Key =>
    prefix + hashBytes(Math.floor((at * 2 ** 32) / totalSegments));
  return {
    start: segment === 0 ? prefix : boundary(segment),
    end: segment === totalSegments - 1 ? endOfPrefix(prefix) : boundary(segment + 1),
  };
}
