import assert from "node:assert/strict";
import {
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
} from "@aws-sdk/client-dynamodb";
import { clientOf, ensureTables, waitForMainTable } from "./clients.ts";

const TableName = "main";

/** A client that behaves, in an account of its own: it must not notice what others do. */
export class Sentinel {
  readonly #client: DynamoDBClient;

  constructor(endpoint: string) {
    this.#client = clientOf(endpoint, "999999999999");
  }

  async prepare(): Promise<void> {
    await ensureTables(this.#client);
    await waitForMainTable(this.#client);
  }

  async check(number: number): Promise<void> {
    const Key = { pk: { S: "sentinel" }, sk: { N: String(number) } };
    const Item = { ...Key, g: { S: `g${number}` }, h: { N: "1" }, note: { S: "well" } };
    await this.#client.send(new PutItemCommand({ TableName, Item }));
    const got = await this.#client.send(
      new GetItemCommand({ TableName, Key, ConsistentRead: true }),
    );
    assert.deepEqual(got.Item, Item);
    const found = await this.#client.send(
      new QueryCommand({
        TableName,
        IndexName: "by-g",
        KeyConditionExpression: "g = :g",
        ExpressionAttributeValues: { ":g": Item.g },
      }),
    );
    assert.deepEqual(found.Items, [Item]);
  }

  close(): void {
    this.#client.destroy();
  }
}
