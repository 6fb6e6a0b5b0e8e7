/**
 * `npm run kcl -- [--writes 30000]`: the Kinesis Client Library with its DynamoDB Streams adapter reads a stream while
 * its table is written so fast that the shard splits. Each record must come, once, in the order of its item. Needs Java
 * and Maven, which fetches the library; so it is a command and no part of `npm test`.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import {
  BatchWriteItemCommand,
  CreateTableCommand,
  DynamoDBClient,
} from "@aws-sdk/client-dynamodb";
import { ServerProcess } from "../support/server-process.ts";

const { values } = parseArgs({ options: { writes: { type: "string", default: "30000" } } });
const writers = 16;
/** Of each writer; written together, round after round. */
const items = 25;
const rounds = Math.ceil(Number(values.writes) / writers / items);
const longestWaitMs = 180_000;

const project = join(import.meta.dirname, "consumer");
const target = join(import.meta.dirname, "../../.cache/kcl");
const classpathFile = join(target, "classpath.txt");
const built = spawnSync(
  "mvn",
  [
    "-q",
    "-B",
    `-DbuildDirectory=${target}`,
    `-Dmdep.outputFile=${classpathFile}`,
    "compile",
    "dependency:build-classpath",
  ],
  { cwd: project, encoding: "utf8" },
);
if (built.status !== 0) throw new Error(`mvn failed: ${built.error?.message ?? built.stdout}`);

const folder = mkdtempSync(join(tmpdir(), "tule-kcl-"));
const server = new ServerProcess(folder);
const endpoint = await server.ready;
const client = new DynamoDBClient({
  endpoint,
  region: "us-east-1",
  credentials: { accessKeyId: "000000000000", secretAccessKey: "test" },
});
const created = await client.send(
  new CreateTableCommand({
    TableName: "source",
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
    KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
    StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" },
  }),
);

const classpath = `${join(target, "classes")}:${readFileSync(classpathFile, "utf8")}`;
const program = ["-cp", classpath, "tule.StreamConsumer"];
const consumer = spawn("java", [...program, endpoint, created.TableDescription!.LatestStreamArn!]);
const shards = new Set<string>();
const ended = new Set<string>();
const latest = new Map<string, number>();
let records = 0;
const problems: string[] = [];
const wanted = writers * items * rounds;
const done = new Promise<void>((resolve) => {
  const limit = setTimeout(resolve, longestWaitMs);
  createInterface({ input: consumer.stdout }).on("line", (line) => {
    const [kind, name = "", number] = line.split("\t");
    if (kind === "shard") shards.add(name);
    else if (kind === "ended") ended.add(name);
    else if (kind === "record") {
      const expected = (latest.get(name) ?? -1) + 1;
      if (Number(number) !== expected) problems.push(`${name}: ${number} instead of ${expected}`);
      latest.set(name, Number(number));
      records += 1;
      if (records === wanted) {
        clearTimeout(limit);
        resolve();
      }
    }
  });
});

await Promise.all(
  Array.from({ length: writers }, async (_, writer) => {
    for (let round = 0; round < rounds; round += 1) {
      const requests = Array.from({ length: items }, (_, item) => ({
        PutRequest: { Item: { pk: { S: `${writer}-${item}` }, n: { N: String(round) } } },
      }));
      await client.send(new BatchWriteItemCommand({ RequestItems: { source: requests } }));
    }
  }),
);
await done;
consumer.kill("SIGKILL");
await server.kill();
rmSync(folder, { recursive: true, force: true });
if (records !== wanted) problems.push(`${records} records of ${wanted}`);
console.log(
  `${wanted} writes, ${records} records read from ${shards.size} shards, ${ended.size} of them to their end; ` +
    `${problems.length} problems${problems
      .slice(0, 5)
      .map((problem) => `\n  ${problem}`)
      .join("")}`,
);
process.exitCode = problems.length === 0 ? 0 : 1;
