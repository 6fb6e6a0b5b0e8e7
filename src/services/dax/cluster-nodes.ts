import type { Handlers } from "#kernel/service.ts";
import type { DAX } from "#models/dax.ts";
import { describeCluster } from "./cluster-description.ts";
import {
  listClusters,
  openClusterToChange,
  putCluster,
  type ClusterRecord,
} from "./cluster-record.ts";
import { checkClusterSize, checkNodeQuota, checkZones, withNewNodes } from "./create-cluster.ts";
import { recordEvent } from "./events.ts";
import { settleSoon } from "./settle-cluster.ts";
import { tellNodes } from "./tell-nodes.ts";

export const clusterNodes = {
  IncreaseReplicationFactor(ctx, input) {
    checkClusterSize(ctx, input.NewReplicationFactor);
    return ctx.transact((tx) => {
      const before = openClusterToChange(tx, ctx, input.ClusterName);
      const added = input.NewReplicationFactor - before.nodes.length;
      if (added <= 0) {
        throw ctx.error(
          "InvalidParameterValueException",
          "NewReplicationFactor must be greater than the current number of nodes.",
        );
      }
      checkZones(ctx, input.AvailabilityZones, added);
      checkNodeQuota(ctx, listClusters(tx, ctx), added);
      const after: ClusterRecord = {
        ...withNewNodes(ctx, before, added, input.AvailabilityZones),
        status: "modifying",
      };
      putCluster(tx, ctx, after);
      tellNodes(tx, ctx, after);
      settleSoon(tx, ctx, after);
      return { Cluster: describeCluster(ctx, after) };
    });
  },

  /** Takes away the nodes that are named, or those in the zones named, or the youngest. */
  DecreaseReplicationFactor(ctx, input) {
    return ctx.transact((tx) => {
      const before = openClusterToChange(tx, ctx, input.ClusterName);
      const removed = before.nodes.length - input.NewReplicationFactor;
      if (input.NewReplicationFactor < 1 || removed <= 0) {
        throw ctx.error(
          "InvalidParameterValueException",
          input.NewReplicationFactor < 1
            ? "NewReplicationFactor must be at least 1. Use DeleteCluster to remove the last node."
            : "NewReplicationFactor must be less than the current number of nodes.",
        );
      }
      const { NodeIdsToRemove: named = [], AvailabilityZones: zones = [] } = input;
      for (const id of named) {
        if (!before.nodes.some((node) => node.id === id)) {
          throw ctx.error("NodeNotFoundFault", `Node ${id} not found.`);
        }
      }
      const inZones = before.nodes.filter(({ zone }) => zones.includes(zone)).map(({ id }) => id);
      const youngest = before.nodes.map(({ id }) => id).reverse();
      const chosen = new Set(
        named.length > 0 ? named : [...inZones.reverse(), ...youngest].slice(0, removed),
      );
      // A node may be in a zone that is named and among the youngest too.
      for (const id of youngest) if (named.length === 0 && chosen.size < removed) chosen.add(id);
      if (chosen.size !== removed) {
        throw ctx.error(
          "InvalidParameterCombinationException",
          "The number of NodeIdsToRemove must match the change of the replication factor.",
        );
      }
      const after: ClusterRecord = {
        ...before,
        status: "modifying",
        nodes: before.nodes.map((node) =>
          chosen.has(node.id) ? { ...node, status: "deleting" } : node,
        ),
      };
      putCluster(tx, ctx, after);
      tellNodes(tx, ctx, after);
      settleSoon(tx, ctx, after);
      return { Cluster: describeCluster(ctx, after) };
    });
  },

  /** The node forgets all that it has cached and takes up the cluster's parameter group. */
  RebootNode(ctx, input) {
    return ctx.transact((tx) => {
      const before = openClusterToChange(tx, ctx, input.ClusterName);
      if (!before.nodes.some(({ id }) => id === input.NodeId)) {
        throw ctx.error("NodeNotFoundFault", `Node ${input.NodeId} not found.`);
      }
      const after: ClusterRecord = {
        ...before,
        status: "modifying",
        nodes: before.nodes.map((node) =>
          node.id === input.NodeId
            ? {
                ...node,
                status: "rebooting",
                boot: node.boot + 1,
                parameterGroup: before.parameterGroup,
              }
            : node,
        ),
      };
      putCluster(tx, ctx, after);
      tellNodes(tx, ctx, after);
      settleSoon(tx, ctx, after);
      recordEvent(tx, ctx, "CLUSTER", after.name, `Node ${input.NodeId} restarted.`);
      return { Cluster: describeCluster(ctx, after) };
    });
  },
} satisfies Handlers<DAX>;
