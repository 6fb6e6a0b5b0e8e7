import type {
  BackupDescription,
  SourceTableDetails,
  SourceTableFeatureDetails,
} from "#models/dynamodb.ts";
import { keySchema, projection } from "../tables/table-description.ts";
import type { TableRecord, Throughput } from "../tables/table-record.ts";
import { vectorIndexDefinition } from "../vector-indexes/describe-vector-indexes.ts";
import { vectorIndexesOf } from "../vector-indexes/vector-index-record.ts";
import { type BackupRecord, backupDetails } from "./backup-record.ts";

/*
 * Which members are there and when is AWS's, as it was measured in October 2026 (ack-api-quirks, DDB-BACKUP-004, 009, 015
 * and 021).
 */

export function backupDescription(backup: BackupRecord, arn: string): BackupDescription {
  return {
    BackupDetails: backupDetails(backup, arn),
    SourceTableDetails: sourceDetails(backup),
    SourceTableFeatureDetails: backup.type === "SYSTEM" ? {} : sourceFeatures(backup.table),
  };
}

function sourceDetails({ table, sizeBytes, itemCount }: BackupRecord): SourceTableDetails {
  return {
    TableName: table.name,
    TableId: table.id,
    TableArn: table.arn,
    TableSizeBytes: sizeBytes,
    KeySchema: keySchema(table.key),
    TableCreationDateTime: table.createdAtMs,
    ProvisionedThroughput: units(table.billing.throughput),
    OnDemandThroughput: table.billing.onDemandThroughput,
    ItemCount: itemCount,
    BillingMode: table.billing.mode,
  };
}

function sourceFeatures(table: TableRecord): SourceTableFeatureDetails {
  const { stream, timeToLive, encryption, localIndexes, globalIndexes } = table;
  const vectorIndexes = vectorIndexesOf(table);
  return {
    LocalSecondaryIndexes: localIndexes.length
      ? localIndexes.map((index) => ({
          IndexName: index.name,
          KeySchema: keySchema(index.key),
          Projection: projection(index),
        }))
      : undefined,
    GlobalSecondaryIndexes: globalIndexes.length
      ? globalIndexes.map((index) => ({
          IndexName: index.name,
          KeySchema: keySchema(index.key),
          Projection: projection(index),
          ProvisionedThroughput: units(index.throughput ?? table.billing.throughput),
          OnDemandThroughput: index.onDemandThroughput,
        }))
      : undefined,
    VectorIndexes: vectorIndexes.length ? vectorIndexes.map(vectorIndexDefinition) : undefined,
    StreamDescription: stream?.enabled
      ? { StreamEnabled: true, StreamViewType: stream.viewType }
      : undefined,
    TimeToLiveDescription:
      timeToLive?.status === "ENABLED"
        ? { TimeToLiveStatus: "ENABLED", AttributeName: timeToLive.attribute }
        : undefined,
    SSEDescription: encryption && {
      Status: "ENABLED",
      SSEType: "KMS",
      KMSMasterKeyArn: encryption.kmsKeyArn,
    },
  };
}

function units({ readUnits, writeUnits }: Throughput): {
  ReadCapacityUnits: number;
  WriteCapacityUnits: number;
} {
  return { ReadCapacityUnits: readUnits, WriteCapacityUnits: writeUnits };
}
