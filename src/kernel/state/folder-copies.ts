import { join } from "node:path";
import { isSystemError } from "#world/system-error.ts";
import type { Files } from "#world/world.ts";

const pieceBytes = 1024 * 1024;

/**
 * Copies a folder whose files are never written to in place, durably: as second names of the same files where the file
 * system has links, so a copy takes moments and no room. Files that are there already stay; files that vanish meanwhile
 * are left out. No failure if there is no such folder: the copy is empty then.
 */
export async function copyFolder(files: Files, from: string, to: string): Promise<void> {
  await files.makeFolder(to);
  for (const name of await files.list(from)) {
    const [source, target] = [join(from, name), join(to, name)];
    if (await isFolder(files, source)) await copyFolder(files, source, target);
    else await linkOrCopy(files, source, target);
  }
  await files.syncFolder(to);
}

/** The bytes of all files in the folder and below. */
export async function sizeOfFolder(files: Files, folder: string): Promise<number> {
  let sizeBytes = 0;
  for (const name of await files.list(folder)) {
    const path = join(folder, name);
    if (await isFolder(files, path)) sizeBytes += await sizeOfFolder(files, path);
    else {
      const file = await files.open(path);
      sizeBytes += await file.sizeBytes();
      await file.close();
    }
  }
  return sizeBytes;
}

async function isFolder(files: Files, path: string): Promise<boolean> {
  try {
    await files.list(path);
    return true;
  } catch (error) {
    if (isSystemError(error, "ENOTDIR")) return false;
    throw error;
  }
}

async function linkOrCopy(files: Files, from: string, to: string): Promise<void> {
  try {
    await files.link(from, to);
  } catch (error) {
    if (isSystemError(error, "ENOENT") || isSystemError(error, "EEXIST")) return;
    const isLinkless = ["EXDEV", "EPERM", "ENOTSUP", "EMLINK"].some((code) =>
      isSystemError(error, code),
    );
    if (!isLinkless) throw error;
    await copyFile(files, from, to);
  }
}

async function copyFile(files: Files, from: string, to: string): Promise<void> {
  const source = await files.open(from);
  const target = await files.open(to);
  try {
    let position = 0;
    for (;;) {
      const piece = await source.read(position, pieceBytes);
      if (piece.length === 0) break;
      await target.write(position, piece);
      position += piece.length;
    }
    await target.sync();
  } finally {
    await source.close();
    await target.close();
  }
}
