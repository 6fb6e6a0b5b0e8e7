import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import {
  CreateClusterCommand,
  DAXClient,
  DescribeClustersCommand,
  type Cluster,
} from "@aws-sdk/client-dax";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { covers } from "../../support/covers.ts";
import { available, daxClient, daxControl, makeTable, minimalCluster } from "../../support/dax.ts";
import { DaxWire } from "../../support/dax-wire.ts";
import { ServerProcess } from "../../support/server-process.ts";

const credentials = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "a".repeat(40) };
const region = "us-east-1";
const environment = {
  TULE_ROOT_ACCESS_KEY_ID: credentials.accessKeyId,
  TULE_ROOT_SECRET_ACCESS_KEY: credentials.secretAccessKey,
};
const flags = ["--auth", "strict", "--service-port", "0", "--log", "error"];

const folder = await mkdtemp(join(tmpdir(), "tule-dax-"));
after(() => rm(folder, { recursive: true, force: true }));

test("a cluster is where it was after a crash, with the numbers that clients remember", async () => {
  covers("dax.CreateCluster", "dax.DescribeClusters");
  const first = new ServerProcess(folder, flags, environment);
  after(() => first.kill());
  const before = await clusterAt(await first.ready, "made");
  const client = daxClient(before, credentials);
  const items = [
    { id: "1", song: "one", plays: 1 },
    { id: "2", artist: "two" },
  ];
  for (const Item of items) await client.put({ TableName: "Songs", Item });
  const ids = await listIds(before);
  await first.kill();
  const second = new ServerProcess(folder, flags, environment);
  after(() => second.kill());
  const found = await clusterAt(await second.ready, "found");
  assert.deepEqual(found.ClusterDiscoveryEndpoint, before.ClusterDiscoveryEndpoint);
  assert.deepEqual(found.Nodes, before.Nodes);
  assert.deepEqual(await listIds(found), ids);
  const later = daxClient(found, credentials);
  for (const Item of items) {
    const read = await later.get({ TableName: "Songs", Key: { id: Item.id } });
    assert.deepEqual(read.Item, Item);
  }
});

/** The numbers of the items' lists of names. */
async function listIds(cluster: Cluster): Promise<unknown> {
  const wire = new DaxWire(cluster.ClusterDiscoveryEndpoint!.Port!);
  wire.greet();
  wire.signIn(credentials);
  const ids = [await wire.listId(["plays", "song"]), await wire.listId(["artist"])];
  wire.socket.destroy();
  return ids;
}

async function clusterAt(endpoint: string, how: "made" | "found"): Promise<Cluster> {
  const configuration = { endpoint, region, credentials };
  const dynamodb = new DynamoDBClient(configuration);
  const describer = new DAXClient(configuration);
  after(() => {
    describer.destroy();
    dynamodb.destroy();
  });
  if (how === "found") {
    return (await describer.send(new DescribeClustersCommand({}))).Clusters![0]!;
  }
  const control = await daxControl({ endpoint }, credentials);
  await makeTable(dynamodb, "Songs", ["id:S"]);
  await control.send(
    new CreateClusterCommand({
      ...minimalCluster(control),
      ClusterName: "kept",
      ReplicationFactor: 2,
    }),
  );
  return available(control, "kept");
}
