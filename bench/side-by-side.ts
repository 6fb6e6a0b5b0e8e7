import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { dataFolder } from "./folders.ts";
import { sendOnce } from "./load/connection.ts";
import type { LoadResult } from "./load/job.ts";
import type { Options } from "./options.ts";
import { readProcessTree } from "./process-tree.ts";
import { formatScenario, formatServers } from "./report.ts";
import type { Scenario } from "./scenarios/scenario.ts";
import { ServerProcess } from "./server-process.ts";
import type { Server } from "./servers/server.ts";
import { Target } from "./target.ts";

/** What one server showed in one round. */
export interface Cell extends LoadResult {
  readonly round: number;
  /** What the server's process itself holds, and apart from it the pages of files that it has mapped. */
  readonly ownBytes?: number;
  readonly mappedBytes?: number;
}

export interface ScenarioFigures {
  readonly scenario: string;
  readonly title: string;
  readonly servers: readonly {
    readonly name: string;
    readonly keepsWrites: string;
    /** Why there are no cells, or fewer than rounds. */
    readonly problem?: string;
    readonly cells: readonly Cell[];
  }[];
}

export interface ServerFigures {
  readonly name: string;
  readonly problem?: string;
  readonly readyMs?: number;
  readonly idleOwnBytes?: number;
  readonly idleMappedBytes?: number;
}

/** Load before each window: connections are open and the last server's traces are gone from the caches. */
const settleSeconds = 0.5;
/** Load before the first round for all others: Node too compiles what is hot only after some seconds. */
const shortWarmSeconds = 5;

/**
 * Every scenario on every server. All servers run from the beginning to the end; only the one whose turn it is
 * has anything to do. The rounds go around the servers, so that whatever disturbs the machine for a while
 * disturbs them all.
 */
export async function runSideBySide(options: Options): Promise<object> {
  rmSync(dataFolder, { recursive: true, force: true });
  const { processes, figures: servers } = await startServers(options.servers);
  console.log(`\n${formatServers(servers)}\n`);
  const scenarios: ScenarioFigures[] = [];
  for (const scenario of options.scenarios) {
    const figures = await runScenario(scenario, processes, options);
    scenarios.push(figures);
    console.log(`\n${formatScenario(figures)}\n`);
  }
  for (const process of processes) await process.stop();
  rmSync(dataFolder, { recursive: true, force: true });
  return { servers, scenarios };
}

async function startServers(servers: readonly Server[]) {
  const processes: ServerProcess[] = [];
  const figures: ServerFigures[] = [];
  for (const server of servers) {
    const { name } = server;
    const missing = server.missing();
    if (missing !== undefined) {
      console.log(`${name}: SKIPPED, ${missing}`);
      figures.push({ name, problem: missing });
      continue;
    }
    try {
      const started = await ServerProcess.start(server, join(dataFolder, name));
      processes.push(started);
      await pause(1000);
      const idle = readProcessTree(started.pid);
      figures.push({
        name,
        readyMs: started.readyMs,
        ...(idle && { idleOwnBytes: idle.anonymousBytes, idleMappedBytes: idle.fileBytes }),
      });
    } catch (error) {
      console.log(`${name}: SKIPPED, ${messageOf(error)}`);
      figures.push({ name, problem: messageOf(error) });
    }
  }
  return { processes, figures };
}

async function runScenario(
  scenario: Scenario,
  processes: readonly ServerProcess[],
  options: Options,
): Promise<ScenarioFigures> {
  const entries = processes.map((process) => ({
    process,
    target: new Target(process.port, process.pid),
    cells: [] as Cell[],
    problem: undefined as string | undefined,
  }));
  for (const entry of entries) {
    const { process, target } = entry;
    const { server } = process;
    progress(`${scenario.name}: preparing ${server.name}`);
    try {
      if (server.answersFixedBody) await setAnswer(process.port, scenario.exampleAnswer());
      else {
        await scenario.setUp(target);
        await scenario.verify(target);
      }
      const seconds = server.warmsSlowly
        ? options.warmSeconds
        : Math.min(shortWarmSeconds, options.warmSeconds);
      if (seconds > 0) await measure(entry, scenario, { ...options, seconds });
    } catch (error) {
      entry.problem = messageOf(error);
      console.log(`${scenario.name}: ${server.name} can't: ${entry.problem}`);
    }
  }
  for (let round = 0; round < options.rounds; round++) {
    // Another one begins each time, or the same server would always follow the heaviest.
    for (let turn = 0; turn < entries.length; turn++) {
      const entry = entries[(turn + round) % entries.length];
      if (entry === undefined || entry.problem !== undefined) continue;
      progress(
        `${scenario.name}: round ${round + 1} of ${options.rounds}, ${entry.process.server.name}`,
      );
      try {
        const result = await measure(entry, scenario, options);
        const memory = readProcessTree(entry.process.pid);
        entry.cells.push({
          round,
          ...result,
          ...(memory && { ownBytes: memory.anonymousBytes, mappedBytes: memory.fileBytes }),
        });
      } catch (error) {
        entry.problem = messageOf(error);
      }
      if (entry.process.hasEnded()) entry.problem = "the server ended";
    }
  }
  progress("");
  return {
    scenario: scenario.name,
    title: scenario.title,
    servers: entries.map(({ process: { server }, cells, problem }) => ({
      name: server.name,
      keepsWrites: server.keepsWrites,
      ...(problem !== undefined && { problem }),
      cells,
    })),
  };
}

async function measure(
  { process, target }: { readonly process: ServerProcess; readonly target: Target },
  scenario: Scenario,
  { connections, seconds }: { readonly connections: number; readonly seconds: number },
): Promise<LoadResult> {
  const template = scenario.request();
  const result = await target.load({ template, connections, warmSeconds: settleSeconds, seconds });
  await process.becomesIdle(15);
  return result;
}

async function setAnswer(port: number, answer: object): Promise<void> {
  const body = JSON.stringify(answer);
  const head = `PUT /answer HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`;
  const { status, body: echoed } = await sendOnce(port, Buffer.from(head + body));
  if (status !== 200 || echoed !== body) throw new Error("the echo does not answer what it should");
}

/** One line that is written over, where someone watches. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[2K${text}`);
}

function messageOf(error: unknown): string {
  const words = error instanceof Error ? error.message : String(error);
  return words.replaceAll(/\s+/g, " ").slice(0, 400);
}
