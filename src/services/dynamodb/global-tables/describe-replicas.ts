import type {
  ReplicaDescription,
  TableDescription,
  TableWarmThroughputDescription,
} from "#models/dynamodb.ts";
import type { TableRecord } from "../tables/table-record.ts";
import type { Replica, ReplicaOverrides } from "./replication.ts";

/*
 * A group as DescribeTable shows it: a replica never lists itself, and what it has like the others is left out. Source:
 * measured in October 2026 (ack-api-quirks, DDB-TABLE-201, 229, 231, 259 and 320).
 */

const settingsMode = "ENABLED_WITH_OVERRIDES";

export function replicationDescription(
  table: TableRecord,
  warm: TableWarmThroughputDescription | undefined,
): Partial<TableDescription> {
  const { replication } = table;
  if (replication === undefined) return {};
  const { replicas, witnesses, isStrong } = replication;
  return {
    GlobalTableVersion: "2019.11.21",
    GlobalTableSettingsReplicationMode: settingsMode,
    Replicas: replicas.map((replica) => replicaDescription(replica, warm)),
    ...(isStrong && { MultiRegionConsistency: "STRONG" }),
    ...(witnesses.length > 0 && {
      GlobalTableWitnesses: witnesses.map(({ region, status }) => ({
        RegionName: region,
        WitnessStatus: status,
      })),
    }),
  };
}

function replicaDescription(
  { region, status, overrides }: Replica,
  warm: TableWarmThroughputDescription | undefined,
): ReplicaDescription {
  const { readUnits, maxReadRequestUnits, tableClass } = overrides;
  return {
    RegionName: region,
    ReplicaStatus: status,
    GlobalTableSettingsReplicationMode: settingsMode,
    WarmThroughput: warm,
    KMSMasterKeyId: overrides.kmsKeyArn,
    ...throughputOverrides({ readUnits, maxReadRequestUnits }),
    GlobalSecondaryIndexes: overrides.indexes?.map((index) => ({
      IndexName: index.name,
      ...throughputOverrides(index),
    })),
    ReplicaTableClassSummary: tableClass && { TableClass: tableClass },
  };
}

function throughputOverrides({
  readUnits,
  maxReadRequestUnits,
}: Pick<ReplicaOverrides, "readUnits" | "maxReadRequestUnits">): Pick<
  ReplicaDescription,
  "ProvisionedThroughputOverride" | "OnDemandThroughputOverride"
> {
  return {
    ProvisionedThroughputOverride:
      readUnits === undefined ? undefined : { ReadCapacityUnits: readUnits },
    OnDemandThroughputOverride:
      maxReadRequestUnits === undefined ? undefined : { MaxReadRequestUnits: maxReadRequestUnits },
  };
}
