/**
 * What a snapshot costs while others write: `node bench/snapshot.ts [GIGABYTES]`. Fills a table, lets writers put items
 * without a pause, takes snapshots meanwhile, and loads one. See docs/guides/benchmarks.md.
 */
import { mkdirSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { ServerProcess } from "../tests/support/server-process.ts";

const folder = join(import.meta.dirname, "../.cache/bench/snapshot");
const gigabytes = Number(process.argv[2] ?? 1);
const itemBytes = 4000;
const writersAtOnce = 8;
const baselineMs = 5000;
const TableName = "filled";
const agent = new Agent({ keepAlive: true, maxSockets: 64 });

interface Answer {
  readonly status: number;
  readonly text: string;
}

function send(endpoint: string, path: string, body: object, target?: string): Promise<Answer> {
  const headers = {
    "content-type": "application/x-amz-json-1.0",
    ...(target === undefined ? {} : { "x-amz-target": `DynamoDB_20120810.${target}` }),
  };
  return new Promise((resolve, reject) => {
    const sent = request(endpoint + path, { method: "POST", agent, headers }, (response) => {
      let text = "";
      response.on("data", (chunk) => (text += String(chunk)));
      response.on("end", () => {
        const status = response.statusCode ?? 0;
        if (status < 300) resolve({ status, text });
        else reject(new Error(`${path} ${target ?? ""} answers ${status} ${text}`));
      });
      response.on("error", reject);
    });
    sent.on("error", reject);
    sent.end(JSON.stringify(body));
  });
}

async function inParallel(count: number, run: (index: number) => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, index) => run(index)));
}

const value = { S: "v".repeat(itemBytes) };

async function fill(endpoint: string, items: number): Promise<void> {
  await send(
    endpoint,
    "/",
    {
      TableName,
      AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
      BillingMode: "PAY_PER_REQUEST",
    },
    "CreateTable",
  );
  let next = 0;
  await inParallel(16, async () => {
    while (next < items) {
      const from = next;
      next += 25;
      const requests = Array.from({ length: 25 }, (_, offset) => ({
        PutRequest: { Item: { pk: { S: `item-${from + offset}` }, value } },
      }));
      await send(endpoint, "/", { RequestItems: { [TableName]: requests } }, "BatchWriteItem");
    }
  });
}

/** Writers that never pause; each write's time from sending to its answer. */
class Load {
  #stopped = false;
  readonly #ended: Promise<void>;
  /** Of the writes answered since the last look. */
  #took: number[] = [];

  constructor(endpoint: string, items: number) {
    this.#ended = inParallel(writersAtOnce, async () => {
      while (!this.#stopped) {
        const pk = { S: `item-${Math.floor(Math.random() * items)}` };
        const startMs = performance.now();
        await send(endpoint, "/", { TableName, Item: { pk, value } }, "PutItem");
        this.#took.push(performance.now() - startMs);
      }
    });
  }

  look(): { writes: number; longestMs: number; p99Ms: number } {
    const sorted = this.#took.toSorted((one, other) => one - other);
    this.#took = [];
    const longestMs = sorted.at(-1) ?? 0;
    return {
      writes: sorted.length,
      longestMs,
      p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
    };
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#ended;
  }
}

const pause = (delayMs: number) => new Promise<void>((resolve) => setTimeout(resolve, delayMs));
const shown = (ms: number) => `${ms.toFixed(1)} ms`;

function report(what: string, tookMs: number, load: Load): void {
  const { writes, longestMs, p99Ms } = load.look();
  console.log(
    `${what.padEnd(22)} took ${shown(tookMs)}; ${writes} writes meanwhile, the longest ${shown(longestMs)}, p99 ${shown(p99Ms)}`,
  );
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await act();
  return performance.now() - startMs;
}

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const server = new ServerProcess(folder);
try {
  const endpoint = await server.ready;
  const items = Math.ceil((gigabytes * 1e9) / itemBytes);
  const filledMs = await timed(() => fill(endpoint, items));
  console.log(`${items} items of ${itemBytes} bytes in ${Math.round(filledMs / 1000)} s`);
  const load = new Load(endpoint, items);
  await pause(1000);
  load.look();
  await pause(baselineMs);
  report("without a snapshot", baselineMs, load);
  for (const name of ["one", "two", "three"]) {
    const tookMs = await timed(() => send(endpoint, "/_tule/snapshots", { name }));
    report(`snapshot ${name}`, tookMs, load);
    await pause(baselineMs);
    report("after it", baselineMs, load);
  }
  const loadedMs = await timed(() => send(endpoint, "/_tule/snapshots/one/load", {}));
  report("load of one", loadedMs, load);
  await load.stop();
} finally {
  await server.kill();
  rmSync(folder, { recursive: true, force: true });
}
agent.destroy();
