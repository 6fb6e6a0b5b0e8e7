import type { Handlers } from "#kernel/service.ts";
import type { DAX } from "#models/dax.ts";
import { describeCluster } from "./cluster-description.ts";
import {
  listClusters,
  openCluster,
  openClusterToChange,
  putCluster,
  type ClusterRecord,
} from "./cluster-record.ts";
import { checkMaintenanceWindow, checkSecurityGroups, checkTopic } from "./cluster-settings.ts";
import { nameInToken, paged, pageSize } from "./paging.ts";
import { openParameterGroup } from "./parameter-group-record.ts";
import { settleSoon } from "./settle-cluster.ts";

export const clusters = {
  DescribeClusters(ctx, input) {
    const size = pageSize(input.MaxResults);
    const after = nameInToken(input.NextToken);
    return ctx.read((snapshot) => {
      if (input.ClusterNames !== undefined && input.ClusterNames.length > 0) {
        const named = input.ClusterNames.map((name) => openCluster(snapshot, ctx, name));
        return { Clusters: named.map((cluster) => describeCluster(ctx, cluster)) };
      }
      const found = listClusters(snapshot, ctx, after, size + 1);
      const { page, NextToken } = paged(found, size, ({ name }) => name);
      return { Clusters: page.map((cluster) => describeCluster(ctx, cluster)), NextToken };
    });
  },

  /** Another parameter group is taken up by each node when it is rebooted. */
  UpdateCluster(ctx, input) {
    checkMaintenanceWindow(ctx, input.PreferredMaintenanceWindow);
    // An empty one takes the topic away.
    const topicArn = input.NotificationTopicArn === "" ? undefined : input.NotificationTopicArn;
    checkTopic(ctx, topicArn);
    checkSecurityGroups(ctx, input.SecurityGroupIds);
    const status = input.NotificationTopicStatus;
    if (status !== undefined && status !== "active" && status !== "inactive") {
      throw ctx.error(
        "InvalidParameterValueException",
        `Invalid NotificationTopicStatus: ${status}. Valid values are active, inactive.`,
      );
    }
    return ctx.transact((tx) => {
      const before = openClusterToChange(tx, ctx, input.ClusterName);
      const parameterGroup =
        input.ParameterGroupName === undefined
          ? before.parameterGroup
          : openParameterGroup(tx, ctx, input.ParameterGroupName).name;
      const topic = topicArn ?? before.notification?.topicArn;
      const isRemoved = input.NotificationTopicArn === "";
      const after: ClusterRecord = {
        ...before,
        description: input.Description ?? before.description,
        maintenanceWindow:
          input.PreferredMaintenanceWindow?.toLowerCase() ?? before.maintenanceWindow,
        securityGroups: input.SecurityGroupIds ?? before.securityGroups,
        notification:
          topic === undefined || isRemoved
            ? undefined
            : { topicArn: topic, status: status ?? before.notification?.status ?? "active" },
        parameterGroup,
      };
      putCluster(tx, ctx, after);
      return { Cluster: describeCluster(ctx, after) };
    });
  },

  /** The cluster is deleting in the answer; a job closes its ports and takes it away. */
  DeleteCluster(ctx, input) {
    return ctx.transact((tx) => {
      const before = openClusterToChange(tx, ctx, input.ClusterName);
      const after: ClusterRecord = {
        ...before,
        status: "deleting",
        nodes: before.nodes.map((node) => ({ ...node, status: "deleting" })),
      };
      putCluster(tx, ctx, after);
      settleSoon(tx, ctx, after);
      return { Cluster: describeCluster(ctx, after) };
    });
  },
} satisfies Handlers<DAX>;
