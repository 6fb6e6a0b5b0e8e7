import {
  CreateTableCommand,
  type DynamoDBClient,
  PutItemCommand,
  ScanCommand,
  UpdateTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import { setTimeout as delay } from "node:timers/promises";
import type { SeededRandom } from "#world/seeded-random.ts";
import type { Problems } from "./problems.ts";
import { mainTable } from "./schema.ts";
import { itemOf, type SeenChange, StreamReader } from "./stream-reader.ts";
import { waitUntil } from "./tables-life.ts";

const TableName = "expiring";
const expiresWithinSeconds = 2;
const goneWithinMs = 20_000;

/** Items that expire within moments: each goes, once, and its stream says so, whenever the server dies. */
export class ExpiringItems {
  readonly #random: SeededRandom;
  readonly #problems: Problems;
  readonly #stream: StreamReader;
  readonly #acknowledged = new Set<string>();
  readonly #changes = new Map<string, string>();
  #count = 0;

  constructor(random: SeededRandom, problems: Problems) {
    this.#random = random;
    this.#problems = problems;
    this.#stream = new StreamReader(TableName, problems, (change) => this.#see(change));
  }

  async prepare(client: DynamoDBClient): Promise<void> {
    await client.send(
      new CreateTableCommand({
        TableName,
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: mainTable.AttributeDefinitions.slice(0, 2),
        KeySchema: [...mainTable.KeySchema],
        StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" },
      }),
    );
    await waitUntil(client, TableName, (table) => table?.TableStatus === "ACTIVE");
    const TimeToLiveSpecification = { Enabled: true, AttributeName: "expires" };
    await client.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }));
  }

  async write(client: DynamoDBClient): Promise<number> {
    const name = `session/${(this.#count += 1)}`;
    const second = Math.floor(Date.now() / 1000) + this.#random.below(expiresWithinSeconds + 1);
    const Item = itemOf(name, { expires: { N: String(second) } });
    await client.send(new PutItemCommand({ TableName, Item }));
    this.#acknowledged.add(name);
    return 1;
  }

  read(endpoint: string): Promise<void> {
    return this.#stream.read(endpoint);
  }

  /** Waits until all are gone, then looks whether each went once, and by DynamoDB's own hand. */
  async verify(client: DynamoDBClient, endpoint: string): Promise<void> {
    const until = Date.now() + goneWithinMs;
    for (;;) {
      const { Count } = await client.send(new ScanCommand({ TableName, ConsistentRead: true }));
      if (Count === 0) break;
      if (Date.now() > until) {
        this.#problems.add("expiry", `${Count} expired items are still there`);
        return;
      }
      await delay(20);
    }
    await this.read(endpoint);
    this.#stream.verify(new Map());
    for (const name of this.#acknowledged) {
      const changes = this.#changes.get(name);
      if (changes !== "INSERT, REMOVE by service") {
        this.#problems.add("stream", `the stream tells of ${name}: ${changes ?? "nothing"}`);
      }
    }
  }

  #see({ name, eventName, isByService }: SeenChange): void {
    const said = isByService ? `${eventName} by service` : eventName;
    const before = this.#changes.get(name);
    this.#changes.set(name, before === undefined ? said : `${before}, ${said}`);
  }
}
