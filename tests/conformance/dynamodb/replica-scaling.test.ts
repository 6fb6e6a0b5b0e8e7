import assert from "node:assert/strict";
import test from "node:test";
import {
  type AutoScalingSettingsUpdate,
  DescribeTableCommand,
  DescribeTableReplicaAutoScalingCommand,
  UpdateTableCommand,
  type UpdateTableReplicaAutoScalingCommandInput,
  UpdateTableReplicaAutoScalingCommand,
} from "@aws-sdk/client-dynamodb";
import { covers } from "../../support/covers.ts";
import { refusal } from "../../support/dynamodb-tables.ts";
import { ScaledTable, TableName } from "../../support/scaled-table.ts";
import { until } from "../../support/until.ts";

const settings = (min: number, max: number, TargetValue: number): AutoScalingSettingsUpdate => ({
  MinimumUnits: min,
  MaximumUnits: max,
  ScalingPolicyUpdate: { TargetTrackingScalingPolicyConfiguration: { TargetValue } },
});

const update = (scaled: ScaledTable, more: Partial<UpdateTableReplicaAutoScalingCommandInput>) =>
  scaled.dynamodb.send(new UpdateTableReplicaAutoScalingCommand({ TableName, ...more }));

async function describe(scaled: ScaledTable) {
  const { TableAutoScalingDescription } = await scaled.dynamodb.send(
    new DescribeTableReplicaAutoScalingCommand({ TableName }),
  );
  return TableAutoScalingDescription!;
}

test("a table's auto scaling is set and shown by DynamoDB's own operations, and acts", async () => {
  covers("dynamodb.UpdateTableReplicaAutoScaling", "dynamodb.DescribeTableReplicaAutoScaling");
  const scaled = await ScaledTable.start();
  const [none] = (await describe(scaled)).Replicas!;
  assert.deepEqual(none?.ReplicaProvisionedWriteCapacityAutoScalingSettings, {
    AutoScalingDisabled: true,
  });
  await update(scaled, {
    ProvisionedWriteCapacityAutoScalingUpdate: settings(5, 100, 70),
    GlobalSecondaryIndexUpdates: [
      { IndexName: "by-kind", ProvisionedWriteCapacityAutoScalingUpdate: settings(1, 9, 50) },
    ],
    ReplicaUpdates: [
      {
        RegionName: "us-east-1",
        ReplicaProvisionedReadCapacityAutoScalingUpdate: settings(1, 30, 60),
      },
    ],
  });
  const [replica, ...others] = (await describe(scaled)).Replicas!;
  assert.deepEqual(others, []);
  const { ReplicaProvisionedWriteCapacityAutoScalingSettings: writes } = replica!;
  assert.deepEqual([writes?.MinimumUnits, writes?.MaximumUnits], [5, 100]);
  assert.deepEqual(
    writes?.ScalingPolicies?.[0]?.TargetTrackingScalingPolicyConfiguration?.TargetValue,
    70,
  );
  assert.equal(replica!.ReplicaProvisionedReadCapacityAutoScalingSettings?.MaximumUnits, 30);
  assert.equal(
    replica!.GlobalSecondaryIndexes?.[0]?.ProvisionedWriteCapacityAutoScalingSettings?.MaximumUnits,
    9,
  );
  await scaled.minutes(2, 20);
  assert.equal(await scaled.writeUnits(), 29);
  await update(scaled, {
    ProvisionedWriteCapacityAutoScalingUpdate: { AutoScalingDisabled: true },
  });
  await scaled.minutes(16, 1);
  assert.equal(await scaled.writeUnits(), 29);
});

test("writes are scaled in all regions of a global table", async () => {
  covers("dynamodb.UpdateTableReplicaAutoScaling", "dynamodb.DescribeTableReplicaAutoScaling");
  const scaled = await ScaledTable.start();
  await update(scaled, { ProvisionedWriteCapacityAutoScalingUpdate: settings(5, 100, 70) });
  await scaled.dynamodb.send(
    new UpdateTableCommand({
      TableName,
      StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" },
    }),
  );
  await until(
    () => scaled.dynamodb.send(new DescribeTableCommand({ TableName })),
    ({ Table }) => Table?.TableStatus === "ACTIVE",
  );
  await scaled.dynamodb.send(
    new UpdateTableCommand({
      TableName,
      ReplicaUpdates: [{ Create: { RegionName: "eu-west-1" } }],
    }),
  );
  await until(
    () => scaled.dynamodb.send(new DescribeTableCommand({ TableName })),
    ({ Table }) => Table?.Replicas?.[0]?.ReplicaStatus === "ACTIVE",
  );
  await update(scaled, { ProvisionedWriteCapacityAutoScalingUpdate: settings(6, 90, 50) });
  const { Replicas } = await describe(scaled);
  assert.deepEqual(
    Replicas?.map(({ RegionName, ReplicaProvisionedWriteCapacityAutoScalingSettings: writes }) => [
      RegionName,
      writes?.MinimumUnits,
      writes?.MaximumUnits,
    ]),
    [
      ["us-east-1", 6, 90],
      ["eu-west-1", 6, 90],
    ],
  );
});

test("what cannot be scaled is refused", async () => {
  covers("dynamodb.UpdateTableReplicaAutoScaling");
  const scaled = await ScaledTable.start();
  const replica = { ReplicaProvisionedReadCapacityAutoScalingUpdate: settings(1, 2, 50) };
  const index = { ProvisionedWriteCapacityAutoScalingUpdate: settings(1, 2, 50) };
  for (const more of [
    { ReplicaUpdates: [{ RegionName: "eu-west-3", ...replica }] },
    { GlobalSecondaryIndexUpdates: [{ IndexName: "none", ...index }] },
  ]) {
    assert.match(await refusal(update(scaled, more)), /^ValidationException/);
  }
  assert.match(
    await refusal(
      scaled.dynamodb.send(new DescribeTableReplicaAutoScalingCommand({ TableName: "none" })),
    ),
    /^ResourceNotFoundException/,
  );
});

test("a table can be switched to on-demand four times within a day", async () => {
  covers("dynamodb.UpdateTable");
  const scaled = await ScaledTable.start();
  const ProvisionedThroughput = { ReadCapacityUnits: 1, WriteCapacityUnits: 1 };
  const change = async (input: object): Promise<void> => {
    await scaled.dynamodb.send(new UpdateTableCommand({ TableName, ...input }));
    await until(
      () => scaled.dynamodb.send(new DescribeTableCommand({ TableName })),
      ({ Table }) => Table?.TableStatus === "ACTIVE",
    );
  };
  const onDemand = () => change({ BillingMode: "PAY_PER_REQUEST" });
  const provisioned = () =>
    change({
      BillingMode: "PROVISIONED",
      ProvisionedThroughput,
      GlobalSecondaryIndexUpdates: [{ Update: { IndexName: "by-kind", ProvisionedThroughput } }],
    });
  for (let switches = 0; switches < 4; switches++) {
    await onDemand();
    await provisioned();
    await scaled.time({ move: "+1h" });
  }
  assert.match(await refusal(onDemand()), /^LimitExceededException/);
  await scaled.time({ move: "+20h" });
  await onDemand();
});
