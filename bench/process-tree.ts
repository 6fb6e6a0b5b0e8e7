import { readFileSync, readdirSync } from "node:fs";

/** What a process and all its descendants use. */
export interface ProcessTree {
  readonly pids: readonly number[];
  /** User + system time since their start, that of children which have already ended included. */
  readonly cpuMicros: number;
  readonly residentBytes: number;
  /** Heap, stacks and the like: what the process itself holds. */
  readonly anonymousBytes: number;
  /** Mapped files: the page cache, which the kernel takes back when it needs memory. */
  readonly fileBytes: number;
}

// The unit of /proc's times. Linux reports 100 per second to programs on every architecture that Node runs on.
const microsPerTick = 10_000;

/** Undefined where there is no /proc (not Linux) or the process is gone. */
export function readProcessTree(rootPid: number): ProcessTree | undefined {
  const all = readAllProcesses();
  if (!all.has(rootPid)) return undefined;
  const pids = [rootPid];
  // The list grows while it is walked: each process adds its children.
  for (const pid of pids) {
    for (const [child, { parent }] of all) if (parent === pid) pids.push(child);
  }
  let cpuMicros = 0;
  let anonymousBytes = 0;
  let fileBytes = 0;
  for (const pid of pids) {
    cpuMicros += all.get(pid)?.cpuMicros ?? 0;
    const status = readProcFile(`/proc/${pid}/status`) ?? "";
    anonymousBytes += kilobytes(status, "RssAnon");
    fileBytes += kilobytes(status, "RssFile") + kilobytes(status, "RssShmem");
  }
  const residentBytes = anonymousBytes + fileBytes;
  return { pids, cpuMicros, residentBytes, anonymousBytes, fileBytes };
}

function readAllProcesses(): Map<number, { parent: number; cpuMicros: number }> {
  const all = new Map<number, { parent: number; cpuMicros: number }>();
  const names = process.platform === "linux" ? readdirSync("/proc") : [];
  for (const name of names) {
    const pid = Number(name);
    const stat = Number.isInteger(pid) ? readProcFile(`/proc/${pid}/stat`) : undefined;
    if (stat === undefined) continue;
    // Field 2, the command, may hold spaces and brackets: count from behind it. proc_pid_stat(5).
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0);
    all.set(pid, { parent: Number(fields[1]), cpuMicros: ticks * microsPerTick });
  }
  return all;
}

/** CPU time that the whole machine was busy since its start, time taken by other virtual machines included. */
export function readMachineBusyMicros(): number | undefined {
  const line = readProcFile("/proc/stat")?.split("\n", 1)[0];
  if (line === undefined) return undefined;
  const [user = 0, nice = 0, system = 0, , , interrupt = 0, softInterrupt = 0, stolen = 0] = line
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + interrupt + softInterrupt + stolen) * microsPerTick;
}

function kilobytes(status: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0) * 1024;
}

function readProcFile(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch {
    // A process may end between the listing and the reading.
    return undefined;
  }
}
