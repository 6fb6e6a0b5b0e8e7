import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import {
  CreateTableCommand,
  DeleteItemCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  DynamoDBServiceException,
  PutItemCommand,
  ScanCommand,
  UpdateTableCommand,
} from "@aws-sdk/client-dynamodb";
import { DynamoDBClient as Client } from "@aws-sdk/client-dynamodb";
import { type SeededRandom, seededRandom } from "#world/seeded-random.ts";
import { Problems } from "../crash/problems.ts";
import { ServerProcess } from "../support/server-process.ts";
import { History } from "./history.ts";
import { checkStream } from "./stream.ts";

const TableName = "global";
const regions = ["us-east-1", "us-west-2"] as const;
type Region = (typeof regions)[number];
const writersEach = 8;
const items = 60;
const account = "000000000000";

export interface Plan {
  /** How long the regions are cut from each other, once. */
  readonly cutSeconds: number;
  /** How often one of the servers is killed while it replicates. */
  readonly kills: number;
  readonly seed: number;
}

export interface Summary {
  readonly acknowledged: number;
  readonly kills: number;
  /** From the end of the writes until both regions had the same. */
  readonly convergedMs: number;
  readonly streamRecords: number;
  readonly problems: Problems;
  readonly dataFolder: string;
}

/**
 * Two servers, one for each region, are peers of each other; writers write the same items on both sides, while delays
 * change, the regions are cut from each other, and servers are killed. In the end both have the same: for each item
 * what was written last, and each change of a region once in its stream.
 */
export async function runPeers(plan: Plan): Promise<Summary> {
  const run = new Run(await mkdtemp(join(tmpdir(), "tule-replication-")), plan);
  try {
    return await run.all();
  } finally {
    await run.end();
  }
}

class Run {
  readonly #dataFolder: string;
  readonly #plan: Plan;
  readonly #random: SeededRandom;
  readonly #problems = new Problems();
  readonly #history = new History();
  readonly #ports = new Map<Region, number>();
  readonly #servers = new Map<Region, ServerProcess>();
  readonly #clients = new Map<Region, DynamoDBClient>();
  #versions = 0;
  #isWriting = true;
  #isCut = false;

  constructor(dataFolder: string, plan: Plan) {
    this.#dataFolder = dataFolder;
    this.#plan = plan;
    this.#random = seededRandom(plan.seed);
  }

  async all(): Promise<Summary> {
    for (const region of regions) this.#ports.set(region, await freePort());
    for (const region of regions) await this.#start(region);
    await this.#makeTable();
    const writing = regions.flatMap((region) =>
      Array.from({ length: writersEach }, () => this.#write(region)),
    );
    const bending = this.#bend();
    await this.#cut();
    const kills = await this.#kill();
    this.#isWriting = false;
    await Promise.all([...writing, bending]);
    for (const region of regions) await this.#link(region, { cut: false, delay: "0s" });
    const stoppedMs = Date.now();
    const content = await this.#converge();
    const convergedMs = Date.now() - stoppedMs;
    for (const name of this.#history.names()) {
      this.#history.check(name, content.get(name), this.#problems);
    }
    let streamRecords = 0;
    for (const region of regions) {
      const { LatestStreamArn } = await this.#describe(region);
      const endpoint = await this.#servers.get(region)!.ready;
      const where = {
        region,
        streamArn: LatestStreamArn!,
        ask: (operation: string, body: object) => askStreams(endpoint, region, operation, body),
      };
      streamRecords += await checkStream(where, content, this.#problems);
    }
    const { acknowledged } = this.#history;
    const problems = this.#problems;
    if (problems.isEmpty) await rm(this.#dataFolder, { recursive: true });
    const dataFolder = this.#dataFolder;
    return { acknowledged, kills, convergedMs, streamRecords, problems, dataFolder };
  }

  async end(): Promise<void> {
    for (const client of this.#clients.values()) client.destroy();
    for (const server of this.#servers.values()) if (server.isRunning) await server.kill();
  }

  async #start(region: Region): Promise<void> {
    const other = regions.find((one) => one !== region)!;
    const peer = `${other}=http://127.0.0.1:${this.#ports.get(other)}`;
    const port = String(this.#ports.get(region));
    const flags = ["--port", port, "--region", region, "--peer", peer];
    const secret = { TULE_PEER_SECRET: "between the two" };
    const server = new ServerProcess(join(this.#dataFolder, region), flags, secret);
    this.#servers.set(region, server);
    const endpoint = await server.ready;
    this.#clients.get(region)?.destroy();
    const credentials = { accessKeyId: "test", secretAccessKey: "test" };
    this.#clients.set(region, new Client({ endpoint, region, credentials, maxAttempts: 1 }));
  }

  async #makeTable(): Promise<void> {
    const [east, west] = regions;
    const client = this.#clients.get(east)!;
    await client.send(
      new CreateTableCommand({
        TableName,
        AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
        KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
        BillingMode: "PAY_PER_REQUEST",
      }),
    );
    const untilActive = async (region: Region): Promise<void> => {
      for (;;) {
        const table = await this.#describe(region).catch(() => undefined);
        const replicas = table?.Replicas ?? [];
        const isActive = replicas.every((replica) => replica.ReplicaStatus === "ACTIVE");
        if (table?.TableStatus === "ACTIVE" && isActive) return;
        await delay(10);
      }
    };
    await untilActive(east);
    const ReplicaUpdates = [{ Create: { RegionName: west } }];
    await client.send(new UpdateTableCommand({ TableName, ReplicaUpdates }));
    await untilActive(east);
    await untilActive(west);
  }

  async #describe(region: Region) {
    const command = new DescribeTableCommand({ TableName });
    const { Table } = await this.#clients.get(region)!.send(command);
    return Table!;
  }

  /** Writes until it is told to stop; a request that fails was done, or not. */
  async #write(region: Region): Promise<void> {
    const random = seededRandom(this.#random.below(2 ** 31));
    while (this.#isWriting) {
      const name = `item ${random.below(items)}`;
      const version = random.chance(0.2) ? undefined : String((this.#versions += 1));
      const write = this.#history.begin(name, region, version, Date.now());
      const Key = { pk: { S: name } };
      const command =
        version === undefined
          ? new DeleteItemCommand({ TableName, Key, ReturnValues: "ALL_OLD" })
          : new PutItemCommand({ TableName, Item: { ...Key, version: { S: version } } });
      try {
        const answer = await this.#send(region, command);
        if (version === undefined && answer.Attributes === undefined) {
          this.#history.forget(name, write);
        } else {
          this.#history.end(write, Date.now());
        }
      } catch (error) {
        if (error instanceof DynamoDBServiceException && error.$metadata.httpStatusCode) {
          this.#problems.add("answer", String(error));
        }
        await delay(20);
      }
      // As on a real table, an item is not written thousands of times a second.
      await delay(random.below(10));
    }
  }

  #send(region: Region, command: DeleteItemCommand | PutItemCommand) {
    const client = this.#clients.get(region)!;
    return command instanceof PutItemCommand ? client.send(command) : client.send(command);
  }

  /** Delays come and go. */
  async #bend(): Promise<void> {
    while (this.#isWriting) {
      const delayed = `${this.#random.below(200)}ms`;
      for (const region of regions) {
        await this.#link(region, { delay: delayed, cut: this.#isCut }).catch(() => undefined);
      }
      await delay(100);
    }
  }

  async #cut(): Promise<void> {
    if (this.#plan.cutSeconds === 0) return;
    await delay(500);
    this.#isCut = true;
    await delay(this.#plan.cutSeconds * 1000);
    this.#isCut = false;
    await delay(500);
  }

  async #kill(): Promise<number> {
    let kills = 0;
    while (kills < this.#plan.kills) {
      await delay(100 + this.#random.below(500));
      const region = regions[this.#random.below(2)]!;
      await this.#servers.get(region)!.kill();
      kills += 1;
      await this.#start(region);
    }
    return kills;
  }

  async #link(region: Region, link: object): Promise<void> {
    const endpoint = await this.#servers.get(region)!.ready;
    await fetch(`${endpoint}/_tule/links`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ regions, ...link }),
    });
  }

  /** Waits until both regions have the same. Answers it. */
  async #converge(): Promise<Map<string, string>> {
    const deadlineMs = Date.now() + 30_000;
    for (;;) {
      const [one, other] = await Promise.all(regions.map((region) => this.#content(region)));
      if (JSON.stringify([...one!]) === JSON.stringify([...other!])) return one!;
      if (Date.now() > deadlineMs) {
        const differs = [...one!.keys(), ...other!.keys()].filter(
          (name) => one!.get(name) !== other!.get(name),
        );
        this.#problems.add("lost", `the regions differ in ${differs.slice(0, 5).join(", ")}`);
        return one!;
      }
      await delay(50);
    }
  }

  async #content(region: Region): Promise<Map<string, string>> {
    const command = new ScanCommand({ TableName, ConsistentRead: true });
    const { Items } = await this.#clients.get(region)!.send(command);
    const entries = Items!.map((item) => [item["pk"]!.S!, item["version"]!.S!] as const);
    return new Map(entries.toSorted(([one], [other]) => (one < other ? -1 : 1)));
  }
}

async function askStreams(
  endpoint: string,
  region: string,
  operation: string,
  body: object,
): Promise<unknown> {
  const scope = `${account}/20260101/${region}/dynamodb/aws4_request`;
  const answer = await fetch(endpoint, {
    method: "POST",
    headers: {
      "content-type": "application/x-amz-json-1.0",
      "x-amz-target": `DynamoDBStreams_20120810.${operation}`,
      authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=${"0".repeat(64)}`,
    },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${operation}: ${await answer.text()}`);
  return answer.json();
}

/** A port that is free now: peers need to know each other's before they start. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
