import assert from "node:assert/strict";
import test from "node:test";
import { endOfPrefix } from "#base/key.ts";
import { Kernel } from "#kernel/kernel.ts";
import { rootOf } from "#kernel/identity.ts";
import { silentLog } from "#kernel/log.ts";
import { entriesOf, logAt, shardsOf } from "#kernel/sharded-log.ts";
import { memoryStore } from "#store/open.ts";
import type { Store } from "#store/store.ts";
import { seededRandom, type SeededRandom } from "#world/seeded-random.ts";
import { type SimulatedWorld, simulatedWorld } from "#world/simulated.ts";
import { expiryPrefix, itemsPrefix, streamLogKey } from "../keyspace.ts";
import { findTable } from "../tables/open-table.ts";
import { dynamodb } from "../service.ts";
import { parseItem } from "../items/stored-item.ts";
import { readChange } from "../streams/change-record.ts";
import { tableLayout } from "../tables/table-layout.ts";
import { expiryKey, expirySecond } from "./expiry-index.ts";

/*
 * Items are written, expire, and get time to live on and off while servers die: in the end no expired item is left, no
 * other one is gone, the expiry index says what the items say, and the stream tells of each change once. A failing
 * seed repeats.
 */

const TableName = "sessions";
const account = "000000000000";
const origin = {
  service: "dynamodb",
  account,
  region: "eu-west-1",
  caller: rootOf(account),
  requestId: "test",
};

class Server {
  readonly world: SimulatedWorld;
  readonly kernel: Kernel;
  readonly isDead: () => boolean;

  private constructor(world: SimulatedWorld, kernel: Kernel, isDead: () => boolean) {
    this.world = world;
    this.kernel = kernel;
    this.isDead = isDead;
  }

  /** A server that dies before its transaction number `last + 1`. */
  static async start(store: Store, nowMs: number, last = Infinity): Promise<Server> {
    let count = 0;
    const mortal: Store = {
      transact: (body) => (++count > last ? new Promise(() => {}) : store.transact(body)),
      read: (body) => store.read(body),
      watch: (prefix, listener) => store.watch(prefix, listener),
      copyTo: (folder) => store.copyTo(folder),
      close: () => Promise.resolve(),
    };
    const world = simulatedWorld({ seed: 1, startMs: nowMs });
    const kernel = new Kernel({ world, store: mortal, services: [dynamodb], log: silentLog });
    const started = kernel.start();
    if (last === Infinity) await started;
    return new Server(world, kernel, () => count > last);
  }

  get nowMs(): number {
    return this.world.clock.nowMs();
  }

  /** Whether it was answered; a dead server never answers, however far time goes on. */
  async call(operation: string, input: object): Promise<boolean> {
    const answer = this.kernel.call({ ...origin, operation }, structuredClone(input));
    const answered = answer.then(
      () => true,
      () => true,
    );
    for (let turn = 0; turn < 10; turn += 1) {
      const pause = this.world.clock.advance(1).then(() => false);
      if (await Promise.race([answered, pause])) return true;
    }
    return false;
  }
}

async function write(server: Server, random: SeededRandom): Promise<boolean> {
  const id = { id: { S: `session ${random.below(40)}` } };
  const second = Math.floor(server.nowMs / 1000) + random.below(400) - 100;
  const ttl = random.chance(0.2) ? {} : { ttl: { N: String(second) } };
  switch (random.below(4)) {
    case 0:
      return server.call("DeleteItem", { TableName, Key: id });
    case 1:
      return server.call("UpdateItem", {
        TableName,
        Key: id,
        UpdateExpression: "SET ttl = :second",
        ExpressionAttributeValues: { ":second": { N: String(second) } },
      });
    default:
      return server.call("PutItem", { TableName, Item: { ...id, ...ttl } });
  }
}

async function toggle(server: Server, isEnabled: boolean): Promise<void> {
  const TimeToLiveSpecification = { Enabled: isEnabled, AttributeName: "ttl" };
  await server.call("UpdateTimeToLive", { TableName, TimeToLiveSpecification });
}

async function simulate(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const store = memoryStore();
  let server = await Server.start(store, 1_800_000_000_000);
  await server.call("CreateTable", {
    TableName,
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
    KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
    StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" },
  });
  await server.world.clock.advance(10);
  for (let count = random.below(150); count > 0; count -= 1) await write(server, random);
  await toggle(server, true);
  for (let life = random.below(5); life > 0; life -= 1) {
    server = await Server.start(store, server.nowMs, 5 + random.below(60));
    for (let count = 0; count < 50 && !server.isDead(); count += 1) {
      if (random.chance(0.2)) await server.world.clock.advance(random.below(100_000));
      if (random.chance(0.03)) {
        await server.world.clock.advance(32 * 60_000);
        await toggle(server, false);
        await toggle(server, random.chance(0.5));
      }
      if (!(await write(server, random))) break;
    }
  }
  server = await Server.start(store, server.nowMs + 32 * 60_000);
  await toggle(server, true);
  for (let count = random.below(40); count > 0; count -= 1) await write(server, random);
  await server.world.clock.advance(120_000);
  await verify(server, store);
}

async function verify(server: Server, store: Store): Promise<void> {
  const ctx = server.kernel.context({ ...origin, operation: "verify" });
  await store.read((snapshot) => {
    const table = findTable(snapshot, ctx, TableName)!;
    assert.equal(table.timeToLive?.status, "ENABLED");
    const layout = tableLayout(ctx, table);
    const prefix = itemsPrefix(ctx, table);
    const items = new Map<string, unknown>();
    const due = new Set<string>();
    for (const { key, value } of snapshot.range({ start: prefix, end: endOfPrefix(prefix) })) {
      const item = parseItem(value);
      items.set(item["id"]!.S!, item);
      const second = expirySecond(item, "ttl");
      if (second === undefined) continue;
      assert(second * 1000 > server.nowMs, `${item["id"]!.S} is left`);
      due.add(expiryKey(layout, layout.expiry!, second, key));
    }
    const expiry = expiryPrefix(ctx, table, table.timeToLive.generation);
    const entries = snapshot.range({ start: expiry, end: endOfPrefix(expiry) });
    assert.deepEqual(new Set(Array.from(entries, ({ key }) => key)), due);
    const replayed = new Map<string, unknown>();
    const log = logAt(streamLogKey(ctx, { tableId: table.id, label: table.stream!.label }));
    for (const shard of shardsOf(snapshot, log)) {
      for (const { atMs, value } of entriesOf(snapshot, log, shard.id, 0, 100_000)) {
        const { event, cause, keys, newImage, oldImage } = readChange(value);
        const id = (keys.value() as { id: { S: string } }).id.S;
        assert.deepEqual(oldImage?.value(), replayed.get(id));
        if (newImage === undefined) replayed.delete(id);
        else replayed.set(id, newImage.value());
        if (cause === "request") continue;
        assert.equal(event, "REMOVE");
        const second = expirySecond(oldImage!.value() as never, "ttl");
        assert(second !== undefined && second * 1000 <= atMs, `${id} went before its time`);
      }
    }
    assert.deepEqual(replayed, items);
  });
}

test("items expire exactly when they should, while servers die and time to live goes off and on", async () => {
  for (let seed = 1; seed <= 60; seed += 1) {
    await simulate(seed).catch((error: unknown) => {
      throw new Error(`seed ${seed}`, { cause: error });
    });
  }
});
