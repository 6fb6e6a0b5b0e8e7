import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { setTimeout as pause } from "node:timers/promises";
import { sendOnce } from "./load/connection.ts";
import type { LoadJob, LoadResult } from "./load/job.ts";
import { dynamodbRequest } from "./load/request.ts";
import type { RequestTemplate } from "./load/request.ts";

const loadProgram = fileURLToPath(new URL("load.ts", import.meta.url));
const tableLimitSeconds = 30;

/** DynamoDB's JSON as it comes back: read with care, for it comes from a server that may be wrong. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [name: string]: Json };

/** A server as a scenario sees it: it can be called, filled, and put under load. */
export class Target {
  readonly port: number;
  readonly pid: number;

  constructor(port: number, pid: number) {
    this.port = port;
    this.pid = pid;
  }

  /** Throws with the server's own words unless it answers 200. */
  async call(operation: string, input: object): Promise<{ readonly [name: string]: Json }> {
    const { status, body } = await sendOnce(this.port, dynamodbRequest(operation, input).bytes);
    if (status !== 200) throw new Error(`${operation} answers ${status} ${body.slice(0, 200)}`);
    const answer: Json = JSON.parse(body);
    if (!isObject(answer)) throw new Error(`${operation} answers ${body.slice(0, 200)}`);
    return answer;
  }

  /** Makes a table with string keys `pk` and `sk` and waits until it is active. */
  async createTable(name: string): Promise<void> {
    await this.call("CreateTable", {
      TableName: name,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [
        { AttributeName: "pk", AttributeType: "S" },
        { AttributeName: "sk", AttributeType: "S" },
      ],
      KeySchema: [
        { AttributeName: "pk", KeyType: "HASH" },
        { AttributeName: "sk", KeyType: "RANGE" },
      ],
    });
    const limitMs = performance.now() + tableLimitSeconds * 1000;
    while (performance.now() < limitMs) {
      const { Table: table } = await this.call("DescribeTable", { TableName: name });
      if (JSON.stringify(table).includes('"TableStatus":"ACTIVE"')) return;
      await pause(20);
    }
    throw new Error(`table ${name} is not active after ${tableLimitSeconds} s`);
  }

  /** Sends the request exactly so many times over `connections`. Throws at the first that fails. */
  async fill(
    template: RequestTemplate,
    requests: number,
    expectedBody: RegExp,
    limitSeconds: number,
    connections = 16,
  ): Promise<LoadResult> {
    const result = await this.load({
      template,
      requests,
      expectedBody,
      connections,
      warmSeconds: 0,
      seconds: limitSeconds,
    });
    if (result.errors > 0) throw new Error(result.firstError);
    if (result.answered < requests) {
      throw new Error(`filling got ${result.answered} of ${requests} answers in ${limitSeconds} s`);
    }
    return result;
  }

  /** Runs one load process to its end. */
  load(job: Omit<LoadJob, "port" | "serverPid">): Promise<LoadResult> {
    return new Promise((resolve, reject) => {
      const child = fork(loadProgram, { serialization: "advanced" });
      loadProcesses.add(child);
      // The job bounds itself; this is for a load process that hangs.
      const limit = setTimeout(
        () => child.kill("SIGKILL"),
        (job.warmSeconds + job.seconds + 30) * 1000,
      );
      let result: LoadResult | undefined;
      child.once("message", (message: LoadResult) => (result = message));
      child.once("error", reject);
      child.once("exit", () => {
        clearTimeout(limit);
        loadProcesses.delete(child);
        if (result === undefined) reject(new Error("the load process ended without a result"));
        else resolve(result);
      });
      child.send({ ...job, port: this.port, serverPid: this.pid } satisfies LoadJob);
    });
  }
}

function isObject(value: Json): value is { readonly [name: string]: Json } {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

const loadProcesses = new Set<ChildProcess>();

export function killAllLoad(): void {
  for (const child of loadProcesses) child.kill("SIGKILL");
}
