import { join } from "node:path";
import type { World } from "#world/world.ts";
import { MemoryEngine } from "./engines/memory.ts";
import { LocalStore } from "./local-store.ts";
import { LoggedEngine } from "./logged-engine.ts";
import type { LoggedEngineOptions } from "./logged-engine.ts";
import { baseName } from "./runs/manifest.ts";
import { RunsEngine } from "./runs/runs-engine.ts";
import type { EngineSizes } from "./runs/runs-engine.ts";
import type { Store } from "./store.ts";

export interface StoreOptions extends Sizes {
  readonly world: World;
  /** Belongs to the store alone; made if it is not there. */
  readonly folder: string;
  /** What others are told who want the folder, too: "process 4711". */
  readonly holder?: string;
}

interface Sizes extends Pick<
  LoggedEngineOptions,
  "segmentBytes" | "applyBytes" | "maxPendingBytes"
> {
  readonly base?: Partial<EngineSizes>;
}

/** The folder holds a store of an earlier kind, which this version cannot read. */
export class StoreFromEarlierVersion extends Error {
  override name = "StoreFromEarlierVersion";
}

const logName = "log";
/** Where development builds of version 0.1.0 kept their data. */
const earlierName = "lmdb";

/**
 * The store on disk. Rejects with FolderInUse when another process has it open, with StoreDamaged or
 * LogDamaged when it is not what was written.
 */
export function openStore(options: StoreOptions): Promise<Store> {
  return openLogged(options, setImmediate);
}

/**
 * A store in memory, for tests and `--memory`. What it holds ends with the process; with a world it can be
 * copied to a folder (`copyTo`).
 * @param nextTurn when commits are answered. A server says `setImmediate`: a job of many steps then lets others have
 *     their turn.
 */
export function memoryStore(
  world?: World,
  nextTurn: (run: () => void) => void = queueMicrotask,
): Store {
  return new LocalStore(new MemoryEngine(world?.files, setImmediate), nextTurn);
}

/** The store on a simulated disk. Its sizes are small, so that a short run comes round often. */
export function simulatedStore({ base, ...options }: StoreOptions): Promise<Store> {
  const small = { segmentBytes: 16_384, applyBytes: 8192, maxPendingBytes: 32_768 };
  return openLogged({ ...small, ...options, base: { ...smallBase, ...base } }, queueMicrotask);
}

const smallBase: Partial<EngineSizes> = {
  blockBytes: 512,
  partitionBytes: 2048,
  chunkBytes: 1024,
  bytesPerSync: 4096,
  fileBytes: 8192,
  cacheBytes: 16_384,
  mostRuns: 8,
};

async function openLogged(
  { world, folder, holder = "another process", base: sizes, ...logSizes }: StoreOptions,
  nextTurn: (run: () => void) => void,
): Promise<Store> {
  const { files, random, clock } = world;
  await files.makeFolder(folder);
  if ((await files.list(join(folder, earlierName))).length > 0) {
    throw new StoreFromEarlierVersion(
      `${folder} was written by a development build of Tule 0.1.0, and this version cannot read it. Nothing was ` +
        `changed. Choose another folder, or remove ${join(folder, earlierName)} if you do not need it any more.`,
    );
  }
  const unlock = await files.lock(folder, holder);
  try {
    const baseFolder = join(folder, baseName);
    const base = await RunsEngine.open({
      files,
      folder: baseFolder,
      nextTurn,
      clock,
      ...(sizes && { sizes }),
    });
    const logged = { files, random, clock, folder: join(folder, logName), ...logSizes };
    const engine = await LoggedEngine.open(base, logged);
    return new LocalStore(engine, nextTurn, unlock);
  } catch (error) {
    await unlock();
    throw error;
  }
}
