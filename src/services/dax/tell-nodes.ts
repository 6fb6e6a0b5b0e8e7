import type { Context } from "#kernel/context.ts";
import type { Transaction } from "#store/store.ts";
import type { ClusterRecord, NodeRecord } from "./cluster-record.ts";
import { cacheBytesOf } from "./node-types.ts";
import type { PortPayload } from "./nodes/cluster-ports.ts";
import { findParameterGroup } from "./parameter-group-record.ts";
import { millisOf } from "./parameters.ts";

/** The listener under which all ports of clusters stand. */
export const portListener = "cluster";

/** Where clients begin, whatever becomes of the nodes. */
export const discoveryPortKey = ({ id }: Pick<ClusterRecord, "id">): string => id;
export const nodePortKey = ({ id }: Pick<ClusterRecord, "id">, node: { id: string }): string =>
  `${id}/${node.id}`;

/** Opens the ports that the cluster should have, and tells each node how it is to work now. */
export function tellNodes(tx: Transaction, ctx: Context, cluster: ClusterRecord): void {
  const identity = {
    clusterName: cluster.name,
    clusterId: cluster.id,
    firstListId: cluster.firstListId,
    roleArn: cluster.roleArn,
  };
  const isSecure = cluster.isEncryptedInTransit === true;
  const open = (key: string, payload: PortPayload): void =>
    ctx.openPort(tx, { listener: portListener, key, payload, isSecure });
  open(discoveryPortKey(cluster), identity);
  for (const node of cluster.nodes) {
    if (node.status === "deleting") ctx.closePort(tx, portListener, nodePortKey(cluster, node));
    else {
      open(nodePortKey(cluster, node), { ...identity, node: settingsOf(tx, ctx, cluster, node) });
    }
  }
}

function settingsOf(
  tx: Transaction,
  ctx: Context,
  cluster: ClusterRecord,
  node: NodeRecord,
): NonNullable<PortPayload["node"]> {
  const values = findParameterGroup(tx, ctx, node.parameterGroup)?.values ?? {};
  return {
    nodeId: node.id,
    zone: node.zone,
    memoryBytes: cacheBytesOf(cluster.nodeType) ?? 0,
    itemTimeToLiveMs: millisOf(values, "record-ttl-millis"),
    queryTimeToLiveMs: millisOf(values, "query-ttl-millis"),
    boot: node.boot,
  };
}

export function closePorts(tx: Transaction, ctx: Context, cluster: ClusterRecord): void {
  ctx.closePort(tx, portListener, discoveryPortKey(cluster));
  for (const node of cluster.nodes) {
    ctx.closePort(tx, portListener, nodePortKey(cluster, node));
  }
}
