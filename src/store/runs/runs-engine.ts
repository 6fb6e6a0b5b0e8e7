/**
 * The base engine: runs of immutable sorted files. The memtables that the log hands down become runs, the
 * newest on top; merges make fewer and larger ones of them, in slices between the turns of the event loop.
 *
 * B1. Which files are read is decided by the manifest alone, and changes between two turns: bodies are
 *     synchronous, so no walk ever sees two states, and a file that is not named any more has no reader.
 * B2. A merge that fails leaves everything as it was. It is tried again after the next memtable; when too many
 *     runs have piled up, the next memtable waits for merges, and fails with them.
 * B3. When a manifest may or may not have been written, nothing more is, and no file is removed.
 */
import type { Key } from "#base/key.ts";
import type { Clock, Files } from "#world/world.ts";
import type { Cursor } from "../engine.ts";
import type { Layer } from "../layer.ts";
import type { BaseEngine } from "../logged-engine.ts";
import type { KeyRange } from "../store.ts";
import { BlockCache } from "./block-cache.ts";
import { copyRuns } from "./copy.ts";
import { readManifest, removeUnnamed, writeManifest } from "./manifest.ts";
import type { Manifest } from "./manifest.ts";
import { idleMerge, nextMerge, partsOf } from "./merge-plan.ts";
import { MergePace } from "./merge-pace.ts";
import { mergeRuns } from "./merge-runs.ts";
import { openRuns } from "./open-runs.ts";
import { Probe } from "./probe.ts";
import { fileOf, RunsCursor } from "./run-cursor.ts";
import type { Run } from "./run-cursor.ts";
import { defaultRunSizes, RunWriter } from "./run-writer.ts";
import type { RunFolder, RunSizes } from "./run-writer.ts";
import { SortedFile } from "./sorted-file.ts";

export interface RunsOptions {
  readonly files: Files;
  /** Belongs to the engine alone. */
  readonly folder: string;
  /** Runs a function on a later turn of the event loop. */
  readonly nextTurn: (run: () => void) => void;
  readonly clock: Pick<Clock, "elapsedMs">;
  readonly sizes?: Partial<EngineSizes>;
}

export interface EngineSizes extends RunSizes {
  readonly cacheBytes: number;
  /** With so many runs the next memtable waits for merges. */
  readonly mostRuns: number;
}

const defaultSizes: EngineSizes = {
  ...defaultRunSizes,
  cacheBytes: 64 * 1024 * 1024,
  mostRuns: 24,
};

const mergesAtOnce = 3;
/** A memtable is written in slices of so much, each in a turn of its own. */
const bytesPerSlice = 128 * 1024;
const entriesPerSlice = 256;

/** Ends a merge when the engine is closed. */
class Closing extends Error {}

export class RunsEngine implements BaseEngine {
  lastSequence: number;
  private readonly files: Files;
  private readonly folder: RunFolder;
  private readonly sizes: EngineSizes;
  private readonly nextTurn: (run: () => void) => void;
  private readonly pace: MergePace;
  private readonly probe = new Probe();
  private nextNumber: number;
  /** The newest first. */
  private runs: readonly Run[];
  /** The runs that are being merged. */
  private readonly busy = new Set<Run>();
  private readonly merges = new Set<Promise<void>>();
  private mergeFailure: unknown;
  private isIdle = false;
  private isClosing = false;
  /** Files that are being copied, and how often; those that are to be removed afterwards. */
  private readonly held = new Map<SortedFile, number>();
  private readonly removable = new Set<SortedFile>();
  /** The manifest is written by one at a time. */
  private lastInstall: Promise<void> = Promise.resolve();
  private broken: unknown;

  private constructor(options: RunsOptions, sizes: EngineSizes, manifest: Manifest) {
    this.files = options.files;
    this.nextTurn = options.nextTurn;
    this.pace = new MergePace(options.nextTurn, options.clock);
    this.sizes = sizes;
    this.lastSequence = manifest.lastSequence;
    this.nextNumber = manifest.nextNumber;
    this.runs = [];
    this.folder = {
      files: options.files,
      folder: options.folder,
      sizes,
      cache: new BlockCache(sizes.cacheBytes),
      takeNumber: () => this.nextNumber++,
    };
  }

  /** Opens what is in the folder, or makes it. */
  static async open(options: RunsOptions): Promise<RunsEngine> {
    const { files, folder } = options;
    await files.makeFolder(folder);
    let manifest = await readManifest(files, folder);
    if (manifest === undefined) {
      manifest = { lastSequence: 0, nextNumber: 1, runs: [] };
      await writeManifest(files, folder, manifest);
    }
    const engine = new RunsEngine(options, { ...defaultSizes, ...options.sizes }, manifest);
    engine.runs = await openRuns(files, folder, manifest, engine.folder.cache);
    await removeUnnamed(files, folder, manifest);
    engine.startMerges();
    return engine;
  }

  get(key: Key): Buffer | undefined {
    const { runs } = this;
    if (runs.length === 0) return undefined;
    const { probe } = this;
    const { hash } = probe.set(key);
    for (const run of runs) {
      const value = fileOf(run, key)?.get(probe, hash);
      if (value !== undefined) return value ?? undefined;
    }
    return undefined;
  }

  range(range: KeyRange): Cursor {
    return new RunsCursor(this.runs, range);
  }

  async apply(layer: Layer, sequence: number, onProgress: (bytes: number) => void): Promise<void> {
    this.isIdle = false;
    this.mergeFailure = undefined;
    this.startMerges();
    while (this.runs.length >= this.sizes.mostRuns && this.merges.size > 0) {
      await Promise.race(this.merges);
      if (this.mergeFailure !== undefined) throw this.mergeFailure;
    }
    const run = await this.writeRun(async (output) => {
      // Nothing below: what is deleted need not be said.
      const dropTombstones = this.runs.length === 0;
      let bytes = 0;
      let entries = 0;
      for (const chunk of layer.keys().chunks) {
        for (const key of chunk) {
          const value = layer.values.get(key) ?? null;
          bytes += key.length + (value?.length ?? 0);
          entries += 1;
          if (value !== null || !dropTombstones) {
            if (output.isFull) await output.ready();
            output.add(key, value);
          }
          if (bytes < bytesPerSlice && entries < entriesPerSlice) continue;
          onProgress(bytes);
          bytes = 0;
          entries = 0;
          await this.turn();
        }
      }
      onProgress(bytes);
    });
    await this.install((runs) => (run.length === 0 ? runs : [run, ...runs]), sequence);
    this.startMerges();
  }

  /** Nobody writes at the moment: time to make fewer runs of many. */
  settle(): void {
    this.isIdle = true;
    this.startMerges();
  }

  async copyTo(storeFolder: string): Promise<void> {
    const { runs, lastSequence } = this;
    const copied = runs.flat();
    for (const file of copied) this.held.set(file, (this.held.get(file) ?? 0) + 1);
    try {
      await copyRuns(this.files, copied, this.manifestOf(runs, lastSequence), storeFolder);
    } finally {
      for (const file of copied) {
        const holders = this.held.get(file)! - 1;
        if (holders > 0) this.held.set(file, holders);
        else this.held.delete(file);
      }
      await this.removeUnheld();
    }
  }

  async close(): Promise<void> {
    this.isClosing = true;
    while (this.merges.size > 0) await Promise.race(this.merges);
    await this.lastInstall;
    for (const file of this.runs.flat()) await file.close();
  }

  private startMerges(): void {
    if (this.mergeFailure !== undefined || this.broken !== undefined) return;
    while (!this.isClosing && this.merges.size < mergesAtOnce) {
      const weigh = weigher(this.runs);
      const sizesBytes = this.runs.map((run) => (this.busy.has(run) ? undefined : weigh(run)));
      const stretch = nextMerge(sizesBytes) ?? (this.isIdle ? idleMerge(sizesBytes) : undefined);
      if (stretch === undefined) return;
      this.startMerge(this.runs.slice(stretch.from, stretch.to));
    }
  }

  private startMerge(inputs: readonly Run[]): void {
    for (const run of inputs) this.busy.add(run);
    const merge = this.merge(inputs)
      .catch((error: unknown) => {
        if (!(error instanceof Closing)) this.mergeFailure = error;
      })
      .then(() => {
        for (const run of inputs) this.busy.delete(run);
        this.merges.delete(merge);
        this.startMerges();
      });
    this.merges.add(merge);
  }

  private async merge(inputs: readonly Run[]): Promise<void> {
    const dropTombstones = inputs.at(-1) === this.runs.at(-1);
    const { partitionBytes, fileBytes } = this.sizes;
    const parts = partsOf(inputs, dropTombstones, fileBytes / 4);
    const pause = async (): Promise<void> => {
      await this.pace.next();
      if (this.isClosing) throw new Closing();
    };
    const options = { dropTombstones, wholePartitionBytes: partitionBytes / 2, pause };
    const stay = new Set<SortedFile>();
    const written = await this.writeRun(async (output) => {
      for (const part of parts) {
        if (!(part instanceof SortedFile)) {
          await mergeRuns(part, output, options);
          continue;
        }
        stay.add(part);
        await output.endFile();
      }
    });
    const run = [...written, ...stay].toSorted((a, b) =>
      a.facts.firstKey < b.facts.firstKey ? -1 : 1,
    );
    await this.install((runs) => {
      const at = runs.indexOf(inputs[0]!);
      return runs.toSpliced(at, inputs.length, ...(run.length === 0 ? [] : [run]));
    });
    for (const file of inputs.flat()) if (!stay.has(file)) this.removable.add(file);
    await this.removeUnheld();
  }

  private async writeRun(write: (output: RunWriter) => Promise<void>): Promise<Run> {
    const output = new RunWriter(this.folder);
    try {
      await write(output);
      return await output.finish();
    } catch (error) {
      await output.abandon();
      throw error;
    }
  }

  /** Changes which runs there are, on the disk and then here. */
  private install(
    change: (runs: readonly Run[]) => readonly Run[],
    sequence?: number,
  ): Promise<void> {
    const install = this.lastInstall.then(async () => {
      if (this.broken !== undefined) throw this.broken;
      const runs = change(this.runs);
      const lastSequence = sequence ?? this.lastSequence;
      try {
        // M1.
        await this.files.syncFolder(this.folder.folder);
        const manifest = this.manifestOf(runs, lastSequence);
        await writeManifest(this.files, this.folder.folder, manifest);
      } catch (error) {
        this.broken = error;
        throw error;
      }
      this.runs = runs;
      this.lastSequence = lastSequence;
    });
    this.lastInstall = install.catch(() => undefined);
    return install;
  }

  private manifestOf(runs: readonly Run[], lastSequence: number): Manifest {
    const { nextNumber } = this;
    return { lastSequence, nextNumber, runs: runs.map((run) => run.map(({ facts }) => facts)) };
  }

  /** Gives back the space of files that no manifest names and nobody copies. */
  private async removeUnheld(): Promise<void> {
    for (const file of this.removable) {
      if (this.held.has(file)) continue;
      this.removable.delete(file);
      try {
        await file.close();
        await this.files.remove(file.path);
      } catch {
        // It is in nobody's way: it is removed when the store is opened.
      }
    }
  }

  private turn(): Promise<void> {
    return new Promise((resolve) => this.nextTurn(resolve));
  }
}

/** What runs weigh when merges are planned: a tombstone as much as what it may free. */
function weigher(runs: readonly Run[]): (run: Run) => number {
  let [bytes, entries] = [0, 0];
  for (const { facts } of runs.flat()) {
    bytes += facts.sizeBytes;
    entries += facts.entries;
  }
  return (run) =>
    run.reduce((sum, { facts }) => sum + facts.sizeBytes + (facts.tombstones * bytes) / entries, 0);
}
