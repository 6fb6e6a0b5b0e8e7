import assert from "node:assert/strict";
import test from "node:test";
import * as fc from "fast-check";
import { JsonBytes } from "#base/json-bytes.ts";
import { endOfPrefix } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import { rootOf } from "#kernel/identity.ts";
import { Kernel } from "#kernel/kernel.ts";
import { silentLog } from "#kernel/log.ts";
import { defineService } from "#kernel/service.ts";
import { LateEngine, LateServer } from "#store/engines/late.ts";
import { memoryStore } from "#store/open.ts";
import { RemoteStore } from "#store/remote-store.ts";
import type { Snapshot, Store } from "#store/store.ts";
import { simulatedWorld } from "#world/simulated.ts";
import { batchWriteItem } from "./batch-write-item.ts";
import { itemBytes } from "./item-size.ts";
import { items } from "./items.ts";
import { collectionsPrefix, indexPrefix, itemsPrefix, tableKey } from "../keyspace.ts";
import { itemSizeBytes, parseItem, type Item } from "./stored-item.ts";
import { tableLayout } from "../tables/table-layout.ts";
import {
  type IndexRecord,
  tableCodec,
  type TableKey,
  type TableRecord,
} from "../tables/table-record.ts";
import { readTableSize, sizeOfIndex } from "../tables/table-size.ts";
import { transactWriteItems } from "../transactions/transact-write-items.ts";
import { updateItem } from "./update-item.ts";
import { TableWriter } from "./write-item.ts";

const key = (partition: string[], sort: string[] = []): TableKey => {
  const attributes = (names: string[]) =>
    names.map((name) => ({ name, type: name.startsWith("n") ? ("N" as const) : ("S" as const) }));
  return { partition: attributes(partition), sort: attributes(sort) };
};

function index(
  id: number,
  indexKey: TableKey,
  projection: IndexRecord["projection"] = { type: "ALL", attributes: undefined },
): IndexRecord {
  return {
    name: `index-${id}`,
    id,
    arn: `arn:aws:dynamodb:us-east-1:000000000000:table/t/index/index-${id}`,
    key: indexKey,
    projection,
    status: "ACTIVE",
    backfilling: false,
    throughput: undefined,
    onDemandThroughput: undefined,
    warmThroughput: undefined,
  };
}

const keysOnly = { type: "KEYS_ONLY", attributes: undefined } as const;
const throughput = {
  readUnits: 0,
  writeUnits: 0,
  increasedAtMs: undefined,
  decreasedAtMs: undefined,
  decreasesToday: 0,
};

function table(globalIndexes: IndexRecord[], localIndexes: IndexRecord[]): TableRecord {
  const record: Partial<TableRecord> = {
    name: "table",
    id: "00000000-0000-4000-8000-000000000001",
    arn: "arn:aws:dynamodb:us-east-1:000000000000:table/table",
    status: "ACTIVE",
    createdAtMs: 0,
    key: key(["pk"], ["nsk"]),
    attributeDefinitions: [],
    globalIndexes,
    localIndexes,
    billing: {
      mode: "PAY_PER_REQUEST",
      payPerRequestSinceMs: undefined,
      throughput,
      onDemandThroughput: undefined,
      warmThroughput: undefined,
    },
    tableClass: undefined,
    deletionProtected: false,
    encryption: undefined,
  };
  return record as TableRecord;
}

const busy = table(
  [
    index(1, key(["g"])),
    index(2, key(["g", "h"], ["n1", "s1"]), keysOnly),
    index(3, key(["h"], ["n1"]), { type: "INCLUDE", attributes: ["extra", "n2"] }),
  ],
  [index(4, key(["pk"], ["n1"]), keysOnly), index(5, key(["pk"], ["s1"]))],
);

async function setUp(record: TableRecord, over: Store = memoryStore()): Promise<Context> {
  const kernel = new Kernel({
    world: simulatedWorld({ seed: 1 }),
    store: over,
    services: [defineService({ name: "dynamodb", operations: {} })],
    log: silentLog,
  });
  const account = "000000000000";
  const ctx = kernel.context({
    service: "dynamodb",
    operation: "Test",
    account,
    region: "us-east-1",
    caller: rootOf(account),
    requestId: "request",
  });
  await store(ctx, record);
  return ctx;
}

const store = (ctx: Context, record: TableRecord): Promise<void> =>
  ctx.transact((tx) => tx.putRecord(tableKey(ctx, record.name), tableCodec, record));

function stored(snapshot: Snapshot, prefix: string): { item: Item; bytes: number }[] {
  return [...snapshot.range({ start: prefix, end: endOfPrefix(prefix) })].map(({ value }) => ({
    item: parseItem(value),
    bytes: itemSizeBytes(value),
  }));
}

/** What an index should hold, said as simply as possible. */
function expectedEntries(record: TableRecord, one: IndexRecord, all: Item[]): Item[] {
  const namesOf = ({ partition, sort }: TableKey) =>
    [...partition, ...sort].map(({ name }) => name);
  const indexNames = namesOf(one.key);
  const kept = [...namesOf(record.key), ...indexNames, ...(one.projection.attributes ?? [])];
  return all
    .filter((item) => indexNames.every((name) => item[name] !== undefined))
    .map((item) =>
      one.projection.type === "ALL"
        ? item
        : Object.fromEntries(Object.entries(item).filter(([name]) => kept.includes(name))),
    );
}

const compare = (left: string, right: string): number => (left < right ? -1 : Number(left > right));

const shown = (all: Item[]): string[] =>
  all
    .map((item) => JSON.stringify(Object.entries(item).toSorted(([a], [b]) => compare(a, b))))
    .toSorted(compare);

/** W1 and W2 of write-item.ts, over all that is stored. */
async function checkAll(ctx: Context, record: TableRecord): Promise<void> {
  await ctx.read((snapshot) => {
    const all = stored(snapshot, itemsPrefix(ctx, record));
    const size = readTableSize(snapshot, tableLayout(ctx, record));
    const total = (entries: { bytes: number }[]) =>
      entries.reduce((sum, { bytes }) => sum + bytes, 0);
    for (const { item, bytes } of all) assert.equal(bytes, itemBytes(item));
    assert.equal(size.itemCount, all.length);
    assert.equal(size.sizeBytes, total(all));
    const collections = new Map<string, number>();
    const collect = (entries: { item: Item; bytes: number }[]) => {
      for (const { item, bytes } of entries) {
        const name = item["pk"]!.S!;
        collections.set(name, (collections.get(name) ?? 0) + bytes);
      }
    };
    collect(all);
    for (const one of [...record.globalIndexes, ...record.localIndexes]) {
      const entries = stored(snapshot, indexPrefix(ctx, record, one));
      const expected = expectedEntries(
        record,
        one,
        all.map(({ item }) => item),
      );
      assert.deepEqual(shown(entries.map(({ item }) => item)), shown(expected), one.name);
      assert.deepEqual(sizeOfIndex(size, one.id), {
        itemCount: entries.length,
        sizeBytes: total(entries),
      });
      checkOrder(
        one,
        entries.map(({ item }) => item),
      );
      if (record.localIndexes.includes(one)) collect(entries);
    }
    const prefix = collectionsPrefix(ctx, record);
    const counted = [...snapshot.range({ start: prefix, end: endOfPrefix(prefix) })].map(
      ({ value }) => value.readDoubleBE(0),
    );
    const expected = record.localIndexes.length > 0 ? [...collections.values()] : [];
    const bySize = (left: number, right: number): number => left - right;
    assert.deepEqual(counted.toSorted(bySize), expected.toSorted(bySize));
  });
}

/** Entries of one partition stand together, by the first sort attribute. */
function checkOrder({ key: { partition, sort } }: IndexRecord, entries: Item[]): void {
  const partitionOf = (item: Item) => JSON.stringify(partition.map(({ name }) => item[name]));
  const first = sort[0];
  const seen = new Set<string>();
  entries.forEach((entry, at) => {
    const before = entries[at - 1];
    if (before === undefined || partitionOf(before) !== partitionOf(entry)) {
      assert(!seen.has(partitionOf(entry)), "a partition stands in two places");
      seen.add(partitionOf(entry));
    } else if (first?.type === "N") {
      assert(Number(before[first.name]!.N) <= Number(entry[first.name]!.N));
    } else if (first?.type === "S") {
      assert(before[first.name]!.S! <= entry[first.name]!.S!);
    }
  });
}

const few = <T>(...values: T[]) => fc.constantFrom(...values);
const text = few("a", "b", "\u0000", "a\u0000", "é", "z".repeat(600)).map((value) => ({
  S: value,
}));
const number = few("-10", "-9.5", "0", "2", "10", "1e20").map((value) => ({ N: value }));
const itemKey = fc.record({
  pk: few({ S: "p" }, { S: "q" }, { S: "r".repeat(1000) }),
  nsk: number,
});
const attributes = fc.record(
  { g: text, h: text, n1: number, s1: text, extra: text, n2: number, spare: text },
  { requiredKeys: [] },
);
const operation = fc.oneof(
  fc.record({ kind: fc.constant("put" as const), key: itemKey, attributes }),
  fc.record({ kind: fc.constant("update" as const), key: itemKey, attributes }),
  fc.record({
    kind: fc.constant("remove" as const),
    key: itemKey,
    name: few("g", "h", "n1", "s1", "extra", "spare"),
  }),
  fc.record({ kind: fc.constant("delete" as const), key: itemKey }),
  fc.record({
    kind: fc.constant("batch" as const),
    writes: fc.uniqueArray(fc.record({ key: itemKey, attributes }), {
      maxLength: 4,
      minLength: 1,
      selector: (write) => JSON.stringify(write.key),
    }),
  }),
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

async function run(ctx: Context, one: Operation): Promise<void> {
  const TableName = "table";
  switch (one.kind) {
    case "put":
      await items.PutItem(ctx, { TableName, Item: { ...one.key, ...one.attributes } });
      return;
    case "update": {
      const AttributeUpdates = Object.fromEntries(
        Object.entries(one.attributes).map(([name, Value]) => [name, { Value }]),
      );
      await updateItem.UpdateItem(ctx, { TableName, Key: one.key, AttributeUpdates });
      return;
    }
    case "remove":
      await updateItem.UpdateItem(ctx, {
        TableName,
        Key: one.key,
        UpdateExpression: `REMOVE ${one.name}`,
      });
      return;
    case "delete":
      await items.DeleteItem(ctx, { TableName, Key: one.key });
      return;
    case "batch":
      await batchWriteItem.BatchWriteItem(ctx, {
        RequestItems: {
          table: one.writes.map((write) => ({
            PutRequest: { Item: { ...write.key, ...write.attributes } },
          })),
        },
      });
  }
}

/** Handlers normalize what they are given in place: each run needs its own. */
const fresh = <T>(value: T): T => structuredClone(value);

test("whatever is written, indexes, sizes and collections are what the items make them", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { maxLength: 25 }), async (operations) => {
      const ctx = await setUp(busy);
      for (const one of operations) await run(ctx, fresh(one));
      await checkAll(ctx, busy);
    }),
    { numRuns: 120, seed: 20_261_123 },
  );
});

test("the same holds where bodies run again: two processes write at once over a store that answers late", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(operation, { minLength: 2, maxLength: 16 }),
      fc.integer({ min: 1, max: 20 }),
      async (operations, transactions) => {
        const server = new LateServer(() => Promise.resolve());
        const newProcess = () => setUp(busy, new RemoteStore(new LateEngine(server)));
        const contexts = [await newProcess(), await newProcess()] as const;
        const count = { TableName: "table", Key: { pk: { S: "count" }, nsk: { N: "0" } } };
        const add = (ctx: Context, n: string, token: number) =>
          transactWriteItems.TransactWriteItems(ctx, {
            ClientRequestToken: String(token),
            TransactItems: [
              {
                Update: {
                  ...count,
                  UpdateExpression: "ADD n1 :n",
                  ExpressionAttributeValues: { ":n": { N: n } },
                },
              },
            ],
          });
        await Promise.all([
          ...operations.map((one, at) => run(contexts[at % 2 === 0 ? 0 : 1], fresh(one))),
          // Each is asked for by both processes, and happens once.
          ...Array.from({ length: transactions }, (_, token) =>
            Promise.all(contexts.map((ctx) => add(ctx, "1", token))),
          ),
        ]);
        await checkAll(contexts[0], busy);
        const { Item: counted } = await items.GetItem(contexts[1], fresh(count));
        assert.ok(counted instanceof JsonBytes);
        assert.deepEqual(counted.value(), { ...count.Key, n1: { N: String(transactions) } });
      },
    ),
    { numRuns: 40, seed: 20_261_126 },
  );
});

test("an index that is backfilled while items are written ends up with what the items make it", async () => {
  const filling = index(7, key(["h"], ["n1"]), keysOnly);
  const before = table([index(1, key(["g"]))], []);
  const during = table(
    [index(1, key(["g"])), { ...filling, status: "CREATING", backfilling: true }],
    [],
  );
  const after = table([index(1, key(["g"])), filling], []);
  await fc.assert(
    fc.asyncProperty(
      fc.array(operation, { maxLength: 12 }),
      fc.array(operation, { maxLength: 12 }),
      fc.array(operation, { maxLength: 12 }),
      async (early, middle, late) => {
        const ctx = await setUp(before);
        for (const one of early) await run(ctx, fresh(one));
        await store(ctx, during);
        for (const one of middle) await run(ctx, fresh(one));
        await ctx.transact((tx) => {
          const writer = new TableWriter(tx, ctx, during);
          const prefix = itemsPrefix(ctx, during);
          for (const { key, value } of tx.range({ start: prefix, end: endOfPrefix(prefix) })) {
            writer.backfill(during.globalIndexes[1]!.id, key, value);
          }
          writer.finish();
        });
        for (const one of late) await run(ctx, fresh(one));
        await store(ctx, after);
        await checkAll(ctx, after);
      },
    ),
    { numRuns: 60, seed: 20_261_124 },
  );
});

test("values that cannot be the key of an index that came later have no entry in it", async () => {
  const ctx = await setUp(table([], []));
  const Item = (pk: string, h: Item[string]) => ({
    pk: { S: pk },
    nsk: { N: "1" },
    h,
    n1: { N: "1" },
  });
  const put = (item: Item) => items.PutItem(ctx, { TableName: "table", Item: item });
  await put(Item("good", { S: "h" }));
  await put(Item("number", { N: "1" }));
  await put(Item("empty", { S: "" }));
  await put(Item("long", { S: "x".repeat(2049) }));
  const later = index(1, key(["h"], ["n1"]));
  const record = table([later], []);
  await store(ctx, record);
  await ctx.transact((tx) => {
    const writer = new TableWriter(tx, ctx, record);
    const prefix = itemsPrefix(ctx, record);
    for (const { key, value } of tx.range({ start: prefix, end: endOfPrefix(prefix) })) {
      writer.backfill(later.id, key, value);
    }
    writer.finish();
  });
  // Attributes that an update leaves alone may stay as they are.
  await updateItem.UpdateItem(ctx, {
    TableName: "table",
    Key: { pk: { S: "number" }, nsk: { N: "1" } },
    AttributeUpdates: { spare: { Value: { S: "x" } } },
  });
  await ctx.read((snapshot) => {
    const entries = stored(snapshot, indexPrefix(ctx, record, later));
    assert.deepEqual(
      entries.map(({ item }) => item["pk"]),
      [{ S: "good" }],
    );
  });
});
