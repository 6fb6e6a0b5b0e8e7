/**
 * The load generator, a process of its own so that its work does not disturb whoever accounts it. It gets one
 * LoadJob as a message, answers with one LoadResult and ends; it also ends when its parent does.
 */
import { Connection } from "./load/connection.ts";
import type { LoadJob, LoadResult } from "./load/job.ts";
import { fillKeys } from "./load/request.ts";
import { readMachineBusyMicros, readProcessTree } from "./process-tree.ts";

/** How long requests under way at the end may still take. */
const lastAnswersSeconds = 10;

interface Clocks {
  readonly atMs: number;
  readonly answered: number;
  readonly serverMicros: number | undefined;
  readonly machineMicros: number | undefined;
  readonly generatorMicros: number;
}

function run(job: LoadJob): Promise<LoadResult> {
  return new Promise((resolve) => {
    let sent = 0;
    let answered = 0;
    let errors = 0;
    let firstError: string | undefined;
    let latenciesMs: number[] = [];
    let underWay = 0;
    let stopping = false;
    let before: Clocks | undefined;
    let result: LoadResult | undefined;
    const connections: Connection[] = [];

    const readClocks = (): Clocks => ({
      atMs: performance.now(),
      answered: answered + errors,
      serverMicros: readProcessTree(job.serverPid)?.cpuMicros,
      machineMicros: readMachineBusyMicros(),
      generatorMicros: totalMicros(process.cpuUsage()),
    });
    const begin = () => {
      answered = 0;
      errors = 0;
      firstError = undefined;
      latenciesMs = [];
      before = readClocks();
    };
    const stop = () => {
      if (stopping) return;
      stopping = true;
      const outcome = { answered, errors, firstError, latenciesMs };
      result = summarize(outcome, before ?? readClocks(), readClocks());
      // Whoever is measured next must not share the machine with what is still under way here.
      if (underWay === 0) finish();
      else setTimeout(finish, lastAnswersSeconds * 1000);
    };
    const finish = () => {
      for (const connection of connections) connection.close();
      if (result !== undefined) resolve(result);
    };
    const fail = (problem: string) => {
      errors++;
      firstError ??= problem.replaceAll(/\s+/g, " ");
    };

    for (let index = 0; index < job.connections; index++) {
      const bytes = Uint8Array.from(job.template.bytes);
      let sentAtMs = 0;
      const sendNext = () => {
        if (stopping || sent === job.requests) return;
        fillKeys(bytes, job.template.slots, index, job.connections, sent++);
        underWay++;
        sentAtMs = performance.now();
        connection.send(bytes);
      };
      const settled = () => {
        underWay--;
        const allSent = sent === job.requests && underWay === 0;
        if (allSent || (job.requests !== undefined && errors > 0)) stop();
        if (stopping && underWay === 0) finish();
      };
      const connection = new Connection(
        job.port,
        {
          answered({ status, body }) {
            if (status !== 200) fail(`status ${status} ${body.slice(0, 300)}`);
            else if (job.expectedBody?.test(body) === false) {
              fail(`an unexpected answer: ${body.slice(0, 300)}`);
            } else {
              answered++;
              latenciesMs.push(performance.now() - sentAtMs);
            }
            settled();
            sendNext();
          },
          broke(error) {
            fail(error.message);
            settled();
            // A pause, or a server that refuses connections would be asked in a tight loop.
            setTimeout(sendNext, 20);
          },
        },
        job.expectedBody !== undefined,
      );
      connections.push(connection);
      sendNext();
    }
    if (job.warmSeconds > 0) setTimeout(begin, job.warmSeconds * 1000);
    else begin();
    setTimeout(stop, (job.warmSeconds + job.seconds) * 1000);
  });
}

function summarize(
  outcome: {
    answered: number;
    errors: number;
    firstError: string | undefined;
    latenciesMs: number[];
  },
  before: Clocks,
  after: Clocks,
): LoadResult {
  const { answered, errors, firstError } = outcome;
  const seconds = (after.atMs - before.atMs) / 1000;
  const generatorMicros = after.generatorMicros - before.generatorMicros;
  const latencies = Float64Array.from(outcome.latenciesMs).sort();
  const at = (share: number) => latencies[Math.floor((latencies.length - 1) * share)] ?? 0;
  const serverMicros = difference(before.serverMicros, after.serverMicros);
  const machineMicros = difference(before.machineMicros, after.machineMicros);
  return {
    seconds,
    answered,
    errors,
    ...(firstError !== undefined && { firstError }),
    ...(latencies.length > 0 && { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) }),
    ...(serverMicros !== undefined &&
      answered > 0 && { cpuMicrosPerRequest: serverMicros / (answered + errors) }),
    ...(serverMicros !== undefined &&
      machineMicros !== undefined && {
        otherCores: Math.max(0, machineMicros - serverMicros - generatorMicros) / 1e6 / seconds,
      }),
    generatorCores: generatorMicros / 1e6 / seconds,
  };
}

function difference(before: number | undefined, after: number | undefined): number | undefined {
  return before === undefined || after === undefined ? undefined : after - before;
}

function totalMicros(usage: NodeJS.CpuUsage): number {
  return usage.user + usage.system;
}

process.once("message", (job: LoadJob) => {
  void run(job).then((result) => {
    process.send?.(result, () => process.disconnect());
  });
});
process.once("disconnect", () => process.exit());
