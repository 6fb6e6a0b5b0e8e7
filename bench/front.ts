/**
 * What HTTP itself costs: the same echo behind the socket front, behind the node:http front, and on bare node:http.
 * `node bench/front.ts [seconds] [rounds]` prints CPU microseconds a request of the server's process, interleaved.
 */
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { createServer } from "node:http";
import { connect } from "node:net";
import { openFront } from "#gateway/front/open-front.ts";
import { realWorld } from "#world/real.ts";

const kinds = ["bare", "node", "sockets"] as const;
type Kind = (typeof kinds)[number];
const connectionCount = 64;
const body = JSON.stringify({ TableName: "bench", Key: { pk: { S: "x".repeat(240) } } });
const request = Buffer.from(
  "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-amz-json-1.0\r\n" +
    "X-Amz-Target: DynamoDB_20120810.GetItem\r\nX-Amz-Date: 20260101T000000Z\r\nUser-Agent: aws-sdk-js/3.1 bench\r\n" +
    "amz-sdk-invocation-id: 6f8e3f4c-1111-4222-8333-444455556666\r\namz-sdk-request: attempt=1; max=3\r\n" +
    `Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=${"0".repeat(64)}\r\n` +
    `Content-Length: ${body.length}\r\n\r\n${body}`,
);
const answer = Buffer.alloc(1024, 97);

async function serve(kind: Kind): Promise<void> {
  const port = kind === "bare" ? await serveBare() : await serveFront(kind);
  process.on("message", () => process.send?.({ cpu: process.cpuUsage() }));
  process.send?.({ port });
}

function serveBare(): Promise<number> {
  const server = createServer((message, response) => {
    const chunks: Buffer[] = [];
    message.on("data", (chunk: Buffer) => chunks.push(chunk));
    message.on("end", () => {
      Buffer.concat(chunks);
      response.writeHead(200, {
        "Content-Type": "application/x-amz-json-1.0",
        "x-amzn-RequestId": "6f8e3f4c-1111-4222-8333-444455556666",
        "Content-Length": answer.length,
      });
      response.end(answer);
    });
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
}

async function serveFront(http1: "node" | "sockets"): Promise<number> {
  const { sockets, clock } = realWorld();
  const front = await openFront({
    sockets,
    clock,
    host: "127.0.0.1",
    port: 0,
    http1,
    handler(incoming) {
      const bytes = incoming.body.bytes(1_000_000);
      const response = {
        status: 200,
        headers: {
          "Content-Type": "application/x-amz-json-1.0",
          "x-amzn-RequestId": "6f8e3f4c-1111-4222-8333-444455556666",
        },
        body: answer,
      };
      return bytes instanceof Promise ? bytes.then(() => response) : response;
    },
  });
  return front.port;
}

interface Round {
  readonly requests: number;
  readonly seconds: number;
  readonly cpuMicros: number;
}

async function load(server: ChildProcess, port: number, durationMs: number): Promise<Round> {
  const before = await cpuMicros(server);
  const startedMs = performance.now();
  const counts = await Promise.all(
    Array.from({ length: connectionCount }, () => client(port, startedMs + durationMs)),
  );
  const seconds = (performance.now() - startedMs) / 1000;
  const requests = counts.reduce((sum, count) => sum + count, 0);
  return { requests, seconds, cpuMicros: (await cpuMicros(server)) - before };
}

/** Requests until the time is over, one at a time; answers are told apart by their length, which never changes. */
function client(port: number, untilMs: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let count = 0;
    let answerBytes = 0;
    let received = 0;
    socket.setNoDelay(true);
    socket.on("connect", () => socket.write(request));
    socket.on("error", reject);
    socket.on("data", (chunk: Buffer) => {
      if (answerBytes === 0) answerBytes = chunk.indexOf("\r\n\r\n") + 4 + answer.length;
      received += chunk.length;
      if (received < answerBytes) return;
      received = 0;
      count += 1;
      if (performance.now() < untilMs) socket.write(request);
      else {
        socket.destroy();
        resolve(count);
      }
    });
  });
}

interface Told {
  readonly port?: number;
  readonly cpu?: NodeJS.CpuUsage;
}

function told(server: ChildProcess): Promise<Told> {
  return new Promise((resolve) => {
    server.once("message", (message) => resolve(message as Told));
  });
}

async function cpuMicros(server: ChildProcess): Promise<number> {
  server.send("cpu");
  const { cpu } = await told(server);
  return cpu === undefined ? 0 : cpu.user + cpu.system;
}

async function main(seconds: number, rounds: number): Promise<void> {
  const servers = await Promise.all(
    kinds.map(async (kind) => {
      const server = fork(import.meta.filename, ["--serve", kind]);
      const { port = 0 } = await told(server);
      return { kind, server, port, results: [] as Round[] };
    }),
  );
  for (const { server, port } of servers) await load(server, port, 1500);
  for (let round = 0; round < rounds; round += 1)
    for (const { server, port, results } of servers)
      results.push(await load(server, port, seconds * 1000));
  for (const { kind, server, results } of servers) {
    const line = results
      .map(
        (round) =>
          `${(round.cpuMicros / round.requests).toFixed(1)} us (${(round.requests / round.seconds / 1000).toFixed(1)}k/s)`,
      )
      .join("  ");
    console.log(`${kind.padEnd(8)} ${line}`);
    server.kill();
  }
}

if (process.argv[2] === "--serve") await serve(process.argv[3] as Kind);
else await main(Number(process.argv[2] ?? 3), Number(process.argv[3] ?? 3));
