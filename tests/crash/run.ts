import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { DynamoDBServiceException } from "@aws-sdk/client-dynamodb";
import { type SeededRandom, seededRandom } from "#world/seeded-random.ts";
import { ServerProcess } from "../support/server-process.ts";
import { connect } from "./client.ts";
import type { LiveServer, Load } from "./load.ts";
import { type LoadName, loads } from "./loads.ts";
import { Problems } from "./problems.ts";

const shortestLifeMs = 50;

export interface Summary {
  readonly load: LoadName;
  readonly kills: number;
  readonly acknowledgedWrites: number;
  /** What else the load has done, by name. */
  readonly figures: Readonly<Record<string, number>>;
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
  const { acknowledgedWrites, problems, figures } = run;
  const seconds = (Date.now() - startedAtMs) / 1000;
  return { load, kills: killed, acknowledgedWrites, figures, problems, seconds, dataFolder };
}

class Run {
  acknowledgedWrites = 0;
  readonly problems = new Problems();
  readonly #dataFolder: string;
  readonly #load: Load;
  readonly #random: SeededRandom;
  #process: ServerProcess;
  #server: LiveServer | undefined;

  constructor(dataFolder: string, random: SeededRandom, load: LoadName) {
    this.#load = loads[load](random, this.problems);
    this.#dataFolder = dataFolder;
    this.#random = random;
    this.#process = new ServerProcess(dataFolder);
  }

  get figures(): Readonly<Record<string, number>> {
    return this.#load.figures();
  }

  async prepare(): Promise<void> {
    await this.#load.prepare(await this.#connect());
  }

  /** Clients ask until the server is killed. */
  async live(): Promise<void> {
    const server = this.#server!;
    let isKilled = false;
    const working = this.#load.clients.map(async (round) => {
      try {
        for (;;) {
          const written = await round(server);
          this.acknowledgedWrites += written;
        }
      } catch (error) {
        // An answer is never an accident of the kill.
        if (isKilled && !(error instanceof DynamoDBServiceException && isAnswer(error))) return;
        this.problems.add("answer", `${String(error)} ${this.#process.errors}`);
      }
    });
    await delay(shortestLifeMs + this.#random.below(this.#load.longestLifeMs - shortestLifeMs));
    isKilled = true;
    await this.#process.kill();
    await Promise.all(working);
    server.client.destroy();
  }

  /** Starts the next life, sometimes only after one that ends while it starts, and compares. */
  async verify(): Promise<void> {
    if (this.#random.chance(0.2)) {
      const doomed = new ServerProcess(this.#dataFolder);
      await delay(this.#random.below(400));
      await doomed.kill();
    }
    this.#process = new ServerProcess(this.#dataFolder);
    await this.#load.verify(await this.#connect());
    if (this.#process.errors !== "") this.problems.add("answer", this.#process.errors);
  }

  async end(): Promise<void> {
    this.#server?.client.destroy();
    await this.#process.kill();
  }

  async #connect(): Promise<LiveServer> {
    const endpoint = await this.#process.ready;
    return (this.#server = { client: connect(endpoint), endpoint });
  }
}

/** The SDK also makes service errors of broken connections' half answers: those have no status. */
function isAnswer(error: DynamoDBServiceException): boolean {
  return error.$metadata.httpStatusCode !== undefined;
}
