import type { Key } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import { type Log, logAt } from "#kernel/sharded-log.ts";
import type { Snapshot } from "#store/store.ts";
import type { DestinationStatus, StreamViewType } from "#models/dynamodb.ts";
import {
  collectionsPrefix,
  expiryDueKey,
  expiryPrefix,
  historyPrefix,
  historyStateKey,
  indexPrefix,
  itemsPrefix,
  originsPrefix,
  outboundJobKey,
  outboundPrefix,
  sizeKey,
  streamLogKey,
  tombstonesPrefix,
} from "../keyspace.ts";
import { liveDestination } from "../kinesis/destination-record.ts";
import { keyInsights, type KeyInsights } from "../insights/key-insights.ts";
import { openTable, ownerContext, type TableContext } from "./open-table.ts";
import type { IndexRecord, KeyAttribute, TableRecord } from "./table-record.ts";
import {
  type VectorIndexLayout,
  vectorIndexLayout,
} from "../vector-indexes/vector-index-layout.ts";
import { vectorIndexesOf } from "../vector-indexes/vector-index-record.ts";
import { type Lanes, type TableTraffic, trafficOf } from "../throttling/table-traffic.ts";

/** What reads and writes of items need of a table, worked out once for each state of its record. */
export interface TableLayout {
  readonly table: TableRecord;
  readonly partition: KeyAttribute;
  readonly sort: KeyAttribute | undefined;
  readonly keyNames: readonly string[];
  /** Of all indexes that writes keep up to date. */
  readonly indexKeyNames: readonly string[];
  readonly itemsPrefix: Key;
  readonly sizeKey: Key;
  /** Where item collections are counted: tables with local indexes have them, others not. */
  readonly collectionsPrefix: Key | undefined;
  /** Each index that writes keep up to date: global ones, then local ones. Those being deleted are left to the sweep. */
  readonly indexes: readonly IndexLayout[];
  /** The same of vector indexes. */
  readonly vectorIndexes: readonly VectorIndexLayout[];
  /** In whose order sizes are counted: `indexes`, then `vectorIndexes`. */
  readonly sizedIndexIds: readonly number[];
  /** Where changes are recorded, if the table has an enabled stream. */
  readonly stream: StreamLayout | undefined;
  /** Where items stand by the second in which they expire, if the table has time to live. */
  readonly expiry: ExpiryLayout | undefined;
  /** Where changes are kept for restores and backups, if the table has point-in-time recovery or someone needs it. */
  readonly history: HistoryLayout | undefined;
  /** Whether changes go to a Kinesis data stream. */
  readonly hasDestination: boolean;
  readonly traffic: TableTraffic;
  /** Counts which keys are used, if the table has contributor insights. */
  readonly insights: KeyInsights | undefined;
  /** Where writes are noted for other replicas, if the table is one of a group. */
  readonly replication: ReplicationLayout | undefined;
  /** The order in which AWS checks their keys (dynalite's tests, recorded at AWS): global before local, last first. */
  readonly indexesFromLast: readonly IndexLayout[];
}

export interface StreamLayout {
  readonly log: Log;
  readonly viewType: StreamViewType;
}

export interface ExpiryLayout {
  readonly attribute: string;
  readonly prefix: Key;
  readonly dueKey: Key;
  /** While existing items are being added. */
  readonly isFilling: boolean;
}

export interface HistoryLayout {
  readonly prefix: Key;
  readonly stateKey: Key;
}

export interface ReplicationLayout {
  readonly isStrong: boolean;
  /** Origins and tombstones: see global-tables/stamps.ts. */
  readonly originsPrefix: Key;
  readonly tombstonesPrefix: Key;
  /** Of each other region that is to have what is written here. */
  readonly outbound: readonly Outbound[];
}

/** Where stands what another region is to have. */
export interface Outbound {
  readonly region: string;
  readonly memberId: string;
  readonly prefix: Key;
  /** There while a job is scheduled that delivers it. */
  readonly jobKey: Key;
}

export interface IndexLayout {
  readonly index: IndexRecord;
  readonly isGlobal: boolean;
  readonly prefix: Key;
  /** Of a global index. */
  readonly traffic: Lanes | undefined;
  readonly insights: KeyInsights | undefined;
  /** The attributes of its key: partition, then sort. */
  readonly keyAttributes: readonly KeyAttribute[];
  /** The names that an entry holds; undefined: all. */
  readonly projected: ReadonlySet<string> | undefined;
}

/** Records are decoded once and shared (see Snapshot.record), so the layout lives as long as its record does. */
const layouts = new WeakMap<TableRecord, TableLayout>();

export function tableLayout(ctx: Context, table: TableRecord): TableLayout {
  const known = layouts.get(table);
  if (known !== undefined) return known;
  const layout = layOut(ctx, table);
  layouts.set(table, layout);
  return layout;
}

/** The layout of a table by name or ARN, of another account where policies have allowed that. */
export function openLayout(
  snapshot: Snapshot,
  ctx: TableContext,
  tableNameOrArn: string,
): TableLayout {
  const owner = ownerContext(ctx, tableNameOrArn);
  return tableLayout(owner, openTable(snapshot, owner, tableNameOrArn));
}

function layOut(ctx: Context, table: TableRecord): TableLayout {
  const partition = table.key.partition[0];
  if (partition === undefined) throw new TypeError(`table ${table.name} has no partition key`);
  const written = (index: Pick<IndexRecord, "status">): boolean => index.status !== "DELETING";
  const sort = table.key.sort[0];
  const traffic = trafficOf(ctx, table);
  const globals = table.globalIndexes
    .filter(written)
    .map((index) => indexLayout(ctx, table, index, true, traffic.index(index)));
  const locals = table.localIndexes.map((index) => indexLayout(ctx, table, index, false));
  const indexes = [...globals, ...locals];
  const vectorIndexes = vectorIndexesOf(table)
    .filter(written)
    .map((index) => vectorIndexLayout(ctx, table, index));
  return {
    table,
    partition,
    sort,
    keyNames: sort === undefined ? [partition.name] : [partition.name, sort.name],
    indexKeyNames: indexes.flatMap((index) => index.keyAttributes.map(({ name }) => name)),
    itemsPrefix: itemsPrefix(ctx, table),
    sizeKey: sizeKey(ctx, table),
    collectionsPrefix: table.localIndexes.length > 0 ? collectionsPrefix(ctx, table) : undefined,
    indexes,
    vectorIndexes,
    sizedIndexIds: [...indexes, ...vectorIndexes].map(({ index }) => index.id),
    stream: streamLayout(ctx, table),
    expiry: expiryLayout(ctx, table),
    history:
      table.recovery !== undefined || table.isHistoryHeld === true
        ? historyLayout(ctx, table)
        : undefined,
    hasDestination: isDelivered(liveDestination(table)?.status),
    traffic,
    insights: keyInsights(ctx, table, undefined, itemsPrefix(ctx, table)),
    replication: replicationLayout(ctx, table),
    indexesFromLast: [...globals.toReversed(), ...locals.toReversed()],
  };
}

function isDelivered(status: DestinationStatus | undefined): boolean {
  return status === "ACTIVE" || status === "UPDATING";
}

function streamLayout(ctx: Context, table: TableRecord): StreamLayout | undefined {
  const { stream } = table;
  if (stream?.enabled !== true) return undefined;
  const log = logAt(streamLogKey(ctx, { tableId: table.id, label: stream.label }));
  return { log, viewType: stream.viewType };
}

function expiryLayout(ctx: Context, table: TableRecord): ExpiryLayout | undefined {
  const { timeToLive } = table;
  if (timeToLive?.status !== "ENABLED" && timeToLive?.status !== "ENABLING") return undefined;
  return {
    attribute: timeToLive.attribute,
    prefix: expiryPrefix(ctx, table, timeToLive.generation),
    dueKey: expiryDueKey(ctx, table),
    isFilling: timeToLive.status === "ENABLING",
  };
}

/** Where a table's history stands, or would. It is found by the id, also when the table is gone. */
export function historyLayout(ctx: Context, table: Pick<TableRecord, "id">): HistoryLayout {
  return { prefix: historyPrefix(ctx, table), stateKey: historyStateKey(ctx, table) };
}

function replicationLayout(ctx: Context, table: TableRecord): ReplicationLayout | undefined {
  const { replication } = table;
  if (replication === undefined) return undefined;
  const { groupId, isStrong, replicas, witnesses } = replication;
  return {
    isStrong,
    originsPrefix: originsPrefix(ctx, table, groupId),
    tombstonesPrefix: tombstonesPrefix(ctx, table, groupId),
    outbound: [...replicas, ...witnesses]
      .filter(({ status }) => status !== "DELETING")
      .map(({ region, memberId }) => ({
        region,
        memberId,
        prefix: outboundPrefix(ctx, table, memberId),
        jobKey: outboundJobKey(ctx, table, memberId),
      })),
  };
}

export function indexLayout(
  ctx: Context,
  table: TableRecord,
  index: IndexRecord,
  isGlobal: boolean,
  traffic?: Lanes,
): IndexLayout {
  const keyAttributes = [...index.key.partition, ...index.key.sort];
  return {
    index,
    isGlobal,
    traffic,
    insights: isGlobal ? keyInsights(ctx, table, index, indexPrefix(ctx, table, index)) : undefined,
    prefix: indexPrefix(ctx, table, index),
    keyAttributes,
    projected:
      index.projection.type === "ALL"
        ? undefined
        : new Set([
            ...[...table.key.partition, ...table.key.sort, ...keyAttributes].map(
              (attribute) => attribute.name,
            ),
            ...(index.projection.type === "INCLUDE" ? (index.projection.attributes ?? []) : []),
          ]),
  };
}
