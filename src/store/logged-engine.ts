/**
 * A write-ahead log in front of a base engine. A write is durable, and visible, when it is in the log;
 * it goes to the base later, in large batches that hold up nobody. Between the two it lives here in
 * memory, above the base:
 *
 *     [active memtable: takes new writes -> frozen memtable: on its way to the base -> base]
 *
 * Why: the base takes sorted files, which are written whole; the log takes a write as it comes, for a few
 * bytes at its end. See docs/decisions/0004-log-structured-engine.md.
 *
 * E1. The base holds the number of the last write that it has applied whole; the log keeps what comes
 *     after it. Applying a write again changes nothing, so a base that stopped half way is no harm.
 * E2. Memory, log and the time to open are bounded by `maxPendingBytes`: writes wait while more is
 *     pending than that.
 */
import type { Key } from "#base/key.ts";
import type { Batch, Cursor, Engine, Reader } from "./engine.ts";
import { Layer } from "./layer.ts";
import { Log } from "./log.ts";
import type { LogOptions } from "./log.ts";
import { mergedRange } from "./merge.ts";
import type { KeyRange } from "./store.ts";
import type { Cancel, Clock } from "#world/world.ts";

/** What the log needs below it: less than an engine of its own. */
export interface BaseEngine extends Reader {
  /** The number up to which everything has been applied, durably. */
  readonly lastSequence: number;
  /**
   * Applies the layer and then, not earlier, notes the number; resolves when both are durable. Need
   * not be atomic: until it has resolved, readers do not look at these keys here.
   * @param onProgress called with the bytes of keys and values that have been applied since the last call.
   */
  apply(layer: Layer, sequence: number, onProgress: (bytes: number) => void): Promise<void>;
  /** Told when nobody writes: time to put things in order. */
  settle(): void;
  /** Copies what has been applied at this moment into the folder of a store that is to be. */
  copyTo(folder: string): Promise<void>;
  close(): Promise<void>;
}

export interface LoggedEngineOptions extends LogOptions {
  /** As soon as so much is in memory, it is applied. */
  readonly applyBytes?: number;
  readonly maxPendingBytes?: number;
  /** For telling whether anybody writes. */
  readonly clock: Pick<Clock, "after">;
}

/** When nobody has written for so long, the store puts itself in order. */
const restAfterMs = 1000;
/** Less than this is not worth a run of its own then. */
const leastRestBytes = 1024 * 1024;

export class LoggedEngine implements Engine {
  lastSequence: number;
  private readonly base: BaseEngine;
  private readonly log: Log;
  private readonly applyBytes: number;
  private readonly maxPendingBytes: number;
  private active: Layer;
  private frozen: Layer | undefined;
  /** The memtables, the newest first. */
  private layers: readonly Layer[];
  private unappliedBytes = 0;
  private applying: Promise<void> | undefined;
  private failure: unknown;
  private readonly clock: Pick<Clock, "after">;
  private restAlarm: Cancel | undefined;
  private hasWritten = false;
  private readonly copies = new Set<Promise<void>>();
  private onProgress: (() => void) | undefined;

  private constructor(base: BaseEngine, log: Log, replayed: Layer, options: LoggedEngineOptions) {
    this.base = base;
    this.log = log;
    this.lastSequence = log.lastSequence;
    this.active = replayed;
    this.layers = [replayed];
    const applyBytes = options.applyBytes ?? 16 * 1024 * 1024;
    this.maxPendingBytes = options.maxPendingBytes ?? 48 * 1024 * 1024;
    // Whoever waits for room waits for an application that must have begun.
    this.applyBytes = Math.min(applyBytes, this.maxPendingBytes);
    this.clock = options.clock;
    this.applyIfDue();
  }

  static async open(base: BaseEngine, options: LoggedEngineOptions): Promise<LoggedEngine> {
    const replayed = new Layer();
    const log = await Log.open(options, base.lastSequence, (entries) => replayed.addAll(entries));
    return new LoggedEngine(base, log, replayed, options);
  }

  get(key: Key): Buffer | undefined {
    let recent = this.active.values.get(key);
    if (recent === undefined) recent = this.frozen?.values.get(key);
    if (recent === undefined) return this.base.get(key);
    return recent ?? undefined;
  }

  range(range: KeyRange): Cursor {
    return mergedRange(this.layers, this.base, range);
  }

  async write(batch: Batch, sequence: number): Promise<void> {
    while (this.active.bytes + this.unappliedBytes > this.maxPendingBytes && !this.failure) {
      await this.progress();
    }
    if (this.failure !== undefined) throw this.failure;
    await this.log.append(batch, sequence);
    this.active.addAll(batch);
    this.active.keys();
    this.lastSequence = sequence;
    this.applyIfDue();
    this.hasWritten = true;
    if (this.restAlarm === undefined) this.setRestAlarm();
  }

  copyTo(folder: string): Promise<void> {
    const copy = this.copy(folder);
    this.copies.add(copy);
    const forget = () => this.copies.delete(copy);
    copy.then(forget, forget);
    return copy;
  }

  async close(): Promise<void> {
    this.restAlarm?.();
    await Promise.allSettled(this.copies);
    // One application may follow another.
    while (this.applying !== undefined) await this.applying;
    // After a failure the log alone knows what is true: it stays as it is.
    if (this.failure === undefined && this.active.values.size > 0) await this.applyActive();
    await this.log.close();
    await this.base.close();
    if (this.failure !== undefined) throw this.failure;
  }

  private applyIfDue(): void {
    if (this.active.bytes >= this.applyBytes) this.startApplying();
  }

  private startApplying(): void {
    if (this.applying !== undefined || this.failure !== undefined) return;
    if (this.active.values.size === 0) return;
    this.applying = this.applyActive().then(() => {
      this.applying = undefined;
      this.applyIfDue();
    });
  }

  private async copy(folder: string): Promise<void> {
    // The base alone is copied, so what is above it goes there first.
    const { lastSequence } = this;
    while (this.base.lastSequence < lastSequence) {
      this.startApplying();
      await this.applying;
      if (this.failure !== undefined) throw this.failure;
    }
    await this.base.copyTo(folder);
  }

  private setRestAlarm(): void {
    this.hasWritten = false;
    this.restAlarm = this.clock.after(restAfterMs, () => {
      this.restAlarm = undefined;
      if (this.hasWritten) this.setRestAlarm();
      else void this.rest();
    });
  }

  private async rest(): Promise<void> {
    if (this.active.bytes >= Math.min(leastRestBytes, this.applyBytes)) this.startApplying();
    await this.applying;
    this.base.settle();
  }

  private async applyActive(): Promise<void> {
    const frozen = this.active;
    const sequence = this.lastSequence;
    this.frozen = frozen;
    this.active = new Layer();
    this.active.keys();
    this.layers = [this.active, frozen];
    this.unappliedBytes = frozen.bytes;
    try {
      await this.base.apply(frozen, sequence, (bytes) => {
        this.unappliedBytes -= bytes;
        this.onProgress?.();
      });
      this.log.release(sequence);
      this.frozen = undefined;
      this.layers = [this.active];
    } catch (error) {
      this.failure = error;
    }
    this.unappliedBytes = 0;
    this.onProgress?.();
  }

  private progress(): Promise<void> {
    return new Promise((resolve) => {
      this.onProgress = () => {
        this.onProgress = undefined;
        resolve();
      };
    });
  }
}
