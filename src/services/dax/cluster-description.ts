import type { Context } from "#kernel/context.ts";
import type { Cluster, Endpoint, Node } from "#models/dax.ts";
import type { ClusterRecord, EndpointRecord, NodeRecord } from "./cluster-record.ts";

export function clusterArn(ctx: Context, { name }: Pick<ClusterRecord, "name">): string {
  return ctx.arn(`cache/${name}`);
}

/** A cluster as the API tells of it. */
export function describeCluster(ctx: Context, cluster: ClusterRecord): Cluster {
  const { nodes, notification } = cluster;
  const leaving = nodes.filter(({ status }) => status === "deleting").map(({ id }) => id);
  const waiting = nodes.filter((node) => isWaiting(cluster, node)).map(({ id }) => id);
  return {
    ClusterName: cluster.name,
    Description: cluster.description,
    ClusterArn: clusterArn(ctx, cluster),
    TotalNodes: nodes.length,
    ActiveNodes: nodes.filter(({ status }) => status === "available").length,
    NodeType: cluster.nodeType,
    Status: cluster.status,
    ClusterDiscoveryEndpoint: cluster.endpoint && describeEndpoint(cluster, cluster.endpoint),
    NodeIdsToRemove: leaving.length === 0 ? undefined : leaving,
    Nodes: nodes.map((node) => describeNode(cluster, node)),
    PreferredMaintenanceWindow: cluster.maintenanceWindow,
    NotificationConfiguration: notification && {
      TopicArn: notification.topicArn,
      TopicStatus: notification.status,
    },
    SubnetGroup: cluster.subnetGroup,
    SecurityGroups: cluster.securityGroups.map((id) => ({
      SecurityGroupIdentifier: id,
      Status: "active",
    })),
    IamRoleArn: cluster.roleArn,
    ParameterGroup: {
      ParameterGroupName: cluster.parameterGroup,
      ParameterApplyStatus: waiting.length === 0 ? "in-sync" : "pending-reboot",
      NodeIdsToReboot: waiting,
    },
    SSEDescription: { Status: cluster.isEncryptedAtRest ? "ENABLED" : "DISABLED" },
    ClusterEndpointEncryptionType: cluster.isEncryptedInTransit === true ? "TLS" : "NONE",
    NetworkType: "ipv4",
  };
}

function describeNode(cluster: ClusterRecord, node: NodeRecord): Node {
  return {
    NodeId: node.id,
    Endpoint: node.endpoint && { Address: node.endpoint.host, Port: node.endpoint.port },
    NodeCreateTime: node.createdAtMs,
    AvailabilityZone: node.zone,
    NodeStatus: node.status,
    ParameterGroupStatus: isWaiting(cluster, node) ? "pending-reboot" : "in-sync",
  };
}

/** Works by another group than the cluster's until it is rebooted. */
function isWaiting(cluster: ClusterRecord, node: NodeRecord): boolean {
  return node.parameterGroup !== cluster.parameterGroup && node.status !== "deleting";
}

function describeEndpoint(
  { isEncryptedInTransit }: ClusterRecord,
  { host, port }: EndpointRecord,
): Endpoint {
  const scheme = isEncryptedInTransit === true ? "daxs" : "dax";
  const bracketed = host.includes(":") ? `[${host}]` : host;
  return { Address: host, Port: port, URL: `${scheme}://${bracketed}:${port}` };
}
