/**
 * `node bench/dax.ts`: reads of cached items through DAX beside GetItem over HTTP, of one server and one table, both
 * warm. Through AWS's clients, as programs read; and with requests made beforehand, so that the server is all that
 * works. CPU is the server's, of all its threads.
 */
import { rmSync } from "node:fs";
import { createRequire } from "node:module";
import { connect } from "node:net";
import { join } from "node:path";
import { CreateClusterCommand, DAXClient, DescribeClustersCommand } from "@aws-sdk/client-dax";
import {
  BatchWriteItemCommand,
  CreateTableCommand,
  DynamoDBClient,
  GetItemCommand,
} from "@aws-sdk/client-dynamodb";
import { AttachRolePolicyCommand, CreateRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import { FrameScanner } from "../src/engines/dax-protocol/frame-scanner.ts";
import { authorization, greeting, request } from "../tests/support/dax-wire.ts";
import { dataFolder } from "./folders.ts";
import { dynamodbRequest } from "./load/request.ts";
import { readProcessTree } from "./process-tree.ts";
import { killAllServers, ServerProcess } from "./server-process.ts";
import { tule } from "./servers/tule.ts";

const TableName = "Songs";
const itemCount = 1_000;
const connections = 16;
const warmMs = 2_000;
const measuredMs = 5_000;
const keys = { accessKeyId: "AKIDBENCHMARK0000000", secretAccessKey: "benchmark" };
const region = "us-east-1";

process.on("exit", killAllServers);

/** One read at a time; many of them go on beside each other. */
type Read = (id: string) => Promise<unknown>;

interface Contender {
  readonly name: string;
  readonly open: () => Promise<Read>;
  readonly isShared: boolean;
}

const folder = join(dataFolder, `dax-${process.pid}`);
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const server = await ServerProcess.start(tule, folder);
const endpoint = `http://127.0.0.1:${server.port}`;
const sdk = new DynamoDBClient({ endpoint, region, credentials: keys });
const daxPort = await prepare();

const contenders: Contender[] = [
  {
    name: "GetItem, AWS SDK for JavaScript over HTTP",
    isShared: true,
    open: async () => (id) => sdk.send(new GetItemCommand({ TableName, Key: { id: { S: id } } })),
  },
  {
    name: "getItem, AWS's JavaScript client for DAX",
    isShared: true,
    open: async () => {
      const { DaxDocument } = createRequire(import.meta.url)("@amazon-dax-sdk/lib-dax") as {
        DaxDocument: new (config: object) => { getItem(input: object): Promise<unknown> };
      };
      const client = new DaxDocument({
        endpoint: `dax://127.0.0.1:${daxPort}`,
        region,
        credentials: keys,
      });
      return (id) => client.getItem({ TableName, Key: { id: { S: id } } });
    },
  },
  {
    name: "GetItem over HTTP, requests made beforehand",
    isShared: false,
    open: () =>
      wire(server.port, Buffer.alloc(0), httpEnd, (id) =>
        Buffer.from(dynamodbRequest("GetItem", { TableName, Key: { id: { S: id } } }).bytes),
      ),
  },
  {
    name: "getItem over DAX's protocol, requests made beforehand",
    isShared: false,
    open: () =>
      wire(daxPort, Buffer.concat([greeting(), authorization(keys)]), daxEnd, (id) =>
        request(263244906)
          .byteString(Buffer.from(TableName))
          .byteString(Buffer.from(id))
          .null()
          .finish(),
      ),
  },
];

console.log(
  `${itemCount} items of 1 KB, ${connections} reads at a time, ${measuredMs / 1000} s each\n`,
);
for (const contender of contenders) {
  const { perSecond, cpuMicros } = await measure(contender);
  console.log(
    `${contender.name.padEnd(56)} ${Math.round(perSecond).toString().padStart(7)} /s ` +
      `${cpuMicros.toFixed(1).padStart(7)} µs of the server's CPU each`,
  );
}
await server.stop();
process.exit(0);

/** A table with its items, and a cluster of one node; answers with the cluster's port. */
async function prepare(): Promise<number> {
  await sdk.send(
    new CreateTableCommand({
      TableName,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
    }),
  );
  const payload = { S: "x".repeat(900) };
  for (let first = 0; first < itemCount; first += 25) {
    const requests = Array.from({ length: 25 }, (_, index) => ({
      PutRequest: { Item: { id: { S: idOf(first + index) }, payload, plays: { N: "42" } } },
    }));
    await sdk.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: requests } }));
  }
  const control = new DAXClient({ endpoint, region, credentials: keys });
  const ClusterName = "bench";
  await control.send(
    new CreateClusterCommand({
      ClusterName,
      NodeType: "dax.t3.small",
      ReplicationFactor: 1,
      IamRoleArn: await makeRole(),
    }),
  );
  for (;;) {
    const { Clusters } = await control.send(
      new DescribeClustersCommand({ ClusterNames: [ClusterName] }),
    );
    const cluster = Clusters?.[0];
    if (cluster?.Status === "available") return cluster.Nodes![0]!.Endpoint!.Port!;
  }
}

/** A role that lets clusters use all tables; its ARN. */
async function makeRole(): Promise<string> {
  const iam = new IAMClient({ endpoint, region, credentials: keys });
  const RoleName = "DAX";
  const trust = {
    Effect: "Allow",
    Principal: { Service: "dax.amazonaws.com" },
    Action: "sts:AssumeRole",
  };
  const AssumeRolePolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement: trust });
  const { Role: role } = await iam.send(
    new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }),
  );
  const PolicyArn = "arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess";
  await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
  return role!.Arn!;
}

function idOf(number: number): string {
  return `song-${number}`;
}

async function measure({
  open,
  isShared,
}: Contender): Promise<{ readonly perSecond: number; readonly cpuMicros: number }> {
  const shared = isShared ? await open() : undefined;
  const reads = await Promise.all(
    Array.from({ length: connections }, async () => shared ?? (await open())),
  );
  let count = 0;
  const load = { isOver: false };
  const loops = reads.map(async (read) => {
    while (!load.isOver) {
      await read(idOf(Math.floor(Math.random() * itemCount)));
      count += 1;
    }
  });
  await pause(warmMs);
  const before = { count, atMs: performance.now(), cpu: cpuNow() };
  await pause(measuredMs);
  const measured = count - before.count;
  const seconds = (performance.now() - before.atMs) / 1000;
  const cpuMicros = (cpuNow() - before.cpu) / measured;
  load.isOver = true;
  await Promise.all(loops);
  return { perSecond: measured / seconds, cpuMicros };
}

function cpuNow(): number {
  return readProcessTree(server.pid)?.cpuMicros ?? 0;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** Where the first answer in these bytes ends; undefined if it is not whole yet. */
type FindEnd = (bytes: Buffer) => number | undefined;

async function wire(
  port: number,
  opening: Buffer,
  findEnd: FindEnd,
  requestOf: (id: string) => Buffer,
): Promise<Read> {
  const requests = new Map(
    Array.from({ length: itemCount }, (_, number) => [idOf(number), requestOf(idOf(number))]),
  );
  const socket = connect(port, "127.0.0.1");
  socket.setNoDelay(true);
  socket.write(opening);
  let received: Buffer = Buffer.alloc(0);
  let answered: () => void = () => undefined;
  socket.on("data", (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const end = findEnd(received);
    if (end === undefined) return;
    received = received.subarray(end);
    answered();
  });
  return (id) =>
    new Promise<void>((resolve) => {
      answered = resolve;
      socket.write(requests.get(id)!);
    });
}

function httpEnd(bytes: Buffer): number | undefined {
  const head = bytes.indexOf("\r\n\r\n");
  if (head < 0) return undefined;
  const length = /content-length: (\d+)/i.exec(bytes.toString("latin1", 0, head))?.[1];
  const end = head + 4 + Number(length ?? 0);
  return bytes.length >= end ? end : undefined;
}

function daxEnd(bytes: Buffer): number | undefined {
  const scanner = new FrameScanner();
  return scanner.scan(bytes, 2) ? scanner.at : undefined;
}
