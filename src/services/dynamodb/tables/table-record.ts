import type { Codec } from "#store/store.ts";
import type {
  BillingMode,
  IndexStatus,
  OnDemandThroughput,
  ProjectionType,
  StreamViewType,
  TableClass,
  TableStatus,
  TimeToLiveStatus,
} from "#models/dynamodb.ts";
import type { DestinationRecord } from "../kinesis/destination-record.ts";
import type { InsightsRecord } from "../insights/insights-record.ts";
import type { AttachedPolicy } from "../resource-policies/attached-policy.ts";
import type { VectorIndexRecord } from "../vector-indexes/vector-index-record.ts";
import type { Replication } from "../global-tables/replication.ts";

/** What is stored of a table: all but its tags, its size and its items. Shared and cached: never change one in place. */
export interface TableRecord {
  readonly name: string;
  /** A UUID; items are stored under it, so a new table of the same name never meets old items. */
  readonly id: string;
  readonly arn: string;
  readonly status: TableStatus;
  readonly createdAtMs: number;
  /** One partition key, then at most one sort key. */
  readonly key: TableKey;
  /** By name: what DescribeTable answers. */
  readonly attributeDefinitions: readonly KeyAttribute[];
  readonly globalIndexes: readonly IndexRecord[];
  readonly localIndexes: readonly IndexRecord[];
  /** Undefined if there never was any: `vectorIndexesOf` knows. */
  readonly vectorIndexes?: readonly VectorIndexRecord[] | undefined;
  /** The id of the next index that is created. */
  readonly nextIndexId: number;
  readonly billing: Billing;
  readonly tableClass: TableClass | undefined;
  /** The latest two changes, the older one first. */
  readonly tableClassChangesMs: readonly number[];
  readonly deletionProtected: boolean;
  /** Undefined with keys that AWS owns. */
  readonly encryption: TableEncryption | undefined;
  /** The latest one, also when it is disabled; undefined if there never was any. */
  readonly stream: TableStream | undefined;
  /** Undefined if it was never enabled. */
  readonly timeToLive: TimeToLive | undefined;
  /** Point-in-time recovery; undefined if it is disabled. */
  readonly recovery?: PointInTimeRecovery | undefined;
  /** Whether someone needs the table's history, recovery aside: history/history-holds.ts. */
  readonly isHistoryHeld?: boolean | undefined;
  /** While the table is being filled from a backup or from another table's past. */
  readonly restoring?: RestoreOrigin | undefined;
  /** Kinesis data streams that its changes go to, or went to. */
  readonly destinations?: readonly DestinationRecord[] | undefined;
  /** Of the table and its global indexes, as far as they were ever configured. */
  readonly insights?: readonly InsightsRecord[] | undefined;
  /** Who else may use the table and its indexes, or who may not. */
  readonly resourcePolicy?: AttachedPolicy | undefined;
  /** If it is a replica of a global table. */
  readonly replication?: Replication | undefined;
  /** Not a table that anybody sees: a witness of a strongly consistent group. */
  readonly isWitness?: true;
}

export interface TableEncryption {
  readonly kmsKeyArn: string;
  /** Since when the key cannot be used; undefined while it can. */
  readonly inaccessibleSinceMs?: number | undefined;
}

export interface PointInTimeRecovery {
  /** The table's state is known from this moment on. */
  readonly sinceMs: number;
  /** How far back it can be restored. */
  readonly periodDays: number;
}

export interface RestoreOrigin {
  readonly tableArn: string;
  readonly backupArn: string | undefined;
  /** The moment whose items the table gets. */
  readonly atMs: number;
}

/** What a table knows of its stream; the rest stands in the stream's own record. */
export interface TableStream {
  readonly label: string;
  readonly viewType: StreamViewType;
  /** Whether changes are recorded. */
  readonly enabled: boolean;
}

export interface TimeToLive {
  readonly attribute: string;
  readonly status: TimeToLiveStatus;
  /** Counts how often it was enabled: the expiry index of each time stands apart. */
  readonly generation: number;
  readonly changedAtMs: number;
}

export type KeyType = "S" | "N" | "B";

export interface KeyAttribute {
  readonly name: string;
  readonly type: KeyType;
}

/**
 * A key schema with its types. A table has one partition attribute and at most one sort attribute; a global index
 * may have up to four of each, partition attributes first.
 */
export interface TableKey {
  readonly partition: readonly KeyAttribute[];
  readonly sort: readonly KeyAttribute[];
}

export interface IndexRecord {
  readonly name: string;
  /** Unique within the table and never used again: entries of a deleted index are swept under it. */
  readonly id: number;
  readonly arn: string;
  readonly key: TableKey;
  readonly projection: {
    readonly type: ProjectionType;
    /** With INCLUDE: the attributes besides the keys. */
    readonly attributes: readonly string[] | undefined;
  };
  /** Local indexes are always ACTIVE. */
  readonly status: IndexStatus;
  /** While existing items are being written to a new index. */
  readonly backfilling: boolean;
  /** Global indexes only. */
  readonly throughput: Throughput | undefined;
  readonly onDemandThroughput: OnDemandThroughput | undefined;
  readonly warmThroughput: WarmUnits | undefined;
}

export interface Throughput {
  readonly readUnits: number;
  readonly writeUnits: number;
  readonly increasedAtMs: number | undefined;
  readonly decreasedAtMs: number | undefined;
  /** On the UTC day of the last decrease. */
  readonly decreasesToday: number;
}

export interface Billing {
  readonly mode: BillingMode;
  /** When the mode was last switched to PAY_PER_REQUEST; shown in BillingModeSummary. */
  readonly payPerRequestSinceMs: number | undefined;
  /** Switches to PAY_PER_REQUEST of the last day, the older ones first. */
  readonly payPerRequestSwitchesMs?: readonly number[];
  /** Zeros with PAY_PER_REQUEST. */
  readonly throughput: Throughput;
  readonly onDemandThroughput: OnDemandThroughput | undefined;
  /** As asked for; what is shown is never less than what the billing mode gives anyway. */
  readonly warmThroughput: WarmUnits | undefined;
}

/** What a table or an index can serve at once, in units per second. */
export interface WarmUnits {
  readonly read: number;
  readonly write: number;
}

export const tableCodec: Codec<TableRecord> = {
  encode: (table) => Buffer.from(JSON.stringify(table)),
  decode: (bytes) => JSON.parse(bytes.toString("utf8")) as TableRecord,
};
