import assert from "node:assert/strict";
import { createServer } from "node:net";
import test from "node:test";
import { PutItemCommand, UpdateTableCommand } from "@aws-sdk/client-dynamodb";
import { PeerSignatures } from "#gateway/peer-signatures.ts";
import { realWorld } from "#world/real.ts";
import { covers } from "../../support/covers.ts";
import { east, Regions, setLink, west } from "../../support/dynamodb-replicas.ts";
import { makeTable, plainTable, refusal, refusalError } from "../../support/dynamodb-tables.ts";
import { startTule, type Tule } from "../../support/tule.ts";
import { until } from "../../support/until.ts";

const TableName = plainTable.TableName!;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Two servers: one for us-west-2, one for all other regions. */
async function startPeers(westernSecret = "shared"): Promise<{
  eastern: Tule;
  western: Tule;
  where: Regions;
}> {
  const [port, other] = [await freePort(), await freePort()];
  const at = (one: number): string => `http://127.0.0.1:${one}`;
  const eastern = await startTule({
    port,
    peers: { urls: new Map([[west, at(other)]]), secret: "shared" },
  });
  const western = await startTule({
    port: other,
    peers: { urls: new Map([[east, at(port)]]), secret: westernSecret },
  });
  const where = new Regions((region) => (region === west ? western : eastern));
  await makeTable(where.in(east), plainTable);
  return { eastern, western, where };
}

const put = (where: Regions, region: string, pk: string): Promise<unknown> =>
  where.in(region).send(new PutItemCommand({ TableName, Item: { pk: { S: pk } } }));

test("regions in two servers are one global table, through a cut as well", async () => {
  covers("dynamodb.UpdateTable", "dynamodb.PutItem");
  const { eastern, western, where } = await startPeers();
  await put(where, east, "before");
  await where.addReplica(TableName, west);
  await until(
    () => where.get(TableName, west, "before"),
    (item) => item !== undefined,
  );
  // A cut that is set at one of the two holds both ways.
  await setLink(western, [east, west], { cut: true });
  await put(where, east, "a");
  await put(where, west, "b");
  assert.equal(await where.get(TableName, west, "a"), undefined);
  assert.equal(await where.get(TableName, east, "b"), undefined);
  await setLink(western, [east, west], { cut: false });
  for (const region of [east, west]) {
    await until(
      () => where.content(TableName, region),
      (items) => items.length === 3,
    );
  }
  await where.in(west).send(new UpdateTableCommand({ TableName, DeletionProtectionEnabled: true }));
  // Its own region protects it: it stays.
  const ReplicaUpdates = [{ Delete: { RegionName: west } }];
  await where.in(east).send(new UpdateTableCommand({ TableName, ReplicaUpdates }));
  await where.untilTable(TableName, east, (table) => table?.TableStatus === "ACTIVE");
  await where
    .in(west)
    .send(new UpdateTableCommand({ TableName, DeletionProtectionEnabled: false }));
  await where.in(east).send(new UpdateTableCommand({ TableName, ReplicaUpdates }));
  await where.untilTable(TableName, west, (table) => table === undefined);
  await where.untilTable(TableName, east, (table) => table?.Replicas === undefined);
  await eastern.close();
});

test("a request for a region that a peer serves is told where to go", async () => {
  covers("dynamodb.PutItem");
  const { eastern, western } = await startPeers();
  const client = eastern.dynamodb("000000000001", { region: west });
  const error = await refusalError(
    client.send(new PutItemCommand({ TableName, Item: { pk: { S: "a" } } })),
  );
  assert.equal(error.name, "RegionServedElsewhere");
  assert.equal(error.$metadata.httpStatusCode, 421);
  assert.match(error.message, new RegExp(`send the request to ${western.endpoint}$`));
});

test("strong consistency is not promised across servers", async () => {
  covers("dynamodb.UpdateTable");
  const { where } = await startPeers();
  const request = new UpdateTableCommand({
    TableName,
    MultiRegionConsistency: "STRONG",
    ReplicaUpdates: [{ Create: { RegionName: west } }, { Create: { RegionName: "us-east-2" } }],
  });
  assert.match(await refusal(where.in(east).send(request)), /^NotImplemented: .*us-west-2/);
});

test("calls between regions that are not signed with the shared secret are refused", async () => {
  covers("dynamodb.UpdateTable");
  const { western, where } = await startPeers("another");
  const forged = await western.raw({
    path: "/_tule/replication",
    headers: { "x-tule-peer-signature": "made up" },
    body: { service: "dynamodb", account: "0", from: east, to: west, call: "dropReplica" },
  });
  assert.equal(forged.status, 403);
  const ReplicaUpdates = [{ Create: { RegionName: west } }];
  await where.in(east).send(new UpdateTableCommand({ TableName, ReplicaUpdates }));
  const table = await where.describe(TableName, east);
  assert.equal(table?.Replicas?.[0]?.ReplicaStatus, "CREATING");
  assert.equal(await where.describe(TableName, west), undefined);
});

test("a call that somebody recorded is refused when it is sent again", async () => {
  covers("dynamodb.UpdateTable");
  const { western } = await startPeers();
  const payload = { tableName: TableName, groupId: "none", region: east };
  const call = { service: "dynamodb", account: "000000000001", from: east, to: west };
  const body = Buffer.from(JSON.stringify({ ...call, call: "replicaActive", payload }));
  const signature = new PeerSignatures("shared", realWorld()).sign(body);
  const headers = { "x-tule-peer-signature": signature };
  const send = () => western.raw({ path: "/_tule/replication", headers, body });
  assert.equal((await send()).status, 200);
  const again = await send();
  assert.equal(again.status, 403);
  assert.match(again.text, /the call has been taken before/);
});

test("a server without peers takes no such calls at all", async () => {
  covers("dynamodb.UpdateTable");
  const tule = await startTule();
  const answer = await tule.raw({ path: "/_tule/replication", body: {} });
  assert.equal(answer.status, 403);
});
