import { endOfPrefix, type Key } from "#base/key.ts";
import { tuple } from "#base/tuple.ts";
import type { Context } from "#kernel/context.ts";
import type { TableDescription } from "#models/dynamodb.ts";
import { collectionsPrefix, indexPrefix, itemsPrefix } from "#services/dynamodb/keyspace.ts";
import { findTable } from "#services/dynamodb/tables/open-table.ts";
import { itemSizeBytes } from "#services/dynamodb/items/stored-item.ts";
import type { Entry, Snapshot } from "#store/store.ts";
import { designOf, entryOf, type Image, type IndexDesign, passingIndex } from "./designs.ts";
import type { History } from "./history.ts";
import { type Machine, originOf } from "./machine.ts";
import { hasPassingIndex, settled, type TableState } from "./model.ts";
import { auditStream } from "./audit-stream.ts";
import { areSame } from "./reads.ts";

const settledWithinMs = 70_000;
/** Jobs that are scheduled anew each time. */
const standingJobs = new Set(["compactMeasurements", "measureTables"]);

/**
 * Lets all jobs end, then compares everything that the API shows with the model, and what the store holds
 * with what it should: each entry of an index, each size, and nothing that is left over.
 */
export async function audit(machine: Machine, history: History): Promise<void> {
  await machine.world.clock.advance(settledWithinMs);
  const state = settled(history.state);
  history.refine(state);
  const names = [...state.tables.keys()].sort();
  const listed = await call(machine, "ListTables", {});
  const { TableNames: found = [] } = listed as { TableNames?: string[] };
  if (found.join() !== names.join()) {
    history.problem(`there are tables ${found.join()}, not ${names.join()}`);
    return;
  }
  for (const [name, table] of state.tables) await auditTable(machine, history, name, table);
  await auditKeys(machine, history);
}

/** After the last life: when their time has come, tokens, changes, streams of deleted tables and their jobs go as well. */
export async function auditEnd(machine: Machine, history: History): Promise<void> {
  await machine.world.clock.advance(25 * 3_600_000);
  const streams = history.state.tables.size;
  await machine.store.read((snapshot) => {
    const ctx = machine.kernel.context(originOf("Audit"));
    const standing = entriesOf(snapshot, tuple("kernel", "job")).filter(({ value }) =>
      standingJobs.has((JSON.parse(value.toString()) as { job: string }).job),
    ).length;
    for (const [what, prefix, count] of [
      ["tokens", ctx.key("token"), 0],
      ["streams", ctx.key("stream"), streams],
      // The state and the shards of each.
      ["keys of logs", ctx.key("log"), 2 * streams],
      ["jobs", tuple("kernel", "job"), streams + standing],
      ["due jobs", tuple("kernel", "due"), streams + standing],
    ] as const) {
      const { length } = entriesOf(snapshot, prefix);
      if (length !== count) history.problem(`there are ${length} ${what}, not ${count}`);
    }
  });
}

async function call(machine: Machine, operation: string, input: unknown): Promise<unknown> {
  const output = await machine.kernel.call(originOf(operation), input);
  return JSON.parse(JSON.stringify(output));
}

async function auditTable(
  machine: Machine,
  history: History,
  name: string,
  table: TableState,
): Promise<void> {
  const problem = (text: string): void => history.problem(`table ${name}: ${text}`);
  const { Table } = (await call(machine, "DescribeTable", { TableName: name })) as {
    Table: TableDescription;
  };
  if (Table.TableStatus !== "ACTIVE") problem(`is ${Table.TableStatus}`);
  const items = [...table.items.values()];
  if (!areSame(await scan(machine, { TableName: name }), items)) problem("holds other items");
  if (Table.ItemCount !== items.length)
    problem(`ItemCount ${Table.ItemCount}, not ${items.length}`);
  const design = designOf(name);
  const indexes = [...design.indexes, ...(hasPassingIndex(table) ? [passingIndex] : [])];
  const described = [
    ...(Table.GlobalSecondaryIndexes ?? []),
    ...(Table.LocalSecondaryIndexes ?? []),
  ];
  if (described.length !== indexes.length) problem(`has ${described.length} indexes`);
  for (const index of indexes) {
    const due = items.map((item) => entryOf(index, item)).filter((entry) => entry !== undefined);
    const description = described.find(({ IndexName }) => IndexName === index.name);
    const isActive =
      !("IndexStatus" in (description ?? {})) ||
      (description as { IndexStatus?: string }).IndexStatus === "ACTIVE";
    if (!isActive) problem(`${index.name} is not ACTIVE`);
    if (description?.ItemCount !== due.length) {
      problem(`${index.name} is described with ${description?.ItemCount}, not ${due.length}`);
    }
    const entries = await scan(machine, { TableName: name, IndexName: index.name });
    if (!areSame(entries, due)) {
      problem(`${index.name} holds ${JSON.stringify(entries)}, not ${JSON.stringify(due)}`);
    }
  }
  await auditSizes(machine, problem, Table, indexes);
  await auditStream(machine, problem, Table.LatestStreamArn!, items);
}

/** All items, by two segments at once. */
async function scan(machine: Machine, what: object): Promise<Image[]> {
  const pages = await Promise.all(
    [0, 1].map((Segment) => call(machine, "Scan", { ...what, Segment, TotalSegments: 2 })),
  );
  return pages.flatMap((page) => (page as { Items: Image[] }).Items);
}

/** The sizes that are kept beside items are the sums of what is there. */
async function auditSizes(
  machine: Machine,
  problem: (text: string) => void,
  described: TableDescription,
  indexes: readonly IndexDesign[],
): Promise<void> {
  const ctx: Context = machine.kernel.context(originOf("Audit"));
  await machine.store.read((snapshot) => {
    const table = findTable(snapshot, ctx, described.TableName!)!;
    const bytes = sizeOf(snapshot, itemsPrefix(ctx, table));
    if (described.TableSizeBytes !== bytes) {
      problem(`TableSizeBytes ${described.TableSizeBytes}, stored are ${bytes}`);
    }
    let localBytes = 0;
    for (const { name, isGlobal } of indexes) {
      const record = [...table.globalIndexes, ...table.localIndexes].find(
        (index) => index.name === name,
      )!;
      const indexBytes = sizeOf(snapshot, indexPrefix(ctx, table, record));
      if (!isGlobal) localBytes += indexBytes;
      const said = [
        ...(described.GlobalSecondaryIndexes ?? []),
        ...(described.LocalSecondaryIndexes ?? []),
      ].find(({ IndexName }) => IndexName === name);
      if (said?.IndexSizeBytes !== indexBytes) {
        problem(`${name}: IndexSizeBytes ${said?.IndexSizeBytes}, stored are ${indexBytes}`);
      }
    }
    const collections = entriesOf(snapshot, collectionsPrefix(ctx, table));
    const counted = collections.reduce((sum, { value }) => sum + value.readDoubleBE(0), 0);
    const due = table.localIndexes.length > 0 ? bytes + localBytes : 0;
    if (counted !== due) problem(`its collections have ${counted} bytes, stored are ${due}`);
  });
}

/** Nothing is left of what is no more. */
async function auditKeys(machine: Machine, history: History): Promise<void> {
  const ctx: Context = machine.kernel.context(originOf("Audit"));
  const due = { table: 0, item: 0, index: 0 };
  for (const [name, table] of history.state.tables) {
    const indexes = [...designOf(name).indexes, ...(hasPassingIndex(table) ? [passingIndex] : [])];
    due.table += 1;
    due.item += table.items.size;
    for (const item of table.items.values()) {
      due.index += indexes.filter((index) => entryOf(index, item) !== undefined).length;
    }
  }
  await machine.store.read((snapshot) => {
    for (const [kind, count] of Object.entries({ ...due, backfill: 0 })) {
      const { length } = entriesOf(snapshot, ctx.key(kind));
      if (length !== count)
        history.problem(`the store has ${length} keys of ${kind}, not ${count}`);
    }
    const sizes = entriesOf(snapshot, ctx.key("size")).length;
    if (sizes > due.table) history.problem(`the store has ${sizes} sizes of ${due.table} tables`);
    for (const { value } of entriesOf(snapshot, tuple("kernel", "job"))) {
      const { job } = JSON.parse(value.toString()) as { job: string };
      if (job !== "expireTokens" && job !== "keepStream" && !standingJobs.has(job))
        history.problem(`a job ${job} has not ended: ${value.toString()}`);
    }
  });
}

function entriesOf(snapshot: Snapshot, prefix: Key): Entry[] {
  return [...snapshot.range({ start: prefix, end: endOfPrefix(prefix) })];
}

function sizeOf(snapshot: Snapshot, prefix: Key): number {
  return entriesOf(snapshot, prefix).reduce((sum, { value }) => sum + itemSizeBytes(value), 0);
}
