import assert from "node:assert/strict";
import test from "node:test";
import { Kernel } from "#kernel/kernel.ts";
import { rootOf } from "#kernel/identity.ts";
import { silentLog } from "#kernel/log.ts";
import type { Client } from "#kernel/service.ts";
import type { CreateTableInput, DynamoDB } from "#models/dynamodb.ts";
import { memoryStore } from "#store/open.ts";
import { simulatedWorld } from "#world/simulated.ts";
import { dynamodb } from "../service.ts";

/*
 * What is refused while something changes. A kernel that is not started runs no jobs: what was begun stays begun
 * until `settle` starts one.
 */

interface Server {
  readonly client: Client<DynamoDB>;
  /** Lets the jobs run that were begun. */
  settle(): Promise<void>;
}

function newServer(): Server {
  const world = simulatedWorld({ seed: 1 });
  const store = memoryStore();
  const options = { world, store, services: [dynamodb], log: silentLog };
  const kernel = new Kernel(options);
  const account = "000000000000";
  const caller = rootOf(account);
  const origin = { service: "dynamodb", account, region: "eu-west-1", caller, requestId: "test" };
  const client = new Proxy({} as Client<DynamoDB>, {
    get: (_, operation: string) => (input: unknown) =>
      kernel.call({ ...origin, operation }, structuredClone(input)),
  });
  return {
    client,
    async settle() {
      const running = new Kernel(options);
      await running.start();
      await world.clock.advance(1_000);
      await running.stop();
    },
  };
}

const TableName = "Music";
const units = (count: number) => ({ ReadCapacityUnits: count, WriteCapacityUnits: count });
const definition = (AttributeName: string) => ({ AttributeName, AttributeType: "S" as const });
const index = (IndexName: string) => ({
  IndexName,
  KeySchema: [{ AttributeName: "genre", KeyType: "HASH" as const }],
  Projection: { ProjectionType: "ALL" as const },
  ProvisionedThroughput: units(5),
});

const music: CreateTableInput = {
  TableName,
  ProvisionedThroughput: units(5),
  AttributeDefinitions: [definition("id"), definition("genre")],
  KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
  GlobalSecondaryIndexes: [index("one")],
};

async function activeTable(): Promise<Server> {
  const server = newServer();
  await server.client.CreateTable(music);
  await server.settle();
  return server;
}

const change = (server: Server, input: object) =>
  server.client.UpdateTable({ TableName, ...input });
const changeIndex = (server: Server, update: object) =>
  change(server, { GlobalSecondaryIndexUpdates: [update] });
const create = (server: Server, name: string) =>
  change(server, {
    AttributeDefinitions: [definition("genre")],
    GlobalSecondaryIndexUpdates: [{ Create: index(name) }],
  });

function inUse(detail: string): object {
  const message = `Attempt to change a resource which is still in use: ${detail}`;
  return { code: "ResourceInUseException", message };
}

test("a table that is being created takes no changes, and has no items yet", async () => {
  const server = newServer();
  await server.client.CreateTable(music);
  const refused = inUse("Table is being created: Music");
  await assert.rejects(server.client.CreateTable(music), refused);
  await assert.rejects(server.client.DeleteTable({ TableName }), refused);
  await assert.rejects(change(server, { ProvisionedThroughput: units(6) }), refused);
  await assert.rejects(server.client.GetItem({ TableName, Key: { id: { S: "1" } } }), {
    code: "ResourceNotFoundException",
    message: "Requested resource not found",
  });
});

test("a table that is being deleted is still described, and takes no changes", async () => {
  const server = await activeTable();
  await server.client.DeleteTable({ TableName });
  const refused = inUse("Table is being deleted: Music");
  await assert.rejects(server.client.DeleteTable({ TableName }), refused);
  await assert.rejects(change(server, { ProvisionedThroughput: units(6) }), refused);
  await assert.rejects(server.client.CreateTable(music), {
    code: "ResourceInUseException",
    message: "Table already exists: Music",
  });
  const { Table } = await server.client.DescribeTable({ TableName });
  assert.equal(Table?.TableStatus, "DELETING");
  await server.settle();
  await server.client.CreateTable(music);
});

test("a table whose throughput changes cannot change it again or be deleted, but be protected", async () => {
  const server = await activeTable();
  await change(server, { ProvisionedThroughput: units(6) });
  await assert.rejects(
    change(server, { ProvisionedThroughput: units(7) }),
    inUse("Table IOPS are currently being updated. Table: Music"),
  );
  await assert.rejects(
    server.client.DeleteTable({ TableName }),
    inUse("Table: Music is in the process of being updated."),
  );
  await change(server, { DeletionProtectionEnabled: true });
});

test("an index that is being created can be deleted once it is being filled", async () => {
  const server = await activeTable();
  await create(server, "two");
  await assert.rejects(
    changeIndex(server, { Delete: { IndexName: "two" } }),
    inUse(
      "Index creation is in resource allocation phase. Retry deletion during backfilling phase or when the index is active. Table: Music Index: two",
    ),
  );
  await assert.rejects(
    changeIndex(server, { Update: { IndexName: "two", ProvisionedThroughput: units(6) } }),
    inUse("Index is being created but is not backfilling yet. Table: Music Index: two"),
  );
  await assert.rejects(
    change(server, { ProvisionedThroughput: units(6) }),
    inUse("Can't change table IOPS when an index is being created. Table: Music Indexes: [two]"),
  );
  await assert.rejects(
    server.client.DeleteTable({ TableName }),
    inUse("Cannot delete table while indexes are being created, updated, or deleted."),
  );
  await assert.rejects(create(server, "three"), {
    code: "LimitExceededException",
    message:
      "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table",
  });
  await changeIndex(server, { Update: { IndexName: "one", ProvisionedThroughput: units(6) } });
  await server.settle();
  await changeIndex(server, { Delete: { IndexName: "two" } });
  await server.settle();
  const { Table } = await server.client.DescribeTable({ TableName });
  assert.deepEqual(
    Table?.GlobalSecondaryIndexes?.map((found) => [
      found.IndexName,
      found.IndexStatus,
      found.ProvisionedThroughput?.ReadCapacityUnits,
    ]),
    [["one", "ACTIVE", 6]],
  );
});

test("while an index is deleted its table cannot be, nor change its throughput", async () => {
  const server = await activeTable();
  await changeIndex(server, { Delete: { IndexName: "one" } });
  await assert.rejects(
    changeIndex(server, { Delete: { IndexName: "one" } }),
    inUse("Index is being deleted. Table: Music Index: one"),
  );
  await assert.rejects(
    create(server, "one"),
    inUse("Index is being deleted. Table: Music Index: one"),
  );
  await assert.rejects(
    change(server, { ProvisionedThroughput: units(6) }),
    inUse("Can't change table IOPS when an index is being deleted. Table: Music Indexes: [one]"),
  );
  await assert.rejects(
    server.client.DeleteTable({ TableName }),
    inUse("Cannot delete table while indexes are being created, updated, or deleted."),
  );
  await server.settle();
  await server.client.DeleteTable({ TableName });
});

test("an index whose throughput changes cannot change it again", async () => {
  const server = await activeTable();
  const to = (count: number) =>
    changeIndex(server, { Update: { IndexName: "one", ProvisionedThroughput: units(count) } });
  await to(6);
  await assert.rejects(to(7), inUse("Index is being updated. Table: Music Index: one"));
  await server.settle();
  await to(7);
});
