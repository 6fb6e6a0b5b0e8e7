/**
 * `npm run dax-java`: AWS's Java client for DAX writes and reads a table through a cluster, once in plain and once with
 * TLS. Needs Java and Maven, which fetches the client; so it is a command and no part of `npm test`.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateClusterCommand, DAXClient, DescribeClustersCommand } from "@aws-sdk/client-dax";
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { AttachRolePolicyCommand, CreateRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import { ServerProcess } from "../support/server-process.ts";

const accessKeyId = "000000000000";
const target = join(import.meta.dirname, "../../.cache/dax-java");
const classpathFile = join(target, "classpath.txt");
run("mvn", [
  "-q",
  "-B",
  "-f",
  join(import.meta.dirname, "program"),
  `-DbuildDirectory=${target}`,
  `-Dmdep.outputFile=${classpathFile}`,
  "compile",
  "dependency:build-classpath",
]);

const folder = mkdtempSync(join(tmpdir(), "tule-dax-java-"));
const server = new ServerProcess(folder);
const configuration = {
  endpoint: await server.ready,
  region: "us-east-1",
  credentials: { accessKeyId, secretAccessKey: "test" },
};
const control = new DAXClient(configuration);
const IamRoleArn = await makeRole();
await new DynamoDBClient(configuration).send(
  new CreateTableCommand({
    TableName: "Songs",
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [
      { AttributeName: "pk", AttributeType: "S" },
      { AttributeName: "sk", AttributeType: "N" },
    ],
    KeySchema: [
      { AttributeName: "pk", KeyType: "HASH" },
      { AttributeName: "sk", KeyType: "RANGE" },
    ],
  }),
);

const plain = use(await clusterUrl("plain", "NONE"), []);
const secureUrl = await clusterUrl("secure", "TLS");
const secure = use(secureUrl, trust(join(folder, "ca.pem")));
await server.kill();
rmSync(folder, { recursive: true, force: true });
process.stdout.write(`Without TLS:\n${plain}\nWith TLS:\n${secure}`);
process.exitCode = /^not ok/m.test(plain + secure) || !/^ok/m.test(plain) ? 1 : 0;

/** What the program prints. */
function use(url: string, properties: readonly string[]): string {
  const classpath = `${join(target, "classes")}:${readFileSync(classpathFile, "utf8")}`;
  return run("java", [...properties, "-cp", classpath, "tule.DaxProgram", url, accessKeyId]);
}

/** Java's properties for a store of certificates that holds this one. */
function trust(certificate: string): string[] {
  const store = join(folder, "trusted.p12");
  const password = "nothing secret";
  run("keytool", [
    "-importcert",
    "-noprompt",
    "-storetype",
    "PKCS12",
    "-keystore",
    store,
    "-storepass",
    password,
    "-file",
    certificate,
  ]);
  return [`-Djavax.net.ssl.trustStore=${store}`, `-Djavax.net.ssl.trustStorePassword=${password}`];
}

async function clusterUrl(ClusterName: string, encryption: "NONE" | "TLS"): Promise<string> {
  await control.send(
    new CreateClusterCommand({
      ClusterName,
      NodeType: "dax.t3.small",
      ReplicationFactor: 2,
      IamRoleArn,
      ClusterEndpointEncryptionType: encryption,
    }),
  );
  for (;;) {
    const named = new DescribeClustersCommand({ ClusterNames: [ClusterName] });
    const cluster = (await control.send(named)).Clusters![0]!;
    if (cluster.Status === "available") return cluster.ClusterDiscoveryEndpoint!.URL!;
  }
}

async function makeRole(): Promise<string> {
  const iam = new IAMClient(configuration);
  const RoleName = "DAX";
  const trusted = {
    Effect: "Allow",
    Principal: { Service: "dax.amazonaws.com" },
    Action: "sts:AssumeRole",
  };
  const AssumeRolePolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement: trusted });
  const { Role: role } = await iam.send(
    new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }),
  );
  const PolicyArn = "arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess";
  await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
  return role!.Arn!;
}

function run(command: string, argv: readonly string[]): string {
  const ended = spawnSync(command, argv, { encoding: "utf8", timeout: 120_000 });
  if (ended.status === 0) return ended.stdout;
  throw new Error(`${command} failed: ${ended.error?.message ?? ended.stdout + ended.stderr}`);
}
