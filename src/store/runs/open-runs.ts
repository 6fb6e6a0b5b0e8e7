import { join } from "node:path";
import type { Files } from "#world/world.ts";
import type { BlockCache } from "./block-cache.ts";
import { fileName } from "./manifest.ts";
import type { Manifest } from "./manifest.ts";
import type { Run } from "./run-cursor.ts";
import { SortedFile, StoreDamaged } from "./sorted-file.ts";
import type { FileFacts } from "./sorted-file.ts";

/** Opens the files that a manifest names. Of their contents nothing is read yet. */
export async function openRuns(
  files: Files,
  folder: string,
  manifest: Manifest,
  cache: BlockCache,
): Promise<Run[]> {
  const there = new Set(await files.list(folder));
  const opened: SortedFile[] = [];
  async function open(facts: FileFacts): Promise<void> {
    const path = join(folder, fileName(facts.number));
    if (!there.has(fileName(facts.number))) throw new StoreDamaged(`${path} is missing`);
    const file = new SortedFile(facts, path, await files.open(path), cache);
    opened.push(file);
    const sizeBytes = await file.file.sizeBytes();
    if (sizeBytes !== facts.sizeBytes) {
      throw new StoreDamaged(`${path} has ${sizeBytes} bytes, not ${facts.sizeBytes}`);
    }
  }
  try {
    const runs: Run[] = [];
    for (const run of manifest.runs) {
      const from = opened.length;
      for (const facts of run) await open(facts);
      runs.push(opened.slice(from));
    }
    return runs;
  } catch (error) {
    for (const file of opened) await file.close();
    throw error;
  }
}
