import type { Store } from "#store/store.ts";
import type { BlobFiles } from "../blobs/blobs.ts";

/**
 * Where a server's state lies, with its snapshots beside it: a data folder, or memory.
 *
 * P1. A snapshot is the whole state at one moment, and does not change with it.
 * P2. Saving, deleting and taking a snapshot's state are whole: whatever dies meanwhile, the next start finds a
 *     snapshot there or not, and the state before or after. Nothing half done stays behind.
 */
export interface StatePlace {
  /** Where the state's large bodies lie. */
  readonly blobs: { readonly files: BlobFiles; readonly folder: string };
  /** Opens the state, completing or cleaning up what a predecessor had begun. */
  open(): Promise<Store>;
  /** Sorted by name. */
  list(): Promise<readonly SnapshotFacts[]>;
  /**
   * Copies the state of the open store, while others write to it but no blob's file is removed. Rejects with
   * SnapshotProblem.
   */
  save(store: Store, facts: NewSnapshot): Promise<SnapshotFacts>;
  /** Rejects with SnapshotProblem if there is none. */
  delete(name: string): Promise<void>;
  /** Makes a copy of a snapshot ready to be the state. Rejects with SnapshotProblem. */
  stage(name: string): Promise<StagedState>;
  /**
   * Makes the data folder of another server: a copy of a snapshot, or of the open store where none is named. Resolves
   * with its path. Rejects with SnapshotProblem.
   */
  fork(store: Store, fork: Fork): Promise<string>;
  /** The store is closed before. */
  close(): Promise<void>;
}

export interface Fork {
  readonly name: string;
  readonly snapshot?: string | undefined;
}

/** A copy of a snapshot that waits for the present state's store to be closed. */
export interface StagedState {
  /** Replaces the state: `open` opens it then. When it rejects, `open` opens what the state is: this, or the one before. */
  install(): Promise<void>;
}

export interface NewSnapshot {
  readonly name: string;
  /** By the server's clock and by the machine's, in ISO 8601. */
  readonly savedAt: string;
  readonly machineTime: string;
  /** Of Tule. */
  readonly version: string;
}

export interface SnapshotFacts extends NewSnapshot {
  /** On the disk, where it shares files with the state as long as that has not changed; in memory, keys and values. */
  readonly sizeBytes: number;
}

/** What a user asked for cannot be. */
export class SnapshotProblem extends Error {
  override name = "SnapshotProblem";
  readonly kind: "name" | "unknown" | "taken" | "impossible";
  constructor(kind: SnapshotProblem["kind"], message: string) {
    super(message);
    this.kind = kind;
  }
}

/** Names are folders' names on any system. */
const nameForm = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

export function checkName(name: string): void {
  if (nameForm.test(name)) return;
  throw new SnapshotProblem(
    "name",
    `a name has 1 to 64 letters, digits, "_", "-" and ".", and begins with a letter or digit; ${JSON.stringify(name)} is none`,
  );
}

export function unknownSnapshot(name: string): SnapshotProblem {
  return new SnapshotProblem("unknown", `there is no snapshot ${name}`);
}

export function takenSnapshot(name: string): SnapshotProblem {
  return new SnapshotProblem("taken", `there is a snapshot ${name} already; delete it first`);
}
