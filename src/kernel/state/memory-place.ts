import { endOfPrefix } from "#base/key.ts";
import type { Entry, Store } from "#store/store.ts";
import { memoryFiles, type KeptFiles } from "../blobs/memory-files.ts";
import {
  checkName,
  type NewSnapshot,
  type SnapshotFacts,
  SnapshotProblem,
  type StagedState,
  type StatePlace,
  takenSnapshot,
  unknownSnapshot,
} from "./place.ts";

/** Well below what a transaction may hold; see store.ts. */
const entriesAtOnce = 5000;
const bytesAtOnce = 16 * 1024 * 1024;

interface Kept {
  readonly facts: SnapshotFacts;
  readonly files: KeptFiles;
  readonly entries: readonly Entry[];
}

/**
 * State in memory, its snapshots as well: they end with the process. A snapshot shares the values with the state. It is
 * taken in one go, during which nobody else is served: about a second for a million entries.
 */
export class MemoryPlace implements StatePlace {
  readonly #files = memoryFiles();
  readonly blobs = { files: this.#files, folder: "blobs" };
  readonly #makeStore: () => Store;
  readonly #snapshots = new Map<string, Kept>();
  #next: Store | undefined;

  constructor(makeStore: () => Store) {
    this.#makeStore = makeStore;
  }

  open(): Promise<Store> {
    const store = this.#next ?? this.#makeStore();
    this.#next = undefined;
    return Promise.resolve(store);
  }

  list(): Promise<readonly SnapshotFacts[]> {
    const names = [...this.#snapshots.keys()].sort();
    return Promise.resolve(names.map((name) => this.#snapshots.get(name)!.facts));
  }

  async save(store: Store, facts: NewSnapshot): Promise<SnapshotFacts> {
    checkName(facts.name);
    const entries = await store.read((snapshot) => [
      ...snapshot.range({ start: "", end: endOfPrefix("\u00fe") }),
    ]);
    if (this.#snapshots.has(facts.name)) throw takenSnapshot(facts.name);
    const files = this.#files.keep();
    const sizeBytes = entries.reduce((sum, entry) => sum + sizeOf(entry), files.sizeBytes);
    const kept = { facts: { ...facts, sizeBytes }, entries, files };
    this.#snapshots.set(facts.name, kept);
    return kept.facts;
  }

  delete(name: string): Promise<void> {
    if (this.#snapshots.delete(name)) return Promise.resolve();
    return Promise.reject(unknownSnapshot(name));
  }

  async stage(name: string): Promise<StagedState> {
    const kept = this.#snapshots.get(name);
    if (kept === undefined) throw unknownSnapshot(name);
    const staged = this.#makeStore();
    let some: Entry[] = [];
    let bytes = 0;
    const write = async (): Promise<void> => {
      const writes = some;
      some = [];
      bytes = 0;
      await staged.transact((tx) => {
        for (const { key, value } of writes) tx.put(key, value);
      });
    };
    for (const entry of kept.entries) {
      some.push(entry);
      bytes += sizeOf(entry);
      if (some.length === entriesAtOnce || bytes >= bytesAtOnce) await write();
    }
    await write();
    return {
      install: () => {
        this.#next = staged;
        this.#files.takeBack(kept.files);
        return Promise.resolve();
      },
    };
  }

  fork(): Promise<string> {
    const why = "the server keeps its state in memory; only one with a data folder can be forked";
    return Promise.reject(new SnapshotProblem("impossible", why));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const sizeOf = ({ key, value }: Entry): number => key.length + value.length;
