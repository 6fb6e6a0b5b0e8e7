import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  CreateClusterCommand,
  CreateParameterGroupCommand,
  CreateSubnetGroupCommand,
  DecreaseReplicationFactorCommand,
  DeleteClusterCommand,
  DescribeClustersCommand,
  DescribeEventsCommand,
  IncreaseReplicationFactorCommand,
  ListTagsCommand,
  RebootNodeCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateClusterCommand,
} from "@aws-sdk/client-dax";
import { covers } from "../../support/covers.ts";
import { available, daxControl, makeCluster, minimalCluster } from "../../support/dax.ts";
import { startTule } from "../../support/tule.ts";
import { until } from "../../support/until.ts";

const tule = await startTule();

describe("A cluster", () => {
  test("is creating, then available with an endpoint and its nodes", async () => {
    covers("dax.CreateCluster", "dax.DescribeClusters");
    const account = tule.newAccount();
    const control = await daxControl(tule, account);
    const created = await control.send(
      new CreateClusterCommand({
        ...minimalCluster(control),
        ClusterName: "Music-Cache",
        Description: "caches music",
        ReplicationFactor: 3,
        NotificationTopicArn: `arn:aws:sns:us-east-1:${account}:told`,
        PreferredMaintenanceWindow: "Sun:05:00-sun:09:00",
        SecurityGroupIds: ["sg-0123456789abcdef0"],
        SSESpecification: { Enabled: true },
      }),
    );
    assert.equal(created.Cluster?.Status, "creating");
    assert.equal(created.Cluster?.ClusterName, "music-cache");
    assert.equal(created.Cluster?.ClusterArn, `arn:aws:dax:us-east-1:${account}:cache/music-cache`);
    assert.equal(created.Cluster?.TotalNodes, 3);
    assert.equal(created.Cluster?.ActiveNodes, 0);
    const cluster = await available(control, "Music-Cache");
    assert.equal(cluster.ActiveNodes, 3);
    assert.equal(cluster.Description, "caches music");
    assert.equal(cluster.PreferredMaintenanceWindow, "sun:05:00-sun:09:00");
    assert.equal(cluster.NotificationConfiguration?.TopicStatus, "active");
    assert.equal(cluster.SecurityGroups?.[0]?.SecurityGroupIdentifier, "sg-0123456789abcdef0");
    assert.equal(cluster.SSEDescription?.Status, "ENABLED");
    assert.equal(cluster.ClusterEndpointEncryptionType, "NONE");
    assert.deepEqual(cluster.ParameterGroup, {
      ParameterGroupName: "default.dax1.0",
      ParameterApplyStatus: "in-sync",
      NodeIdsToReboot: [],
    });
    const { Address, Port, URL } = cluster.ClusterDiscoveryEndpoint!;
    assert.equal(URL, `dax://${Address}:${Port}`);
    assert.deepEqual(
      cluster.Nodes?.map(({ NodeId, AvailabilityZone, NodeStatus }) => [
        NodeId,
        AvailabilityZone,
        NodeStatus,
      ]),
      [
        ["music-cache-a", "us-east-1a", "available"],
        ["music-cache-b", "us-east-1b", "available"],
        ["music-cache-c", "us-east-1c", "available"],
      ],
    );
    const ports = new Set([Port, ...cluster.Nodes.map(({ Endpoint }) => Endpoint?.Port)]);
    assert.equal(ports.size, 4);
  });

  test("is refused for what is wrong with the request", async () => {
    covers("dax.CreateCluster");
    const control = await daxControl(tule, tule.newAccount());
    await makeCluster(control, { ClusterName: "first" });
    const cases = [
      [{ ClusterName: "first" }, "ClusterAlreadyExistsFault"],
      [{ ClusterName: "1st" }, "InvalidParameterValueException"],
      [{ ClusterName: "ends-" }, "InvalidParameterValueException"],
      [{ ClusterName: "a--b" }, "InvalidParameterValueException"],
      [{ ClusterName: "a".repeat(21) }, "InvalidParameterValueException"],
      [{ NodeType: "dax.huge" }, "InvalidParameterValueException"],
      [{ NodeType: "constructor" }, "InvalidParameterValueException"],
      [{ ReplicationFactor: 0 }, "InvalidParameterValueException"],
      [{ ReplicationFactor: 12 }, "NodeQuotaForClusterExceededFault"],
      [{ AvailabilityZones: ["us-east-1a", "us-east-1b"] }, "InvalidParameterCombinationException"],
      [{ AvailabilityZones: ["eu-west-1a"] }, "InvalidParameterValueException"],
      [{ IamRoleArn: "role" }, "InvalidParameterValueException"],
      [{ PreferredMaintenanceWindow: "sometimes" }, "InvalidParameterValueException"],
      [{ NotificationTopicArn: "topic" }, "InvalidParameterValueException"],
      [{ SecurityGroupIds: ["group"] }, "InvalidParameterValueException"],
      [{ SubnetGroupName: "missing" }, "SubnetGroupNotFoundFault"],
      [{ ParameterGroupName: "missing" }, "ParameterGroupNotFoundFault"],
      [{ Tags: [{ Key: "aws:x", Value: "" }] }, "InvalidParameterValueException"],
      [
        { Tags: Array.from({ length: 51 }, (_, at) => ({ Key: `k${at}`, Value: "" })) },
        "TagQuotaPerResourceExceeded",
      ],
      [{ NetworkType: "ipv6" as const }, "NotImplemented"],
    ] as const;
    for (const [wrong, name] of cases) {
      const input = { ...minimalCluster(control), ClusterName: "second", ...wrong } as never;
      await assert.rejects(control.send(new CreateClusterCommand(input)), { name });
    }
  });

  test("counts against the account's nodes", async () => {
    covers("dax.CreateCluster");
    const control = await daxControl(tule, tule.newAccount());
    for (const name of ["one", "two", "three", "four"]) {
      await makeCluster(control, { ClusterName: name, ReplicationFactor: 11 });
    }
    await assert.rejects(
      control.send(
        new CreateClusterCommand({
          ...minimalCluster(control),
          ClusterName: "five",
          ReplicationFactor: 7,
        }),
      ),
      { name: "NodeQuotaForCustomerExceededFault" },
    );
  });

  test("is listed page by page, and in its own region and account alone", async () => {
    covers("dax.DescribeClusters");
    const control = await daxControl(tule, tule.newAccount());
    for (let number = 10; number < 32; number += 1) {
      await makeCluster(control, { ClusterName: `c${number}` });
    }
    const first = await control.send(new DescribeClustersCommand({ MaxResults: 20 }));
    assert.equal(first.Clusters?.length, 20);
    const second = await control.send(
      new DescribeClustersCommand({ MaxResults: 20, NextToken: first.NextToken }),
    );
    assert.deepEqual(
      second.Clusters?.map(({ ClusterName }) => ClusterName),
      ["c30", "c31"],
    );
    assert.equal(second.NextToken, undefined);
    const stranger = await daxControl(tule, tule.newAccount());
    const other = await stranger.send(new DescribeClustersCommand({}));
    assert.deepEqual(other.Clusters, []);
    await assert.rejects(control.send(new DescribeClustersCommand({ ClusterNames: ["missing"] })), {
      name: "ClusterNotFoundFault",
    });
    for (const wrong of [{ MaxResults: 19 }, { MaxResults: 101 }, { NextToken: "?" }]) {
      await assert.rejects(control.send(new DescribeClustersCommand(wrong)), {
        name: "InvalidParameterValueException",
      });
    }
  });

  test("grows and shrinks by whole nodes, whose letters are not used again", async () => {
    covers("dax.IncreaseReplicationFactor", "dax.DecreaseReplicationFactor");
    const control = await daxControl(tule, tule.newAccount());
    await makeCluster(control, { ClusterName: "scaled" });
    const grown = await control.send(
      new IncreaseReplicationFactorCommand({ ClusterName: "scaled", NewReplicationFactor: 3 }),
    );
    assert.equal(grown.Cluster?.Status, "modifying");
    assert.equal((await available(control, "scaled")).ActiveNodes, 3);
    const shrunk = await control.send(
      new DecreaseReplicationFactorCommand({
        ClusterName: "scaled",
        NewReplicationFactor: 2,
        NodeIdsToRemove: ["scaled-b"],
      }),
    );
    assert.deepEqual(shrunk.Cluster?.NodeIdsToRemove, ["scaled-b"]);
    const names = async (): Promise<(string | undefined)[] | undefined> =>
      (await available(control, "scaled")).Nodes?.map(({ NodeId }) => NodeId);
    assert.deepEqual(await names(), ["scaled-a", "scaled-c"]);
    await control.send(
      new IncreaseReplicationFactorCommand({
        ClusterName: "scaled",
        NewReplicationFactor: 3,
        AvailabilityZones: ["us-east-1f"],
      }),
    );
    assert.deepEqual(await names(), ["scaled-a", "scaled-c", "scaled-d"]);
    await control.send(
      new DecreaseReplicationFactorCommand({ ClusterName: "scaled", NewReplicationFactor: 1 }),
    );
    assert.deepEqual(await names(), ["scaled-a"]);
  });

  test("refuses sizes and nodes that make no sense", async () => {
    covers("dax.IncreaseReplicationFactor", "dax.DecreaseReplicationFactor");
    const control = await daxControl(tule, tule.newAccount());
    await makeCluster(control, { ClusterName: "stubborn", ReplicationFactor: 2 });
    const grow = (NewReplicationFactor: number, ClusterName = "stubborn"): Promise<unknown> =>
      control.send(new IncreaseReplicationFactorCommand({ ClusterName, NewReplicationFactor }));
    await assert.rejects(grow(2), { name: "InvalidParameterValueException" });
    await assert.rejects(grow(12), { name: "NodeQuotaForClusterExceededFault" });
    await assert.rejects(grow(3, "missing"), { name: "ClusterNotFoundFault" });
    const shrink = (NewReplicationFactor: number, NodeIdsToRemove?: string[]): Promise<unknown> =>
      control.send(
        new DecreaseReplicationFactorCommand({
          ClusterName: "stubborn",
          NewReplicationFactor,
          NodeIdsToRemove,
        }),
      );
    await assert.rejects(shrink(0), { name: "InvalidParameterValueException" });
    await assert.rejects(shrink(2), { name: "InvalidParameterValueException" });
    await assert.rejects(shrink(1, ["stubborn-z"]), { name: "NodeNotFoundFault" });
    await assert.rejects(shrink(1, ["stubborn-a", "stubborn-b"]), {
      name: "InvalidParameterCombinationException",
    });
  });

  test("takes up another parameter group when its nodes are rebooted", async () => {
    covers("dax.UpdateCluster", "dax.RebootNode");
    const control = await daxControl(tule, tule.newAccount());
    await makeCluster(control, { ClusterName: "tuned", ReplicationFactor: 2 });
    await control.send(new CreateParameterGroupCommand({ ParameterGroupName: "quick" }));
    const updated = await control.send(
      new UpdateClusterCommand({
        ClusterName: "tuned",
        Description: "anew",
        ParameterGroupName: "quick",
        NotificationTopicArn: "arn:aws:sns:us-east-1:000000000000:told",
        NotificationTopicStatus: "inactive",
      }),
    );
    assert.equal(updated.Cluster?.Description, "anew");
    assert.equal(updated.Cluster?.NotificationConfiguration?.TopicStatus, "inactive");
    assert.deepEqual(updated.Cluster?.ParameterGroup, {
      ParameterGroupName: "quick",
      ParameterApplyStatus: "pending-reboot",
      NodeIdsToReboot: ["tuned-a", "tuned-b"],
    });
    const rebooted = await control.send(
      new RebootNodeCommand({ ClusterName: "tuned", NodeId: "tuned-a" }),
    );
    assert.equal(rebooted.Cluster?.Nodes?.[0]?.NodeStatus, "rebooting");
    const half = await available(control, "tuned");
    assert.deepEqual(half.ParameterGroup?.NodeIdsToReboot, ["tuned-b"]);
    await control.send(new RebootNodeCommand({ ClusterName: "tuned", NodeId: "tuned-b" }));
    const whole = await available(control, "tuned");
    assert.equal(whole.ParameterGroup?.ParameterApplyStatus, "in-sync");
    await assert.rejects(
      control.send(new RebootNodeCommand({ ClusterName: "tuned", NodeId: "tuned-z" })),
      { name: "NodeNotFoundFault" },
    );
    for (const [wrong, name] of [
      [{ ParameterGroupName: "missing" }, "ParameterGroupNotFoundFault"],
      [{ NotificationTopicStatus: "loud" }, "InvalidParameterValueException"],
      [{ PreferredMaintenanceWindow: "never" }, "InvalidParameterValueException"],
    ] as const) {
      const input = { ClusterName: "tuned", ...wrong };
      await assert.rejects(control.send(new UpdateClusterCommand(input)), { name });
    }
  });

  test("is deleting, then gone, and its name is free", async () => {
    covers("dax.DeleteCluster");
    const control = await daxControl(tule, tule.newAccount());
    await control.send(
      new CreateSubnetGroupCommand({
        SubnetGroupName: "mine",
        SubnetIds: ["subnet-01234567"],
      }),
    );
    await makeCluster(control, { ClusterName: "brief", SubnetGroupName: "mine" });
    const deleted = await control.send(new DeleteClusterCommand({ ClusterName: "brief" }));
    assert.equal(deleted.Cluster?.Status, "deleting");
    await until(
      () => control.send(new DescribeClustersCommand({})),
      ({ Clusters }) => Clusters?.length === 0,
    );
    await assert.rejects(control.send(new DeleteClusterCommand({ ClusterName: "brief" })), {
      name: "ClusterNotFoundFault",
    });
    await makeCluster(control, { ClusterName: "brief" });
  });

  test("tells what happened to it, the latest first", async () => {
    covers("dax.DescribeEvents");
    const control = await daxControl(tule, tule.newAccount());
    await makeCluster(control, { ClusterName: "told" });
    await control.send(new CreateParameterGroupCommand({ ParameterGroupName: "told-too" }));
    await control.send(new DeleteClusterCommand({ ClusterName: "told" }));
    const { Events } = await until(
      () => control.send(new DescribeEventsCommand({ SourceType: "CLUSTER", SourceName: "told" })),
      ({ Events: found }) => found?.[0]?.Message === "Cluster deleted.",
    );
    assert.deepEqual(
      Events?.map(({ Message }) => Message),
      [
        "Cluster deleted.",
        "Removed node told-a.",
        "Added node told-a in Availability Zone us-east-1a.",
        "Cluster created.",
      ],
    );
    const all = await control.send(new DescribeEventsCommand({ Duration: 10 }));
    assert.equal(all.Events?.length, 5);
    const none = await control.send(
      new DescribeEventsCommand({ EndTime: new Date(Date.now() - 3_600_000) }),
    );
    assert.deepEqual(none.Events, []);
    await assert.rejects(control.send(new DescribeEventsCommand({ SourceName: "told" })), {
      name: "InvalidParameterCombinationException",
    });
    await assert.rejects(
      control.send(new DescribeEventsCommand({ StartTime: new Date(), Duration: 1 })),
      { name: "InvalidParameterCombinationException" },
    );
  });

  test("has tags", async () => {
    covers("dax.TagResource", "dax.UntagResource", "dax.ListTags");
    const control = await daxControl(tule, tule.newAccount());
    const { ClusterArn: ResourceName } = await makeCluster(control, {
      ClusterName: "tagged",
      Tags: [{ Key: "team", Value: "music" }],
    });
    const tagged = await control.send(
      new TagResourceCommand({ ResourceName, Tags: [{ Key: "stage", Value: "test" }] }),
    );
    assert.deepEqual(tagged.Tags, [
      { Key: "team", Value: "music" },
      { Key: "stage", Value: "test" },
    ]);
    await control.send(new UntagResourceCommand({ ResourceName, TagKeys: ["team"] }));
    assert.deepEqual((await control.send(new ListTagsCommand({ ResourceName }))).Tags, [
      { Key: "stage", Value: "test" },
    ]);
    await assert.rejects(
      control.send(new UntagResourceCommand({ ResourceName, TagKeys: ["team"] })),
      { name: "TagNotFoundFault" },
    );
    await assert.rejects(control.send(new ListTagsCommand({ ResourceName: "tagged" })), {
      name: "InvalidARNFault",
    });
    await assert.rejects(
      control.send(new ListTagsCommand({ ResourceName: `${ResourceName}-not` })),
      { name: "ClusterNotFoundFault" },
    );
  });
});
