import {
  BatchWriteItemCommand,
  CreateTableCommand,
  DeleteTableCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  UpdateTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import type { SeededRandom } from "#world/seeded-random.ts";
import type { Problems } from "./problems.ts";
import { keyOf, mainTable } from "./schema.ts";
import { describeTable, waitUntil } from "./tables-life.ts";
import { readItems } from "./verify-table.ts";

const itemsEach = 200;
const settledWithinMs = 20_000;

interface LateTable {
  readonly name: string;
  /** How many of its items have a time that comes; undefined until all items were acknowledged. */
  expiring: number | undefined;
  isEnabled: boolean;
}

/** Tables that get a time to live when they have items already: what was there before expires as well. */
export class LateTimeToLive {
  enabled = 0;
  readonly #random: SeededRandom;
  readonly #problems: Problems;
  #tables: LateTable[] = [];
  #count = 0;

  constructor(random: SeededRandom, problems: Problems) {
    this.#random = random;
    this.#problems = problems;
  }

  async enable(client: DynamoDBClient): Promise<number> {
    const table: LateTable = {
      name: `late-${(this.#count += 1)}`,
      expiring: undefined,
      isEnabled: false,
    };
    this.#tables.push(table);
    const TableName = table.name;
    await client.send(
      new CreateTableCommand({
        TableName,
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: mainTable.AttributeDefinitions.slice(0, 2),
        KeySchema: [...mainTable.KeySchema],
      }),
    );
    await waitUntil(client, TableName, (found) => found?.TableStatus === "ACTIVE");
    const second = Math.floor(Date.now() / 1000);
    let expiring = 0;
    for (let from = 0; from < itemsEach; from += 25) {
      const requests = Array.from({ length: 25 }, (_, at) => {
        const luck = this.#random.below(4);
        if (luck < 2) expiring += 1;
        // Past, soon, in a day, never.
        const expires = [second - 3600, second + 1, second + 86_400, undefined][luck];
        return {
          PutRequest: {
            Item: {
              ...keyOf(`item ${at}/${from}`),
              ...(expires !== undefined && { expires: { N: String(expires) } }),
            },
          },
        };
      });
      await client.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: requests } }));
    }
    table.expiring = expiring;
    await client.send(
      new UpdateTimeToLiveCommand({
        TableName,
        TimeToLiveSpecification: { Enabled: true, AttributeName: "expires" },
      }),
    );
    table.isEnabled = true;
    this.enabled += 1;
    while ((await this.#statusOf(client, TableName)) !== "ENABLED");
    return itemsEach;
  }

  /** Lets enabling and expiry end, compares, and takes the tables away. */
  async verify(client: DynamoDBClient): Promise<void> {
    const until = Date.now() + settledWithinMs;
    for (const table of this.#tables) {
      const { name, expiring } = table;
      await waitUntil(client, name, (found) => found?.TableStatus !== "CREATING");
      if ((await describeTable(client, name)) === undefined) {
        if (expiring !== undefined) this.#problems.add("lost", `the table ${name}`);
        continue;
      }
      for (;;) {
        const status = await this.#statusOf(client, name);
        if (status === "DISABLED" && table.isEnabled) {
          this.#problems.add("lost", `the time to live of ${name}`);
          return;
        }
        if (status === "DISABLED" || expiring === undefined) break;
        const { size } = await readItems(client, this.#problems, name);
        if (status === "ENABLED" && size === itemsEach - expiring) break;
        if (size < itemsEach - expiring) {
          this.#problems.add("expiry", `${name} has ${size} items: some went before their time`);
          return;
        }
        if (Date.now() > until) {
          const text = `${name} is ${status} with ${size} items, not ${itemsEach - expiring}`;
          this.#problems.add("stuck", text);
          return;
        }
      }
      await client.send(new DeleteTableCommand({ TableName: name }));
    }
    this.#tables = [];
  }

  async #statusOf(client: DynamoDBClient, TableName: string): Promise<string | undefined> {
    const answer = await client.send(new DescribeTimeToLiveCommand({ TableName }));
    return answer.TimeToLiveDescription?.TimeToLiveStatus;
  }
}
