import { join } from "node:path";
import type { Store } from "#store/store.ts";
import type { Files, Unlock } from "#world/world.ts";
import { masterKeyFile } from "../vault.ts";
import { copyFolder, sizeOfFolder } from "./folder-copies.ts";
import {
  checkName,
  type Fork,
  type NewSnapshot,
  type SnapshotFacts,
  SnapshotProblem,
  type StagedState,
  type StatePlace,
  takenSnapshot,
  unknownSnapshot,
} from "./place.ts";

/*
 * The data folder:
 *
 *     store, blobs                 the state
 *     root-key.json, master.key    the root user's access key, and what the state's secrets are sealed with
 *     ca.pem                       the certificate of its authority (certificates.ts)
 *     snapshots/NAME               a snapshot: the same folders, and snapshot.json
 *     forks/NAME                   the data folder of another server
 *     store.staged ...             a copy that is to be the state
 *     swap.json                    it is to be the state now: whatever dies, the swap is completed
 *     .partial-NAME, *.replaced    half made or half removed: of no use to anybody
 *
 * D1. What appears under its name is whole: it was made under another one, is durable, and was renamed.
 * D2. From swap.json on the staged state is the state. Each step of the swap may be done again.
 */

/** All that the state is: the store, and the files that it names, which never change once they are named. */
const storeFolder = "store";
const blobsFolder = "blobs";
const stateFolders = [storeFolder, blobsFolder];

const swapMark = "swap.json";
const factsFile = "snapshot.json";
const partial = ".partial-";

export interface DiskPlaceOptions {
  readonly files: Files;
  /** Absolute; made if it is not there. */
  readonly dataFolder: string;
  /** What others are told who want the folder, too. */
  readonly holder: string;
  readonly openStore: (folder: string) => Promise<Store>;
}

/** State in a data folder. */
export class DiskPlace implements StatePlace {
  readonly blobs: StatePlace["blobs"];
  readonly #options: DiskPlaceOptions;
  readonly #files: Files;
  readonly #folder: string;
  readonly #snapshots: string;
  readonly #forks: string;
  #unlock: Unlock | undefined;
  #parts = 0;

  constructor(options: DiskPlaceOptions) {
    this.#options = options;
    this.#files = options.files;
    this.#folder = options.dataFolder;
    this.blobs = { files: options.files, folder: join(options.dataFolder, blobsFolder) };
    this.#snapshots = join(options.dataFolder, "snapshots");
    this.#forks = join(options.dataFolder, "forks");
  }

  async open(): Promise<Store> {
    // Held over a swap, when the store's own folder is nobody's for a moment.
    if (this.#unlock === undefined) {
      await this.#files.makeFolder(this.#folder);
      this.#unlock = await this.#files.lock(this.#folder, this.#options.holder);
      try {
        await this.#tidyUp();
      } catch (error) {
        await this.close();
        throw error;
      }
    } else await this.#completeSwap();
    return this.#options.openStore(join(this.#folder, storeFolder));
  }

  async close(): Promise<void> {
    await this.#unlock?.();
    this.#unlock = undefined;
  }

  async list(): Promise<readonly SnapshotFacts[]> {
    const names = (await this.#files.list(this.#snapshots)).filter(isWhole);
    const found = await Promise.all(names.map((name) => this.#factsOf(name)));
    return found.filter((facts) => facts !== undefined);
  }

  async save(store: Store, facts: NewSnapshot): Promise<SnapshotFacts> {
    checkName(facts.name);
    await this.#expectFree(facts.name);
    let saved: SnapshotFacts | undefined;
    await this.#make(this.#snapshots, facts.name, async (folder) => {
      await this.#copyState(store, folder);
      saved = { ...facts, sizeBytes: await sizeOfFolder(this.#files, folder) };
      const bytes = Buffer.from(`${JSON.stringify(saved, undefined, 2)}\n`);
      await this.#files.replace(join(folder, factsFile), bytes);
      // Somebody may have been quicker.
      await this.#expectFree(facts.name);
    });
    return saved!;
  }

  async delete(name: string): Promise<void> {
    await this.#expectSnapshot(name);
    const removed = join(this.#snapshots, this.#partialName(name));
    await this.#files.rename(join(this.#snapshots, name), removed);
    await this.#files.syncFolder(this.#snapshots);
    await this.#files.remove(removed);
  }

  async stage(name: string): Promise<StagedState> {
    await this.#expectSnapshot(name);
    await this.#removeStaged();
    for (const part of stateFolders) {
      await copyFolder(this.#files, join(this.#snapshots, name, part), this.#staged(part));
    }
    return { install: () => this.#install(name) };
  }

  async fork(store: Store, { name, snapshot }: Fork): Promise<string> {
    checkName(name);
    if (snapshot !== undefined) await this.#expectSnapshot(snapshot);
    const target = join(this.#forks, name);
    const expectFree = async (): Promise<void> => {
      if (!(await this.#files.list(this.#forks)).includes(name)) return;
      throw new SnapshotProblem(
        "taken",
        `${target} is there already; tule start --data ${target} starts it again`,
      );
    };
    await expectFree();
    await this.#make(this.#forks, name, async (folder) => {
      if (snapshot === undefined) await this.#copyState(store, folder);
      else {
        for (const part of stateFolders) {
          await copyFolder(this.#files, join(this.#snapshots, snapshot, part), join(folder, part));
        }
      }
      // Whoever has the key here has it there: those are the same clients. The state's secrets open there as well.
      for (const name of ["root-key.json", masterKeyFile]) {
        const key = await this.#files.read(join(this.#folder, name));
        if (key !== undefined) await this.#files.replace(join(folder, name), key);
      }
      await expectFree();
    });
    return target;
  }

  /** Makes a folder whole (D1). */
  async #make(
    within: string,
    name: string,
    fill: (folder: string) => Promise<void>,
  ): Promise<void> {
    const folder = join(within, this.#partialName(name));
    try {
      await this.#files.makeFolder(folder);
      await fill(folder);
      await this.#files.syncFolder(folder);
      await this.#files.rename(folder, join(within, name));
      await this.#files.syncFolder(within);
    } catch (error) {
      // If that fails as well, the next start does it.
      await this.#files.remove(folder).catch(() => undefined);
      throw error;
    }
  }

  async #copyState(store: Store, to: string): Promise<void> {
    await store.copyTo(join(to, storeFolder));
    // What the store names at that moment is there, and is not removed meanwhile. One file too many is no harm.
    await copyFolder(this.#files, join(this.#folder, blobsFolder), join(to, blobsFolder));
  }

  async #install(name: string): Promise<void> {
    const mark = Buffer.from(`${JSON.stringify({ snapshot: name })}\n`);
    await this.#files.replace(join(this.#folder, swapMark), mark);
    await this.#completeSwap();
    // Removing much takes a while; if it is not done, the next start does it.
    void this.#removeReplaced().catch(() => undefined);
  }

  /** If one was begun. */
  async #completeSwap(): Promise<void> {
    const files = this.#files;
    if (!(await files.list(this.#folder)).includes(swapMark)) return;
    for (const part of stateFolders) {
      const names = await files.list(this.#folder);
      if (!names.includes(`${part}.staged`)) continue;
      const present = join(this.#folder, part);
      if (names.includes(part)) {
        await files.remove(this.#replaced(part));
        await files.rename(present, this.#replaced(part));
        await files.syncFolder(this.#folder);
      }
      await files.rename(this.#staged(part), present);
      await files.syncFolder(this.#folder);
    }
    await files.remove(join(this.#folder, swapMark));
    await files.syncFolder(this.#folder);
  }

  async #tidyUp(): Promise<void> {
    const files = this.#files;
    await this.#completeSwap();
    await files.remove(join(this.#folder, `${swapMark}.new`));
    await this.#removeStaged();
    await this.#removeReplaced();
    for (const folder of [this.#snapshots, this.#forks]) {
      for (const name of await files.list(folder)) {
        if (!isWhole(name)) await files.remove(join(folder, name));
      }
    }
  }

  async #removeStaged(): Promise<void> {
    for (const part of stateFolders) await this.#files.remove(this.#staged(part));
  }

  async #removeReplaced(): Promise<void> {
    for (const part of stateFolders) await this.#files.remove(this.#replaced(part));
  }

  #staged(part: string): string {
    return join(this.#folder, `${part}.staged`);
  }

  #replaced(part: string): string {
    return join(this.#folder, `${part}.replaced`);
  }

  #partialName(name: string): string {
    return `${partial}${(this.#parts += 1)}-${name}`;
  }

  async #expectFree(name: string): Promise<void> {
    if ((await this.#files.list(this.#snapshots)).includes(name)) throw takenSnapshot(name);
  }

  async #expectSnapshot(name: string): Promise<void> {
    checkName(name);
    if (!(await this.#files.list(this.#snapshots)).includes(name)) throw unknownSnapshot(name);
  }

  async #factsOf(name: string): Promise<SnapshotFacts | undefined> {
    // Undefined if it was deleted meanwhile.
    const bytes = await this.#files.read(join(this.#snapshots, name, factsFile));
    return bytes && (JSON.parse(bytes.toString("utf8")) as SnapshotFacts);
  }
}

const isWhole = (name: string): boolean => !name.startsWith(partial);
