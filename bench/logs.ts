/**
 * `node bench/logs.ts [EVENTS]`: what logging costs. Puts 1,000,000 events of some 130 bytes, as JSON, in batches and
 * then some one by one; filters and queries them. A byte logged is a byte of a message. Bytes written are those of the
 * server's write calls without its answers to clients, which are measured first: of puts that have nothing to store. The kernel's own count for the disk
 * (`write_bytes`) says nothing here: it counts a whole folio of the page cache, up to 2 MB, for a write of 200 bytes.
 */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  FilterLogEventsCommand,
  GetQueryResultsCommand,
  PutLogEventsCommand,
  StartQueryCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { dataFolder } from "./folders.ts";
import { killAllServers, ServerProcess } from "./server-process.ts";
import { tule } from "./servers/tule.ts";

const eventCount = Number(process.argv[2] ?? 1_000_000);
const singleCount = Math.min(5_000, eventCount / 50);
const batchSize = 1_000;
const streamCount = 10;
const logGroupName = "/bench/app";

process.on("exit", killAllServers);
const folder = join(dataFolder, `logs-${process.pid}`);
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const server = await ServerProcess.start(tule, folder);
const client = new CloudWatchLogsClient({
  endpoint: `http://127.0.0.1:${server.port}`,
  region: "us-east-1",
  credentials: { accessKeyId: "000000000000", secretAccessKey: "benchmark" },
});
const startMs = Date.now() - 600_000;

let made = 0;
/** Differs from event to event as real ones do: an id, a path, a figure. */
function message(): string {
  made += 1;
  const id = Math.imul(made, 2_654_435_761) >>> 0;
  const level = made % 100 === 0 ? "ERROR" : "INFO";
  return JSON.stringify({
    level,
    requestId: `${id.toString(16).padStart(8, "0")}-${(id ^ 0x5bd1e995).toString(16)}`,
    path: `/api/items/${id % 5_000}`,
    status: made % 100 === 0 ? 500 : 200,
    ms: (id % 10_000) / 10,
    text: "the request was answered",
  });
}

function bytesWritten(): number {
  const io = readFileSync(`/proc/${server.pid}/io`, "utf8");
  return Number(/^wchar: (\d+)/m.exec(io)![1]);
}

async function put(stream: number, messages: readonly string[], atMs: number): Promise<void> {
  const logEvents = messages.map((text) => ({ timestamp: atMs, message: text }));
  const logStreamName = `stream-${stream}`;
  await client.send(new PutLogEventsCommand({ logGroupName, logStreamName, logEvents }));
}

let answerBytes = 0;

async function measureAnswers(): Promise<void> {
  const puts = 500;
  const before = bytesWritten();
  const tooNewMs = Date.now() + 5 * 3_600_000;
  for (let at = 0; at < puts; at += 1) await put(0, ["too new"], tooNewMs);
  answerBytes = (bytesWritten() - before) / puts;
  console.log(`an answer: ${Math.round(answerBytes)} bytes`);
}

async function measured(
  name: string,
  count: number,
  puts: number,
  run: () => Promise<number>,
): Promise<void> {
  const before = bytesWritten();
  const startedMs = performance.now();
  const logged = await run();
  const seconds = (performance.now() - startedMs) / 1000;
  const perByte = (bytesWritten() - before - puts * answerBytes) / logged;
  console.log(
    `${name}: ${Math.round(count / seconds).toLocaleString()} events/s, ${(logged / 1e6).toFixed(1)} MB logged, ` +
      `${perByte.toFixed(2)} bytes written per byte logged`,
  );
}

async function inParallel(count: number, run: (at: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await run(next++);
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}

await client.send(new CreateLogGroupCommand({ logGroupName }));
for (let stream = 0; stream < streamCount; stream += 1) {
  const logStreamName = `stream-${stream}`;
  await client.send(new CreateLogStreamCommand({ logGroupName, logStreamName }));
}

await measureAnswers();
await measured(`batches of ${batchSize}`, eventCount, eventCount / batchSize, async () => {
  let logged = 0;
  await inParallel(eventCount / batchSize, async (at) => {
    const messages = Array.from({ length: batchSize }, message);
    logged += messages.join("").length;
    await put(at % streamCount, messages, startMs + at * 10);
  });
  return logged;
});
for (const [size, count] of [
  [10, singleCount],
  [1, singleCount],
] as const) {
  await measured(`batches of ${size}`, count, count / size, async () => {
    let logged = 0;
    await inParallel(count / size, async (at) => {
      const messages = Array.from({ length: size }, message);
      logged += messages.join("").length;
      await put(at % streamCount, messages, startMs + 550_000 + at);
    });
    return logged;
  });
}

async function timed(name: string, run: () => Promise<string>): Promise<void> {
  const startedMs = performance.now();
  const found = await run();
  console.log(`${name}: ${((performance.now() - startedMs) / 1000).toFixed(2)} s, ${found}`);
}

await timed("FilterLogEvents, { $.status = 500 } over all", async () => {
  let count = 0;
  let nextToken: string | undefined;
  do {
    const page = await client.send(
      new FilterLogEventsCommand({ logGroupName, filterPattern: "{ $.status = 500 }", nextToken }),
    );
    count += page.events!.length;
    ({ nextToken } = page);
  } while (nextToken !== undefined);
  return `${count} events`;
});
await timed("FilterLogEvents, one second of ten minutes", async () => {
  const window = { startTime: startMs + 5_000, endTime: startMs + 6_000 };
  const page = await client.send(
    new FilterLogEventsCommand({ logGroupName, ...window, limit: 100 }),
  );
  return `${page.events!.length} events`;
});

for (const queryString of [
  "fields @timestamp, @message | filter @message like /ERROR/ | sort @timestamp desc | limit 20",
  "stats count(*) as n, avg(ms), pct(ms, 99) by status, bin(1m)",
  'parse @message "*path\\":\\"*\\"*" as a, p, b | stats count(*) as n by p | sort n desc | limit 5',
]) {
  await timed(queryString, async () => {
    const nowSeconds = Math.floor(Date.now() / 1000);
    const times = { startTime: nowSeconds - 3_600, endTime: nowSeconds + 3_600 };
    const { queryId } = await client.send(
      new StartQueryCommand({ logGroupName, ...times, queryString }),
    );
    for (;;) {
      // Asking costs the server time, too.
      await pause(20);
      const answer = await client.send(new GetQueryResultsCommand({ queryId }));
      if (answer.status === "Complete") {
        return `${answer.results!.length} rows of ${answer.statistics!.recordsScanned} events`;
      }
    }
  });
}
client.destroy();
