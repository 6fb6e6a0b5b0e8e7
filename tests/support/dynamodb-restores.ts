import assert from "node:assert/strict";
import {
  DescribeBackupCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  type QueryCommandInput,
  ScanCommand,
  type TableDescription,
  UpdateContinuousBackupsCommand,
} from "@aws-sdk/client-dynamodb";
import { until } from "./until.ts";

/** Switches point-in-time recovery. */
export function setRecovery(
  client: DynamoDBClient,
  TableName: string,
  PointInTimeRecoveryEnabled: boolean,
  RecoveryPeriodInDays?: number,
): Promise<unknown> {
  const PointInTimeRecoverySpecification = {
    PointInTimeRecoveryEnabled,
    ...(RecoveryPeriodInDays !== undefined && { RecoveryPeriodInDays }),
  };
  return client.send(
    new UpdateContinuousBackupsCommand({ TableName, PointInTimeRecoverySpecification }),
  );
}

export async function describeTable(
  client: DynamoDBClient,
  TableName: string,
): Promise<TableDescription> {
  return (await client.send(new DescribeTableCommand({ TableName }))).Table!;
}

export function untilActive(client: DynamoDBClient, TableName: string): Promise<TableDescription> {
  return until(
    () => describeTable(client, TableName),
    (table) => table.TableStatus === "ACTIVE",
  );
}

export async function untilAvailable(client: DynamoDBClient, BackupArn: string): Promise<void> {
  await until(
    async () => {
      const answer = await client.send(new DescribeBackupCommand({ BackupArn }));
      return answer.BackupDescription?.BackupDetails?.BackupStatus;
    },
    (status) => status === "AVAILABLE",
  );
}

/** All items of a table, or all entries of an index, as sorted JSON. */
export async function contentsOf(
  client: DynamoDBClient,
  TableName: string,
  IndexName?: string,
): Promise<string[]> {
  const items: string[] = [];
  let ExclusiveStartKey: QueryCommandInput["ExclusiveStartKey"];
  do {
    const page = await client.send(
      new ScanCommand({
        TableName,
        ExclusiveStartKey,
        ...(IndexName !== undefined && { IndexName }),
      }),
    );
    items.push(...page.Items!.map(asText));
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey !== undefined);
  return items.toSorted();
}

/** The same text for equal items, in whichever order their attributes come. */
export function asText(item: object): string {
  return JSON.stringify(item, (_, value: unknown) =>
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}

/** That a table counts what it holds: its items, and each index's entries. */
export async function checkCounts(client: DynamoDBClient, TableName: string): Promise<void> {
  const table = await describeTable(client, TableName);
  assert.equal(table.ItemCount, (await contentsOf(client, TableName)).length);
  const indexes = [...(table.GlobalSecondaryIndexes ?? []), ...(table.LocalSecondaryIndexes ?? [])];
  for (const { IndexName, ItemCount } of indexes) {
    assert.equal(ItemCount, (await contentsOf(client, TableName, IndexName)).length, IndexName);
  }
}
