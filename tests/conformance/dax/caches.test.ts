import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CreateParameterGroupCommand,
  DecreaseReplicationFactorCommand,
  DeleteClusterCommand,
  IncreaseReplicationFactorCommand,
  RebootNodeCommand,
  UpdateParameterGroupCommand,
} from "@aws-sdk/client-dax";
import { PutItemCommand } from "@aws-sdk/client-dynamodb";
import { covers } from "../../support/covers.ts";
import {
  available,
  daxClient,
  daxControl,
  makeCluster,
  makeTable,
  type DaxControl,
} from "../../support/dax.ts";
import { startTule, type Tule } from "../../support/tule.ts";
import { until } from "../../support/until.ts";

const TableName = "Songs";
const ClusterName = "songs";
const Key = { id: "1" };

/** A server of its own, for the clock is moved; a cluster with a group of its own; and a table behind it. */
class Setting {
  readonly tule: Tule;
  readonly account: string;
  control!: DaxControl;
  client!: ReturnType<typeof daxClient>;

  private constructor(tule: Tule) {
    this.tule = tule;
    this.account = tule.newAccount();
  }

  static async start(values: Record<string, number> = {}): Promise<Setting> {
    const setting = new Setting(await startTule());
    const { account, tule } = setting;
    const control = await daxControl(tule, account);
    setting.control = control;
    await control.send(new CreateParameterGroupCommand({ ParameterGroupName: "own" }));
    await setting.set(values);
    const cluster = await makeCluster(control, { ClusterName, ParameterGroupName: "own" });
    await makeTable(tule.dynamodb(account), TableName, ["id:S"]);
    setting.client = daxClient(cluster, account);
    return setting;
  }

  async set(values: Record<string, number>): Promise<void> {
    const ParameterNameValues = Object.entries(values).map(([ParameterName, value]) => ({
      ParameterName,
      ParameterValue: String(value),
    }));
    if (ParameterNameValues.length === 0) return;
    await this.control.send(
      new UpdateParameterGroupCommand({ ParameterGroupName: "own", ParameterNameValues }),
    );
  }

  /** Past the cluster, as another program would. */
  async writeBehind(v: string): Promise<void> {
    const Item = { id: { S: "1" }, v: { S: v } };
    await this.tule.dynamodb(this.account).send(new PutItemCommand({ TableName, Item }));
  }

  async read(): Promise<unknown> {
    return (await this.client.get({ TableName, Key })).Item?.["v"];
  }

  async query(): Promise<unknown> {
    const found = await this.client.query({
      TableName,
      KeyConditionExpression: "id = :id",
      ExpressionAttributeValues: { ":id": "1" },
    });
    return found.Items?.[0]?.["v"];
  }

  wait(ms: number): void {
    this.tule.clock.moveTo(this.tule.clock.nowMs() + ms);
  }

  measured(metric: string): Promise<number> {
    const dimensions = { ClusterId: ClusterName, NodeId: "songs-a" };
    return this.tule.measured(this.account, "AWS/DAX", metric, dimensions);
  }
}

test("an item stays cached for its time to live, and its absence too", async () => {
  const setting = await Setting.start({ "record-ttl-millis": 10_000 });
  assert.equal(await setting.read(), undefined);
  await setting.writeBehind("one");
  setting.wait(8_000);
  assert.equal(await setting.read(), undefined);
  setting.wait(3_000);
  assert.equal(await setting.read(), "one");
  await setting.writeBehind("two");
  setting.wait(8_000);
  assert.equal(await setting.read(), "one");
  setting.wait(3_000);
  assert.equal(await setting.read(), "two");
  assert.equal(await setting.measured("ItemCacheHits"), 2);
  assert.equal(await setting.measured("ItemCacheMisses"), 3);
  assert.equal(await setting.measured("GetItemRequestCount"), 5);
});

test("an item with a time to live of zero stays until it is written", async () => {
  const setting = await Setting.start({ "record-ttl-millis": 0 });
  await setting.writeBehind("one");
  assert.equal(await setting.read(), "one");
  await setting.writeBehind("two");
  setting.wait(365 * 86_400_000);
  assert.equal(await setting.read(), "one");
  await setting.client.put({ TableName, Item: { ...Key, v: "three" } });
  assert.equal(await setting.read(), "three");
});

test("a query's answer stays for a time to live of its own, whatever is written", async () => {
  const setting = await Setting.start({ "query-ttl-millis": 5_000 });
  await setting.writeBehind("one");
  assert.equal(await setting.query(), "one");
  // Even a write through the cluster leaves the query cache alone, as AWS's does.
  await setting.client.put({ TableName, Item: { ...Key, v: "two" } });
  assert.equal(await setting.read(), "two");
  assert.equal(await setting.query(), "one");
  setting.wait(5_001);
  assert.equal(await setting.query(), "two");
  assert.equal(await setting.measured("QueryCacheHits"), 1);
  assert.equal(await setting.measured("QueryCacheMisses"), 2);
  assert.equal((await setting.client.scan({ TableName })).Count, 1);
  assert.equal((await setting.client.scan({ TableName })).Count, 1);
  assert.equal(await setting.measured("ScanCacheHits"), 1);
  assert.equal(await setting.measured("ScanCacheMisses"), 1);
});

test("a query's time to live of zero keeps no answers", async () => {
  const setting = await Setting.start({ "query-ttl-millis": 0 });
  await setting.writeBehind("one");
  assert.equal(await setting.query(), "one");
  await setting.writeBehind("two");
  assert.equal(await setting.query(), "two");
});

test("nodes follow a change of their parameter group", async () => {
  covers("dax.UpdateParameterGroup");
  const setting = await Setting.start();
  await setting.set({ "record-ttl-millis": 1_000 });
  await setting.writeBehind("one");
  // The nodes are told within moments: until then what is read is kept for longer.
  const isFollowed = async (): Promise<boolean> => {
    await setting.client.put({ TableName, Item: { ...Key, v: "one" } });
    await setting.writeBehind("two");
    setting.wait(1_001);
    return (await setting.read()) === "two";
  };
  assert.ok(await until(isFollowed, (followed) => followed));
});

test("a cached read costs nothing, one of the table what it costs there", async () => {
  const setting = await Setting.start();
  await setting.writeBehind("one");
  const units = async (): Promise<unknown> => {
    const read = await setting.client.get({ TableName, Key, ReturnConsumedCapacity: "TOTAL" });
    return read.ConsumedCapacity?.CapacityUnits;
  };
  assert.equal(await units(), 0.5);
  assert.equal(await units(), 0);
});

test("an update whose outcome the client does not ask for is cached all the same", async () => {
  const setting = await Setting.start();
  await setting.client.put({ TableName, Item: { ...Key, v: "one" } });
  for (const ReturnValues of [
    "NONE",
    "ALL_NEW",
    "ALL_OLD",
    "UPDATED_OLD",
    "UPDATED_NEW",
  ] as const) {
    await setting.client.update({
      TableName,
      Key,
      UpdateExpression: "SET v = :v",
      ExpressionAttributeValues: { ":v": ReturnValues },
      ReturnValues,
    });
    assert.equal(await setting.read(), ReturnValues);
  }
  // What comes back of these three is less than the item, so those were read anew.
  assert.equal(await setting.measured("ItemCacheMisses"), 3);
  assert.equal(await setting.measured("ItemCacheHits"), 2);
});

test("what was not asked for the longest makes room, by bytes", async () => {
  const setting = await Setting.start();
  const { client, tule, account } = setting;
  // A node of this type has room for 64 MB.
  const sizeBytes = 390_000;
  const fitting = 170;
  const v = "x".repeat(sizeBytes);
  const put = (number: number): Promise<unknown> =>
    client.put({ TableName, Item: { id: String(number), v } });
  for (let number = 0; number < 10; number += 1) await put(number);
  for (let number = 10; number < fitting; number += 8) {
    await Promise.all(Array.from({ length: 8 }, (_, index) => put(number + index)));
  }
  assert.equal(await setting.measured("EvictedSize"), 0);
  const read = async (id: string): Promise<unknown> =>
    (await client.get({ TableName, Key: { id } })).Item?.["v"];
  assert.equal(await read("0"), v);
  for (let number = fitting; number < fitting + 10; number += 1) await put(number);
  const evictedBytes = await setting.measured("EvictedSize");
  assert.ok(evictedBytes > 3 * sizeBytes && evictedBytes < 10 * sizeBytes, String(evictedBytes));
  for (const id of ["0", "1", "2", "100"]) {
    const Item = { id: { S: id }, v: { S: "behind" } };
    await tule.dynamodb(account).send(new PutItemCommand({ TableName, Item }));
  }
  assert.equal(await read("0"), v);
  assert.equal(await read("100"), v);
  assert.equal(await read("1"), "behind");
  assert.equal(await read("2"), "behind");
});

test("a rebooted node has forgotten everything", async () => {
  covers("dax.RebootNode");
  const setting = await Setting.start();
  await setting.writeBehind("one");
  assert.equal(await setting.read(), "one");
  await setting.writeBehind("two");
  assert.equal(await setting.read(), "one");
  await setting.control.send(new RebootNodeCommand({ ClusterName, NodeId: "songs-a" }));
  await available(setting.control, ClusterName);
  assert.equal(await setting.read(), "two");
});

test("a client learns of nodes that come and go", async () => {
  covers("dax.IncreaseReplicationFactor", "dax.DecreaseReplicationFactor", "dax.DeleteCluster");
  const setting = await Setting.start();
  await setting.client.put({ TableName, Item: { ...Key, v: "one" } });
  await setting.control.send(
    new IncreaseReplicationFactorCommand({ ClusterName, NewReplicationFactor: 2 }),
  );
  const grown = await available(setting.control, ClusterName);
  const other = daxClient(grown, setting.account);
  const hitsOfB = (): Promise<number> =>
    setting.tule.measured(setting.account, "AWS/DAX", "GetItemRequestCount", {
      ClusterId: ClusterName,
      NodeId: "songs-b",
    });
  await until(
    async () => {
      await other.get({ TableName, Key });
      return hitsOfB();
    },
    (count) => count > 0,
  );
  await setting.control.send(
    new DecreaseReplicationFactorCommand({ ClusterName, NewReplicationFactor: 1 }),
  );
  const shrunk = await available(setting.control, ClusterName);
  assert.equal(
    (await daxClient(shrunk, setting.account).get({ TableName, Key })).Item?.["v"],
    "one",
  );
  await setting.control.send(new DeleteClusterCommand({ ClusterName }));
});
