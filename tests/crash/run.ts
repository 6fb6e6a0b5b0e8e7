import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import {
  BatchWriteItemCommand,
  CreateTableCommand,
  type DynamoDBClient,
  DynamoDBServiceException,
} from "@aws-sdk/client-dynamodb";
import { type SeededRandom, seededRandom } from "#world/seeded-random.ts";
import { ServerProcess } from "../support/server-process.ts";
import { connect } from "./client.ts";
import { ExpiringItems } from "./expiring-items.ts";
import { OwnedItems } from "./owned-items.ts";
import { Problems } from "./problems.ts";
import { keyOf, mainTable } from "./schema.ts";
import { RestoredTables } from "./restored-tables.ts";
import { SharedItems } from "./shared-items.ts";
import { StreamReader } from "./stream-reader.ts";
import { TablesLife, waitUntil } from "./tables-life.ts";
import { readItems, verifyIndexes } from "./verify-table.ts";

/** How many clients do what: all of it, or above all restores. */
const loads = {
  all: { writers: 64, restorers: 1, longestLifeMs: 700 },
  restores: { writers: 2, restorers: 3, longestLifeMs: 2_000 },
} as const;
export type LoadName = keyof typeof loads;
const shortestLifeMs = 50;
const readersPauseMs = 100;

export interface Summary {
  readonly kills: number;
  readonly acknowledgedWrites: number;
  /** How many restored tables were compared with their moment. */
  readonly restoredTables: number;
  readonly problems: Problems;
  readonly seconds: number;
  /** Kept if anything was wrong. */
  readonly dataFolder: string;
}

/**
 * Kills one server again and again under its load, on the same data; looks after each kill whether all
 * that was acknowledged is there, whole. Ends early when it is not.
 */
export async function runKills(
  kills: number,
  seed: number,
  load: LoadName = "all",
): Promise<Summary> {
  const startedAtMs = Date.now();
  const dataFolder = await mkdtemp(join(tmpdir(), "tule-crash-"));
  const run = new Run(dataFolder, seededRandom(seed), load);
  let killed = 0;
  await run.prepare();
  while (killed < kills && run.problems.isEmpty) {
    await run.live();
    killed += 1;
    await run.verify();
  }
  await run.end();
  if (run.problems.isEmpty) await rm(dataFolder, { recursive: true });
  const { acknowledgedWrites, problems } = run;
  const seconds = (Date.now() - startedAtMs) / 1000;
  const { restoredTables } = run;
  return { kills: killed, acknowledgedWrites, restoredTables, problems, seconds, dataFolder };
}

class Run {
  acknowledgedWrites = 0;
  readonly problems = new Problems();
  readonly #dataFolder: string;
  readonly #load: (typeof loads)[LoadName];
  readonly #random: SeededRandom;
  readonly #owned: readonly OwnedItems[];
  readonly #shared: SharedItems;
  readonly #tables: TablesLife;
  readonly #expiring: ExpiringItems;
  readonly #restored: RestoredTables;
  readonly #stream: StreamReader;
  #server: ServerProcess;
  #client: DynamoDBClient | undefined;

  constructor(dataFolder: string, random: SeededRandom, load: LoadName) {
    this.#load = loads[load];
    this.#dataFolder = dataFolder;
    this.#random = random;
    this.#owned = Array.from({ length: this.#load.writers }, (_, number) => {
      // Each its own chance: so what a writer does depends on nobody's speed.
      const own = seededRandom(random.below(2 ** 32));
      return new OwnedItems(`writer ${number}`, own, this.problems);
    });
    this.#shared = new SharedItems(random, this.problems);
    this.#tables = new TablesLife(random, this.problems);
    this.#expiring = new ExpiringItems(random, this.problems);
    this.#restored = new RestoredTables(random, this.problems);
    this.#stream = new StreamReader(mainTable.TableName, this.problems);
    this.#server = new ServerProcess(dataFolder);
  }

  get restoredTables(): number {
    return this.#restored.compared;
  }

  async prepare(): Promise<void> {
    const client = (this.#client = connect(await this.#server.ready));
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

  /** Writers write until the server is killed. */
  async live(): Promise<void> {
    const client = this.#client!;
    let isKilled = false;
    const untilKilled = async (work: () => Promise<void>): Promise<void> => {
      try {
        await work();
      } catch (error) {
        // An answer is never an accident of the kill.
        if (isKilled && !(error instanceof DynamoDBServiceException && isAnswer(error))) return;
        this.problems.add("answer", `${String(error)} ${this.#server.errors}`);
      }
    };
    const working = this.#owned.map((own) =>
      untilKilled(async () => {
        for (;;) {
          const isShared = this.#random.chance(0.3);
          const written = await (isShared ? this.#shared : own).write(client);
          this.acknowledgedWrites += written;
        }
      }),
    );
    working.push(untilKilled(() => this.#tables.live(client)));
    const endpoint = await this.#server.ready;
    for (const round of [
      async () => {
        const written = await this.#expiring.write(client);
        this.acknowledgedWrites += written;
      },
      async () => {
        this.acknowledgedWrites += await this.#restored.write(client);
      },
      ...Array.from({ length: this.#load.restorers }, () => () => this.#restored.restore(client)),
      () => this.#expiring.read(endpoint).then(() => delay(readersPauseMs)),
      () => this.#stream.read(endpoint).then(() => delay(readersPauseMs)),
    ]) {
      working.push(
        untilKilled(async () => {
          for (;;) await round();
        }),
      );
    }
    const { longestLifeMs } = this.#load;
    await delay(shortestLifeMs + this.#random.below(longestLifeMs - shortestLifeMs));
    isKilled = true;
    await this.#server.kill();
    await Promise.all(working);
    client.destroy();
  }

  /** Starts the next life, sometimes only after one that ends while it starts, and compares. */
  async verify(): Promise<void> {
    if (this.#random.chance(0.2)) {
      const doomed = new ServerProcess(this.#dataFolder);
      await delay(this.#random.below(400));
      await doomed.kill();
    }
    this.#server = new ServerProcess(this.#dataFolder);
    const client = (this.#client = connect(await this.#server.ready));
    await this.#tables.verify(client);
    const items = await readItems(client, this.problems);
    for (const own of this.#owned) own.verify(items);
    this.#shared.verify(items);
    await verifyIndexes(client, items, this.#random, this.problems);
    const endpoint = await this.#server.ready;
    await this.#stream.read(endpoint);
    this.#stream.verify(items);
    await this.#expiring.verify(client, endpoint);
    await this.#restored.verify(client);
    if (this.#server.errors !== "") this.problems.add("answer", this.#server.errors);
  }

  async end(): Promise<void> {
    this.#client?.destroy();
    await this.#server.kill();
  }
}

/** The SDK also makes service errors of broken connections' half answers: those have no status. */
function isAnswer(error: DynamoDBServiceException): boolean {
  return error.$metadata.httpStatusCode !== undefined;
}
