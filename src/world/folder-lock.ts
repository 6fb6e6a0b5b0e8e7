import { createHash } from "node:crypto";
import { stat, unlink } from "node:fs/promises";
import { connect, createServer } from "node:net";
import type { Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isSystemError } from "./system-error.ts";
import { FolderInUse } from "./world.ts";
import type { Unlock } from "./world.ts";

/**
 * Locks a folder for this process by listening on a local socket that is named after the folder: the
 * system frees it when the process dies, however it dies. (A file with a process id would not do: ids are
 * used again, in containers almost always.) Whoever connects is told who holds the folder.
 */
export async function lockFolder(folder: string, holder: string): Promise<Unlock> {
  // By device and inode, so that links and mounts of the same folder meet in the same name.
  const { dev, ino } = await stat(folder, { bigint: true });
  const name = createHash("sha256").update(`${dev}:${ino}`).digest("hex").slice(0, 32);
  const address = socketAddress(`tule-${name}`);
  for (;;) {
    try {
      return unlockOf(await listen(address, holder));
    } catch (error) {
      if (!isSystemError(error, "EADDRINUSE")) throw error;
      const otherHolder = await askHolder(address);
      if (otherHolder !== undefined) throw new FolderInUse(folder, otherHolder);
      // Nobody answers. A socket file outlives its process (macOS); the other kinds were just released.
      if (!isSystemName(address)) await unlink(address).catch(() => undefined);
    }
  }
}

function socketAddress(name: string): string {
  if (process.platform === "linux") return `\0${name}`;
  if (process.platform === "win32") return `\\\\.\\pipe\\${name}`;
  return join(tmpdir(), `${name}.sock`);
}

function isSystemName(address: string): boolean {
  return address.startsWith("\0") || address.startsWith("\\\\");
}

function listen(address: string, holder: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((connection) => {
      connection.on("error", () => connection.destroy());
      connection.end(holder);
    });
    server.once("error", reject);
    server.listen(address, () => {
      server.unref();
      resolve(server);
    });
  });
}

function unlockOf(server: Server): Unlock {
  return () => new Promise((resolve) => server.close(() => resolve()));
}

/** What the holder says of itself; undefined if nobody listens any more. */
function askHolder(address: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const connection = connect(address);
    let answer = "";
    connection.setEncoding("utf8");
    connection.on("data", (text: string) => (answer += text));
    connection.on("end", () => resolve(answer));
    // A holder that is stuck holds the folder all the same.
    connection.setTimeout(1000, () => {
      resolve(answer);
      connection.destroy();
    });
    connection.on("error", () => resolve(undefined));
  });
}
