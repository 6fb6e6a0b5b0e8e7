/**
 * The manifest: which files make up the base, and up to which write it is whole (E1). A small text, replaced
 * as a whole:
 *
 *     TuleRuns 1 <CRC-32 of the rest, in hex>
 *     { "lastSequence": 7, "nextNumber": 4, "runs": [[{ "number": 3, ... }]] }
 *
 * M1. A file is named only when it is whole and synced, and its folder's entry is.
 * M2. A file that is not named any more is removed only when the manifest without it is on the disk. What a
 *     crash leaves between the two is removed when the store is opened.
 * M3. Files without a manifest are damage: a store has a manifest before it has a file.
 */
import { join } from "node:path";
import { crc32 } from "node:zlib";
import type { Files } from "#world/world.ts";
import { StoreDamaged } from "./sorted-file.ts";
import type { FileFacts } from "./sorted-file.ts";

export interface Manifest {
  /** Of the last write whose effects are all in these files. */
  readonly lastSequence: number;
  /** No file has this number or a higher one. */
  readonly nextNumber: number;
  /** The newest first; each run's files in key order. */
  readonly runs: readonly (readonly FileFacts[])[];
}

/** The base's folder within a store's. */
export const baseName = "base";
const magic = "TuleRuns 1";
const name = "manifest";
const filePattern = /^(\d+)\.run$/;

export function fileName(number: number): string {
  return `${String(number).padStart(6, "0")}.run`;
}

export async function writeManifest(
  files: Files,
  folder: string,
  manifest: Manifest,
): Promise<void> {
  const text = JSON.stringify(manifest);
  const head = `${magic} ${crc32(text).toString(16).padStart(8, "0")}\n`;
  await files.replace(join(folder, name), Buffer.from(head + text));
}

/** The manifest of this folder; undefined if nothing was ever stored here. */
export async function readManifest(files: Files, folder: string): Promise<Manifest | undefined> {
  const bytes = await files.read(join(folder, name));
  if (bytes === undefined) {
    const orphan = (await files.list(folder)).find((found) => filePattern.test(found));
    if (orphan === undefined) return undefined;
    throw new StoreDamaged(`${folder} has files of a store (${orphan}), but no manifest of them`);
  }
  const text = bytes.toString();
  const lineEnd = text.indexOf("\n");
  const [head, body] = [text.slice(0, lineEnd), text.slice(lineEnd + 1)];
  if (head !== `${magic} ${crc32(body).toString(16).padStart(8, "0")}`) {
    throw new StoreDamaged(
      head.startsWith(magic)
        ? `${join(folder, name)} is damaged`
        : `${join(folder, name)} is none that this version knows`,
    );
  }
  // eslint-disable-next-line typescript/no-unsafe-type-assertion -- its CRC says that we wrote it
  return JSON.parse(body) as Manifest;
}

/** Removes files that the manifest does not name: what a crash, or a failure, left behind. */
export async function removeUnnamed(
  files: Files,
  folder: string,
  manifest: Manifest,
): Promise<void> {
  const named = new Set(manifest.runs.flat().map(({ number }) => fileName(number)));
  for (const found of await files.list(folder)) {
    if (filePattern.test(found) && !named.has(found)) await files.remove(join(folder, found));
  }
}
