import type { Context } from "#kernel/context.ts";
import { ServiceError } from "#kernel/errors.ts";
import type { ScalableDimension, ServiceNamespace } from "#models/application-autoscaling.ts";
import type { TableDescription } from "#models/dynamodb.ts";
import type { TargetName } from "./keyspace.ts";

/** What one dimension of a resource stands for. */
export interface ScalableResource extends TargetName {
  readonly tableName: string;
  /** Undefined: the table itself. */
  readonly indexName: string | undefined;
  readonly direction: "Read" | "Write";
}

interface TargetMembers {
  readonly ServiceNamespace: ServiceNamespace;
  readonly ResourceId: string;
  readonly ScalableDimension: ScalableDimension;
}

const resourcePattern = /^table\/([a-zA-Z0-9_.-]{3,255})(?:\/index\/([a-zA-Z0-9_.-]{3,255}))?$/;
const dimensionPattern = /^dynamodb:(table|index):(Read|Write)CapacityUnits$/;

/** Only DynamoDB can be scaled; the other namespaces of the model say so. */
export function checkNamespace(ctx: Context, namespace: ServiceNamespace): void {
  if (namespace === "dynamodb") return;
  throw ctx.error(
    "NotImplemented",
    `Application Auto Scaling of ${namespace} is not implemented yet`,
  );
}

/** The resource that a request names. Message: AWS's, as moto has it too. */
export function resourceOf(ctx: Context, input: TargetMembers): ScalableResource {
  const { ServiceNamespace: namespace, ResourceId: resourceId, ScalableDimension } = input;
  const unsupported = (): Error =>
    ctx.error(
      "ValidationException",
      "Unsupported service namespace, resource type or scalable dimension",
    );
  if (!ScalableDimension.startsWith(`${namespace}:`)) throw unsupported();
  checkNamespace(ctx, namespace);
  const resource = resourceNamed({ resourceId, dimension: ScalableDimension });
  if (resource === undefined) throw unsupported();
  return resource;
}

export function resourceNamed({ resourceId, dimension }: TargetName): ScalableResource | undefined {
  const [, tableName, indexName] = resourcePattern.exec(resourceId) ?? [];
  const [, kind, direction] = dimensionPattern.exec(dimension) ?? [];
  if (tableName === undefined || (kind === "index") !== (indexName !== undefined)) return undefined;
  if (direction !== "Read" && direction !== "Write") return undefined;
  return { resourceId, dimension, tableName, indexName, direction };
}

/** The units that a resource is provisioned with. */
export interface Provision {
  readonly read: number;
  readonly write: number;
}

/** As it stands; undefined for a resource that is not there, zeros for one that is paid by the request. */
export async function provisionOf(
  ctx: Context,
  resource: ScalableResource,
): Promise<Provision | undefined> {
  let table: TableDescription | undefined;
  try {
    ({ Table: table } = await ctx.services.dynamodb.DescribeTable({
      TableName: resource.tableName,
    }));
  } catch (error) {
    if (error instanceof ServiceError && error.code === "ResourceNotFoundException")
      return undefined;
    throw error;
  }
  const described =
    resource.indexName === undefined
      ? table
      : table?.GlobalSecondaryIndexes?.find(({ IndexName }) => IndexName === resource.indexName);
  if (described === undefined) return undefined;
  const units = described.ProvisionedThroughput;
  return { read: units?.ReadCapacityUnits ?? 0, write: units?.WriteCapacityUnits ?? 0 };
}

export function unitsOf(provision: Provision, { direction }: ScalableResource): number {
  return direction === "Read" ? provision.read : provision.write;
}

/** Sets the one dimension, and leaves the other as it is. Throws what UpdateTable throws. */
export async function provide(
  ctx: Context,
  resource: ScalableResource,
  before: Provision,
  units: number,
): Promise<void> {
  const { tableName: TableName, indexName: IndexName, direction } = resource;
  const ProvisionedThroughput = {
    ReadCapacityUnits: direction === "Read" ? units : before.read,
    WriteCapacityUnits: direction === "Write" ? units : before.write,
  };
  await ctx.services.dynamodb.UpdateTable(
    IndexName === undefined
      ? { TableName, ProvisionedThroughput }
      : {
          TableName,
          GlobalSecondaryIndexUpdates: [{ Update: { IndexName, ProvisionedThroughput } }],
        },
  );
}
