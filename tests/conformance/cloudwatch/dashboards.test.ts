import assert from "node:assert/strict";
import test from "node:test";
import {
  DeleteDashboardsCommand,
  GetDashboardCommand,
  ListDashboardsCommand,
  ListTagsForResourceCommand,
  PutDashboardCommand,
} from "@aws-sdk/client-cloudwatch";
import { covers } from "../../support/covers.ts";
import { cloudWatchOf, Watched } from "../../support/cloudwatch.ts";

const DashboardBody = JSON.stringify({
  widgets: [
    {
      type: "metric",
      x: 0,
      y: 0,
      width: 6,
      height: 6,
      properties: {
        metrics: [["AWS/EC2", "CPUUtilization", "InstanceId", "i-12345678"]],
        region: "us-east-1",
        view: "timeSeries",
        stacked: false,
      },
    },
  ],
});

// recorded: test_dashboard_lifecycle
test("a dashboard is kept as it was written, for all regions of its account", async () => {
  covers(
    "cloudwatch.PutDashboard",
    "cloudwatch.GetDashboard",
    "cloudwatch.ListDashboards",
    "cloudwatch.DeleteDashboards",
  );
  const watched = await Watched.start();
  const { client, account } = watched;
  const DashboardName = "test-1";
  const Tags = [{ Key: "team", Value: "blue" }];
  const DashboardArn = `arn:aws:cloudwatch::${account}:dashboard/${DashboardName}`;
  await client.send(new PutDashboardCommand({ DashboardName, DashboardBody, Tags }));
  const elsewhere = cloudWatchOf(watched.tule, account, { region: "eu-west-1" });
  const { $metadata: _, ...got } = await elsewhere.send(new GetDashboardCommand({ DashboardName }));
  assert.deepEqual(got, { DashboardArn, DashboardBody, DashboardName });
  const tags = await client.send(new ListTagsForResourceCommand({ ResourceARN: DashboardArn }));
  assert.deepEqual(tags.Tags, Tags);
  const list = async (DashboardNamePrefix?: string) => {
    const answer = await client.send(new ListDashboardsCommand({ DashboardNamePrefix }));
    return answer.DashboardEntries!.map(({ LastModified, ...entry }) => {
      assert.equal(LastModified?.getTime(), watched.nowMs());
      return entry;
    });
  };
  const entry = { DashboardArn, DashboardName, Size: DashboardBody.length };
  assert.deepEqual(await list(), [entry]);
  assert.deepEqual(await list("no-"), []);
  assert.deepEqual(await list("test"), [entry]);
  await assert.rejects(
    client.send(new DeleteDashboardsCommand({ DashboardNames: [DashboardName, "none"] })),
    { name: "ResourceNotFound" },
  );
  await client.send(new DeleteDashboardsCommand({ DashboardNames: [DashboardName] }));
  assert.deepEqual(await list(), []);
  await assert.rejects(client.send(new GetDashboardCommand({ DashboardName })), {
    name: "ResourceNotFound",
  });
});

test("names and bodies that are none are refused", async () => {
  covers("cloudwatch.PutDashboard", "cloudwatch.GetDashboard");
  const { client } = await Watched.start();
  // recorded: test_invalid_dashboard_name
  await assert.rejects(client.send(new GetDashboardCommand({ DashboardName: "test:1" })), {
    name: "InvalidParameterValueException",
    message:
      "The value for field DashboardName contains invalid characters. It can only contain alphanumerics, dash (-) and underscore (_).\n",
  });
  for (const body of ["{", "[]", "{}", '{"widgets":[{"type":"clock"}]}']) {
    await assert.rejects(
      client.send(new PutDashboardCommand({ DashboardName: "a", DashboardBody: body })),
      {
        name: "DashboardInvalidInputError",
        message: /^The field DashboardBody must be a valid JSON/,
      },
    );
  }
});
