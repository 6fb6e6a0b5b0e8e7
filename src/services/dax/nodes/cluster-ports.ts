import type { Connection, OpenPort, Opening, PortContext, PortHandler } from "#kernel/listeners.ts";
import { Node, type NodeSettings } from "./node.ts";
import { RunningCluster, type ClusterIdentity } from "./running-cluster.ts";
import { Session } from "./session.ts";

/** What a port is told: whose it is, and of a node's own port, the node. Without one it is where clients begin. */
export interface PortPayload extends ClusterIdentity {
  readonly node?: NodeSettings;
}

/** Answers on all ports of all clusters of a server. */
export function clusterPorts(): PortHandler {
  const clusters = new Map<string, { cluster: RunningCluster; ports: number }>();

  return {
    open(ctx: PortContext, opening: Opening): OpenPort {
      const payload = opening.payload as PortPayload;
      const shared = clusters.get(payload.clusterId) ?? {
        cluster: new RunningCluster(ctx, payload),
        ports: 0,
      };
      clusters.set(payload.clusterId, shared);
      shared.ports += 1;
      const { cluster } = shared;
      const release = (): void => {
        shared.ports -= 1;
        if (shared.ports === 0) clusters.delete(payload.clusterId);
      };
      return payload.node === undefined
        ? discoveryPort(cluster, release)
        : nodePort(new Node(cluster, payload.clusterName, opening.address, payload.node), release);
    },
  };
}

/** Clients ask here for the nodes; whatever else they ask, the primary answers. */
function discoveryPort(cluster: RunningCluster, release: () => void): OpenPort {
  return {
    connect(connection: Connection) {
      const [primary] = cluster.sortedNodes;
      if (primary === undefined) connection.destroy();
      else void new Session(primary, connection);
    },
    change() {},
    async close() {
      release();
    },
  };
}

function nodePort(node: Node, release: () => void): OpenPort {
  const { cluster } = node;
  const connections = new Map<Connection, Session>();
  cluster.nodes.set(node.id, node);
  return {
    connect(connection: Connection) {
      connections.set(connection, new Session(node, connection));
      node.metrics.add("ClientConnections", connections.size);
      node.metrics.add("CacheMemoryUtilization", node.memoryUtilization);
      connection.once("close", () => connections.delete(connection));
    },
    change(payload) {
      const { node: settings } = payload as PortPayload;
      if (settings !== undefined) node.change(settings);
    },
    /** Idle connections end at once; the others when their answer is out, or when the kernel's patience ends. */
    async close() {
      cluster.nodes.delete(node.id);
      release();
      await Promise.all(
        [...connections].map(([connection, session]) => ended(connection, session)),
      );
    },
  };
}

async function ended(connection: Connection, session: Session): Promise<void> {
  if (!session.isBusy) {
    connection.destroy();
    return;
  }
  session.finish();
  await new Promise<void>((resolve) => {
    connection.once("close", () => resolve());
  });
}
