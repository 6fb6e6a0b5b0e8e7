import type { Context } from "#kernel/context.ts";
import { type EncryptionLookup, findEncryption } from "../tables/encryption.ts";
import type { IndexRecord, TableRecord, Throughput } from "../tables/table-record.ts";
import { vectorIndexesOf } from "../vector-indexes/vector-index-record.ts";
import type { Replica, ReplicaOverrides } from "./replication.ts";

/**
 * The table that a new replica begins with: like the one that it is made from, where all replicas are alike, and with
 * its own where they are not (tags, deletion protection, backups).
 * Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html
 */
export function newReplicaTable(
  ctx: Context,
  source: TableRecord,
  replica: Replica,
  id: string,
  encryption: TableRecord["encryption"],
): TableRecord {
  const { overrides } = replica;
  const arn = ctx.arn(`table/${source.name}`);
  const replication = source.replication!;
  const sourceRegion = replica.origin!.region;
  const others = replication.replicas.filter((other) => other.region !== replica.region);
  const { timeToLive } = source;
  const hasTimeToLive = timeToLive?.status === "ENABLED" || timeToLive?.status === "ENABLING";
  // Member by member: what is new in a table's record is no matter of all replicas unless somebody says so.
  const { name, key, attributeDefinitions, nextIndexId } = source;
  return {
    name,
    key,
    attributeDefinitions,
    nextIndexId,
    id,
    arn,
    status: "CREATING",
    createdAtMs: ctx.now(),
    globalIndexes: source.globalIndexes
      .filter(({ status }) => status !== "DELETING")
      .map((index) => replicaIndex(index, arn, overrides)),
    localIndexes: source.localIndexes.map((index) => replicaIndex(index, arn, overrides)),
    // What fills the table fills them: all items come as writes.
    vectorIndexes: vectorIndexesOf(source)
      .filter(({ status }) => status !== "DELETING")
      .map((index) => ({
        ...index,
        arn: `${arn}/index/${index.name}`,
        status: "CREATING",
        backfilling: false,
      })),
    billing: {
      ...source.billing,
      throughput: withReadUnits(source.billing.throughput, overrides.readUnits),
      onDemandThroughput: withMaxReads(
        source.billing.onDemandThroughput,
        overrides.maxReadRequestUnits,
      ),
    },
    tableClass: overrides.tableClass ?? source.tableClass,
    tableClassChangesMs: [],
    deletionProtected: false,
    // Keys are each region's own.
    encryption,
    stream: undefined,
    timeToLive: hasTimeToLive
      ? { ...timeToLive, status: "ENABLED", generation: 1, changedAtMs: ctx.now() }
      : undefined,
    replication: {
      ...replication,
      memberId: replica.memberId,
      origin: replica.origin,
      overrides,
      replicas: [
        {
          region: sourceRegion,
          memberId: replication.memberId,
          status: "ACTIVE",
          origin: replication.origin,
          overrides: replication.overrides,
        },
        ...others,
      ],
      fillingFrom: [sourceRegion, ...others.map((other) => other.region)],
    },
  };
}

/** By the key that was named for the replica, or the region's AWS managed one. */
export function replicaEncryption(
  ctx: Context,
  isEncrypted: boolean,
  { kmsKeyArn }: ReplicaOverrides,
): EncryptionLookup | Promise<EncryptionLookup> {
  const asked = { Enabled: true, SSEType: "KMS" as const, KMSMasterKeyId: kmsKeyArn };
  return findEncryption(ctx, isEncrypted ? asked : undefined);
}

function replicaIndex(
  index: IndexRecord,
  tableArn: string,
  { indexes }: ReplicaOverrides,
): IndexRecord {
  const override = indexes?.find(({ name }) => name === index.name);
  return {
    ...index,
    arn: `${tableArn}/index/${index.name}`,
    status: index.throughput === undefined ? index.status : "CREATING",
    backfilling: false,
    throughput: index.throughput && withReadUnits(index.throughput, override?.readUnits),
    onDemandThroughput: withMaxReads(index.onDemandThroughput, override?.maxReadRequestUnits),
  };
}

export function withReadUnits(
  throughput: Throughput,
  readUnits = throughput.readUnits,
): Throughput {
  return { ...throughput, readUnits };
}

export function withMaxReads(
  limits: IndexRecord["onDemandThroughput"],
  reads: number | undefined,
): IndexRecord["onDemandThroughput"] {
  return reads === undefined ? limits : { ...limits, MaxReadRequestUnits: reads };
}
