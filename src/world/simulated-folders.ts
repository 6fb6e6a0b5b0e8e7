import { dirname } from "node:path";
import type { SeededRandom } from "./seeded-random.ts";
import type { SimulatedFile } from "./simulated-file.ts";

export type Entry = SimulatedFile | "folder";
type Tree = Map<string, Entry>;

type Change =
  | { readonly kind: "add"; readonly path: string; readonly entry: Entry }
  | { readonly kind: "remove"; readonly path: string }
  | {
      readonly kind: "rename";
      readonly path: string;
      readonly from: string;
      readonly entry: Entry;
    };

/**
 * The folders of a simulated disk: as programs see them, as the disk has them, and the changes between.
 * After a crash each folder has a first part of its unsynced changes; a rename is whole or not at all.
 */
export class SimulatedFolders {
  readonly #cached: Tree;
  readonly #onDisk: Tree;
  #unsynced: Change[] = [];

  constructor(onDisk: Tree = new Map([["/", "folder"]])) {
    this.#onDisk = onDisk;
    this.#cached = new Map(onDisk);
  }

  get(path: string): Entry | undefined {
    return this.#cached.get(path);
  }

  /** The paths of all entries in this folder and below, the deepest last. */
  below(folder: string): string[] {
    return pathsBelow(this.#cached, folder);
  }

  /** Each once, however many names it has. */
  files(): SimulatedFile[] {
    return [...new Set(this.#cached.values())].filter((entry) => entry !== "folder");
  }

  add(path: string, entry: Entry): void {
    this.#change({ kind: "add", path, entry });
  }

  remove(path: string): void {
    for (const inside of this.below(path).reverse()) this.#change({ kind: "remove", path: inside });
    this.#change({ kind: "remove", path });
  }

  rename(from: string, to: string, entry: Entry): void {
    // Changes are known by their paths, which mean other folders from now on: those inside happen to be on the disk.
    this.beginSync(from)();
    for (const inside of this.below(from)) this.beginSync(inside)();
    this.#change({ kind: "rename", from, path: to, entry });
  }

  /** Starts a sync of the folder's changes; what the function it returns does is done when it ends. */
  beginSync(folder: string): () => void {
    const covered = new Set(this.#unsynced.filter((change) => concerns(change, folder)));
    return () => {
      for (const change of this.#unsynced) if (covered.has(change)) apply(this.#onDisk, change);
      this.#unsynced = this.#unsynced.filter((change) => !covered.has(change));
    };
  }

  /** The folders and files after a crash. */
  survive(random: SeededRandom): SimulatedFolders {
    const left = new Map<string, number>();
    for (const { path } of this.#unsynced)
      left.set(dirname(path), (left.get(dirname(path)) ?? 0) + 1);
    for (const [folder, count] of left) left.set(folder, random.below(count + 1));
    for (const change of this.#unsynced) {
      const folder = dirname(change.path);
      const stillKept = left.get(folder)!;
      if (stillKept === 0) continue;
      left.set(folder, stillKept - 1);
      apply(this.#onDisk, change);
    }
    const survivors = new Map<Entry, Entry>();
    const tree: Tree = new Map();
    for (const [path, entry] of this.#onDisk) {
      if (!isReachable(this.#onDisk, path)) continue;
      if (entry === "folder") {
        tree.set(path, entry);
        continue;
      }
      const survivor = survivors.get(entry) ?? entry.survive(random);
      survivors.set(entry, survivor);
      tree.set(path, survivor);
    }
    return new SimulatedFolders(tree);
  }

  #change(change: Change): void {
    apply(this.#cached, change);
    this.#unsynced.push(change);
  }
}

function concerns(change: Change, folder: string): boolean {
  if (dirname(change.path) === folder) return true;
  return change.kind === "rename" && dirname(change.from) === folder;
}

function apply(tree: Tree, change: Change): void {
  if (change.kind === "add") {
    tree.set(change.path, change.entry);
  } else if (change.kind === "remove") {
    for (const path of pathsBelow(tree, change.path)) tree.delete(path);
    tree.delete(change.path);
  } else {
    for (const path of pathsBelow(tree, change.from)) {
      tree.set(change.path + path.slice(change.from.length), tree.get(path)!);
      tree.delete(path);
    }
    tree.delete(change.from);
    tree.set(change.path, change.entry);
  }
}

function pathsBelow(tree: Tree, folder: string): string[] {
  const prefix = folder === "/" ? "/" : `${folder}/`;
  return [...tree.keys()].filter((path) => path.startsWith(prefix) && path !== folder).sort();
}

/** An entry that survived in a folder that did not is gone with it. */
function isReachable(tree: Tree, path: string): boolean {
  for (let folder = dirname(path); folder !== "/"; folder = dirname(folder)) {
    if (tree.get(folder) !== "folder") return false;
  }
  return true;
}
