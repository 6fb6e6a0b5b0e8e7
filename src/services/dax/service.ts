import { defineService } from "#kernel/service.ts";
import type { DAX } from "#models/dax.ts";
import { daxAccess } from "./access.ts";
import { clusterNodes } from "./cluster-nodes.ts";
import { clusters } from "./clusters.ts";
import { createCluster } from "./create-cluster.ts";
import { events } from "./events.ts";
import { clusterPorts } from "./nodes/cluster-ports.ts";
import { parameterGroups } from "./parameter-groups.ts";
import { settleCluster } from "./settle-cluster.ts";
import { subnetGroups } from "./subnet-groups.ts";
import { tags } from "./tags.ts";

export const dax = defineService<DAX>({
  name: "dax",
  access: daxAccess,
  operations: {
    ...createCluster,
    ...clusters,
    ...clusterNodes,
    ...parameterGroups,
    ...subnetGroups,
    ...events,
    ...tags,
  },
  jobs: { settleCluster },
  listeners: { cluster: clusterPorts },
});
