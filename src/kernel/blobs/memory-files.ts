import type { OpenFile } from "#world/world.ts";
import type { BlobFiles } from "./blobs.ts";

/** What a server without a disk keeps of large bodies. */
const memoryForBlobsBytes = 2 * 1024 ** 3;
const blockBytes = 256 * 1024;

/** The files that there were at a moment, for as long as somebody has them. Blobs' files do not change. */
export interface KeptFiles {
  readonly files: ReadonlyMap<string, OpenFile>;
  readonly sizeBytes: number;
}

export interface MemoryFiles extends BlobFiles {
  keep(): KeptFiles;
  /** Puts kept files in the place of all others. */
  takeBack(kept: KeptFiles): void;
}

/** Files of a server that keeps everything in memory. Beyond `capacityBytes` a write fails as on a full disk. */
export function memoryFiles(capacityBytes = memoryForBlobsBytes): MemoryFiles {
  const files = new Map<string, MemoryFile>();
  const used = { bytes: 0, capacityBytes };
  return {
    open(path) {
      const file = files.get(path) ?? new MemoryFile(used);
      files.set(path, file);
      return Promise.resolve(file);
    },
    remove(path) {
      for (const [name, file] of files) {
        if (name !== path && !name.startsWith(`${path}/`)) continue;
        files.delete(name);
        file.forget();
      }
      return Promise.resolve();
    },
    list(folder) {
      const inside = [...files.keys()].filter((path) => path.startsWith(`${folder}/`));
      const names = inside.map((path) => path.slice(folder.length + 1).split("/", 1)[0] ?? "");
      return Promise.resolve([...new Set(names)].toSorted());
    },
    keep: () => ({ files: new Map(files), sizeBytes: used.bytes }),
    takeBack(kept) {
      files.clear();
      for (const [path, file] of kept.files) if (file instanceof MemoryFile) files.set(path, file);
      used.bytes = kept.sizeBytes;
    },
    makeFolder: () => Promise.resolve(),
    syncFolder: () => Promise.resolve(),
  };
}

class MemoryFile implements OpenFile {
  readonly #used: { bytes: number; readonly capacityBytes: number };
  #blocks: Buffer[] = [];
  #sizeBytes = 0;

  constructor(used: { bytes: number; readonly capacityBytes: number }) {
    this.#used = used;
  }

  sizeBytes(): Promise<number> {
    return Promise.resolve(this.#sizeBytes);
  }

  read(position: number, length: number): Promise<Buffer> {
    return Promise.resolve(this.readNow(position, length));
  }

  readNow(position: number, length: number): Buffer {
    const end = Math.min(position + length, this.#sizeBytes);
    const parts: Buffer[] = [];
    for (let at = position; at < end;) {
      const from = at % blockBytes;
      const to = Math.min(blockBytes, from + end - at);
      parts.push(this.#blocks[Math.floor(at / blockBytes)]!.subarray(from, to));
      at += to - from;
    }
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  }

  async write(position: number, bytes: Buffer): Promise<void> {
    await Promise.resolve();
    const end = position + bytes.length;
    while (this.#blocks.length * blockBytes < end) {
      if (this.#used.bytes + blockBytes > this.#used.capacityBytes) throw full();
      this.#used.bytes += blockBytes;
      this.#blocks.push(Buffer.alloc(blockBytes));
    }
    for (let at = position; at < end;) {
      const from = at % blockBytes;
      const taken = Math.min(blockBytes - from, end - at);
      bytes.copy(this.#blocks[Math.floor(at / blockBytes)]!, from, at - position);
      at += taken;
    }
    this.#sizeBytes = Math.max(this.#sizeBytes, end);
  }

  sync(): Promise<void> {
    return Promise.resolve();
  }

  truncate(): Promise<void> {
    return Promise.reject(new Error("a blob is never cut"));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Gives the memory back; a reader that still has the file sees it to its end. */
  forget(): void {
    this.#used.bytes -= this.#blocks.length * blockBytes;
  }
}

function full(): Error {
  return Object.assign(new Error("ENOSPC: the memory for large bodies is full"), {
    code: "ENOSPC",
  });
}
