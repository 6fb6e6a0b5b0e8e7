import assert from "node:assert/strict";
import test from "node:test";
import { startTule } from "../../support/tule.ts";
import { covers } from "../../support/covers.ts";
import { CborWriter, decodeCbor } from "#wire/cbor.ts";

const tule = await startTule();
const account = tule.newAccount();

const query = (action: string, parameters: Record<string, string> = {}) =>
  tule.raw({
    account,
    headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8" },
    body: new URLSearchParams({ Action: action, Version: "2010-08-01", ...parameters }).toString(),
  });

async function cbor(operation: string, write: (writer: CborWriter) => void) {
  const writer = new CborWriter();
  writer.openMap();
  write(writer);
  writer.end();
  const answer = await fetch(
    `${tule.endpoint}/service/GraniteServiceVersion20100801/operation/${operation}`,
    {
      method: "POST",
      headers: {
        "smithy-protocol": "rpc-v2-cbor",
        "content-type": "application/cbor",
        authorization: `AWS4-HMAC-SHA256 Credential=${account}/20260101/us-east-1/monitoring/aws4_request, SignedHeaders=host, Signature=${"0".repeat(64)}`,
      },
      body: new Uint8Array(writer.finish()),
    },
  );
  const bytes = Buffer.from(await answer.arrayBuffer());
  return { status: answer.status, headers: answer.headers, body: decodeCbor(bytes) };
}

// recorded: test_basic_operations_multiple_protocols[query]
test("the query protocol: forms in, XML out", async () => {
  covers("cloudwatch.PutMetricData", "cloudwatch.GetMetricData", "cloudwatch.DescribeAlarms");
  const put = await query("PutMetricData", {
    Namespace: "shop",
    "MetricData.member.1.MetricName": "some",
    "MetricData.member.1.Value": "23",
    "MetricData.member.2.MetricName": "some",
    "MetricData.member.2.Values.member.1": "9",
    "MetricData.member.2.Counts.member.1": "2",
  });
  assert.equal(put.status, 200, put.text);
  const nowMs = tule.clock.nowMs();
  const got = await query("GetMetricData", {
    StartTime: new Date(nowMs - 120_000).toISOString(),
    EndTime: new Date(nowMs + 120_000).toISOString(),
    "MetricDataQueries.member.1.Id": "some",
    "MetricDataQueries.member.1.MetricStat.Metric.Namespace": "shop",
    "MetricDataQueries.member.1.MetricStat.Metric.MetricName": "some",
    "MetricDataQueries.member.1.MetricStat.Period": "3600",
    "MetricDataQueries.member.1.MetricStat.Stat": "Sum",
  });
  assert.match(
    got.text,
    /^<GetMetricDataResponse xmlns="http:\/\/monitoring\.amazonaws\.com\/doc\/2010-08-01\/"><GetMetricDataResult>/,
  );
  assert.match(got.text, /<Values><member>41(\.0)?<\/member><\/Values>/);
  const alarms = await query("DescribeAlarms");
  assert.match(alarms.text, /<MetricAlarms\/>|<MetricAlarms><\/MetricAlarms>/);
});

// recorded: test_exception_serializing_with_no_shape_in_spec
test("errors have the code of each protocol", async () => {
  covers("cloudwatch.SetAlarmState");
  const message =
    "1 validation error detected: Value 'INVALID' at 'stateValue' failed to satisfy constraint: Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]";
  const invalid = { AlarmName: "none", StateValue: "INVALID", StateReason: "test" };
  const inXml = await query("SetAlarmState", invalid);
  assert.equal(inXml.status, 400);
  assert.match(inXml.text, /<Type>Sender<\/Type><Code>ValidationError<\/Code>/);
  const missing = await query("SetAlarmState", { ...invalid, StateValue: "OK" });
  assert.equal(missing.status, 404);
  assert.match(missing.text, /<Type>Sender<\/Type><Code>ResourceNotFound<\/Code><\/Error>/);

  const target = "GraniteServiceVersion20100801.SetAlarmState";
  const inJson = await tule.raw({ target, account, body: invalid });
  assert.deepEqual(inJson.json, {
    __type: "com.amazon.coral.validate#ValidationException",
    message,
  });
  assert.equal(inJson.headers.get("x-amzn-query-error"), "ValidationError;Sender");
  const missingInJson = await tule.raw({ target, account, body: { ...invalid, StateValue: "OK" } });
  assert.deepEqual(missingInJson.json, {
    __type: "com.amazonaws.cloudwatch.v2010_08_01#ResourceNotFound",
  });

  const inCbor = await cbor("SetAlarmState", (writer) => {
    for (const [name, value] of Object.entries(invalid)) {
      writer.text(name);
      writer.text(value);
    }
  });
  assert.equal(inCbor.status, 400);
  assert.equal(inCbor.headers.get("x-amzn-query-error"), "ValidationError;Sender");
  assert.deepEqual(inCbor.body, {
    __type: "com.amazon.coral.validate#ValidationException",
    message,
  });
});

// recorded: test_basic_operations_multiple_protocols[smithy-rpc-v2-cbor]
test("CBOR, which Java and Python speak", async () => {
  covers("cloudwatch.DescribeAlarms");
  const alarms = await cbor("DescribeAlarms", () => {});
  assert.equal(alarms.status, 200);
  assert.equal(alarms.headers.get("smithy-protocol"), "rpc-v2-cbor");
  assert.deepEqual(alarms.body, { CompositeAlarms: [], LogAlarms: [], MetricAlarms: [] });
});
