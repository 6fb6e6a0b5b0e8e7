import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { connect as connectPlainly } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { DescribeClustersCommand, type Cluster } from "@aws-sdk/client-dax";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { covers } from "../../support/covers.ts";
import { daxControl, daxControlOf, makeCluster, makeTable } from "../../support/dax.ts";
import { keysOf } from "../../support/iam.ts";
import { ServerProcess } from "../../support/server-process.ts";
import { startTule } from "../../support/tule.ts";

const tls = { ClusterName: "secret", ClusterEndpointEncryptionType: "TLS" } as const;
const account = "000000000000";

test("AWS's client trusts a cluster with TLS through the certificate in the data folder, over restarts", async () => {
  covers("dax.CreateCluster", "dax.DescribeClusters");
  const folder = await mkdtemp(join(tmpdir(), "tule-dax-tls-"));
  after(() => rm(folder, { recursive: true, force: true }));
  const first = await started(folder);
  const control = await daxControl(first, account);
  const cluster = await makeCluster(control, { ...tls, ReplicationFactor: 2 });
  assert.equal(cluster.ClusterEndpointEncryptionType, "TLS");
  assert.match(cluster.ClusterDiscoveryEndpoint!.URL!, /^daxs:\/\/127\.0\.0\.1:\d+$/);
  const configuration = { endpoint: first.endpoint, region: "us-east-1" };
  const dynamodb = new DynamoDBClient({ ...configuration, credentials: keysOf(account) });
  after(() => dynamodb.destroy());
  await makeTable(dynamodb, "Songs", ["id:S"]);
  const authority = join(folder, "ca.pem");
  const text = await readFile(authority, "utf8");
  assert.equal(await (await fetch(`${first.endpoint}/_tule/ca.pem`)).text(), text);
  assert.match(await program(cluster, "put", { NODE_EXTRA_CA_CERTS: authority }), /^done/);
  // Who does not know the certificate does not connect, and nobody speaks without TLS.
  const plain = { URL: cluster.ClusterDiscoveryEndpoint!.URL!.replace("daxs", "dax") };
  const refused = [cluster, { ClusterDiscoveryEndpoint: plain }].map((one) =>
    program(one, "get", {}),
  );
  for (const printed of await Promise.all(refused)) assert.match(printed, /NoRoute/);
  await first.kill();
  const second = await started(folder);
  const found = await daxControlOf(second, account).send(new DescribeClustersCommand({}));
  assert.deepEqual(found.Clusters![0]!.ClusterDiscoveryEndpoint, cluster.ClusterDiscoveryEndpoint);
  assert.equal(await readFile(authority, "utf8"), text);
  const read = await program(found.Clusters![0]!, "get", { NODE_EXTRA_CA_CERTS: authority });
  assert.match(read, /^done \{"id":"1"\}/);
});

test("a client is shown the name that it asks for, and what is no TLS is shown the door", async () => {
  const tule = await startTule();
  const control = await daxControl(tule, tule.newAccount());
  const port = (await makeCluster(control, tls)).ClusterDiscoveryEndpoint!.Port!;
  const ca = await (await fetch(`${tule.endpoint}/_tule/ca.pem`)).text();
  const connected = async (options: ConnectionOptions): Promise<TLSSocket> => {
    const socket = connect({ host: "127.0.0.1", port, ca, ...options });
    await once(socket, "secureConnect");
    return socket;
  };
  for (const servername of ["localhost", "tule.example.test", ""]) {
    const socket = await connected({ servername });
    const expected = servername.includes(".") ? servername : "localhost";
    assert.equal(socket.getPeerCertificate().subject.CN, expected);
    socket.destroy();
  }
  await assert.rejects(connected({ ca: [] }), { code: "SELF_SIGNED_CERT_IN_CHAIN" });
  const plain = connectPlainly(port, "127.0.0.1");
  plain.write("GET / HTTP/1.1\r\n\r\n");
  plain.resume();
  await once(plain, "close");
});

async function started(folder: string): Promise<{ endpoint: string; kill(): Promise<void> }> {
  const server = new ServerProcess(folder, ["--service-port", "0", "--log", "error"]);
  after(() => server.kill());
  return { endpoint: await server.ready, kill: () => server.kill() };
}

/** What a program of a user's prints, that puts or gets an item through AWS's client. */
async function program(
  { ClusterDiscoveryEndpoint: endpoint }: Pick<Cluster, "ClusterDiscoveryEndpoint">,
  call: "put" | "get",
  environment: Record<string, string>,
): Promise<string> {
  const input = {
    TableName: "Songs",
    ...(call === "put" ? { Item: { id: "1" } } : { Key: { id: "1" } }),
  };
  const script = `
    const { DaxDocument } = require("@amazon-dax-sdk/lib-dax");
    const config = ${JSON.stringify({ endpoint: endpoint!.URL, region: "us-east-1", credentials: keysOf(account), requestTimeout: 1_000, maxRetries: 0 })};
    new DaxDocument(config).${call}(${JSON.stringify(input)})
      .then((found) => "done " + JSON.stringify(found.Item), (problem) => String(problem))
      .then((text) => process.stdout.write(text, () => process.exit(0)));`;
  const child = spawn(process.execPath, ["-e", script], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "ignore"],
  });
  let printed = "";
  child.stdout.on("data", (chunk) => (printed += String(chunk)));
  await once(child, "close");
  return printed;
}
