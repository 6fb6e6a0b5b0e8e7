import { constants, readSync } from "node:fs";
import * as fs from "node:fs/promises";
import { dirname } from "node:path";
import { lockFolder } from "./folder-lock.ts";
import { isSystemError } from "./system-error.ts";
import { Turns } from "./turns.ts";
import type { Files, OpenFile } from "./world.ts";

// Tables and keys are nobody else's on this machine.
const fileMode = 0o600;
const folderMode = 0o700;

/** The machine's disk. */
export function realFiles(): Files {
  const replacements = new Turns();
  return {
    async open(path) {
      return openFile(await fs.open(path, constants.O_RDWR | constants.O_CREAT, fileMode));
    },
    read: (path) => fs.readFile(path).catch(nothingIfMissing),
    // In turn: all of a file's replacements share one new name, so that a crash leaves at most one.
    replace: (path, bytes) => replacements.take(path, () => replace(path, bytes)),
    rename: (from, to) => fs.rename(from, to),
    link: (from, to) => fs.link(from, to),
    remove: (path) => fs.rm(path, { recursive: true, force: true }),
    async list(folder) {
      const names = await fs.readdir(folder).catch(nothingIfMissing);
      return (names ?? []).sort();
    },
    makeFolder,
    syncFolder,
    lock: lockFolder,
  };
}

function openFile(handle: fs.FileHandle): OpenFile {
  return {
    sizeBytes: async () => (await handle.stat()).size,
    async read(position, length) {
      const buffer = Buffer.allocUnsafe(length);
      let filled = 0;
      while (filled < length) {
        const { bytesRead } = await handle.read(buffer, filled, length - filled, position + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return buffer.subarray(0, filled);
    },
    // Memory of its own: whoever keeps the bytes keeps no more than these.
    readNow(position, length, into = Buffer.allocUnsafeSlow(length)) {
      let filled = 0;
      while (filled < length) {
        const more = readSync(handle.fd, into, filled, length - filled, position + filled);
        if (more === 0) break;
        filled += more;
      }
      return filled === into.length ? into : into.subarray(0, filled);
    },
    async write(position, bytes) {
      let written = 0;
      while (written < bytes.length) {
        const { bytesWritten } = await handle.write(
          bytes,
          written,
          bytes.length - written,
          position + written,
        );
        written += bytesWritten;
      }
    },
    sync: () => handle.datasync(),
    truncate: (sizeBytes) => handle.truncate(sizeBytes),
    close: () => handle.close(),
  };
}

async function replace(path: string, bytes: Buffer): Promise<void> {
  const newPath = `${path}.new`;
  const handle = await fs.open(newPath, "w", fileMode);
  try {
    await handle.writeFile(bytes);
    await handle.datasync();
  } finally {
    await handle.close();
  }
  await fs.rename(newPath, path);
  await syncFolder(dirname(path));
}

async function makeFolder(folder: string): Promise<void> {
  const firstMade = await fs.mkdir(folder, { recursive: true, mode: folderMode });
  if (firstMade === undefined) return;
  for (let made = folder; made.length >= firstMade.length; made = dirname(made)) {
    await syncFolder(dirname(made));
  }
}

async function syncFolder(folder: string): Promise<void> {
  // Windows opens no folders; NTFS keeps its own journal of entries.
  if (process.platform === "win32") return;
  const handle = await fs.open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function nothingIfMissing(error: unknown): undefined {
  if (!isSystemError(error, "ENOENT")) throw error;
}
