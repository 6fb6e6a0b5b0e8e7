import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { ScalableDimension } from "#models/application-autoscaling.ts";
import type {
  AutoScalingSettingsUpdate,
  DynamoDB,
  ReplicaAutoScalingDescription,
  TableAutoScalingDescription,
  UpdateTableReplicaAutoScalingInput,
} from "#models/dynamodb.ts";
import { openTableToManage, tableNameOf } from "../tables/open-table.ts";
import type { TableRecord } from "../tables/table-record.ts";
import { checkIsFree } from "../tables/table-states.ts";
import { changeSettings, describeSettings } from "./scaling-settings.ts";

/**
 * The auto scaling of a table in all of its regions at once. It is Application Auto Scaling's: what is set here can be seen
 * and changed there.
 */
export const replicaScaling = {
  async DescribeTableReplicaAutoScaling(ctx, input) {
    const table = await ctx.read((snapshot) => openTableToManage(snapshot, ctx, input.TableName));
    return { TableAutoScalingDescription: await describeTable(ctx, table) };
  },

  /** Writes are scaled alike in all regions, reads in each as it is asked for. */
  async UpdateTableReplicaAutoScaling(ctx, input) {
    tableNameOf(ctx, input.TableName);
    const table = await ctx.read((snapshot) => {
      const found = openTableToManage(snapshot, ctx, input.TableName);
      checkIsFree(ctx, found);
      return found;
    });
    if (table.billing.mode === "PAY_PER_REQUEST") {
      throw ctx.error(
        "ValidationException",
        `Auto scaling can't be set for the table: ${table.name}, as its billing mode is PAY_PER_REQUEST`,
      );
    }
    const changes = changesOf(ctx, table, input);
    for (const { region, resourceId, dimension, update } of changes) {
      await changeSettings(inRegion(ctx, region), resourceId, dimension, update);
    }
    return { TableAutoScalingDescription: await describeTable(ctx, table) };
  },
} satisfies Handlers<DynamoDB>;

/** The regions of the table, this one first, with the state of each. */
function regionsOf(ctx: Context, table: TableRecord) {
  return [
    { region: ctx.region, status: "ACTIVE" as const },
    ...(table.replication?.replicas ?? []).map(({ region, status }) => ({ region, status })),
  ];
}

function inRegion(ctx: Context, region: string): Context {
  return region === ctx.region ? ctx : ctx.inRegion(region);
}

interface ScalingChange {
  readonly region: string;
  readonly resourceId: string;
  readonly dimension: ScalableDimension;
  readonly update: AutoScalingSettingsUpdate;
}

/** One change for each setting and region. Throws what is wrong before any of them is made. */
function changesOf(
  ctx: Context,
  table: TableRecord,
  input: UpdateTableReplicaAutoScalingInput,
): ScalingChange[] {
  const regions = regionsOf(ctx, table).map(({ region }) => region);
  const changes: ScalingChange[] = [];
  const add = (
    region: string,
    indexName: string | undefined,
    direction: "Read" | "Write",
    update: AutoScalingSettingsUpdate | undefined,
  ): void => {
    if (update === undefined) return;
    if (indexName !== undefined && !table.globalIndexes.some(({ name }) => name === indexName)) {
      throw ctx.error(
        "ValidationException",
        `The table does not have the specified index: ${indexName}`,
      );
    }
    changes.push({
      region,
      resourceId: resourceIdOf(table.name, indexName),
      dimension: dimensionOf(indexName, direction),
      update,
    });
  };
  for (const region of regions) {
    add(region, undefined, "Write", input.ProvisionedWriteCapacityAutoScalingUpdate);
    for (const index of input.GlobalSecondaryIndexUpdates ?? []) {
      add(region, index.IndexName ?? "", "Write", index.ProvisionedWriteCapacityAutoScalingUpdate);
    }
  }
  for (const replica of input.ReplicaUpdates ?? []) {
    const { RegionName: region } = replica;
    if (!regions.includes(region)) {
      throw ctx.error(
        "ValidationException",
        `The table: ${table.name} does not have a replica in the region: ${region}`,
      );
    }
    add(region, undefined, "Read", replica.ReplicaProvisionedReadCapacityAutoScalingUpdate);
    for (const index of replica.ReplicaGlobalSecondaryIndexUpdates ?? []) {
      add(region, index.IndexName ?? "", "Read", index.ProvisionedReadCapacityAutoScalingUpdate);
    }
  }
  return changes;
}

async function describeTable(
  ctx: Context,
  table: TableRecord,
): Promise<TableAutoScalingDescription> {
  const Replicas: ReplicaAutoScalingDescription[] = [];
  for (const { region, status } of regionsOf(ctx, table)) {
    const there = inRegion(ctx, region);
    const settings = (indexName: string | undefined, direction: "Read" | "Write") =>
      describeSettings(
        there,
        resourceIdOf(table.name, indexName),
        dimensionOf(indexName, direction),
      );
    const GlobalSecondaryIndexes = [];
    for (const { name, status: indexStatus } of table.globalIndexes) {
      GlobalSecondaryIndexes.push({
        IndexName: name,
        IndexStatus: indexStatus,
        ProvisionedReadCapacityAutoScalingSettings: await settings(name, "Read"),
        ProvisionedWriteCapacityAutoScalingSettings: await settings(name, "Write"),
      });
    }
    Replicas.push({
      RegionName: region,
      GlobalSecondaryIndexes,
      ReplicaProvisionedReadCapacityAutoScalingSettings: await settings(undefined, "Read"),
      ReplicaProvisionedWriteCapacityAutoScalingSettings: await settings(undefined, "Write"),
      ReplicaStatus: status,
    });
  }
  return { TableName: table.name, TableStatus: table.status, Replicas };
}

function resourceIdOf(tableName: string, indexName: string | undefined): string {
  return indexName === undefined ? `table/${tableName}` : `table/${tableName}/index/${indexName}`;
}

function dimensionOf(
  indexName: string | undefined,
  direction: "Read" | "Write",
): ScalableDimension {
  return `dynamodb:${indexName === undefined ? "table" : "index"}:${direction}CapacityUnits`;
}
