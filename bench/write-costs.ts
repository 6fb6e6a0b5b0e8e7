/**
 * `node bench/write-costs.ts [seconds] [rounds]`: what a PutItem of 1 KB costs on tables that do more with it than keep
 * it, beside a plain table of the same server. The tables take their turns; see docs/guides/benchmarks.md.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { dataFolder } from "./folders.ts";
import { judge } from "./goals.ts";
import type { LoadResult } from "./load/job.ts";
import { dynamodbRequest, KeySlots } from "./load/request.ts";
import { item } from "./scenarios/items.ts";
import { killAllServers, ServerProcess } from "./server-process.ts";
import { tule } from "./servers/tule.ts";
import { medianOf, ratio } from "./statistics.ts";
import { formatNumber, formatTable } from "./table.ts";
import { killAllLoad, Target } from "./target.ts";

const connections = 64;
const keys = 100_000;

interface Kind {
  readonly table: string;
  /** CPU against the plain table's, at most. */
  readonly goal?: number;
  readonly add?: (target: Target, TableName: string) => Promise<unknown>;
}

const kinds: readonly Kind[] = [
  { table: "plain" },
  {
    table: "stream",
    goal: 1.5,
    add: (target, TableName) =>
      target.call("UpdateTable", {
        TableName,
        StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" },
      }),
  },
  {
    table: "index",
    goal: 1.7,
    add: (target, TableName) =>
      target.call("UpdateTable", {
        TableName,
        AttributeDefinitions: [{ AttributeName: "n", AttributeType: "N" }],
        GlobalSecondaryIndexUpdates: [
          {
            Create: {
              IndexName: "by-n",
              KeySchema: [{ AttributeName: "n", KeyType: "HASH" }],
              Projection: { ProjectionType: "ALL" },
            },
          },
        ],
      }),
  },
  {
    table: "recovery",
    add: (target, TableName) =>
      target.call("UpdateContinuousBackups", {
        TableName,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      }),
  },
];

function putItems(TableName: string) {
  const slots = new KeySlots();
  // The index's key changes with each write: its entry moves.
  const n = { N: slots.random(keys) };
  const Item = { ...item(`user#${slots.random(keys)}`, "profile"), n };
  return dynamodbRequest("PutItem", { TableName, Item }, slots);
}

async function run(seconds: number, rounds: number): Promise<void> {
  const folder = join(dataFolder, "write-costs");
  rmSync(folder, { recursive: true, force: true });
  const server = await ServerProcess.start(tule, folder);
  const target = new Target(server.port, server.pid);
  for (const { table, add } of kinds) {
    await target.createTable(table);
    await add?.(target, table);
  }
  const results = new Map<string, LoadResult[]>(kinds.map(({ table }) => [table, []]));
  for (let round = -1; round < rounds; round++) {
    for (const { table } of kinds) {
      const template = putItems(table);
      const result = await target.load({ template, connections, warmSeconds: 1, seconds });
      if (result.errors > 0) throw new Error(result.firstError);
      // The first round fills the tables and warms the server.
      if (round >= 0) results.get(table)!.push(result);
    }
  }
  await server.stop();
  rmSync(folder, { recursive: true, force: true });

  const cpu = (table: string) =>
    medianOf(results.get(table)!, ({ cpuMicrosPerRequest }) => cpuMicrosPerRequest);
  const rows = kinds.map(({ table }) => [
    table,
    formatNumber(medianOf(results.get(table)!, ({ answered, seconds: took }) => answered / took)),
    formatNumber(cpu(table)),
    `${formatNumber(ratio(cpu(table), cpu("plain")))}x`,
  ]);
  console.log(`\n${formatTable([["table", "req/s", "CPU µs", "CPU of plain"], ...rows])}\n`);
  for (const { table, goal } of kinds) {
    const verdict = judge(`CPU with a ${table}`, ratio(cpu(table), cpu("plain")), "at most", goal);
    if (verdict !== undefined) console.log(verdict);
  }
}

process.on("exit", () => {
  killAllLoad();
  killAllServers();
});
await run(Number(process.argv[2] ?? 4), Number(process.argv[3] ?? 3));
