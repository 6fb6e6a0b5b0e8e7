import assert from "node:assert/strict";
import test from "node:test";
import { Kernel } from "#kernel/kernel.ts";
import { rootOf } from "#kernel/identity.ts";
import { silentLog } from "#kernel/log.ts";
import type { Client } from "#kernel/service.ts";
import type { CreateTableInput, DynamoDB, TableDescription } from "#models/dynamodb.ts";
import { memoryStore } from "#store/open.ts";
import type { Store } from "#store/store.ts";
import { type SimulatedWorld, simulatedWorld } from "#world/simulated.ts";
import { dynamodb } from "../service.ts";

/*
 * The life of tables and indexes over the whole service without HTTP, in a simulated world: jobs run when its clock
 * moves, and a kernel that is stopped and started again stands for a restarted server.
 */

interface Server {
  readonly world: SimulatedWorld;
  readonly kernel: Kernel;
  readonly store: Store;
  readonly client: Client<DynamoDB>;
}

async function startServer(store = memoryStore()): Promise<Server> {
  const world = simulatedWorld({ seed: 1 });
  const kernel = new Kernel({ world, store, services: [dynamodb], log: silentLog });
  await kernel.start();
  return { world, kernel, store, client: clientOf(kernel) };
}

function clientOf(kernel: Kernel): Client<DynamoDB> {
  const account = "000000000000";
  const origin = {
    service: "dynamodb",
    account,
    region: "eu-west-1",
    caller: rootOf(account),
    requestId: "test",
  };
  return new Proxy({} as Client<DynamoDB>, {
    get: (_, operation: string) => (input: unknown) =>
      // As over the wire: nobody shares objects with the server.
      kernel.call({ ...origin, operation }, structuredClone(input)),
  });
}

const music: CreateTableInput = {
  TableName: "Music",
  BillingMode: "PAY_PER_REQUEST",
  AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
  KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
};

const byGenre = {
  IndexName: "by-genre",
  KeySchema: [{ AttributeName: "genre", KeyType: "HASH" as const }],
  Projection: { ProjectionType: "ALL" as const },
};

const addGenreIndex = {
  TableName: "Music",
  AttributeDefinitions: [{ AttributeName: "genre", AttributeType: "S" as const }],
  GlobalSecondaryIndexUpdates: [{ Create: byGenre }],
};

async function describe({ client }: Server): Promise<TableDescription> {
  const { Table } = await client.DescribeTable({ TableName: "Music" });
  assert(Table);
  return Table;
}

/** How many keys the store holds, jobs included. */
async function countKeys(store: Store): Promise<number> {
  return store.read((snapshot) => {
    let count = 0;
    for (const _ of snapshot.range({ start: "", end: "\u00ff" })) count += 1;
    return count;
  });
}

async function fill({ client }: Server, items: number): Promise<void> {
  for (let number = 0; number < items; number += 1) {
    await client.PutItem({
      TableName: "Music",
      Item: { pk: { S: `song ${number}` }, genre: { S: number % 2 === 0 ? "jazz" : "rock" } },
    });
  }
}

test("a new table is CREATING, then ACTIVE through its job", async () => {
  const server = await startServer();
  const { TableDescription: created } = await server.client.CreateTable(music);
  assert.equal(created?.TableStatus, "CREATING");
  await server.world.clock.advance(10);
  const described = await describe(server);
  assert.equal(described.TableStatus, "ACTIVE");
  assert.equal(described.BillingModeSummary?.BillingMode, "PAY_PER_REQUEST");
});

test("a table that a stopped server left CREATING becomes ACTIVE when one starts again", async () => {
  const store = memoryStore();
  const world = simulatedWorld({ seed: 1 });
  const stopped = new Kernel({ world, store, services: [dynamodb], log: silentLog });
  await clientOf(stopped).CreateTable(music);
  const server = await startServer(store);
  await server.world.clock.advance(10);
  assert.equal((await describe(server)).TableStatus, "ACTIVE");
});

test("an index that is added to a table with items holds those items", async () => {
  const server = await startServer();
  await server.client.CreateTable(music);
  await server.world.clock.advance(10);
  await fill(server, 250);
  const { TableDescription: updating } = await server.client.UpdateTable(addGenreIndex);
  assert.equal(updating?.TableStatus, "UPDATING");
  assert.equal(updating?.GlobalSecondaryIndexes?.[0]?.IndexStatus, "CREATING");
  assert.equal(updating?.GlobalSecondaryIndexes?.[0]?.Backfilling, false);
  await server.world.clock.advance(1_000);
  const { TableStatus, GlobalSecondaryIndexes } = await describe(server);
  assert.equal(TableStatus, "ACTIVE");
  assert.equal(GlobalSecondaryIndexes?.[0]?.IndexStatus, "ACTIVE");
  assert.equal(GlobalSecondaryIndexes?.[0]?.Backfilling, undefined);
  assert.equal(GlobalSecondaryIndexes?.[0]?.ItemCount, 250);
});

test("items written, changed and deleted while an index is filled are right in it", async () => {
  const server = await startServer();
  await server.client.CreateTable(music);
  await server.world.clock.advance(10);
  await fill(server, 450);
  await server.client.UpdateTable(addGenreIndex);
  const filled = server.world.clock.advance(1_000);
  for (let number = 0; number < 450; number += 3) {
    await server.client.DeleteItem({ TableName: "Music", Key: { pk: { S: `song ${number}` } } });
    await server.client.PutItem({
      TableName: "Music",
      Item: { pk: { S: `new ${number}` }, genre: { S: "folk" } },
    });
    await server.client.PutItem({
      TableName: "Music",
      Item: { pk: { S: `song ${number + 1}` }, genre: { S: "soul" } },
    });
  }
  await filled;
  await server.world.clock.advance(1_000);
  const { GlobalSecondaryIndexes, ItemCount, TableSizeBytes } = await describe(server);
  assert.equal(GlobalSecondaryIndexes?.[0]?.IndexStatus, "ACTIVE");
  assert.equal(ItemCount, 450);
  assert.equal(GlobalSecondaryIndexes?.[0]?.ItemCount, 450);
  assert.equal(GlobalSecondaryIndexes?.[0]?.IndexSizeBytes, TableSizeBytes);
});

/** The store of a server that dies before its transaction number `last + 1`. */
function cutOff(store: Store, last: number): Store {
  let count = 0;
  return {
    transact: (body) => (++count > last ? new Promise(() => {}) : store.transact(body)),
    read: (body) => store.read(body),
    watch: (prefix, listener) => store.watch(prefix, listener),
    copyTo: (folder) => store.copyTo(folder),
    close: () => Promise.resolve(),
  };
}

test("wherever a server dies while it fills an index, the next one ends it", async () => {
  let isWhole = false;
  for (let transactions = 1; !isWhole; transactions += 1) {
    const store = memoryStore();
    const first = await startServer(store);
    await first.client.CreateTable(music);
    await first.world.clock.advance(10);
    await fill(first, 250);
    await first.kernel.stop();

    const world = simulatedWorld({ seed: 2 });
    const doomed = new Kernel({
      world,
      store: cutOff(store, transactions),
      services: [dynamodb],
      log: silentLog,
    });
    void doomed.start();
    void clientOf(doomed).UpdateTable(addGenreIndex);
    await world.clock.advance(100);
    const second = await startServer(store);
    isWhole = (await describe(second)).GlobalSecondaryIndexes?.[0]?.IndexStatus === "ACTIVE";
    await second.world.clock.advance(120_000);
    const { TableStatus, GlobalSecondaryIndexes } = await describe(second);
    assert.equal(TableStatus, "ACTIVE");
    if (GlobalSecondaryIndexes === undefined) continue; // It died before it had taken the order.
    assert.equal(GlobalSecondaryIndexes[0]?.IndexStatus, "ACTIVE");
    assert.equal(GlobalSecondaryIndexes[0]?.ItemCount, 250);
    assert(transactions < 50);
  }
});

test("items whose attribute cannot be the index's key are passed over by the backfill", async () => {
  const server = await startServer();
  await server.client.CreateTable(music);
  await server.world.clock.advance(10);
  const put = (pk: string, genre: object) =>
    server.client.PutItem({ TableName: "Music", Item: { pk: { S: pk }, genre } });
  await put("number", { N: "1" });
  await put("empty", { S: "" });
  await put("long", { S: "x".repeat(2_049) });
  await put("longest", { S: "x".repeat(2_048) });
  await server.client.PutItem({ TableName: "Music", Item: { pk: { S: "none" } } });
  await server.client.UpdateTable(addGenreIndex);
  await server.world.clock.advance(1_000);
  const { GlobalSecondaryIndexes } = await describe(server);
  assert.equal(GlobalSecondaryIndexes?.[0]?.ItemCount, 1);
});

test("a deleted index leaves nothing behind, and its name can be used again", async () => {
  const server = await startServer();
  await server.client.CreateTable(music);
  await server.world.clock.advance(10);
  await fill(server, 20);
  const before = await countKeys(server.store);
  await server.client.UpdateTable(addGenreIndex);
  await server.world.clock.advance(1_000);
  assert.equal(await countKeys(server.store), before + 20);
  const { TableDescription: deleting } = await server.client.UpdateTable({
    TableName: "Music",
    GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: "by-genre" } }],
  });
  assert.equal(deleting?.GlobalSecondaryIndexes?.[0]?.IndexStatus, "DELETING");
  await server.world.clock.advance(1_000);
  const described = await describe(server);
  assert.equal(described.TableStatus, "ACTIVE");
  assert.equal(described.GlobalSecondaryIndexes, undefined);
  assert.deepEqual(described.AttributeDefinitions, music.AttributeDefinitions);
  assert.equal(await countKeys(server.store), before);
  await server.client.UpdateTable(addGenreIndex);
  await server.world.clock.advance(1_000);
  assert.equal((await describe(server)).GlobalSecondaryIndexes?.[0]?.ItemCount, 20);
});

test("a deleted table's name is free at once, and nothing of it stays in the store", async () => {
  const server = await startServer();
  const empty = await countKeys(server.store);
  await server.client.CreateTable({
    ...music,
    Tags: [{ Key: "team", Value: "blue" }],
    AttributeDefinitions: [...music.AttributeDefinitions!, ...addGenreIndex.AttributeDefinitions],
    GlobalSecondaryIndexes: [byGenre],
  });
  await server.world.clock.advance(10);
  await fill(server, 1_200);
  const { TableDescription: deleting } = await server.client.DeleteTable({ TableName: "Music" });
  assert.equal(deleting?.TableStatus, "DELETING");
  await server.world.clock.advance(5_000);
  await assert.rejects(describe(server), { code: "ResourceNotFoundException" });
  assert.equal(await countKeys(server.store), empty);
});

test("a new table never meets the items of a deleted one of the same name", async () => {
  const server = await startServer();
  await server.client.CreateTable(music);
  await server.world.clock.advance(10);
  await fill(server, 600);
  await server.client.DeleteTable({ TableName: "Music" });
  for (;;) {
    const names = (await server.client.ListTables({})).TableNames;
    if (names?.length === 0) break;
    await server.world.clock.advance(1);
  }
  await server.client.CreateTable(music);
  await server.world.clock.advance(10);
  const key = { pk: { S: "song 599" } };
  const { Item } = await server.client.GetItem({ TableName: "Music", Key: key });
  assert.equal(Item, undefined);
  assert.equal((await describe(server)).ItemCount, 0);
});

test("an account has at most 2,500 tables in a region", async () => {
  const server = await startServer();
  for (let number = 0; number < 2_500; number += 1) {
    await server.client.CreateTable({ ...music, TableName: `Music-${number}` });
  }
  await assert.rejects(server.client.CreateTable(music), {
    code: "LimitExceededException",
    message: "Subscriber limit exceeded: There is a limit of 2500 tables per subscriber",
  });
});
