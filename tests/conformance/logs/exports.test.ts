import assert from "node:assert/strict";
import test from "node:test";
import { gunzipSync } from "node:zlib";
import {
  CancelExportTaskCommand,
  CreateExportTaskCommand,
  DescribeExportTasksCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command } from "@aws-sdk/client-s3";
import { covers } from "../../support/covers.ts";
import { Logs, refusal } from "../../support/logs.ts";
import { newBucket } from "../../support/s3-buckets.ts";
import { startTule } from "../../support/tule.ts";
import { until } from "../../support/until.ts";

const tule = await startTule();

test("an export writes each stream's events into a bucket, by time", async () => {
  covers("logs.CreateExportTask", "logs.DescribeExportTasks", "logs.CancelExportTask");
  const account = tule.newAccount();
  const logs = await Logs.in(tule, account);
  const s3 = tule.s3(account);
  const Bucket = newBucket();
  await s3.send(new CreateBucketCommand({ Bucket }));
  await logs.makeStream("a/b");
  const startMs = Date.now() - 10_000;
  await logs.put(["later"], startMs + 5);
  await logs.put(["first", "second"], startMs);
  await logs.put(["other"], startMs, "a/b");
  const task = {
    logGroupName: logs.group,
    from: startMs,
    to: startMs + 5_000,
    destination: Bucket,
  };
  assert.equal(
    await refusal(
      logs.client.send(new CreateExportTaskCommand({ ...task, destination: "no-bucket" })),
    ),
    "InvalidParameterException: The given bucket does not exist. Please make sure the bucket is valid.",
  );
  const { taskId } = await logs.client.send(new CreateExportTaskCommand(task));
  const describe = async () =>
    (await logs.client.send(new DescribeExportTasksCommand({ taskId }))).exportTasks![0]!;
  const done = await until(describe, ({ status }) => status!.code === "COMPLETED");
  // Members as recorded, but for what comes with the end.
  assert.deepEqual(
    { ...done, executionInfo: undefined, status: undefined },
    {
      destination: Bucket,
      destinationPrefix: "exportedlogs",
      executionInfo: undefined,
      from: startMs,
      logGroupName: logs.group,
      status: undefined,
      taskId,
      to: startMs + 5_000,
    },
  );
  const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket }));
  assert.deepEqual(
    Contents!.map(({ Key }) => Key),
    [
      `exportedlogs/${taskId}/a-b/000000.gz`,
      `exportedlogs/${taskId}/one/000000.gz`,
      "exportedlogs/aws-logs-write-test",
    ].toSorted(),
  );
  const Key = `exportedlogs/${taskId}/one/000000.gz`;
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
  const lines = gunzipSync(await Body!.transformToByteArray()).toString();
  const at = (ms: number): string => new Date(startMs + ms).toISOString();
  assert.equal(lines, `${at(0)} first\n${at(1)} second\n${at(5)} later\n`);
  assert.match(
    await refusal(logs.client.send(new CancelExportTaskCommand({ taskId }))),
    /^InvalidOperationException/,
  );
  // Recorded.
  const none = await logs.client.send(
    new DescribeExportTasksCommand({ taskId: "00000000-0000-0000-0000-000000000000" }),
  );
  assert.deepEqual(none.exportTasks, []);
});
