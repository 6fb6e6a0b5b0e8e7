import assert from "node:assert/strict";
import test from "node:test";
import {
  DescribeKinesisStreamingDestinationCommand,
  DisableKinesisStreamingDestinationCommand,
  EnableKinesisStreamingDestinationCommand,
  UpdateKinesisStreamingDestinationCommand,
} from "@aws-sdk/client-dynamodb";
import { covers } from "../../support/covers.ts";
import { makeTable, plainTable, refusal } from "../../support/dynamodb-tables.ts";
import { startTule } from "../../support/tule.ts";
import { until } from "../../support/until.ts";

const tule = await startTule();
const TableName = plainTable.TableName!;
const StreamArn = "arn:aws:kinesis:us-east-1:000000000000:stream/no-such-stream";
const invalidState =
  "ValidationException: Table is not in a valid state to enable Kinesis Streaming Destination: ";

// Messages: recorded, and ack-api-quirks, DDB-TABLE-299 to 302 and 318. Delivery is tested beside deliver-to-kinesis.ts.
test("a destination whose stream is not there fails after it was accepted, as at AWS", async () => {
  covers(
    "dynamodb.EnableKinesisStreamingDestination",
    "dynamodb.DescribeKinesisStreamingDestination",
  );
  const client = tule.dynamodb();
  const enable = new EnableKinesisStreamingDestinationCommand({ TableName, StreamArn });
  const describe = new DescribeKinesisStreamingDestinationCommand({ TableName });
  const missing = "ResourceNotFoundException: Requested resource not found: Table: plain not found";
  assert.equal(await refusal(client.send(enable)), missing);
  assert.equal(await refusal(client.send(describe)), missing);
  await makeTable(client, plainTable);
  assert.deepEqual((await client.send(describe)).KinesisDataStreamDestinations, []);
  const { $metadata: _, ...answer } = await client.send(enable);
  assert.deepEqual(answer, {
    TableName,
    StreamArn,
    DestinationStatus: "ENABLING",
    EnableKinesisStreamingConfiguration: {},
  });
  const [failed] = await until(
    async () => (await client.send(describe)).KinesisDataStreamDestinations!,
    ([one]) => one?.DestinationStatus !== "ENABLING",
  );
  assert.deepEqual(failed, {
    StreamArn,
    DestinationStatus: "ENABLE_FAILED",
    DestinationStatusDescription: "User does not have a permission to use kinesis stream",
  });
  assert.equal((await client.send(enable)).DestinationStatus, "ENABLING");
});

test("what a destination's state does not allow is refused", async () => {
  covers(
    "dynamodb.UpdateKinesisStreamingDestination",
    "dynamodb.DisableKinesisStreamingDestination",
  );
  const client = tule.dynamodb();
  await makeTable(client, plainTable);
  const update = (UpdateKinesisStreamingConfiguration?: object): Promise<string> =>
    refusal(
      client.send(
        new UpdateKinesisStreamingDestinationCommand({
          TableName,
          StreamArn,
          UpdateKinesisStreamingConfiguration,
        }),
      ),
    );
  assert.equal(
    await update(),
    "ValidationException: Streaming destination cannot be updated with given parameters: UpdateKinesisStreamingConfiguration cannot be null or contain only null values",
  );
  assert.equal(
    await update({ ApproximateCreationDateTimePrecision: "SECOND" }),
    "ValidationException: 1 validation error detected: Value 'SECOND' at 'updateKinesisStreamingConfiguration.approximateCreationDateTimePrecision' failed to satisfy constraint: Member must satisfy enum value set: [MILLISECOND, MICROSECOND]",
  );
  assert.equal(
    await update({ ApproximateCreationDateTimePrecision: "MICROSECOND" }),
    `${invalidState}No streaming destination with streamArn: ${StreamArn} found for table with tableName: plain`,
  );
  const disable = (more: object = {}): Promise<string> =>
    refusal(
      client.send(new DisableKinesisStreamingDestinationCommand({ TableName, StreamArn, ...more })),
    );
  assert.equal(
    await disable(),
    `${invalidState}KinesisStreamingDestination must be ACTIVE to perform DISABLE operation.`,
  );
  const configuration = { ApproximateCreationDateTimePrecision: "MICROSECOND" };
  assert.equal(
    await disable({ EnableKinesisStreamingConfiguration: configuration }),
    "ValidationException: Stream cannot be disabled using EnableKinesisStreamingConfiguration parameters",
  );
});
