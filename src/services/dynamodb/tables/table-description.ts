import type {
  GlobalSecondaryIndexDescription,
  KeySchemaElement,
  LocalSecondaryIndexDescription,
  ProvisionedThroughputDescription,
  TableDescription,
  TableStatus,
} from "#models/dynamodb.ts";
import { replicationDescription } from "../global-tables/describe-replicas.ts";
import { streamArn } from "../streams/stream-record.ts";
import type { Billing, IndexRecord, TableKey, TableRecord, Throughput } from "./table-record.ts";
import { sizeOfIndex, type TableSize } from "./table-size.ts";
import { warmAnyway } from "./throughput.ts";
import { vectorIndexDescriptions } from "../vector-indexes/describe-vector-indexes.ts";

/** The size of a table that has nothing yet. */
export const empty: TableSize = { itemCount: 0, sizeBytes: 0, indexes: new Map() };

/**
 * A table as CreateTable, DescribeTable, UpdateTable and DeleteTable describe it; which members are there and when
 * is taken from recorded answers of AWS.
 */
export function tableDescription(
  table: TableRecord,
  size: TableSize,
  nowMs: number,
): TableDescription {
  const { billing } = table;
  const warm = warmThroughput(table);
  return {
    AttributeDefinitions: table.attributeDefinitions.map(({ name, type }) => ({
      AttributeName: name,
      AttributeType: type,
    })),
    TableName: table.name,
    KeySchema: keySchema(table.key),
    TableStatus: shownStatus(table),
    CreationDateTime: table.createdAtMs,
    ProvisionedThroughput: throughputDescription(billing.throughput, nowMs),
    TableSizeBytes: size.sizeBytes,
    ItemCount: size.itemCount,
    TableArn: table.arn,
    TableId: table.id,
    BillingModeSummary: billingSummary(billing),
    LocalSecondaryIndexes: table.localIndexes.length
      ? table.localIndexes.map((index) => localIndexDescription(index, size))
      : undefined,
    GlobalSecondaryIndexes: table.globalIndexes.length
      ? table.globalIndexes.map((index) => globalIndexDescription(table, index, size, nowMs))
      : undefined,
    VectorIndexes: vectorIndexDescriptions(table, size),
    ...streamDescription(table),
    RestoreSummary: table.restoring && {
      SourceBackupArn: table.restoring.backupArn,
      SourceTableArn: table.restoring.tableArn,
      RestoreDateTime: table.restoring.atMs,
      RestoreInProgress: true,
    },
    SSEDescription: table.encryption && {
      Status: "ENABLED",
      SSEType: "KMS",
      KMSMasterKeyArn: table.encryption.kmsKeyArn,
      InaccessibleEncryptionDateTime: table.encryption.inaccessibleSinceMs,
    },
    TableClassSummary: table.tableClass && {
      TableClass: table.tableClass,
      LastUpdateDateTime: table.tableClassChangesMs.at(-1),
    },
    DeletionProtectionEnabled: table.deletionProtected,
    OnDemandThroughput: billing.onDemandThroughput,
    WarmThroughput: warm,
    ...replicationDescription(table, warm),
  };
}

function shownStatus({ status, encryption }: TableRecord): TableStatus {
  const isInaccessible = encryption?.inaccessibleSinceMs !== undefined;
  return isInaccessible && status === "ACTIVE" ? "INACCESSIBLE_ENCRYPTION_CREDENTIALS" : status;
}

/** A disabled stream is still named as the latest one. */
function streamDescription({
  arn,
  stream,
}: TableRecord): Pick<
  TableDescription,
  "StreamSpecification" | "LatestStreamLabel" | "LatestStreamArn"
> {
  if (stream === undefined) return {};
  return {
    StreamSpecification: stream.enabled
      ? { StreamEnabled: true, StreamViewType: stream.viewType }
      : undefined,
    LatestStreamLabel: stream.label,
    LatestStreamArn: streamArn(arn, stream.label),
  };
}

/** A provisioned table has a summary only if it was once paid per request. */
function billingSummary(billing: Billing): TableDescription["BillingModeSummary"] {
  if (billing.mode === "PROVISIONED" && billing.payPerRequestSinceMs === undefined)
    return undefined;
  return {
    BillingMode: billing.mode,
    LastUpdateToPayPerRequestDateTime: billing.payPerRequestSinceMs,
  };
}

/** Shown once the table is there, or from the beginning if it was asked for. */
function warmThroughput(table: TableRecord): TableDescription["WarmThroughput"] {
  const { mode, throughput, warmThroughput: asked } = table.billing;
  if (table.status === "CREATING" && asked === undefined) return undefined;
  const anyway = warmAnyway(mode, throughput);
  return {
    ReadUnitsPerSecond: Math.max(asked?.read ?? 0, anyway.read),
    WriteUnitsPerSecond: Math.max(asked?.write ?? 0, anyway.write),
    Status: table.status === "CREATING" ? "UPDATING" : "ACTIVE",
  };
}

function globalIndexDescription(
  table: TableRecord,
  index: IndexRecord,
  size: TableSize,
  nowMs: number,
): GlobalSecondaryIndexDescription {
  const throughput = index.throughput ?? table.billing.throughput;
  const anyway = warmAnyway(table.billing.mode, throughput);
  const isNew = index.status === "CREATING";
  return {
    IndexName: index.name,
    KeySchema: keySchema(index.key),
    Projection: projection(index),
    IndexStatus: index.status,
    // Absent for an index that was created together with its table. First the index is set up (its table is then
    // UPDATING), then filled.
    Backfilling: index.backfilling ? table.status === "ACTIVE" : undefined,
    ProvisionedThroughput: throughputDescription(throughput, nowMs),
    IndexSizeBytes: sizeOfIndex(size, index.id).sizeBytes,
    ItemCount: sizeOfIndex(size, index.id).itemCount,
    IndexArn: index.arn,
    OnDemandThroughput: index.onDemandThroughput,
    WarmThroughput:
      isNew && index.warmThroughput === undefined
        ? undefined
        : {
            ReadUnitsPerSecond: Math.max(index.warmThroughput?.read ?? 0, anyway.read),
            WriteUnitsPerSecond: Math.max(index.warmThroughput?.write ?? 0, anyway.write),
            Status: isNew ? "UPDATING" : "ACTIVE",
          },
  };
}

function localIndexDescription(
  index: IndexRecord,
  size: TableSize,
): LocalSecondaryIndexDescription {
  return {
    IndexName: index.name,
    KeySchema: keySchema(index.key),
    Projection: projection(index),
    IndexSizeBytes: sizeOfIndex(size, index.id).sizeBytes,
    ItemCount: sizeOfIndex(size, index.id).itemCount,
    IndexArn: index.arn,
  };
}

function throughputDescription(
  throughput: Throughput,
  nowMs: number,
): ProvisionedThroughputDescription {
  return {
    LastIncreaseDateTime: throughput.increasedAtMs,
    LastDecreaseDateTime: throughput.decreasedAtMs,
    NumberOfDecreasesToday: decreasesOnDay(throughput, nowMs),
    ReadCapacityUnits: throughput.readUnits,
    WriteCapacityUnits: throughput.writeUnits,
  };
}

const dayMs = 86_400_000;

/** How often the throughput was decreased on the UTC day of `nowMs`. */
export function decreasesOnDay(throughput: Throughput, nowMs: number): number {
  const { decreasedAtMs, decreasesToday } = throughput;
  const isSameDay =
    decreasedAtMs !== undefined && Math.floor(decreasedAtMs / dayMs) === Math.floor(nowMs / dayMs);
  return isSameDay ? decreasesToday : 0;
}

export function keySchema(key: TableKey): KeySchemaElement[] {
  return [
    ...key.partition.map(({ name }) => ({ AttributeName: name, KeyType: "HASH" as const })),
    ...key.sort.map(({ name }) => ({ AttributeName: name, KeyType: "RANGE" as const })),
  ];
}

export function projection(index: Pick<IndexRecord, "projection">): {
  ProjectionType: IndexRecord["projection"]["type"];
  NonKeyAttributes?: string[];
} {
  const { type, attributes } = index.projection;
  return attributes === undefined
    ? { ProjectionType: type }
    : { ProjectionType: type, NonKeyAttributes: [...attributes] };
}
