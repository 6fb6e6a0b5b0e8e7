import type { Context } from "#kernel/context.ts";
import { ServiceError } from "#kernel/errors.ts";
import type { Handlers } from "#kernel/service.ts";
import type { CreateClusterRequest, DAX } from "#models/dax.ts";
import { describeCluster } from "./cluster-description.ts";
import {
  findCluster,
  listClusters,
  putCluster,
  type ClusterRecord,
  type NodeRecord,
} from "./cluster-record.ts";
import { checkRole } from "./cluster-role.ts";
import { checkMaintenanceWindow, checkSecurityGroups, checkTopic } from "./cluster-settings.ts";
import { checkName } from "./names.ts";
import { cacheBytesOf } from "./node-types.ts";
import { defaultParameterGroup, openParameterGroup } from "./parameter-group-record.ts";
import { settleSoon } from "./settle-cluster.ts";
import { defaultSubnetGroup, findSubnetGroup } from "./subnet-groups.ts";
import { checkTags } from "./tags.ts";
import { tellNodes } from "./tell-nodes.ts";
import { zonesOf } from "./zones.ts";

// Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Limits.html (DAX)
const longestName = 20;
export const nodesInCluster = 11;
export const nodesInAccount = 50;
const clustersInAccount = 50;

const roleArn = /^arn:aws[\w-]*:iam::\d{12}:role\/.+$/;
/** Lists of attribute names are numbered from somewhere below this. */
const firstLists = 2 ** 30;

export const createCluster = {
  async CreateCluster(ctx, input) {
    const name = checkName(ctx, "ClusterName", input.ClusterName, longestName);
    checkRequest(ctx, input);
    const tags = checkTags(ctx, input.Tags ?? []);
    await checkRole(ctx, input.IamRoleArn);
    const id = ctx.random.uuid();
    const firstListId = 2 + Math.floor(ctx.random.fraction() * firstLists);
    return ctx.transact((tx) => {
      if (findCluster(tx, ctx, name) !== undefined) {
        throw ctx.error("ClusterAlreadyExistsFault", `Cluster ${name} already exists.`);
      }
      const subnetGroup = (input.SubnetGroupName ?? defaultSubnetGroup).toLowerCase();
      if (findSubnetGroup(tx, ctx, subnetGroup) === undefined) {
        throw ctx.error("SubnetGroupNotFoundFault", `Subnet group ${subnetGroup} not found.`);
      }
      const group = openParameterGroup(tx, ctx, input.ParameterGroupName ?? defaultParameterGroup);
      const existing = listClusters(tx, ctx);
      if (existing.length >= clustersInAccount) {
        throw ctx.error(
          "ClusterQuotaForCustomerExceededFault",
          `You have exceeded the maximum of ${clustersInAccount} clusters.`,
        );
      }
      checkNodeQuota(ctx, existing, input.ReplicationFactor);
      const topicArn = input.NotificationTopicArn;
      const bare: ClusterRecord = {
        id,
        name,
        description: input.Description,
        nodeType: input.NodeType,
        status: "creating",
        createdAtMs: ctx.now(),
        nodes: [],
        nextNode: 0,
        endpoint: undefined,
        firstListId,
        subnetGroup,
        securityGroups: input.SecurityGroupIds ?? [`sg-${id.replaceAll("-", "").slice(0, 17)}`],
        maintenanceWindow: input.PreferredMaintenanceWindow?.toLowerCase() ?? "sun:05:00-sun:06:00",
        notification: topicArn === undefined ? undefined : { topicArn, status: "active" },
        roleArn: input.IamRoleArn,
        parameterGroup: group.name,
        isEncryptedAtRest: input.SSESpecification?.Enabled === true,
        isEncryptedInTransit: input.ClusterEndpointEncryptionType === "TLS",
        tags: [...tags],
      };
      const cluster = withNewNodes(ctx, bare, input.ReplicationFactor, input.AvailabilityZones);
      putCluster(tx, ctx, cluster);
      tellNodes(tx, ctx, cluster);
      settleSoon(tx, ctx, cluster);
      return { Cluster: describeCluster(ctx, cluster) };
    });
  },
} satisfies Handlers<DAX>;

function checkRequest(
  ctx: Context<
    | "InvalidParameterValueException"
    | "InvalidParameterCombinationException"
    | "NodeQuotaForClusterExceededFault"
  >,
  input: CreateClusterRequest,
): void {
  const refuse = (message: string): Error => ctx.error("InvalidParameterValueException", message);
  if (cacheBytesOf(input.NodeType) === undefined) {
    throw refuse(`Invalid node type: ${input.NodeType}.`);
  }
  if (input.ReplicationFactor < 1) throw refuse("ReplicationFactor must be at least 1.");
  checkClusterSize(ctx, input.ReplicationFactor);
  checkZones(ctx, input.AvailabilityZones, input.ReplicationFactor);
  if (!roleArn.test(input.IamRoleArn)) throw refuse(`Invalid IAM role ARN: ${input.IamRoleArn}.`);
  checkMaintenanceWindow(ctx, input.PreferredMaintenanceWindow);
  checkTopic(ctx, input.NotificationTopicArn);
  checkSecurityGroups(ctx, input.SecurityGroupIds);
  if (input.NetworkType !== undefined && input.NetworkType !== "ipv4") {
    throw new ServiceError(
      "NotImplemented",
      `Clusters of network type ${input.NetworkType} are not implemented yet`,
      {},
      501,
    );
  }
}

export function checkClusterSize(
  ctx: Context<"NodeQuotaForClusterExceededFault">,
  nodes: number,
): void {
  if (nodes > nodesInCluster) {
    throw ctx.error(
      "NodeQuotaForClusterExceededFault",
      `A cluster has at most ${nodesInCluster} nodes.`,
    );
  }
}

/** One zone for each node, in this region. */
export function checkZones(
  ctx: Context<"InvalidParameterValueException" | "InvalidParameterCombinationException">,
  zones: readonly string[] | undefined,
  nodes: number,
): void {
  if (zones === undefined) return;
  if (zones.length !== nodes) {
    throw ctx.error(
      "InvalidParameterCombinationException",
      "The number of AvailabilityZones must equal the number of nodes.",
    );
  }
  const wrong = zones.find(
    (zone) => !/^[a-z]$/.test(zone.slice(ctx.region.length)) || !zone.startsWith(ctx.region),
  );
  if (wrong !== undefined) {
    throw ctx.error("InvalidParameterValueException", `Invalid Availability Zone: ${wrong}.`);
  }
}

export function checkNodeQuota(
  ctx: Context<"NodeQuotaForCustomerExceededFault">,
  clusters: readonly ClusterRecord[],
  added: number,
): void {
  const existing = clusters.reduce((sum, { nodes }) => sum + nodes.length, 0);
  if (existing + added > nodesInAccount) {
    throw ctx.error(
      "NodeQuotaForCustomerExceededFault",
      `You have exceeded the maximum of ${nodesInAccount} nodes.`,
    );
  }
}

/** The cluster with so many nodes more, named by letters that go on where they were, spread over the zones. */
export function withNewNodes(
  ctx: Context,
  cluster: ClusterRecord,
  count: number,
  zones: readonly string[] = [],
): ClusterRecord {
  const every = zonesOf(ctx.region);
  const added = Array.from({ length: count }, (_, index): NodeRecord => {
    const number = cluster.nextNode + index;
    return {
      id: `${cluster.name}-${letters(number)}`,
      zone: zones[index] ?? every[number % every.length]!,
      createdAtMs: ctx.now(),
      status: "creating",
      endpoint: undefined,
      boot: 1,
      parameterGroup: cluster.parameterGroup,
    };
  });
  return {
    ...cluster,
    nodes: [...cluster.nodes, ...added],
    nextNode: cluster.nextNode + count,
  };
}

/** a to z, then aa, ab ... */
function letters(number: number): string {
  const last = String.fromCharCode(97 + (number % 26));
  return number < 26 ? last : letters(Math.floor(number / 26) - 1) + last;
}
