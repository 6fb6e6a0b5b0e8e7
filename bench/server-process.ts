import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { sendOnce } from "./load/connection.ts";
import { dynamodbRequest } from "./load/request.ts";
import { readProcessTree } from "./process-tree.ts";
import type { Server } from "./servers/server.ts";

const readyLimitSeconds = 60;
const stopLimitSeconds = 10;

const running = new Set<ServerProcess>();

/** A server that has been started and answers. */
export class ServerProcess {
  readonly server: Server;
  readonly port: number;
  readonly pid: number;
  /** From the start of the process to its first answered request. */
  readyMs = 0;
  readonly #child: ChildProcess;

  private constructor(server: Server, port: number, child: ChildProcess) {
    this.server = server;
    this.port = port;
    this.pid = child.pid ?? 0;
    this.#child = child;
  }

  /**
   * Starts a server with its data in `folder`/data and its output in `folder`/output.log, and waits until it
   * answers. Throws, with the end of its output, if it doesn't within a minute.
   */
  static async start(server: Server, folder: string): Promise<ServerProcess> {
    for (let tries = server.startTries ?? 1; tries > 1; tries--) {
      try {
        return await ServerProcess.#startOnce(server, folder);
      } catch {
        // The last try's error is the one that is told.
      }
    }
    return ServerProcess.#startOnce(server, folder);
  }

  static async #startOnce(server: Server, folder: string): Promise<ServerProcess> {
    const data = join(folder, "data");
    mkdirSync(data, { recursive: true });
    const logFile = join(folder, "output.log");
    const port = await freePort();
    const command = server.command({ port, folder: data });
    const log = openSync(logFile, "w");
    const startedAtMs = performance.now();
    const child = spawn(command.file, command.arguments, {
      stdio: ["ignore", log, log],
      env: { ...process.env, ...credentials, ...command.environment },
    });
    closeSync(log);
    let problem: string | undefined;
    child.once("error", (error) => (problem = error.message));
    const started = new ServerProcess(server, port, child);
    running.add(started);
    while (performance.now() - startedAtMs < readyLimitSeconds * 1000) {
      problem ??= started.hasEnded() ? "it ended" : undefined;
      if (problem !== undefined) break;
      if (await answers(port)) {
        started.readyMs = performance.now() - startedAtMs;
        return started;
      }
      await pause(2);
    }
    await started.stop();
    const output = readFileSync(logFile, "utf8").trim().slice(-600);
    throw new Error(`not ready: ${problem ?? `no answer in ${readyLimitSeconds} s`}\n${output}`);
  }

  hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Asks the server to end; after ten seconds, or at once with SIGKILL, ends its whole tree. */
  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    const { pids = [] } = readProcessTree(this.pid) ?? {};
    if (!this.hasEnded()) this.#child.kill(signal);
    const limitMs = performance.now() + stopLimitSeconds * 1000;
    while (!this.hasEnded() && performance.now() < limitMs) await pause(5);
    for (const pid of pids) kill(pid);
    running.delete(this);
  }

  /** Waits until the server is idle: requests whose clients have gone may still be worked on. */
  async becomesIdle(limitSeconds: number): Promise<void> {
    const limitMs = performance.now() + limitSeconds * 1000;
    let before = readProcessTree(this.pid)?.cpuMicros;
    while (performance.now() < limitMs) {
      await pause(200);
      const after = readProcessTree(this.pid)?.cpuMicros;
      if (before === undefined || after === undefined || after - before <= 20_000) return;
      before = after;
    }
  }

  killTree(): void {
    for (const pid of readProcessTree(this.pid)?.pids ?? [this.pid]) kill(pid);
  }
}

/** The peers look for credentials in the environment and some refuse to start without. */
const credentials = {
  AWS_ACCESS_KEY_ID: "AKIDBENCHMARK0000000",
  AWS_SECRET_ACCESS_KEY: "benchmark",
  AWS_REGION: "us-east-1",
  AWS_DEFAULT_REGION: "us-east-1",
};

/** For when the benchmark itself ends, whichever way: nothing that it started outlives it. */
export function killAllServers(): void {
  for (const server of running) server.killTree();
}

async function answers(port: number): Promise<boolean> {
  try {
    const answer = await sendOnce(port, dynamodbRequest("ListTables", {}).bytes);
    return answer.status === 200;
  } catch {
    // Nobody listens yet.
    return false;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended already.
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}
