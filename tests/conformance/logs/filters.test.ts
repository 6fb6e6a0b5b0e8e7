import assert from "node:assert/strict";
import test from "node:test";
import {
  DeleteMetricFilterCommand,
  DescribeLogGroupsCommand,
  DescribeMetricFiltersCommand,
  DescribeSubscriptionFiltersCommand,
  type MetricTransformation,
  PutDestinationCommand,
  PutMetricFilterCommand,
  PutSubscriptionFilterCommand,
  StartLiveTailCommand,
  TestMetricFilterCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { covers } from "../../support/covers.ts";
import { Logs, refusal } from "../../support/logs.ts";
import { startTule } from "../../support/tule.ts";
import { until } from "../../support/until.ts";

const tule = await startTule();

function putFilter(
  { client, group }: Logs,
  filterName: string,
  filterPattern: string,
  transformation: Partial<MetricTransformation> = {},
): Promise<unknown> {
  return client.send(
    new PutMetricFilterCommand({
      logGroupName: group,
      filterName,
      filterPattern,
      metricTransformations: [
        { metricName: "errors", metricNamespace: "app", metricValue: "1", ...transformation },
      ],
    }),
  );
}

test("metric filters count in CloudWatch's terms what they find", async () => {
  covers("logs.PutMetricFilter", "logs.PutLogEvents");
  const account = tule.newAccount();
  const logs = await Logs.in(tule, account);
  await putFilter(logs, "errors", "ERROR");
  await putFilter(logs, "latency", "{ $.ms > 0 }", {
    metricName: "latency",
    metricValue: "$.ms",
    dimensions: { Path: "$.path" },
  });
  await putFilter(logs, "bytes", "[ip, ..., bytes]", {
    metricName: "bytes",
    metricValue: "$bytes",
  });
  await logs.put(["ERROR one", "fine", "ERROR two", "10.0.0.1 GET 120"]);
  await logs.put([
    '{"ms":12.5,"path":"/a"}',
    '{"ms":30,"path":"/b"}',
    '{"ms":7,"path":"/a"}',
    '{"ms":9}',
  ]);
  assert.equal(await tule.measured(account, "app", "errors", {}), 2);
  assert.equal(await tule.measured(account, "app", "bytes", {}), 120);
  assert.equal(await tule.measured(account, "app", "latency", { Path: "/a" }), 19.5);
  assert.equal(await tule.measured(account, "app", "latency", { Path: "/b" }), 30);
});

test("a minute with events of which none matches has the default value", async () => {
  covers("logs.PutMetricFilter");
  const own = await startTule();
  const account = own.newAccount();
  const logs = await Logs.in(own, account);
  await putFilter(logs, "errors", "ERROR", { defaultValue: 7 });
  await logs.put(["fine", "fine again"], own.clock.nowMs());
  own.clock.moveTo(own.clock.nowMs() + 60_000);
  await until(
    () => own.measured(account, "app", "errors", {}),
    (sum) => sum === 7,
  );
  await logs.put(["fine", "an ERROR"], own.clock.nowMs());
  own.clock.moveTo(own.clock.nowMs() + 61_000);
  await logs.put(["fine"], own.clock.nowMs());
  own.clock.moveTo(own.clock.nowMs() + 61_000);
  await until(
    () => own.measured(account, "app", "errors", {}),
    (sum) => sum === 15,
  );
});

test("metric filters are described as recorded, and go", async () => {
  covers("logs.DescribeMetricFilters", "logs.DeleteMetricFilter");
  const logs = await Logs.in(tule);
  const { client, group: logGroupName } = logs;
  await putFilter(logs, "basic", " ", { defaultValue: 0 });
  await putFilter(logs, "json", '{$.message = "test"}', { metricName: "other" });
  const describe = async (input = {}) =>
    (await client.send(new DescribeMetricFiltersCommand(input))).metricFilters!;
  const [basic, json] = await describe();
  assert.deepEqual(
    { ...basic, creationTime: 0 },
    {
      applyOnTransformedLogs: false,
      creationTime: 0,
      filterName: "basic",
      filterPattern: " ",
      logGroupName,
      metricTransformations: [
        { defaultValue: 0, metricName: "errors", metricNamespace: "app", metricValue: "1" },
      ],
    },
  );
  assert.equal(json!.filterPattern, '{$.message = "test"}');
  const named = await describe({ metricName: "other", metricNamespace: "app" });
  assert.deepEqual(
    named.map(({ filterName }) => filterName),
    ["json"],
  );
  assert.equal((await describe({ logGroupName, filterNamePrefix: "b" })).length, 1);
  const groups = async () => (await client.send(new DescribeLogGroupsCommand({}))).logGroups!;
  assert.equal((await groups())[0]!.metricFilterCount, 2);
  await client.send(new DeleteMetricFilterCommand({ logGroupName, filterName: "basic" }));
  assert.equal((await groups())[0]!.metricFilterCount, 1);
  assert.match(
    await refusal(
      client.send(new DeleteMetricFilterCommand({ logGroupName, filterName: "basic" })),
    ),
    /^ResourceNotFoundException/,
  );
});

test("metric filters that make no sense are refused: recorded", async () => {
  covers("logs.PutMetricFilter", "logs.DeleteMetricFilter", "logs.DescribeMetricFilters");
  const logs = await Logs.in(tule);
  const long = (length: number): string => "X".repeat(length);
  const tooLong = (value: string, member: string, most: number): string =>
    `InvalidParameterException: 1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: Member must have length less than or equal to ${most}`;
  assert.equal(
    await refusal(putFilter(logs, long(513), "x")),
    tooLong(long(513), "filterName", 512),
  );
  assert.equal(
    await refusal(putFilter(logs, "long", long(1025))),
    tooLong(long(1025), "filterPattern", 1024),
  );
  const two = logs.client.send(
    new PutMetricFilterCommand({
      logGroupName: logs.group,
      filterName: "two",
      filterPattern: "x",
      metricTransformations: [
        { metricName: "metric1", metricNamespace: "namespace1", metricValue: "1" },
        { metricName: "metric2", metricNamespace: "namespace2", metricValue: "1" },
      ],
    }),
  );
  assert.equal(
    await refusal(two),
    "InvalidParameterException: 1 validation error detected: Value '[MetricTransformation(metricName=metric1, metricNamespace=namespace1, metricValue=1, defaultValue=null, unit=null, dimensions=null), MetricTransformation(metricName=metric2, metricNamespace=namespace2, metricValue=1, defaultValue=null, unit=null, dimensions=null)]' at 'metricTransformations' failed to satisfy constraint: Member must have length less than or equal to 1",
  );
  const { client } = logs;
  assert.equal(
    await refusal(client.send(new DescribeMetricFiltersCommand({ filterNamePrefix: long(513) }))),
    tooLong(long(513), "filterNamePrefix", 512),
  );
  assert.equal(
    await refusal(
      client.send(
        new DescribeMetricFiltersCommand({ metricName: long(256), metricNamespace: "n" }),
      ),
    ),
    tooLong(long(256), "metricName", 255),
  );
});

test("a pattern can be tried on messages", async () => {
  covers("logs.TestMetricFilter");
  const { client } = await Logs.in(tule);
  const { matches } = await client.send(
    new TestMetricFilterCommand({
      filterPattern: "[ip, identity, user_id, timestamp, request, status_code = 4*, size]",
      logEventMessages: [
        '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /a HTTP/1.0" 200 1534',
        '127.0.0.1 - frank [10/Oct/2000:13:35:22 -0700] "GET /b HTTP/1.0" 404 5324',
      ],
    }),
  );
  assert.equal(matches!.length, 1);
  assert.equal(matches![0]!.eventNumber, 2);
  assert.equal(matches![0]!.extractedValues!["$status_code"], "404");
  assert.equal(matches![0]!.extractedValues!["$request"], "GET /b HTTP/1.0");
});

test("subscriptions need a destination that takes a message", async () => {
  covers("logs.PutSubscriptionFilter", "logs.DescribeSubscriptionFilters");
  const { client, group: logGroupName } = await Logs.in(tule);
  const put = (destinationArn: string, more = {}): Promise<unknown> =>
    client.send(
      new PutSubscriptionFilterCommand({
        logGroupName,
        filterName: "all",
        filterPattern: "",
        destinationArn,
        ...more,
      }),
    );
  // Recorded.
  assert.equal(
    await refusal(
      put("arn:aws:lambda:us-east-1:999999999999:function:f", { logGroupName: "none" }),
    ),
    "AccessDeniedException: Cross-account lambda invocation passing is not allowed. You must use DestinationPolicies to create cross account lambda triggers.",
  );
  const stream = "arn:aws:kinesis:us-east-1:999999999999:stream/s";
  assert.equal(
    await refusal(put(stream)),
    "InvalidParameterException: destinationArn for vendor kinesis cannot be used without roleArn",
  );
  const roleArn = "arn:aws:iam::999999999999:role/r";
  // AWS's words, as clients report them.
  assert.equal(
    await refusal(put(stream, { roleArn })),
    "InvalidParameterException: Could not deliver test message to specified Kinesis stream. Check if the given kinesis stream is in ACTIVE state.",
  );
  const { subscriptionFilters } = await client.send(
    new DescribeSubscriptionFiltersCommand({ logGroupName }),
  );
  // Recorded.
  assert.deepEqual(subscriptionFilters, []);
  assert.match(
    await refusal(
      client.send(new PutDestinationCommand({ destinationName: "d", targetArn: stream, roleArn })),
    ),
    /^InvalidParameterException: Could not deliver test message/,
  );
});

test("a live tail shows matching events as they are put", async () => {
  covers("logs.StartLiveTail");
  const account = tule.newAccount();
  const logs = await Logs.in(tule, account);
  const arn = `arn:aws:logs:us-east-1:${account}:log-group:${logs.group}`;
  const { responseStream } = await logs.client.send(
    new StartLiveTailCommand({ logGroupIdentifiers: [arn], logEventFilterPattern: "ERROR" }),
  );
  const seen: string[] = [];
  for await (const event of responseStream!) {
    if (event.sessionStart !== undefined) {
      assert.deepEqual(event.sessionStart.logGroupIdentifiers, [arn]);
      await logs.put(["ERROR 1", "fine", "ERROR 2"]);
    }
    for (const { message, logStreamName } of event.sessionUpdate?.sessionResults ?? []) {
      seen.push(`${logStreamName} ${message}`);
    }
    if (seen.length === 2) break;
  }
  assert.deepEqual(seen, ["one ERROR 1", "one ERROR 2"]);
  logs.client.destroy();
  assert.match(
    await refusal(
      (await Logs.in(tule)).client.send(
        new StartLiveTailCommand({ logGroupIdentifiers: ["arn:aws:logs:us-east-1:1:log-group:x"] }),
      ),
    ),
    /^ResourceNotFoundException/,
  );
});
