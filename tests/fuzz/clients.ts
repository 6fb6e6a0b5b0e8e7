import {
  CreateTableCommand,
  DynamoDBClient,
  ResourceInUseException,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";
import { mainTable, plainTable } from "./tables.ts";

/** The account that is fuzzed. */
export const fuzzedAccount = "111111111111";

export function clientOf(endpoint: string, accessKeyId: string): DynamoDBClient {
  return new DynamoDBClient({
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId, secretAccessKey: "test" },
    maxAttempts: 1,
    requestHandler: { requestTimeout: 20_000 },
  });
}

/** Makes the tables that most requests are about, if they are not there (any more). */
export async function ensureTables(client: DynamoDBClient): Promise<void> {
  for (const definition of [mainTable, plainTable]) {
    try {
      await client.send(new CreateTableCommand(definition));
    } catch (error) {
      if (!(error instanceof ResourceInUseException)) throw error;
    }
  }
}

export async function waitForMainTable(client: DynamoDBClient): Promise<void> {
  const { TableName } = mainTable;
  await waitUntilTableExists({ client, maxWaitTime: 20, minDelay: 0.02 }, { TableName });
}
