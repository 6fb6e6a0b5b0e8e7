import assert from "node:assert/strict";
import test from "node:test";
import {
  CreateGlobalTableCommand,
  DescribeGlobalTableCommand,
  DescribeGlobalTableSettingsCommand,
  ListGlobalTablesCommand,
  UpdateGlobalTableCommand,
  UpdateGlobalTableSettingsCommand,
} from "@aws-sdk/client-dynamodb";
import { covers } from "../../support/covers.ts";
import { east, Regions, west } from "../../support/dynamodb-replicas.ts";
import { makeTable, plainTable, refusal } from "../../support/dynamodb-tables.ts";
import { startTule } from "../../support/tule.ts";

// As AWS was seen to answer in October 2026 (ack-api-quirks, DDB-GLOBALTABLE-001 to 004).
test("version 2017.11.29 of global tables makes none, and knows none of those of today", async () => {
  covers(
    "dynamodb.CreateGlobalTable",
    "dynamodb.DescribeGlobalTable",
    "dynamodb.DescribeGlobalTableSettings",
    "dynamodb.ListGlobalTables",
    "dynamodb.UpdateGlobalTable",
    "dynamodb.UpdateGlobalTableSettings",
  );
  const tule = await startTule();
  const where = new Regions(() => tule);
  const client = where.in(east);
  await makeTable(client, plainTable);
  await where.addReplica(plainTable.TableName!, west);
  const GlobalTableName = plainTable.TableName;
  const unsupported =
    "ValidationException: One or more parameter values were invalid: DynamoDB global tables version 2017.11.29 is not supported. We recommend using DynamoDB global tables version 2019.11.21, instead of version 2017.11.29 (Legacy).";
  const missing = `GlobalTableNotFoundException: Global table with name: '${GlobalTableName}' does not exist.`;
  const ReplicationGroup = [{ RegionName: east }, { RegionName: west }];
  assert.equal(
    await refusal(client.send(new CreateGlobalTableCommand({ GlobalTableName, ReplicationGroup }))),
    unsupported,
  );
  assert.equal(
    await refusal(client.send(new DescribeGlobalTableCommand({ GlobalTableName }))),
    `GlobalTableNotFoundException: Global table not found: Global table with name: '${GlobalTableName}' does not exist.`,
  );
  assert.equal(
    await refusal(client.send(new DescribeGlobalTableSettingsCommand({ GlobalTableName }))),
    missing,
  );
  const change = (ReplicaUpdates: object[]): Promise<string> =>
    refusal(client.send(new UpdateGlobalTableCommand({ GlobalTableName, ReplicaUpdates })));
  assert.equal(await change([{ Create: { RegionName: west } }]), unsupported);
  assert.equal(await change([{ Delete: { RegionName: west } }]), missing);
  const settings = { GlobalTableName, GlobalTableBillingMode: "PROVISIONED" as const };
  assert.equal(await refusal(client.send(new UpdateGlobalTableSettingsCommand(settings))), missing);
  const { GlobalTables } = await client.send(new ListGlobalTablesCommand({}));
  assert.deepEqual(GlobalTables, []);
});
