import assert from "node:assert/strict";
import test from "node:test";
import {
  type BucketAccelerateStatus,
  CreateBucketCommand,
  GetBucketAccelerateConfigurationCommand,
  GetBucketLoggingCommand,
  GetBucketNotificationConfigurationCommand,
  type NotificationConfiguration,
  PutBucketAccelerateConfigurationCommand,
  PutBucketLoggingCommand,
  PutBucketNotificationConfigurationCommand,
} from "@aws-sdk/client-s3";
import { covers } from "../../support/covers.ts";
import { newBucket } from "../../support/s3-buckets.ts";
import { startTule } from "../../support/tule.ts";

const tule = await startTule();

async function start(Bucket = newBucket()) {
  const s3 = tule.s3();
  await s3.send(new CreateBucketCommand({ Bucket }));
  return { s3, Bucket };
}

test("acceleration is switched, but not for names with periods", async () => {
  covers("s3.GetBucketAccelerateConfiguration", "s3.PutBucketAccelerateConfiguration");
  const { s3, Bucket } = await start();
  const put = (Status: string, name = Bucket) =>
    s3.send(
      new PutBucketAccelerateConfigurationCommand({
        Bucket: name,
        AccelerateConfiguration: { Status: Status as BucketAccelerateStatus },
      }),
    );
  const status = async () =>
    (await s3.send(new GetBucketAccelerateConfigurationCommand({ Bucket }))).Status;
  assert.equal(await status(), undefined);
  for (const Status of ["Enabled", "Suspended"]) {
    await put(Status);
    assert.equal(await status(), Status);
  }
  // Recorded.
  await assert.rejects(put("enabled"), { name: "MalformedXML" });
  const dotted = `${Bucket}.dotted`;
  await s3.send(new CreateBucketCommand({ Bucket: dotted }));
  await assert.rejects(put("Enabled", dotted), {
    name: "InvalidRequest",
    message:
      "S3 Transfer Acceleration is not supported for buckets with periods (.) in their names",
  });
});

test("logs and notifications are off, and nobody pretends to deliver any", async () => {
  covers("s3.GetBucketLogging", "s3.GetBucketNotificationConfiguration");
  const { s3, Bucket } = await start();
  const logging = await s3.send(new GetBucketLoggingCommand({ Bucket }));
  assert.equal(logging.LoggingEnabled, undefined);
  await s3.send(new PutBucketLoggingCommand({ Bucket, BucketLoggingStatus: {} }));
  await assert.rejects(
    s3.send(
      new PutBucketLoggingCommand({
        Bucket,
        BucketLoggingStatus: { LoggingEnabled: { TargetBucket: Bucket, TargetPrefix: "log" } },
      }),
    ),
    { name: "NotImplemented" },
  );
  const notify = (NotificationConfiguration: NotificationConfiguration) =>
    s3.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }));
  await notify({});
  const queue = (QueueArn: string): NotificationConfiguration => ({
    QueueConfigurations: [{ QueueArn, Events: ["s3:ObjectCreated:*"] }],
  });
  // Recorded.
  await assert.rejects(notify(queue("invalid_arn")), {
    name: "InvalidArgument",
    message: "The ARN could not be parsed",
  });
  await assert.rejects(notify(queue("arn:aws:sqs:us-east-1:111111111111:q")), {
    name: "NotImplemented",
  });
  await assert.rejects(notify({ EventBridgeConfiguration: {} }), { name: "NotImplemented" });
  const read = await s3.send(new GetBucketNotificationConfigurationCommand({ Bucket }));
  assert.equal(read.QueueConfigurations, undefined);
});
