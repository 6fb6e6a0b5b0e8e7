/** Copies of a store: a folder `base` whose manifest comes last, so that half a copy is refused, not read. */
import { join } from "node:path";
import type { Files } from "#world/world.ts";
import type { Entry } from "../store.ts";
import { BlockCache } from "./block-cache.ts";
import { baseName, fileName, writeManifest } from "./manifest.ts";
import type { Manifest } from "./manifest.ts";
import { defaultRunSizes, RunWriter } from "./run-writer.ts";
import type { SortedFile } from "./sorted-file.ts";

const pieceBytes = 1024 * 1024;
const entriesPerSlice = 500;

type NextTurn = (run: () => void) => void;

/** Copies what the manifest names, as second names of the same bytes where that is possible. */
export async function copyRuns(
  files: Files,
  copied: readonly SortedFile[],
  manifest: Manifest,
  storeFolder: string,
): Promise<void> {
  const folder = await makeEmptyBase(files, storeFolder);
  for (const file of copied) {
    const path = join(folder, fileName(file.facts.number));
    try {
      await files.link(file.path, path);
    } catch {
      // Another file system, or one without links. If something else is wrong, copying will tell.
      await copyBytes(files, file, path);
    }
  }
  await files.syncFolder(folder);
  await writeManifest(files, folder, manifest);
}

/** Writes entries as a store that can be opened. */
export async function writeCopy(
  files: Files,
  storeFolder: string,
  entries: readonly Entry[],
  lastSequence: number,
  nextTurn: NextTurn,
): Promise<void> {
  const folder = await makeEmptyBase(files, storeFolder);
  let nextNumber = 1;
  const takeNumber = () => nextNumber++;
  const cache = new BlockCache(0);
  const output = new RunWriter({ files, folder, sizes: defaultRunSizes, cache, takeNumber });
  for (const [at, { key, value }] of entries.entries()) {
    if (at % entriesPerSlice === 0) await new Promise<void>(nextTurn);
    if (output.isFull) await output.ready();
    output.add(key, value);
  }
  const run = await output.finish();
  for (const { file } of run) await file.close();
  await files.syncFolder(folder);
  const runs = run.length === 0 ? [] : [run.map(({ facts }) => facts)];
  await writeManifest(files, folder, { lastSequence, nextNumber, runs });
}

async function makeEmptyBase(files: Files, storeFolder: string): Promise<string> {
  const there = await files.list(storeFolder);
  if (there.length > 0) throw new Error(`${storeFolder} is not empty: ${there[0]} is there`);
  const folder = join(storeFolder, baseName);
  await files.makeFolder(folder);
  return folder;
}

async function copyBytes(files: Files, from: SortedFile, path: string): Promise<void> {
  const to = await files.open(path);
  try {
    for (let position = 0; position < from.facts.sizeBytes; position += pieceBytes) {
      await to.write(position, await from.file.read(position, pieceBytes));
    }
    await to.sync();
  } finally {
    await to.close();
  }
}
