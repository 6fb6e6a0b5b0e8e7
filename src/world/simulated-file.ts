import type { SeededRandom } from "./seeded-random.ts";

/** What a disk writes as a whole, or not at all. */
const sectorBytes = 512;

type Change =
  | { readonly position: number; readonly bytes: Buffer }
  | { readonly sizeBytes: number };

/**
 * The contents of a simulated file: as programs see it, as the disk has it, and the changes between the
 * two. After a crash each sector holds some moment between what was synced and what was written.
 */
export class SimulatedFile {
  readonly #cached = new Contents();
  readonly #onDisk: Contents;
  #unsynced: Change[] = [];

  constructor(onDisk = new Contents()) {
    this.#onDisk = onDisk;
    this.#cached.write(0, onDisk.read(0, onDisk.sizeBytes));
  }

  get sizeBytes(): number {
    return this.#cached.sizeBytes;
  }

  read(position: number, length: number): Buffer {
    return this.#cached.read(position, length);
  }

  write(position: number, bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#cached.write(position, bytes);
    this.#unsynced.push({ position, bytes: Buffer.from(bytes) });
  }

  truncate(sizeBytes: number): void {
    this.#cached.resize(sizeBytes);
    this.#unsynced.push({ sizeBytes });
  }

  /** Starts a sync of what is written by now; what the function it returns does is done when it ends. */
  beginSync(): () => void {
    const covered = new Set(this.#unsynced);
    return () => {
      for (const change of this.#unsynced) if (covered.has(change)) apply(this.#onDisk, change);
      this.#unsynced = this.#unsynced.filter((change) => !covered.has(change));
    };
  }

  /**
   * A sync that fails leaves unknown what reached the disk, and the system forgets that it ever had
   * something to write: the next sync succeeds, and brings none of it back.
   */
  failSync(random: SeededRandom): void {
    this.#keepSome(random);
  }

  /** The file after a crash. */
  survive(random: SeededRandom): SimulatedFile {
    this.#keepSome(random);
    return new SimulatedFile(this.#onDisk);
  }

  #keepSome(random: SeededRandom): void {
    const changes = this.#unsynced;
    this.#unsynced = [];
    const fate = random.below(3);
    if (fate === 0) return;
    if (fate === 1) {
      for (const change of changes) apply(this.#onDisk, change);
      return;
    }
    const sizesBytes = [this.#onDisk.sizeBytes];
    const writesOfSector = new Map<number, { position: number; bytes: Buffer }[]>();
    for (const change of changes) {
      const sizeBefore = sizesBytes.at(-1)!;
      if ("sizeBytes" in change) {
        sizesBytes.push(change.sizeBytes);
        continue;
      }
      const end = change.position + change.bytes.length;
      sizesBytes.push(Math.max(sizeBefore, end));
      for (
        let sector = Math.floor(change.position / sectorBytes);
        sector * sectorBytes < end;
        sector += 1
      ) {
        const writes = writesOfSector.get(sector);
        if (writes === undefined) writesOfSector.set(sector, [change]);
        else writes.push(change);
      }
    }
    for (const [sector, writes] of writesOfSector) {
      for (const write of writes.slice(0, random.below(writes.length + 1))) {
        const start = Math.max(write.position, sector * sectorBytes);
        const end = Math.min(write.position + write.bytes.length, (sector + 1) * sectorBytes);
        this.#onDisk.write(
          start,
          write.bytes.subarray(start - write.position, end - write.position),
        );
      }
    }
    this.#onDisk.resize(sizesBytes[random.below(sizesBytes.length)]!);
  }
}

/** A growing array of bytes; gaps are zeros. */
class Contents {
  sizeBytes = 0;
  #bytes = Buffer.alloc(0);

  read(position: number, length: number): Buffer {
    return Buffer.from(this.#bytes.subarray(position, Math.min(position + length, this.sizeBytes)));
  }

  write(position: number, bytes: Buffer): void {
    if (position + bytes.length > this.sizeBytes) this.resize(position + bytes.length);
    bytes.copy(this.#bytes, position);
  }

  resize(sizeBytes: number): void {
    if (sizeBytes > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(4096, sizeBytes, 2 * this.#bytes.length));
      this.#bytes.copy(larger, 0, 0, this.sizeBytes);
      this.#bytes = larger;
    } else if (sizeBytes < this.sizeBytes) {
      this.#bytes.fill(0, sizeBytes, this.sizeBytes);
    }
    this.sizeBytes = sizeBytes;
  }
}

function apply(contents: Contents, change: Change): void {
  if ("sizeBytes" in change) contents.resize(change.sizeBytes);
  else contents.write(change.position, change.bytes);
}
