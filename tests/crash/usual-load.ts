import { setTimeout as delay } from "node:timers/promises";
import { BatchWriteItemCommand, CreateTableCommand } from "@aws-sdk/client-dynamodb";
import { type SeededRandom, seededRandom } from "#world/seeded-random.ts";
import { ExpiringItems } from "./expiring-items.ts";
import type { LiveServer, Load, Round } from "./load.ts";
import { OwnedItems } from "./owned-items.ts";
import type { Problems } from "./problems.ts";
import { RestoredTables } from "./restored-tables.ts";
import { keyOf, mainTable } from "./schema.ts";
import { SharedItems } from "./shared-items.ts";
import { StreamReader } from "./stream-reader.ts";
import { TablesLife, waitUntil } from "./tables-life.ts";
import { readItems, verifyIndexes } from "./verify-table.ts";

const readersPauseMs = 100;

interface Emphasis {
  readonly writers: number;
  readonly restorers: number;
  readonly longestLifeMs: number;
}

/** All kinds of requests on one table and some beside it. */
export class UsualLoad implements Load {
  readonly clients: readonly Round[];
  readonly longestLifeMs: number;
  readonly #random: SeededRandom;
  readonly #problems: Problems;
  readonly #owned: readonly OwnedItems[];
  readonly #shared: SharedItems;
  readonly #tables: TablesLife;
  readonly #expiring: ExpiringItems;
  readonly #restored: RestoredTables;
  readonly #stream: StreamReader;

  constructor(
    random: SeededRandom,
    problems: Problems,
    { writers, restorers, longestLifeMs }: Emphasis,
  ) {
    this.#random = random;
    this.#problems = problems;
    this.longestLifeMs = longestLifeMs;
    this.#owned = Array.from({ length: writers }, (_, number) => {
      // Each its own chance: so what a writer does depends on nobody's speed.
      const own = seededRandom(random.below(2 ** 32));
      return new OwnedItems(`writer ${number}`, own, problems);
    });
    this.#shared = new SharedItems(random, problems);
    this.#tables = new TablesLife(random, problems);
    this.#expiring = new ExpiringItems(random, problems);
    this.#restored = new RestoredTables(random, problems);
    this.#stream = new StreamReader(mainTable.TableName, problems);
    this.clients = [
      ...this.#owned.map(
        (own): Round =>
          ({ client }) =>
            (random.chance(0.3) ? this.#shared : own).write(client),
      ),
      ({ client }) => this.#tables.change(client).then(() => 0),
      ({ client }) => this.#expiring.write(client),
      ({ client }) => this.#restored.write(client),
      ...Array.from(
        { length: restorers },
        (): Round =>
          ({ client }) =>
            this.#restored.restore(client).then(() => 0),
      ),
      ({ endpoint }) => this.#expiring.read(endpoint).then(() => delay(readersPauseMs, 0)),
      ({ endpoint }) => this.#stream.read(endpoint).then(() => delay(readersPauseMs, 0)),
    ];
  }

  figures(): Record<string, number> {
    return { "restored tables": this.#restored.compared };
  }

  async prepare({ client }: LiveServer): Promise<void> {
    await client.send(new CreateTableCommand(mainTable));
    await waitUntil(client, mainTable.TableName, (table) => table?.TableStatus === "ACTIVE");
    await this.#shared.prepare(client);
    await this.#expiring.prepare(client);
    await this.#restored.prepare(client);
    // Nobody changes these; they make backfills take their time.
    for (let from = 0; from < 500; from += 25) {
      const requests = Array.from({ length: 25 }, (_, number) => ({
        PutRequest: {
          Item: { ...keyOf(`ballast ${from}/${number}`), version: { N: String(-from - number) } },
        },
      }));
      await client.send(
        new BatchWriteItemCommand({ RequestItems: { [mainTable.TableName]: requests } }),
      );
    }
  }

  async verify({ client, endpoint }: LiveServer): Promise<void> {
    await this.#tables.verify(client);
    const items = await readItems(client, this.#problems);
    for (const own of this.#owned) own.verify(items);
    this.#shared.verify(items);
    await verifyIndexes(client, items, this.#random, this.#problems);
    await this.#stream.read(endpoint);
    this.#stream.verify(items);
    await this.#expiring.verify(client, endpoint);
    await this.#restored.verify(client);
  }
}
