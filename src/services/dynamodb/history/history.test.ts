import assert from "node:assert/strict";
import test from "node:test";
import { endOfPrefix } from "#base/key.ts";
import { text } from "#base/tuple.ts";
import { rootOf } from "#kernel/identity.ts";
import { Kernel } from "#kernel/kernel.ts";
import { silentLog } from "#kernel/log.ts";
import type { Client } from "#kernel/service.ts";
import type { AttributeValue, DynamoDB, ScanOutput } from "#models/dynamodb.ts";
import { memoryStore } from "#store/open.ts";
import { type SimulatedWorld, simulatedWorld } from "#world/simulated.ts";
import { dynamodb } from "../service.ts";
import { dayMs } from "./history-entry.ts";

/*
 * What a table's history keeps and for how long, seen in the store of a simulated world: jobs run when its clock moves.
 */

const TableName = "Music";

class Server {
  readonly world: SimulatedWorld = simulatedWorld({ seed: 1 });
  readonly store = memoryStore();
  readonly #kernel = new Kernel({
    world: this.world,
    store: this.store,
    services: [dynamodb],
    log: silentLog,
  });
  readonly client: Client<DynamoDB>;

  private constructor() {
    const account = "000000000000";
    const caller = rootOf(account);
    const origin = { service: "dynamodb", account, region: "eu-west-1", caller, requestId: "test" };
    this.client = new Proxy({} as Client<DynamoDB>, {
      get: (_, operation: string) => (input: unknown) =>
        this.#kernel.call({ ...origin, operation }, structuredClone(input)),
    });
  }

  /** With a table that has recovery for this many days. */
  static async start(RecoveryPeriodInDays?: number): Promise<Server> {
    const server = new Server();
    await server.#kernel.start();
    await server.client.CreateTable({
      TableName,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
    });
    await server.world.clock.advance(10);
    await server.setRecovery(true, RecoveryPeriodInDays);
    return server;
  }

  setRecovery(
    PointInTimeRecoveryEnabled: boolean,
    RecoveryPeriodInDays?: number,
  ): Promise<unknown> {
    const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled, RecoveryPeriodInDays };
    return this.client.UpdateContinuousBackups({ TableName, PointInTimeRecoverySpecification });
  }

  put(pk: string, v: number): Promise<unknown> {
    return this.client.PutItem({ TableName, Item: { pk: { S: pk }, v: { N: String(v) } } });
  }

  /** The kinds of what is stored, each with how many keys it has. */
  async kinds(): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    await this.store.read((snapshot) => {
      const prefix = text("dynamodb");
      for (const { key } of snapshot.range({ start: prefix, end: endOfPrefix(prefix) })) {
        // Service, account and region, then the kind; each part ends with two bytes.
        const kind = key.split("\u0000\u0001")[3]!.slice(1);
        counts[kind] = (counts[kind] ?? 0) + 1;
      }
    });
    return counts;
  }

  async restored(TargetTableName: string, atMs: number | undefined): Promise<string> {
    await this.client.RestoreTableToPointInTime({
      SourceTableName: TableName,
      TargetTableName,
      ...(atMs === undefined ? { UseLatestRestorableTime: true } : { RestoreDateTime: atMs }),
    });
    await this.world.clock.advance(1_000);
    return contents(await this.client.Scan({ TableName: TargetTableName }));
  }
}

function contents({ Items }: ScanOutput): string {
  const items = JSON.parse(JSON.stringify(Items)) as Record<string, AttributeValue>[];
  return items
    .map((item) => `${item["pk"]!.S}=${item["v"]!.N}`)
    .toSorted()
    .join(" ");
}

test("each change of a busy item can be restored to", async () => {
  const server = await Server.start();
  const times: number[] = [];
  for (let v = 0; v < 100; v++) {
    await server.put("busy", v);
    await server.put(`other ${v % 3}`, v);
    times.push(server.world.clock.nowMs());
    await server.world.clock.advance(v === 50 ? dayMs : 10);
  }
  for (const v of [0, 1, 15, 16, 17, 40, 50, 51, 80, 98, 99]) {
    const restored = await server.restored(`restored-${v}`, times[v]);
    assert.match(restored, new RegExp(`^busy=${v} `));
    assert.match(restored, new RegExp(`=${v}\\b.*=${v}\\b`));
  }
});

test("what is older than the recovery period is forgotten, day by day", async () => {
  const server = await Server.start(2);
  for (let day = 0; day < 10; day++) {
    for (let v = 0; v < 20; v++) await server.put(`item ${v}`, day);
    await server.world.clock.advance(dayMs);
  }
  const { history } = await server.kinds();
  // Two days, and the parts of days at both ends.
  assert(history! >= 40 && history! <= 80, `${history} entries are kept`);
  const now = server.world.clock.nowMs();
  const restored = await server.restored("restored", now - 2 * dayMs + 1_000);
  assert.match(restored, /^(item \d+=8 ?){20}$/);
  await server.setRecovery(false);
  await server.world.clock.advance(3 * dayMs);
  const kinds = await server.kinds();
  assert.equal(kinds["history"], undefined);
  assert.equal(kinds["history-hold"], undefined);
  await server.put("item 0", 100);
  assert.equal((await server.kinds())["history"], undefined);
});

test("a clock that is set back does not mix up what came first", async () => {
  const server = await Server.start();
  await server.put("a", 1);
  await server.world.clock.advance(10_000);
  await server.put("a", 2);
  const latestMs = server.world.clock.nowMs();
  server.world.clock.moveTo(latestMs - 8_000);
  await server.put("a", 3);
  const backMs = server.world.clock.nowMs();
  assert.equal(await server.restored("latest", undefined), "a=3");
  await server.put("a", 4);
  assert.equal(await server.restored("back", backMs), "a=1");
  await server.world.clock.advance(60_000);
  assert.equal(await server.restored("then", latestMs + 1_000), "a=4");
});

test("nothing is left of tables, backups and restores that are gone", async () => {
  const server = await Server.start();
  for (let v = 0; v < 300; v++) await server.put(`item ${v}`, v);
  const before = Object.keys(await server.kinds());
  assert(before.includes("history"), before.join(" "));
  const { BackupDetails } = await server.client.CreateBackup({ TableName, BackupName: "one" });
  await server.put("item 0", 1_000);
  await server.client.DeleteTable({ TableName });
  await server.world.clock.advance(10_000);
  assert.equal((await server.kinds())["item"], 300);
  const BackupArn = BackupDetails!.BackupArn;
  await server.client.RestoreTableFromBackup({ BackupArn, TargetTableName: "restored" });
  await server.world.clock.advance(1_000);
  await server.client.DeleteBackup({ BackupArn });
  await server.client.DeleteTable({ TableName: "restored" });
  await server.world.clock.advance(36 * dayMs);
  assert.deepEqual(await server.kinds(), {});
});
