import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomFillSync, randomUUID } from "node:crypto";
import { createServer } from "node:net";
import { realClock } from "./real-clock.ts";
import { realFiles } from "./real-files.ts";
import { realRequests } from "./real-requests.ts";
import { secured } from "./secure-sockets.ts";
import type { Listener, Processes, Random, Sockets, World } from "./world.ts";

/** The world as it is: the machine's clock, disk, network and processes. */
export function realWorld(): World {
  return {
    clock: realClock(),
    random: realRandom(),
    files: realFiles(),
    sockets: realSockets(),
    requests: realRequests(),
    processes: realProcesses(),
  };
}

function realRandom(): Random {
  // Asking the system for a few bytes costs a microsecond; asking for 4 KB costs hardly more.
  const pool = Buffer.allocUnsafeSlow(4096);
  let used = pool.length;
  return {
    bytes(length) {
      if (length > 256) return randomFillSync(Buffer.allocUnsafe(length));
      if (used + length > pool.length) {
        randomFillSync(pool);
        used = 0;
      }
      const bytes = Buffer.from(pool.subarray(used, used + length));
      // Bytes become secrets: none stay behind in the pool.
      pool.fill(0, used, used + length);
      used += length;
      return bytes;
    },
    uuid: () => randomUUID(),
    fraction: () => Math.random(),
  };
}

function realSockets(): Sockets {
  return {
    listen: (at, onConnection) =>
      new Promise((resolve, reject) => {
        const secure = at.identityFor && secured(at.identityFor, onConnection);
        const server = createServer({ allowHalfOpen: true, noDelay: true }, secure ?? onConnection);
        server.once("error", reject);
        server.listen(at.port, at.host, () => {
          server.off("error", reject);
          // From here on an error is a connection that the system could not hand over (too many open
          // files): the client sees it closed, and listening goes on.
          server.on("error", () => undefined);
          resolve(listenerOf(server));
        });
      }),
  };
}

function listenerOf(server: ReturnType<typeof createServer>): Listener {
  const bound = server.address();
  assert(
    bound !== null && typeof bound === "object",
    "a server that listens on a port has an address",
  );
  return {
    host: bound.address,
    port: bound.port,
    // Not by close()'s callback, which waits for the open connections too.
    close: () =>
      new Promise((resolve) => {
        server.close();
        setImmediate(resolve);
      }),
  };
}

/** One Ctrl-C may arrive twice: from the terminal, and from npm, which hands on what it was sent itself. */
const doubledSignalMs = 1000;

function realProcesses(): Processes {
  return {
    environment: () => process.env,
    spawn(command, argv, options) {
      const child = spawn(command, argv, {
        cwd: options.folder,
        env: options.environment,
        stdio: ["pipe", "pipe", "pipe"],
      });
      const ended = new Promise<{ code: number | null; signal: string | null }>(
        (resolve, reject) => {
          child.once("error", reject);
          child.once("close", (code, signal) => resolve({ code, signal }));
        },
      );
      // `ended` tells; a pipe that breaks because the child ended, or a failure nobody waits for, is no
      // reason for this process to end.
      ended.catch(() => undefined);
      child.stdin.on("error", () => undefined);
      return {
        id: child.pid,
        input: child.stdin,
        output: child.stdout,
        errors: child.stderr,
        ended,
        kill: (signal) => void child.kill(signal),
      };
    },
    onStop(stop) {
      let askedAtMs: number | undefined;
      const cancel = (): void => {
        process.off("SIGTERM", wake);
        process.off("SIGINT", wake);
      };
      const wake = (signal: NodeJS.Signals): void => {
        if (askedAtMs === undefined) {
          askedAtMs = performance.now();
          stop();
        } else if (performance.now() - askedAtMs > doubledSignalMs) {
          // Closing takes too long for somebody: the signal does what it does by itself.
          cancel();
          process.kill(process.pid, signal);
        }
      };
      process.on("SIGTERM", wake);
      process.on("SIGINT", wake);
      return cancel;
    },
  };
}
