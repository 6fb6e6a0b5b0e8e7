import type { Key } from "#base/key.ts";
import type { Files } from "#world/world.ts";
import type { Layer } from "../layer.ts";
import type { BaseEngine } from "../logged-engine.ts";
import { Bucket } from "./bucket.ts";
import { MemoryEngine } from "./memory.ts";

const keysPerStep = 16;

/**
 * A base engine for simulations: everything in memory, and written as one file after each step. It
 * stands in for LMDB's transactions: a crash between two steps leaves a batch half applied, without its
 * number.
 */
export class CheckpointedEngine extends MemoryEngine implements BaseEngine {
  private readonly files: Files;
  private readonly path: string;

  private constructor(files: Files, path: string) {
    super();
    this.files = files;
    this.path = path;
  }

  static async open(files: Files, path: string): Promise<CheckpointedEngine> {
    const engine = new CheckpointedEngine(files, path);
    const saved = await files.read(path);
    if (saved !== undefined) {
      const entries = Bucket.decode(saved.subarray(8)).entries("");
      const values = new Map(entries.map(({ key, value }) => [key, Buffer.from(value)]));
      engine.set(values, saved.readDoubleLE(0));
    }
    return engine;
  }

  async apply(layer: Layer, sequence: number, onProgress: (bytes: number) => void): Promise<void> {
    const keys = layer.keys().chunks.flat();
    for (let from = 0; from < keys.length; from += keysPerStep) {
      const step = new Map<Key, Buffer | null>();
      let bytes = 0;
      for (const key of keys.slice(from, from + keysPerStep)) {
        const value = layer.values.get(key) ?? null;
        step.set(key, value);
        bytes += key.length + (value?.length ?? 0);
      }
      this.set(step, this.lastSequence);
      await this.save();
      onProgress(bytes);
    }
    this.lastSequence = sequence;
    await this.save();
  }

  private async save(): Promise<void> {
    const everything = new Bucket();
    for (const [key, value] of this.all()) everything.set(key, value);
    const number = Buffer.alloc(8);
    number.writeDoubleLE(this.lastSequence);
    await this.files.replace(this.path, Buffer.concat([number, everything.encode()]));
  }
}
