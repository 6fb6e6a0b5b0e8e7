import { join } from "node:path";
import type { World } from "#world/world.ts";
import { CheckpointedEngine } from "./engines/checkpointed.ts";
import { LmdbEngine } from "./engines/lmdb.ts";
import { MemoryEngine } from "./engines/memory.ts";
import { LocalStore } from "./local-store.ts";
import { LoggedEngine } from "./logged-engine.ts";
import type { BaseEngine, LoggedEngineOptions } from "./logged-engine.ts";
import type { Store } from "./store.ts";

export interface StoreOptions extends Sizes {
  readonly world: World;
  /** Belongs to the store alone; made if it is not there. */
  readonly folder: string;
  /** What others are told who want the folder, too: "process 4711". */
  readonly holder?: string;
}

type Sizes = Pick<LoggedEngineOptions, "segmentBytes" | "applyBytes" | "maxPendingBytes">;

/** The store on disk. Rejects with FolderInUse when another process has it open. */
export function openStore(options: StoreOptions): Promise<Store> {
  const { world, folder } = options;
  const openBase = async () => {
    const path = join(folder, "lmdb");
    await world.files.makeFolder(path);
    const base = LmdbEngine.open(path);
    // LMDB syncs its files, but not that they exist.
    await world.files.syncFolder(path);
    return base;
  };
  return openLogged(options, openBase, setImmediate);
}

/**
 * A store in memory, for tests and `--memory`. What it holds ends with the process; with a world it can be
 * copied to a folder (`copyTo`).
 */
export function memoryStore(_world?: World): Store {
  return new LocalStore(new MemoryEngine());
}

/** A store in memory that begins as what a store's `copyTo` left in this folder, which is only read. */
export function memoryStoreFrom(_world: World, folder: string): Promise<Store> {
  return Promise.reject(new Error(`reading ${folder} is not built yet`));
}

/**
 * The store on a simulated disk: all of it but LMDB, which knows no other disk than the machine's. Its
 * sizes are small, so that a short run comes round often.
 */
export function simulatedStore(options: StoreOptions): Promise<Store> {
  const { world, folder } = options;
  const openBase = () => CheckpointedEngine.open(world.files, join(folder, "base"));
  const small = { segmentBytes: 16_384, applyBytes: 8192, maxPendingBytes: 32_768 };
  return openLogged({ ...small, ...options }, openBase, queueMicrotask);
}

async function openLogged(
  { world, folder, holder = "another process", ...sizes }: StoreOptions,
  openBase: () => Promise<BaseEngine>,
  nextTurn: (run: () => void) => void,
): Promise<Store> {
  const { files, random } = world;
  await files.makeFolder(folder);
  const unlock = await files.lock(folder, holder);
  try {
    const base = await openBase();
    const logged = { files, random, folder: join(folder, "log"), ...sizes };
    const engine = await LoggedEngine.open(base, logged);
    return new LocalStore(engine, nextTurn, unlock);
  } catch (error) {
    await unlock();
    throw error;
  }
}
