import assert from "node:assert/strict";
import { growthGoals, judge } from "../goals.ts";
import type { LoadResult } from "../load/job.ts";
import { dynamodbRequest, KeySlots } from "../load/request.ts";
import type { RequestTemplate } from "../load/request.ts";
import type { Options } from "../options.ts";
import { item, storeItems } from "../scenarios/items.ts";
import type { ServerProcess } from "../server-process.ts";
import { medianOf, ratio } from "../statistics.ts";
import { formatNumber, formatTable } from "../table.ts";
import type { Target } from "../target.ts";

interface Partition {
  readonly table: string;
  readonly items: number;
}

interface PartitionFigures extends Partition {
  readonly operation: string;
  readonly rounds: LoadResult[];
}

const smallItems = 1000;
const partitionKey = "device#1";
const fillLimitSeconds = 1800;

/** Each partition is alone in its table. Returns how many seconds the large one took. */
export async function fillPartitions(target: Target, largeItems: number): Promise<number> {
  let seconds = 0;
  for (const { table, items } of partitionsOf(largeItems)) {
    await target.createTable(table);
    const key = (number: string) => [partitionKey, number] as const;
    seconds = await storeItems(target, table, items, key, fillLimitSeconds);
    const last = await target.call("Query", query(table, String(items - 3).padStart(8, "0")));
    assert.equal(last["Count"], 3, `${table} holds all of its items`);
  }
  return seconds;
}

/** Query of 10 items at a random place, and PutItem over a random item; the partitions take turns. */
export async function measurePartitions(
  process: ServerProcess,
  target: Target,
  options: Options,
): Promise<readonly PartitionFigures[]> {
  const { connections, seconds } = options;
  const figures = ["Query", "PutItem"].flatMap((operation) =>
    partitionsOf(options.items).map((partition): PartitionFigures => ({
      ...partition,
      operation,
      rounds: [],
    })),
  );
  for (let round = 0; round < options.rounds; round++) {
    for (const { operation, table, items, rounds } of figures) {
      const template =
        operation === "Query" ? queryRequest(table, items) : putRequest(table, items);
      rounds.push(await target.load({ template, connections, seconds, warmSeconds: 2 }));
      await process.becomesIdle(15);
    }
  }
  console.log(`\n${[format(figures), ...judgePartitions(figures)].join("\n")}`);
  return figures;
}

function partitionsOf(largeItems: number): readonly Partition[] {
  return [
    { table: "partition-small", items: smallItems },
    { table: "partition-large", items: largeItems },
  ];
}

function query(table: string, from: string) {
  return {
    TableName: table,
    KeyConditionExpression: "pk = :pk AND sk >= :from",
    ExpressionAttributeValues: { ":pk": { S: partitionKey }, ":from": { S: from } },
    Limit: 10,
  };
}

function queryRequest(table: string, items: number): RequestTemplate {
  const slots = new KeySlots();
  // No query starts so near the end that it finds fewer than ten.
  return dynamodbRequest("Query", query(table, slots.random(items - 10)), slots);
}

function putRequest(table: string, items: number): RequestTemplate {
  const slots = new KeySlots();
  const Item = item(partitionKey, slots.random(items));
  return dynamodbRequest("PutItem", { TableName: table, Item }, slots);
}

function summarize(figures: readonly PartitionFigures[]) {
  return figures.map(({ operation, items, rounds }) => ({
    operation,
    items,
    perSecond: medianOf(rounds, ({ answered, seconds }) => answered / seconds),
    cpuMicros: medianOf(rounds, ({ cpuMicrosPerRequest }) => cpuMicrosPerRequest),
    p99Ms: medianOf(rounds, ({ p99Ms }) => p99Ms),
    errors: rounds.reduce((sum, { errors }) => sum + errors, 0),
  }));
}

function judgePartitions(figures: readonly PartitionFigures[]): string[] {
  const lines = summarize(figures);
  const limit = growthGoals.timesSmallPartition;
  return lines
    .flatMap(({ operation, items, perSecond, cpuMicros }) => {
      const small = lines.find((line) => line.operation === operation && line.items === smallItems);
      if (small === undefined || items === smallItems) return [];
      return [
        judge(`${operation}, times slower`, ratio(small.perSecond, perSecond), "at most", limit),
        judge(`${operation}, times the CPU`, ratio(cpuMicros, small.cpuMicros), "at most", limit),
      ];
    })
    .filter((line) => line !== undefined);
}

function format(figures: readonly PartitionFigures[]): string {
  const lines = summarize(figures);
  return formatTable([
    ["operation", "partition", "req/s", "CPU µs", "p99 ms", "errors", "slower", "CPU of small"],
    ...lines.map((line) => {
      const small = lines.find(
        ({ operation, items }) => operation === line.operation && items === smallItems,
      );
      return [
        line.operation,
        String(line.items),
        formatNumber(line.perSecond),
        formatNumber(line.cpuMicros),
        formatNumber(line.p99Ms),
        String(line.errors),
        formatNumber(ratio(small?.perSecond, line.perSecond), "x"),
        formatNumber(ratio(line.cpuMicros, small?.cpuMicros), "x"),
      ];
    }),
  ]);
}
