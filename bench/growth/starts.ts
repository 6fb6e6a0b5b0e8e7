import { join } from "node:path";
import { rmSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { growthGoals, judge } from "../goals.ts";
import { readProcessTree } from "../process-tree.ts";
import { ServerProcess } from "../server-process.ts";
import type { Server } from "../servers/server.ts";
import { median, medianOf, ratio } from "../statistics.ts";
import { formatMegabytes, formatNumber, formatTable } from "../table.ts";

interface Start {
  readonly readyMs: number;
  readonly idleAnonymousBytes: number | undefined;
  readonly idleFileBytes: number | undefined;
}

type Situation = "empty" | "after a stop" | "after a kill";

const idleMs = 2000;
/** A start is short and a moment's disturbance long beside it: the median needs more than a few. */
const startsOfEach = 9;

/** Starts on an empty folder and on a full one in turns; the full one was stopped, or killed, before. */
export async function measureStarts(
  server: Server,
  emptyFolder: string,
  fullFolder: string,
): Promise<object> {
  const starts: Record<Situation, Start[]> = { empty: [], "after a stop": [], "after a kill": [] };
  // The very first start has nothing in the file cache.
  await startOnce(server, fullFolder, "SIGTERM");
  for (let round = 0; round < startsOfEach; round++) {
    rmSync(join(emptyFolder, "data"), { recursive: true, force: true });
    starts["empty"].push(await startOnce(server, emptyFolder, "SIGTERM"));
    starts["after a stop"].push(await startOnce(server, fullFolder, "SIGKILL"));
    starts["after a kill"].push(await startOnce(server, fullFolder, "SIGTERM"));
  }
  const empty = medianOf(starts.empty, ({ readyMs }) => readyMs);
  console.log(
    formatTable([
      ["start", "ready ms", "slowest", "of empty", "idle own MB", "idle mapped MB"],
      ...Object.entries(starts).map(([situation, all]) => {
        const readyMs = all.map((start) => start.readyMs);
        return [
          situation,
          formatNumber(median(readyMs)),
          formatNumber(Math.max(...readyMs)),
          formatNumber(ratio(median(readyMs), empty), "x"),
          formatMegabytes(medianOf(all, ({ idleAnonymousBytes }) => idleAnonymousBytes)),
          formatMegabytes(medianOf(all, ({ idleFileBytes }) => idleFileBytes)),
        ];
      }),
    ]),
  );
  const verdicts = [
    judge("ready when empty, ms", empty, "at most", growthGoals.readyMs),
    ...(["after a stop", "after a kill"] as const).map((situation) => {
      const full = medianOf(starts[situation], ({ readyMs }) => readyMs);
      const what = `ready ${situation}, times an empty start`;
      return judge(what, ratio(full, empty), "at most", growthGoals.timesEmptyStart);
    }),
    judge(
      "resident when idle and empty, mapped program included, MB",
      ratio(medianOf(starts.empty, residentBytes), 1e6),
      "at most",
      growthGoals.residentBytesIdle / 1e6,
    ),
  ];
  console.log(verdicts.filter((line) => line !== undefined).join("\n"));
  return starts;
}

function residentBytes({ idleAnonymousBytes, idleFileBytes }: Start): number | undefined {
  return idleAnonymousBytes === undefined || idleFileBytes === undefined
    ? undefined
    : idleAnonymousBytes + idleFileBytes;
}

async function startOnce(
  server: Server,
  folder: string,
  signal: "SIGTERM" | "SIGKILL",
): Promise<Start> {
  const process = await ServerProcess.start(server, folder);
  await pause(idleMs);
  const idle = readProcessTree(process.pid);
  await process.stop(signal);
  return {
    readyMs: process.readyMs,
    idleAnonymousBytes: idle?.anonymousBytes,
    idleFileBytes: idle?.fileBytes,
  };
}
