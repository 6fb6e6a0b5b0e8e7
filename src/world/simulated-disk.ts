import { dirname, resolve } from "node:path";
import type { SeededRandom } from "./seeded-random.ts";
import type { Activity, SimulatedClock } from "./simulated-clock.ts";
import { SimulatedFile } from "./simulated-file.ts";
import { SimulatedFolders } from "./simulated-folders.ts";
import { systemError } from "./system-error.ts";
import { Turns } from "./turns.ts";
import { FolderInUse } from "./world.ts";
import type { Files, OpenFile, Unlock } from "./world.ts";

export type DiskOperation =
  | "open"
  | "read"
  | "write"
  | "sync"
  | "truncate"
  | "rename"
  | "link"
  | "remove"
  | "list"
  | "makeFolder"
  | "syncFolder";

/** Which operations a fault or a delay concerns: all of them, if nothing is said. */
export interface Selection {
  readonly operation?: DiskOperation;
  /** Only on paths that contain this. */
  readonly path?: string;
}

export interface Fault extends Selection {
  /** The system's code: "EIO", "ENOSPC", "EMFILE" ... */
  readonly code: string;
  /** So many are spared first. */
  readonly skip?: number;
  /** So many fail; 1 if nothing is said. */
  readonly times?: number;
}

export interface Delay extends Selection {
  readonly delayMs: number;
}

/** What else belongs to an operation: what a fault leaves behind, and what makes it durable at its end. */
interface More<T> {
  readonly onFault?: () => void;
  readonly end?: (result: T) => void;
}

/**
 * A disk in memory that keeps what was synced and loses, at a crash, what luck decides of the rest. See
 * docs/internals/simulation.md for what it promises and what it does not.
 */
export class SimulatedDisk implements Files {
  /** Bytes that all files together may have. */
  capacityBytes = Infinity;
  /** Operations so far. */
  operations = 0;
  readonly #folders: SimulatedFolders;
  /** The ends of operations that wait for the clock. */
  readonly #delayed = new Set<() => void>();
  readonly #replacements = new Turns();
  readonly #locks = new Map<string, string>();
  readonly #random: SeededRandom;
  readonly #clock: SimulatedClock;
  readonly #activity: Activity;
  #faults: { fault: Fault; skip: number; times: number }[] = [];
  #delays: Delay[] = [];
  #haltsAfter = Infinity;
  #halted = false;
  readonly #onHalt: () => void;

  constructor(
    clock: SimulatedClock,
    random: SeededRandom,
    activity: Activity,
    onHalt: () => void,
    folders = new SimulatedFolders(),
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#activity = activity;
    this.#onHalt = onHalt;
    this.#folders = folders;
  }

  /** Lets operations fail from now on. A write that fails may have written some of its bytes. */
  fail(fault: Fault): void {
    this.#faults.push({ fault, skip: fault.skip ?? 0, times: fault.times ?? 1 });
  }

  /** Lets operations take time: they end when the clock has advanced so far. */
  delay(delay: Delay): void {
    this.#delays.push(delay);
  }

  /** Takes back all faults and delays. */
  heal(): void {
    this.#faults = [];
    this.#delays = [];
  }

  /** Stops the whole machine in the middle of the operation after so many more. */
  haltAfter(operations: number): void {
    this.#haltsAfter = this.operations + operations;
  }

  /** From now on everything fails; what was written stays as it is until `survive`. */
  halt(): void {
    this.#halted = true;
    for (const done of this.#delayed) done();
    this.#delayed.clear();
  }

  /** What a new machine finds on this disk after a crash. */
  survive(random: SeededRandom): SimulatedFolders {
    this.halt();
    return this.#folders.survive(random);
  }

  async open(path: string): Promise<OpenFile> {
    return this.#do("open", resolve(path), (at) => {
      const found = this.#folders.get(at);
      if (found === "folder") throw systemError("EISDIR", "open", at);
      if (found !== undefined) return this.#handle(at, found);
      this.#expectFolder("open", dirname(at));
      const file = new SimulatedFile();
      this.#folders.add(at, file);
      return this.#handle(at, file);
    });
  }

  async read(path: string): Promise<Buffer | undefined> {
    return this.#do("read", resolve(path), (at) => {
      const found = this.#folders.get(at);
      if (found === "folder") throw systemError("EISDIR", "read", at);
      return found?.read(0, found.sizeBytes);
    });
  }

  async replace(path: string, bytes: Buffer): Promise<void> {
    await this.#replacements.take(resolve(path), () => this.#replace(path, bytes));
  }

  async #replace(path: string, bytes: Buffer): Promise<void> {
    const newPath = `${path}.new`;
    const file = await this.open(newPath);
    await file.truncate(0);
    await file.write(0, bytes);
    await file.sync();
    await file.close();
    await this.rename(newPath, path);
    await this.syncFolder(dirname(path));
  }

  async rename(from: string, to: string): Promise<void> {
    return this.#do("rename", resolve(from), (at) => {
      const target = resolve(to);
      const entry = this.#folders.get(at);
      if (entry === undefined) throw systemError("ENOENT", "rename", at);
      this.#expectFolder("rename", dirname(target));
      const replaced = this.#folders.get(target);
      if (target === at) return;
      if (entry === "folder" && replaced !== undefined && replaced !== "folder") {
        throw systemError("ENOTDIR", "rename", target);
      }
      if (entry !== "folder" && replaced === "folder")
        throw systemError("EISDIR", "rename", target);
      if (replaced === "folder" && this.#folders.below(target).length > 0) {
        throw systemError("ENOTEMPTY", "rename", target);
      }
      this.#folders.rename(at, target, entry);
    });
  }

  async link(from: string, to: string): Promise<void> {
    return this.#do("link", resolve(from), (at) => {
      const target = resolve(to);
      const entry = this.#folders.get(at);
      if (entry === undefined) throw systemError("ENOENT", "link", at);
      if (entry === "folder") throw systemError("EPERM", "link", at);
      this.#expectFolder("link", dirname(target));
      if (this.#folders.get(target) !== undefined) throw systemError("EEXIST", "link", target);
      this.#folders.add(target, entry);
    });
  }

  async remove(path: string): Promise<void> {
    return this.#do("remove", resolve(path), (at) => {
      if (this.#folders.get(at) !== undefined) this.#folders.remove(at);
    });
  }

  async list(folder: string): Promise<string[]> {
    return this.#do("list", resolve(folder), (at) => {
      const found = this.#folders.get(at);
      if (found === undefined) return [];
      if (found !== "folder") throw systemError("ENOTDIR", "scandir", at);
      const start = at === "/" ? 1 : at.length + 1;
      return this.#folders
        .below(at)
        .map((path) => path.slice(start))
        .filter((name) => !name.includes("/"))
        .sort();
    });
  }

  async makeFolder(folder: string): Promise<void> {
    const missing: string[] = [];
    await this.#do("makeFolder", resolve(folder), (at) => {
      let above = at;
      for (; this.#folders.get(above) === undefined; above = dirname(above)) missing.unshift(above);
      this.#expectFolder("mkdir", above);
      for (const path of missing) this.#folders.add(path, "folder");
    });
    for (const path of missing) await this.syncFolder(dirname(path));
  }

  async syncFolder(folder: string): Promise<void> {
    await this.#do(
      "syncFolder",
      resolve(folder),
      (at) => {
        this.#expectFolder("fsync", at);
        return this.#folders.beginSync(at);
      },
      { end: (endSync) => endSync() },
    );
  }

  async lock(folder: string, holder: string): Promise<Unlock> {
    const at = resolve(folder);
    this.#expectPower("lock", at);
    this.#expectFolder("lock", at);
    const otherHolder = this.#locks.get(at);
    if (otherHolder !== undefined) throw new FolderInUse(folder, otherHolder);
    this.#locks.set(at, holder);
    return () => {
      this.#locks.delete(at);
      return Promise.resolve();
    };
  }

  #handle(path: string, file: SimulatedFile): OpenFile {
    let closed = false;
    const onOpen = <T>(operation: DiskOperation, act: () => T, more: More<T> = {}): Promise<T> => {
      if (closed) return Promise.reject(systemError("EBADF", operation, path));
      return this.#do(operation, path, act, more);
    };
    const tear = (position: number, bytes: Buffer): void =>
      file.write(position, bytes.subarray(0, this.#random.below(bytes.length + 1)));
    return {
      sizeBytes: () => onOpen("read", () => file.sizeBytes),
      read: (position, length) => onOpen("read", () => file.read(position, length)),
      readNow: (position, length, into) => {
        if (closed) throw systemError("EBADF", "read", path);
        const bytes = this.#begin("read", path, () => file.read(position, length));
        return into === undefined ? bytes : into.subarray(0, bytes.copy(into));
      },
      write: (position, bytes) =>
        onOpen(
          "write",
          () => {
            const fitting = this.#fittingBytes(file, position + bytes.length) - position;
            if (fitting < bytes.length) {
              tear(position, bytes.subarray(0, Math.max(0, fitting)));
              throw systemError("ENOSPC", "write", path);
            }
            file.write(position, bytes);
          },
          { onFault: () => tear(position, bytes) },
        ),
      sync: async () => {
        await onOpen("sync", () => file.beginSync(), {
          onFault: () => file.failSync(this.#random),
          end: (endSync) => endSync(),
        });
      },
      truncate: (sizeBytes) => onOpen("truncate", () => file.truncate(sizeBytes)),
      close: () => {
        closed = true;
        return Promise.resolve();
      },
    };
  }

  /**
   * One operation: its effect on what programs see comes first, so that a crash before its end may leave
   * some of it; then it takes its time, or a few turns, as chance has it. What makes it durable comes last.
   */
  async #do<T>(
    operation: DiskOperation,
    path: string,
    act: (path: string) => T,
    more: More<T> = {},
  ): Promise<T> {
    const result = this.#begin(operation, path, act, more);
    await this.#takeTime(this.#delayMs(operation, path));
    this.#expectPower(operation, path);
    more.end?.(result);
    return result;
  }

  #begin<T>(
    operation: DiskOperation,
    path: string,
    act: (path: string) => T,
    more: More<T> = {},
  ): T {
    this.#expectPower(operation, path);
    this.operations += 1;
    this.#activity.events += 1;
    const fault = this.#takeFault(operation, path);
    if (fault !== undefined) {
      more.onFault?.();
      throw systemError(fault, operation, path);
    }
    const result = act(path);
    if (this.operations > this.#haltsAfter) this.#onHalt();
    return result;
  }

  async #takeTime(delayMs: number): Promise<void> {
    if (delayMs > 0 && !this.#halted) {
      await new Promise<void>((done) => {
        this.#delayed.add(done);
        this.#clock.after(delayMs, () => {
          this.#delayed.delete(done);
          done();
        });
      });
      return;
    }
    this.#activity.pending += 1;
    for (let turns = this.#random.below(4); turns > 0; turns -= 1) await Promise.resolve();
    this.#activity.pending -= 1;
  }

  #takeFault(operation: DiskOperation, path: string): string | undefined {
    for (const entry of this.#faults) {
      if (!concerns(entry.fault, operation, path)) continue;
      if (entry.skip > 0) {
        entry.skip -= 1;
        continue;
      }
      entry.times -= 1;
      if (entry.times <= 0) this.#faults = this.#faults.filter((other) => other !== entry);
      return entry.fault.code;
    }
    return undefined;
  }

  #delayMs(operation: DiskOperation, path: string): number {
    let delayMs = 0;
    for (const delay of this.#delays)
      if (concerns(delay, operation, path)) delayMs += delay.delayMs;
    return delayMs;
  }

  /** How large the file may become, if it wants to be so large. */
  #fittingBytes(file: SimulatedFile, wantedBytes: number): number {
    if (wantedBytes <= file.sizeBytes || this.capacityBytes === Infinity) return wantedBytes;
    const usedBytes = this.#folders.files().reduce((total, { sizeBytes }) => total + sizeBytes, 0);
    return Math.min(wantedBytes, file.sizeBytes + Math.max(0, this.capacityBytes - usedBytes));
  }

  #expectPower(call: string, path: string): void {
    if (this.#halted) throw systemError("EIO", `${call} on a machine that has crashed,`, path);
  }

  #expectFolder(call: string, path: string): void {
    const found = this.#folders.get(path);
    if (found === undefined) throw systemError("ENOENT", call, path);
    if (found !== "folder") throw systemError("ENOTDIR", call, path);
  }
}

function concerns(selection: Selection, operation: DiskOperation, path: string): boolean {
  if (selection.operation !== undefined && selection.operation !== operation) return false;
  return selection.path === undefined || path.includes(selection.path);
}
