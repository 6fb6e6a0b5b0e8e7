import type { OperationAccess, ServiceAccess } from "#kernel/authorization/access.ts";
import { contextOf } from "#kernel/authorization/request-context.ts";

/*
 * What each operation needs to be allowed. Source: Service Authorization Reference, "Actions, resources, and condition keys
 * for Amazon DynamoDB Accelerator (DAX)": clusters are resources, parameter and subnet groups are not. What is done with
 * items is not among them: nodes/permissions.ts.
 */

const on = (resource: string, action: string): OperationAccess => ({
  rules: [{ action: `dax:${action}`, resource }],
});
const cluster = "cache/{ClusterName}";

const passRole = "iam:PassRole";
const passedToDax = { keys: contextOf({ "iam:PassedToService": "dax.amazonaws.com" }) };

export const daxAccess: ServiceAccess = {
  resource: (_snapshot, _ctx, { action }) => (action === passRole ? passedToDax : {}),
  operations: {
    CreateCluster: {
      rules: [
        { action: "dax:CreateCluster", resource: cluster },
        { action: passRole, resource: "{IamRoleArn}" },
      ],
    },
    DescribeClusters: on("*", "DescribeClusters"),
    UpdateCluster: on(cluster, "UpdateCluster"),
    DeleteCluster: on(cluster, "DeleteCluster"),
    IncreaseReplicationFactor: on(cluster, "IncreaseReplicationFactor"),
    DecreaseReplicationFactor: on(cluster, "DecreaseReplicationFactor"),
    RebootNode: on(cluster, "RebootNode"),
    TagResource: on("{ResourceName}", "TagResource"),
    UntagResource: on("{ResourceName}", "UntagResource"),
    ListTags: on("{ResourceName}", "ListTags"),
    CreateParameterGroup: on("*", "CreateParameterGroup"),
    DescribeParameterGroups: on("*", "DescribeParameterGroups"),
    UpdateParameterGroup: on("*", "UpdateParameterGroup"),
    DeleteParameterGroup: on("*", "DeleteParameterGroup"),
    DescribeParameters: on("*", "DescribeParameters"),
    DescribeDefaultParameters: on("*", "DescribeDefaultParameters"),
    CreateSubnetGroup: on("*", "CreateSubnetGroup"),
    DescribeSubnetGroups: on("*", "DescribeSubnetGroups"),
    UpdateSubnetGroup: on("*", "UpdateSubnetGroup"),
    DeleteSubnetGroup: on("*", "DeleteSubnetGroup"),
    DescribeEvents: on("*", "DescribeEvents"),
  },
};
