import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";

const root = join(import.meta.dirname, "../..");
const folders: string[] = [];
const children = new Set<ChildProcess>();

after(async () => {
  for (const child of children) child.kill("SIGKILL");
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
});

/** Removed after the file's last test. */
export async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "tule-cli-"));
  folders.push(folder);
  return folder;
}

export interface Ended {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

export interface Command {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** The endpoint of the ready line. */
  ready(): Promise<string>;
}

/** The command as its users start it, in a folder of its own and without this process's settings. */
export function tuleCommand(
  argv: readonly string[],
  folder: string = tmpdir(),
  environment: Readonly<Record<string, string>> = {},
): Command {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("TULE_"));
  const child = spawn(process.execPath, [join(root, "bin/tule"), ...argv], {
    cwd: folder,
    env: { ...Object.fromEntries(inherited), ...environment },
  });
  children.add(child);
  let output = "";
  let errors = "";
  child.stdout.on("data", (text) => (output += String(text)));
  child.stderr.on("data", (text) => (errors += String(text)));
  const ended = once(child, "close").then(([code]) => {
    children.delete(child);
    return { code: Number(code), output, errors };
  });
  return {
    child,
    ended,
    async ready() {
      for await (const _chunk of child.stdout) {
        const endpoint = /is ready at (\S+),/.exec(output)?.[1];
        if (endpoint !== undefined) return endpoint;
      }
      throw new Error(`it ended before it was ready: ${errors}`);
    },
  };
}

/** Runs a command against a running server, to its end. */
export async function tuleOf(endpoint: string, ...argv: readonly string[]): Promise<Ended> {
  return tuleCommand([...argv, "--port", new URL(endpoint).port]).ended;
}
