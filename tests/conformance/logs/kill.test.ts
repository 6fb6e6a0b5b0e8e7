import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { GetQueryResultsCommand, StartQueryCommand } from "@aws-sdk/client-cloudwatch-logs";
import { seededRandom } from "#world/seeded-random.ts";
import { covers } from "../../support/covers.ts";
import { Logs } from "../../support/logs.ts";
import { ServerProcess } from "../../support/server-process.ts";
import { until } from "../../support/until.ts";

const data = mkdtempSync(join(tmpdir(), "tule-logs-kill-"));
after(() => rmSync(data, { recursive: true }));

const random = seededRandom(20_261_125);
const rounds = 3;
const writers = 3;
const account = "111111111111";

/** Puts until the server is gone; answers what was acknowledged. */
async function write(logs: Logs, stream: string, round: number): Promise<string[]> {
  const told: string[] = [];
  for (let put = 0; ; put += 1) {
    const count = random.below(8) === 0 ? 400 : 1 + random.below(5);
    const messages = Array.from(
      { length: count },
      (_, at) => `${stream} ${round} ${put} ${at} ${"x".repeat(random.below(200))}`,
    );
    try {
      await logs.put(messages, Date.now(), stream);
    } catch {
      return told;
    }
    told.push(...messages);
  }
}

test("no event that was acknowledged is lost or there twice, whenever the process is killed", async () => {
  covers("logs.PutLogEvents", "logs.GetLogEvents", "logs.FilterLogEvents", "logs.StartQuery");
  const told: string[] = [];
  let server = new ServerProcess(data);
  let logs = new Logs(await server.ready, account);
  await logs.make();
  const streams = Array.from({ length: writers }, (_, at) => `writer-${at}`);
  for (const stream of streams) await logs.makeStream(stream);
  for (let round = 0; round < rounds; round += 1) {
    const current = logs;
    const writing = streams.map((stream) => write(current, stream, round));
    const least = told.length + 200 + random.below(600);
    await until(
      async () => (await current.filter({ limit: 10_000 })).events.length,
      (count) => count >= Math.min(least, 4_000),
    );
    await server.kill();
    told.push(...(await Promise.all(writing)).flat());
    logs.client.destroy();
    server = new ServerProcess(data);
    logs = new Logs(await server.ready, account);
  }
  const found: string[] = [];
  let nextToken: string | undefined;
  do {
    const page = await logs.filter(nextToken === undefined ? {} : { nextToken });
    found.push(...page.messages);
    ({ nextToken } = page);
  } while (nextToken !== undefined);
  assert.equal(new Set(found).size, found.length, "an event is there twice");
  const all = new Set(found);
  const lost = told.filter((message) => !all.has(message));
  assert.deepEqual(lost, []);
  // Puts are whole or not there: of each, all events are.
  const puts = new Map<string, number[]>();
  for (const message of found) {
    const [stream, round, put, at] = message.split(" ");
    const key = `${stream} ${round} ${put}`;
    puts.set(key, [...(puts.get(key) ?? []), Number(at)]);
  }
  for (const [key, numbers] of puts) assert.equal(Math.max(...numbers) + 1, numbers.length, key);
  // A query that was begun before a kill ends after it.
  const nowSeconds = Math.floor(Date.now() / 1000);
  const { queryId } = await logs.client.send(
    new StartQueryCommand({
      logGroupName: logs.group,
      startTime: nowSeconds - 3_600,
      endTime: nowSeconds + 60,
      queryString: "stats count(*) as n",
    }),
  );
  await server.kill();
  server = new ServerProcess(data);
  logs = new Logs(await server.ready, account);
  const current = logs;
  const { results } = await until(
    () => current.client.send(new GetQueryResultsCommand({ queryId })),
    ({ status }) => status === "Complete",
  );
  assert.equal(results![0]![0]!.value, String(found.length));
  await server.kill();
  logs.client.destroy();
});
