/**
 * `node bench/throttling.ts [seconds]`: how exactly a provisioned table throttles. A table of 100 write units spends its
 * burst, and is then put under all the load that it refuses; what was admitted in each second is printed.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { Agent, request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { dataFolder } from "./folders.ts";
import { killAllServers, ServerProcess } from "./server-process.ts";
import { tule } from "./servers/tule.ts";

const unitsPerSecond = 100;
const connections = 16;
const toleratedPercent = 3;

const agent = new Agent({ keepAlive: true, maxSockets: connections });

interface Answer {
  readonly status: number;
  readonly body: string;
}

function call(port: number, operation: string, input: object): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        port,
        agent,
        method: "POST",
        headers: {
          "content-type": "application/x-amz-json-1.0",
          "x-amz-target": `DynamoDB_20120810.${operation}`,
        },
      },
      (answer) => {
        let body = "";
        answer.on("data", (part: Buffer) => (body += part.toString()));
        answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body }));
      },
    );
    sent.on("error", reject);
    sent.end(JSON.stringify(input));
  });
}

async function run(seconds: number): Promise<boolean> {
  const folder = join(dataFolder, "throttling");
  rmSync(folder, { recursive: true, force: true });
  const server = await ServerProcess.start(tule, folder);
  const { port } = server;
  const TableName = "throttled";
  await call(port, "CreateTable", {
    TableName,
    AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
    KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
    ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: unitsPerSecond },
  });
  await pause(500);
  const text = "x".repeat(390 * 1024);
  const put = (pk: string, more: object = {}): Promise<Answer> =>
    call(port, "PutItem", { TableName, Item: { pk: { S: pk }, ...more } });

  const burstStartedMs = performance.now();
  for (let status = 200; status === 200;) ({ status } = await put("large", { text: { S: text } }));
  const burstSeconds = (performance.now() - burstStartedMs) / 1000;
  // The last one went into debt.
  while ((await put("small")).status !== 200) await pause(10);
  console.log(`The burst was spent in ${burstSeconds.toFixed(1)} s. Admitted in each second then:`);

  const admitted = Array.from({ length: seconds }, () => 0);
  let refused = 0;
  const startedMs = performance.now();
  await Promise.all(
    Array.from({ length: connections }, async (_, connection) => {
      for (let at = 0; ; at++) {
        const { status } = await put(`${connection} ${at}`);
        const second = Math.floor((performance.now() - startedMs) / 1000);
        if (second >= seconds) return;
        if (status === 200) admitted[second]! += 1;
        else refused += 1;
      }
    }),
  );
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
  console.log(admitted.join(" "));
  const mean = admitted.reduce((sum, count) => sum + count, 0) / seconds;
  const worst = Math.max(...admitted.map((count) => Math.abs(count - unitsPerSecond)));
  console.log(
    `On average ${mean.toFixed(2)} of ${unitsPerSecond} a second; a single second was at most ${worst} off; ` +
      `${Math.round(refused / seconds)} a second were refused.`,
  );
  return Math.abs(mean - unitsPerSecond) <= (unitsPerSecond * toleratedPercent) / 100;
}

try {
  const isRight = await run(Number(process.argv[2] ?? 30));
  process.exitCode = isRight ? 0 : 1;
} finally {
  agent.destroy();
  killAllServers();
}
