import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Answer } from "../../bench/load/connection.ts";
import { ServerProcess } from "../support/server-process.ts";
import { clientOf, ensureTables, fuzzedAccount, waitForMainTable } from "./clients.ts";
import { Exchange, NoAnswer } from "./exchange.ts";
import { fuzzRequest, knownKey, type FuzzRequest } from "./request.ts";
import { Sentinel } from "./sentinel.ts";
import { verifyTables } from "./verify-tables.ts";

const connections = 8;
const hangMs = 20_000;
const sentinelEvery = 250;
const mostProblems = 20;
const slowestShown = 12;

export interface Summary {
  readonly seed: number;
  readonly requests: number;
  readonly seconds: number;
  /** How often each status was answered. */
  readonly statuses: ReadonlyMap<number, number>;
  /** What each operation made of its requests: [answered with 200, all]. */
  readonly operations: ReadonlyMap<string, readonly [number, number]>;
  readonly items: number;
  /** The requests that took longest, the neighbours that they waited for included. */
  readonly slowest: readonly Slow[];
  readonly problems: readonly string[];
  /** Kept if anything was wrong. */
  readonly dataFolder: string;
}

interface Slow {
  readonly number: number;
  readonly operation: string;
  readonly ms: number;
}

/**
 * Sends these requests, right ones and mutilated ones, to a server in a process of its own. It must answer each,
 * never with a failure of its own; serve a client that behaves, all the while; keep indexes and tables in step; and
 * have the same tables after a SIGKILL.
 */
export async function fuzz(
  requests: number,
  seed: number,
  http: "sockets" | "node" = "sockets",
): Promise<Summary> {
  const startedAtMs = Date.now();
  const dataFolder = await mkdtemp(join(tmpdir(), "tule-fuzz-"));
  const environment = {
    TULE_ROOT_ACCESS_KEY_ID: knownKey.accessKeyId,
    TULE_ROOT_SECRET_ACCESS_KEY: knownKey.secretAccessKey,
  };
  const start = (): ServerProcess => new ServerProcess(dataFolder, ["--http", http], environment);
  let server = start();
  const run = new Run(requests, seed, server);
  let endpoint = await server.ready;
  await run.all(endpoint);
  const { problems } = run;
  const logged = server.errors;
  if (logged !== "") problems.push(`the server logged: ${logged.slice(0, 4000)}`);
  let items = 0;
  if (server.isRunning) {
    const before = await verifyTables(endpoint, problems);
    items = before.size;
    await server.kill();
    server = start();
    endpoint = await server.ready;
    const after = await verifyTables(endpoint, problems);
    for (const name of new Set([...before.keys(), ...after.keys()]))
      if (before.get(name) !== after.get(name)) problems.push(`after a kill: ${name} is another`);
  } else problems.push("the server ended");
  await server.kill();
  if (problems.length === 0) await rm(dataFolder, { recursive: true });
  const seconds = (Date.now() - startedAtMs) / 1000;
  const { statuses, operations, slowest } = run;
  return { seed, requests, seconds, statuses, operations, items, slowest, problems, dataFolder };
}

class Run {
  readonly statuses = new Map<number, number>();
  readonly operations = new Map<string, readonly [number, number]>();
  readonly problems: string[] = [];
  slowest: readonly Slow[] = [];
  readonly #requests: number;
  readonly #seed: number;
  readonly #server: ServerProcess;
  #next = 0;

  constructor(requests: number, seed: number, server: ServerProcess) {
    this.#requests = requests;
    this.#seed = seed;
    this.#server = server;
  }

  async all(endpoint: string): Promise<void> {
    const sentinel = new Sentinel(endpoint);
    await sentinel.prepare();
    const client = clientOf(endpoint, fuzzedAccount);
    await ensureTables(client);
    await waitForMainTable(client);
    const { port } = new URL(endpoint);
    const work = async (): Promise<void> => {
      const exchange = new Exchange(Number(port));
      for (let number = this.#take(); number !== undefined; number = this.#take()) {
        await this.#one(exchange, number);
        if (number % sentinelEvery !== 0) continue;
        await this.#guarded(number, () => sentinel.check(number));
        await this.#guarded(number, () => ensureTables(client));
      }
      exchange.close();
    };
    await Promise.all(Array.from({ length: connections }, work));
    sentinel.close();
    client.destroy();
  }

  #take(): number | undefined {
    const isOver =
      this.#next >= this.#requests ||
      this.problems.length >= mostProblems ||
      !this.#server.isRunning;
    return isOver ? undefined : this.#next++;
  }

  async #one(exchange: Exchange, number: number): Promise<void> {
    const request = fuzzRequest(this.#seed, number);
    const startedAtMs = performance.now();
    await this.#guarded(number, async () => {
      const answer = await exchange.send(request.bytes, hangMs).catch((error: unknown) => {
        if (error instanceof NoAnswer) this.#report(number, request, error.message);
        else throw error;
      });
      if (answer !== undefined) this.#judge(number, request, answer);
    });
    const { operation } = request;
    this.#remember({ number, operation, ms: performance.now() - startedAtMs });
  }

  #remember(taken: Slow): void {
    const atLeastMs = this.slowest.at(-1)?.ms ?? 0;
    if (this.slowest.length >= slowestShown && taken.ms <= atLeastMs) return;
    this.slowest = [...this.slowest, taken].sort((a, b) => b.ms - a.ms).slice(0, slowestShown);
  }

  async #guarded(number: number, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.problems.push(`at ${number}: ${error instanceof Error ? error.stack : String(error)}`);
    }
  }

  #judge(number: number, request: FuzzRequest, { status, body }: Answer): void {
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
    const [right, all] = this.operations.get(request.operation) ?? [0, 0];
    this.operations.set(request.operation, [right + (status === 200 ? 1 : 0), all + 1]);
    const isAnswer = status >= 200 && status < 500 && status !== 499;
    // 501: there is such a thing at AWS, and not here yet.
    if (!isAnswer && status !== 501) this.#report(number, request, `${status} ${body}`);
    if (status === 200 && body.startsWith("{") && !isJson(body))
      this.#report(number, request, `not JSON: ${body}`);
  }

  #report(number: number, { operation, bytes }: FuzzRequest, text: string): void {
    const shown = bytes.subarray(0, 1500).toString("latin1");
    this.problems.push(`request ${number} (${operation}): ${text.slice(0, 500)}\n${shown}\n`);
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
