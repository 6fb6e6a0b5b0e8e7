import assert from "node:assert/strict";
import test from "node:test";
import { Kernel } from "#kernel/kernel.ts";
import { rootOf } from "#kernel/identity.ts";
import { silentLog } from "#kernel/log.ts";
import type { Client } from "#kernel/service.ts";
import type { AttributeValue, DynamoDB, ScanOutput } from "#models/dynamodb.ts";
import { memoryStore } from "#store/open.ts";
import type { Store } from "#store/store.ts";
import { seededRandom } from "#world/seeded-random.ts";
import type { SeededRandom } from "#world/seeded-random.ts";
import { type SimulatedWorld, simulatedWorld } from "#world/simulated.ts";
import { dynamodb } from "../service.ts";

/*
 * An index is filled while random writes go on and servers die; in the end it holds what the table's items say, not
 * an entry more or less, and its size is right. A failing seed repeats.
 */

const TableName = "Music";
const ids = 120;

interface Server {
  readonly world: SimulatedWorld;
  readonly client: Client<DynamoDB>;
  readonly isDead: () => boolean;
}

/** A server that dies before its transaction number `last + 1`. */
async function startServer(store: Store, seed: number, last = Infinity): Promise<Server> {
  let count = 0;
  const mortal: Store = {
    transact: (body) => (++count > last ? new Promise(() => {}) : store.transact(body)),
    read: (body) => store.read(body),
    watch: (prefix, listener) => store.watch(prefix, listener),
    copyTo: (folder) => store.copyTo(folder),
    close: () => Promise.resolve(),
  };
  const world = simulatedWorld({ seed });
  const kernel = new Kernel({ world, store: mortal, services: [dynamodb], log: silentLog });
  // A server may die while it starts: nobody waits for that one.
  const started = kernel.start();
  if (last === Infinity) await started;
  const account = "000000000000";
  const caller = rootOf(account);
  const origin = { service: "dynamodb", account, region: "eu-west-1", caller, requestId: "test" };
  const client = new Proxy({} as Client<DynamoDB>, {
    get: (_, operation: string) => (input: unknown) =>
      kernel.call({ ...origin, operation }, structuredClone(input)),
  });
  return { world, client, isDead: () => count > last };
}

/** One random write. What a dead server was asked for is never answered. */
function write({ client }: Server, random: SeededRandom, hasIndex: boolean): Promise<unknown> {
  const id = { id: { S: `song ${random.below(ids)}` } };
  const genre = randomGenre(random, hasIndex);
  const item = { ...id, ...genre, note: { S: "x".repeat(random.below(50)) } };
  switch (random.below(5)) {
    case 0:
      return client.DeleteItem({ TableName, Key: id });
    case 1:
      return client.UpdateItem({
        TableName,
        Key: id,
        UpdateExpression: "REMOVE genre SET note = :note",
        ExpressionAttributeValues: { ":note": item.note },
      });
    case 2:
      return client.TransactWriteItems({ TransactItems: [{ Put: { TableName, Item: item } }] });
    default:
      return client.PutItem({ TableName, Item: item });
  }
}

/** Once there is an index, a value that cannot be its key is refused; so these come before it only. */
function randomGenre(random: SeededRandom, hasIndex: boolean): Record<string, AttributeValue> {
  if (random.chance(0.2)) return {};
  if (!hasIndex && random.chance(0.2)) return { genre: { N: "1" } };
  if (!hasIndex && random.chance(0.1)) return { genre: { S: "" } };
  return { genre: { S: `genre ${random.below(4)}` } };
}

/** Whether the server answers; a dead one never does, however far time goes on. */
async function isAnswered(server: Server, answer: Promise<unknown>): Promise<boolean> {
  const answered = answer.then(() => true);
  for (let turn = 0; turn < 10; turn += 1) {
    const pause = server.world.clock.advance(1).then(() => false);
    if (await Promise.race([answered, pause])) return true;
  }
  return false;
}

async function sorted(scan: Promise<ScanOutput>): Promise<string[]> {
  const { Items, LastEvaluatedKey } = await scan;
  assert.equal(LastEvaluatedKey, undefined);
  // Items come as stored JSON; JSON.stringify reads them.
  const plain = JSON.parse(JSON.stringify(Items)) as Record<string, AttributeValue>[];
  return plain
    .filter((item) => item["genre"]?.S)
    .map((item) => `${item["genre"]?.S} ${item["id"]?.S} ${item["note"]?.S}`)
    .toSorted();
}

async function simulate(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const store = memoryStore();
  let server = await startServer(store, seed);
  await server.client.CreateTable({
    TableName,
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
    KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
  });
  await server.world.clock.advance(10);
  for (let count = random.below(300); count > 0; count -= 1) await write(server, random, false);
  await server.client.UpdateTable({
    TableName,
    AttributeDefinitions: [{ AttributeName: "genre", AttributeType: "S" }],
    GlobalSecondaryIndexUpdates: [
      {
        Create: {
          IndexName: "by-genre",
          KeySchema: [{ AttributeName: "genre", KeyType: "HASH" }],
          Projection: { ProjectionType: "ALL" },
        },
      },
    ],
  });
  for (let life = random.below(3); life > 0; life -= 1) {
    server = await startServer(store, seed + life, 1 + random.below(30));
    for (let count = 0; count < 40 && !server.isDead(); count += 1) {
      if (!(await isAnswered(server, write(server, random, true)))) break;
    }
  }
  server = await startServer(store, seed);
  for (let count = random.below(60); count > 0; count -= 1) {
    await write(server, random, true);
    if (random.chance(0.3)) await server.world.clock.advance(1);
  }
  await server.world.clock.advance(120_000);
  const { Table } = await server.client.DescribeTable({ TableName });
  const index = Table?.GlobalSecondaryIndexes?.[0];
  assert.equal(index?.IndexStatus, "ACTIVE");
  const expected = await sorted(server.client.Scan({ TableName }));
  assert.deepEqual(
    await sorted(server.client.Scan({ TableName, IndexName: "by-genre" })),
    expected,
  );
  assert.equal(index.ItemCount, expected.length);
  const bytes = expected.reduce((sum, text) => {
    const [, genre, , song, note = ""] = text.split(" ");
    const sizes = ["id", `song ${song}`, "genre", `genre ${genre}`, "note", note];
    return sum + sizes.join("").length;
  }, 0);
  assert.equal(index.IndexSizeBytes, bytes);
}

test("an index that is filled while writes go on and servers die says what its table says", async () => {
  for (let seed = 1; seed <= 40; seed += 1) {
    await simulate(seed).catch((error: unknown) => {
      throw new Error(`seed ${seed}`, { cause: error });
    });
  }
});
