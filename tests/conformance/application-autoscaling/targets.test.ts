import assert from "node:assert/strict";
import test from "node:test";
import {
  ApplicationAutoScalingServiceException,
  DeleteScalingPolicyCommand,
  DeleteScheduledActionCommand,
  DeregisterScalableTargetCommand,
  DescribeScalableTargetsCommand,
  DescribeScalingPoliciesCommand,
  DescribeScheduledActionsCommand,
  GetPredictiveScalingForecastCommand,
  ListTagsForResourceCommand,
  PutScalingPolicyCommand,
  PutScheduledActionCommand,
  RegisterScalableTargetCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from "@aws-sdk/client-application-auto-scaling";
import { covers } from "../../support/covers.ts";
import { ScaledTable, TableName, tableWrites } from "../../support/scaled-table.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();

async function setUp(): Promise<ScaledTable> {
  const scaled = new ScaledTable(tule);
  await scaled.make();
  return scaled;
}

async function refusal(request: Promise<unknown>): Promise<string> {
  try {
    await request;
  } catch (error) {
    assert(error instanceof ApplicationAutoScalingServiceException, String(error));
    return `${error.name}: ${error.message}`;
  }
  throw new assert.AssertionError({ message: "was not refused" });
}

const tableReads = {
  ...tableWrites,
  ScalableDimension: "dynamodb:table:ReadCapacityUnits",
} as const;
const unregistered =
  "ObjectNotFoundException: No scalable target registered for service namespace: dynamodb, resource ID: table/scaled, scalable dimension: dynamodb:table:WriteCapacityUnits";

test("a target is registered, changed in part, listed page by page, and deregistered", async () => {
  covers(
    "application-autoscaling.RegisterScalableTarget",
    "application-autoscaling.DescribeScalableTargets",
    "application-autoscaling.DeregisterScalableTarget",
  );
  const { scaling, account } = await setUp();
  const { ScalableTargetARN } = await scaling.send(
    new RegisterScalableTargetCommand({ ...tableWrites, MinCapacity: 5, MaxCapacity: 50 }),
  );
  assert.match(
    ScalableTargetARN!,
    new RegExp(`^arn:aws:application-autoscaling:us-east-1:${account}:scalable-target/[0-9a-f]+$`),
  );
  const again = await scaling.send(
    new RegisterScalableTargetCommand({ ...tableWrites, MaxCapacity: 40 }),
  );
  assert.equal(again.ScalableTargetARN, ScalableTargetARN);
  await scaling.send(
    new RegisterScalableTargetCommand({ ...tableReads, MinCapacity: 1, MaxCapacity: 10 }),
  );
  const describe = (more: object) =>
    scaling.send(new DescribeScalableTargetsCommand({ ServiceNamespace: "dynamodb", ...more }));
  const { ScalableTargets } = await describe({
    ResourceIds: [tableWrites.ResourceId],
    ScalableDimension: tableWrites.ScalableDimension,
  });
  const { CreationTime, ...target } = ScalableTargets![0]!;
  assert(CreationTime instanceof Date);
  assert.deepEqual(target, {
    ...tableWrites,
    MinCapacity: 5,
    MaxCapacity: 40,
    RoleARN: `arn:aws:iam::${account}:role/aws-service-role/dynamodb.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_DynamoDBTable`,
    ScalableTargetARN,
    SuspendedState: {
      DynamicScalingInSuspended: false,
      DynamicScalingOutSuspended: false,
      ScheduledScalingSuspended: false,
    },
  });
  const first = await describe({ MaxResults: 1 });
  const second = await describe({ MaxResults: 1, NextToken: first.NextToken });
  assert.deepEqual(
    [first, second].map((page) => page.ScalableTargets?.[0]?.ScalableDimension),
    [tableReads.ScalableDimension, tableWrites.ScalableDimension],
  );
  assert.equal(second.NextToken, undefined);
  await scaling.send(new DeregisterScalableTargetCommand(tableWrites));
  assert.equal(
    await refusal(scaling.send(new DeregisterScalableTargetCommand(tableWrites))),
    unregistered,
  );
  assert.equal((await describe({})).ScalableTargets?.length, 1);
});

test("a capacity out of its bounds is brought within them", async () => {
  covers("application-autoscaling.RegisterScalableTarget");
  const scaled = await setUp();
  await scaled.register(15, 50);
  await scaled.untilWriteUnits(15);
  await scaled.register(1, 7);
  await scaled.untilWriteUnits(7);
  const causes = (await scaled.activities()).map(({ Cause }) => Cause);
  assert.deepEqual(causes, ["maximum capacity was set to 7", "minimum capacity was set to 15"]);
});

test("what makes no target is refused", async () => {
  covers("application-autoscaling.RegisterScalableTarget");
  const { scaling } = await setUp();
  const register = (more: object): Promise<string> =>
    refusal(
      scaling.send(
        new RegisterScalableTargetCommand({
          ...tableWrites,
          MinCapacity: 1,
          MaxCapacity: 2,
          ...more,
        }),
      ),
    );
  const unsupported =
    "ValidationException: Unsupported service namespace, resource type or scalable dimension";
  for (const more of [
    { ResourceId: TableName },
    { ScalableDimension: "dynamodb:index:WriteCapacityUnits" },
    { ScalableDimension: "ecs:service:DesiredCount" },
    { ServiceNamespace: "ecs" },
  ]) {
    assert.equal(await register(more), unsupported);
  }
  assert.equal(
    await register({ ResourceId: "table/none" }),
    "ValidationException: DynamoDB table does not exist: table/none",
  );
  assert.match(await register({ MinCapacity: 3 }), /Maximum capacity cannot be less than minimum/);
  assert.match(await register({ MinCapacity: undefined }), /are required to register/);
  assert.match(
    await register({
      ServiceNamespace: "ecs",
      ResourceId: "service/a/b",
      ScalableDimension: "ecs:service:DesiredCount",
    }),
    /^NotImplemented/,
  );
});

test("a policy answers its alarms, is listed, and deleted", async () => {
  covers(
    "application-autoscaling.PutScalingPolicy",
    "application-autoscaling.DescribeScalingPolicies",
    "application-autoscaling.DeleteScalingPolicy",
  );
  const scaled = await setUp();
  const { scaling, account } = scaled;
  const configuration = {
    TargetValue: 70,
    PredefinedMetricSpecification: {
      PredefinedMetricType: "DynamoDBWriteCapacityUtilization",
    },
    ScaleInCooldown: 60,
  } as const;
  const put = (more: object = {}, changes: object = {}) =>
    scaling.send(
      new PutScalingPolicyCommand({
        ...tableWrites,
        PolicyName: "follow",
        PolicyType: "TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration: { ...configuration, ...changes },
        ...more,
      }),
    );
  assert.equal(await refusal(put()), unregistered);
  await scaled.register(1, 10);
  const { PolicyARN, Alarms } = await put();
  assert.match(
    PolicyARN!,
    new RegExp(
      `^arn:aws:autoscaling:us-east-1:${account}:scalingPolicy:[0-9a-f-]{36}:resource/dynamodb/table/scaled:policyName/follow$`,
    ),
  );
  assert.deepEqual(
    Alarms?.map(({ AlarmName }) => /^TargetTracking-table\/scaled-(\w+)-/.exec(AlarmName!)?.[1]),
    ["AlarmHigh", "AlarmLow", "ProvisionedCapacityHigh", "ProvisionedCapacityLow"],
  );
  assert.equal((await put({}, { TargetValue: 60 })).PolicyARN, PolicyARN);
  const list = () =>
    scaling.send(new DescribeScalingPoliciesCommand({ ServiceNamespace: "dynamodb" }));
  const [policy, ...others] = (await list()).ScalingPolicies!;
  assert.deepEqual(others, []);
  assert.deepEqual(policy?.TargetTrackingScalingPolicyConfiguration, {
    ...configuration,
    TargetValue: 60,
  });
  assert.deepEqual(policy.Alarms, Alarms);

  for (const [more, changes] of [
    [{ PolicyType: undefined }, {}],
    [{ PolicyType: "StepScaling" }, {}],
    [{ PolicyType: "PredictiveScaling" }, {}],
    [{ TargetTrackingScalingPolicyConfiguration: undefined }, {}],
    [{}, { TargetValue: 19 }],
    [{}, { TargetValue: 91 }],
    [{}, { PredefinedMetricSpecification: undefined }],
    [
      {},
      {
        PredefinedMetricSpecification: { PredefinedMetricType: "DynamoDBReadCapacityUtilization" },
      },
    ],
  ]) {
    assert.match(await refusal(put(more, changes)), /^ValidationException/);
  }
  const remove = () =>
    scaling.send(new DeleteScalingPolicyCommand({ ...tableWrites, PolicyName: "follow" }));
  await remove();
  assert.match(await refusal(remove()), /^ObjectNotFoundException: No scaling policy found/);
  assert.deepEqual((await list()).ScalingPolicies, []);
});

test("scheduled actions move the bounds of their target, in their time zone", async () => {
  covers(
    "application-autoscaling.PutScheduledAction",
    "application-autoscaling.DescribeScheduledActions",
    "application-autoscaling.DeleteScheduledAction",
  );
  const scaled = await ScaledTable.start();
  const { scaling } = scaled;
  await scaled.time({ set: "2027-06-01T00:00:00Z" });
  const put = (ScheduledActionName: string, more: object) =>
    scaling.send(new PutScheduledActionCommand({ ...tableWrites, ScheduledActionName, ...more }));
  const bounds = (MinCapacity: number, MaxCapacity: number) => ({
    ScalableTargetAction: { MinCapacity, MaxCapacity },
  });
  const morning = { Schedule: "cron(0 9 * * ? *)", Timezone: "Europe/Berlin", ...bounds(20, 40) };
  assert.equal(await refusal(put("morning", morning)), unregistered);
  await scaled.register(5, 10);
  await put("morning", morning);
  await put("evening", { Schedule: "at(2027-06-01T18:00:00)", ...bounds(5, 6) });
  await put("never", {
    Schedule: "rate(1 hour)",
    ...bounds(9, 9),
    EndTime: new Date("2020-01-01"),
  });
  await scaled.time({ set: "2027-06-01T06:59:00Z" });
  assert.equal(await scaled.writeUnits(), 10);
  await scaled.time({ set: "2027-06-01T07:00:00Z" });
  assert.equal(await scaled.writeUnits(), 20);
  await scaled.time({ set: "2027-06-01T18:00:00Z" });
  assert.equal(await scaled.writeUnits(), 6);
  await scaled.time({ set: "2027-06-02T08:00:00Z" });
  assert.equal(await scaled.writeUnits(), 20);
  const told = (await scaled.activities()).map(({ Description, Cause }) => [Description, Cause]);
  assert.deepEqual(told.slice(-4).toReversed(), [
    [
      "Setting min capacity to 20 and max capacity to 40",
      "scheduled action name morning was triggered",
    ],
    ["Setting write capacity units to 20.", "minimum capacity was set to 20"],
    [
      "Setting min capacity to 5 and max capacity to 6",
      "scheduled action name evening was triggered",
    ],
    ["Setting write capacity units to 6.", "maximum capacity was set to 6"],
  ]);
  const list = () =>
    scaling.send(new DescribeScheduledActionsCommand({ ServiceNamespace: "dynamodb" }));
  const { ScheduledActions } = await list();
  assert.deepEqual(
    ScheduledActions?.map((action) => [action.ScheduledActionName, action.Schedule]),
    [
      ["evening", "at(2027-06-01T18:00:00)"],
      ["morning", "cron(0 9 * * ? *)"],
      ["never", "rate(1 hour)"],
    ],
  );
  const remove = () =>
    scaling.send(
      new DeleteScheduledActionCommand({ ...tableWrites, ScheduledActionName: "morning" }),
    );
  await remove();
  assert.match(await refusal(remove()), /^ObjectNotFoundException: No scheduled action found/);
  for (const more of [
    { Schedule: "soon", ...bounds(1, 2) },
    { ...bounds(1, 2) },
    { Schedule: "rate(1 day)", Timezone: "Mars/Olympus", ...bounds(1, 2) },
    { Schedule: "rate(1 day)", ...bounds(3, 2) },
    { Schedule: "rate(1 day)" },
  ]) {
    assert.match(await refusal(put("wrong", more)), /^ValidationException/);
  }
});

test("targets are tagged by their ARN", async () => {
  covers(
    "application-autoscaling.TagResource",
    "application-autoscaling.UntagResource",
    "application-autoscaling.ListTagsForResource",
  );
  const { scaling } = await setUp();
  const { ScalableTargetARN: ResourceARN } = await scaling.send(
    new RegisterScalableTargetCommand({
      ...tableWrites,
      MinCapacity: 1,
      MaxCapacity: 20,
      Tags: { a: "1" },
    }),
  );
  await scaling.send(new TagResourceCommand({ ResourceARN, Tags: { b: "2" } }));
  await scaling.send(new UntagResourceCommand({ ResourceARN, TagKeys: ["a"] }));
  const { Tags } = await scaling.send(new ListTagsForResourceCommand({ ResourceARN }));
  assert.deepEqual(Tags, { b: "2" });
  const many = Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`t${at}`, ""]));
  assert.match(
    await refusal(scaling.send(new TagResourceCommand({ ResourceARN, Tags: many }))),
    /^TooManyTagsException/,
  );
  const missing = ResourceARN!.replace(/[0-9a-f]+$/, "0");
  assert.match(
    await refusal(scaling.send(new ListTagsForResourceCommand({ ResourceARN: missing }))),
    /^ResourceNotFoundException/,
  );
});

test("nothing of DynamoDB is forecast", async () => {
  covers("application-autoscaling.GetPredictiveScalingForecast");
  const { scaling } = await setUp();
  const forecast = scaling.send(
    new GetPredictiveScalingForecastCommand({
      ...tableWrites,
      PolicyName: "follow",
      StartTime: new Date(),
      EndTime: new Date(),
    }),
  );
  assert.match(await refusal(forecast), /^ValidationException/);
});
