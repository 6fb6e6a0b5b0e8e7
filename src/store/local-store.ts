/**
 * The store over an engine in this process.
 *
 * Bodies run one after another on this thread, each at once when it is handed in, so they are
 * serializable for nothing. A body's writes go to the *forming* group; when the disk is free the group
 * becomes the one *in flight*, is written with one sync, and all its bodies are answered. Bodies read
 * [own writes -> forming -> in flight -> engine]; readers outside read the engine alone, which shows a
 * group only when it is durable.
 */
import type { Key } from "#base/key.ts";
import type { Engine } from "./engine.ts";
import { Layer } from "./layer.ts";
import { RecordCache } from "./record-cache.ts";
import { StoreClosed, StoreFailed } from "./store.ts";
import type { Snapshot, Store, Transaction, Unwatch } from "./store.ts";
import { maxReruns, Suspended } from "./suspended.ts";
import { refusePromise, SnapshotView, TransactionView } from "./view.ts";
import { Watchers } from "./watchers.ts";

/** A group that has reached this size takes no more bodies: they wait until it is on its way. */
const fullGroupBytes = 4 * 1024 * 1024;

interface Job {
  body(tx: Transaction): unknown;
  resolve(result: unknown): void;
  reject(error: unknown): void;
  /** What the body returned or threw: told when it is durable. */
  outcome: unknown;
  threw: boolean;
}

/** Commits that become durable together, and who waits for that. */
class Group {
  readonly writes = new Layer();
  readonly waiting: Job[] = [];
}

function settle(job: Job): void {
  if (job.threw) job.reject(job.outcome);
  else job.resolve(job.outcome);
}

export class LocalStore implements Store {
  private readonly engine: Engine;
  private readonly nextTurn: (run: () => void) => void;
  private readonly records = new RecordCache();
  private readonly watchers = new Watchers();
  private sequence: number;
  private forming = new Group();
  private inFlight: Group | undefined;
  /** The groups that bodies read, the uppermost first. */
  private layers: readonly Layer[] = [this.forming.writes];
  private sealing = false;
  private readonly queue: Job[] = [];
  private suspended = 0;
  /** Whether a transaction's body is on the stack. */
  private running = false;
  /** Why nothing more is taken. */
  private refusal: Error | undefined;
  private failed = false;
  private closing: Promise<void> | undefined;
  private onIdle: (() => void) | undefined;
  private readonly unlock: () => Promise<void>;

  /**
   * @param nextTurn runs a function soon, after what is already on its way: it fills the groups.
   * @param unlock called when all is closed.
   */
  constructor(
    engine: Engine,
    nextTurn: (run: () => void) => void = queueMicrotask,
    unlock: () => Promise<void> = () => Promise.resolve(),
  ) {
    this.engine = engine;
    this.nextTurn = nextTurn;
    this.unlock = unlock;
    this.sequence = engine.lastSequence;
  }

  transact<T>(body: (tx: Transaction) => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.refusal !== undefined) {
        reject(this.refusal);
        return;
      }
      // S2: it would run in the middle of the other one, and not see its writes.
      if (this.running) throw new Error("a transaction was begun inside the body of another");
      const job: Job = { body, resolve, reject, outcome: undefined, threw: false };
      if (this.queue.length > 0 || this.forming.writes.bytes >= fullGroupBytes) {
        this.queue.push(job);
      } else {
        this.run(job, 0);
      }
    });
  }

  read<T>(body: (snapshot: Snapshot) => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.refusal !== undefined) reject(this.refusal);
      else this.runRead(body, resolve, reject, 0);
    });
  }

  watch(prefix: Key, listener: () => void): Unwatch {
    return this.watchers.add(prefix, listener);
  }

  copyTo(folder: string): Promise<void> {
    if (this.refusal !== undefined) return Promise.reject(this.refusal);
    return this.engine.copyTo(folder);
  }

  close(): Promise<void> {
    this.closing ??= this.finish();
    return this.closing;
  }

  private async finish(): Promise<void> {
    this.refusal ??= new StoreClosed("the store is closed");
    if (!this.idle()) {
      await new Promise<void>((resolve) => {
        this.onIdle = resolve;
      });
    }
    try {
      await this.engine.close();
    } finally {
      await this.unlock();
    }
  }

  private idle(): boolean {
    return (
      this.inFlight === undefined &&
      this.forming.waiting.length === 0 &&
      this.queue.length === 0 &&
      this.suspended === 0
    );
  }

  private run(job: Job, reruns: number): void {
    const view = new TransactionView(this.layers, this.engine, this.records);
    this.running = true;
    try {
      job.outcome = job.body(view);
      refusePromise(job.outcome);
      if (view.excess !== undefined) throw view.excess;
    } catch (error) {
      if (error instanceof Suspended) {
        view.end();
        const reject = (reason: unknown) => job.reject(reason);
        this.rerun(error, reruns, reject, () => this.run(job, reruns + 1));
        return;
      }
      job.outcome = error;
      job.threw = true;
    } finally {
      this.running = false;
    }
    view.end();
    view.settle();
    const { own } = view;
    if (!job.threw && own !== undefined && own.values.size > 0) {
      this.forming.writes.addAll(own.values);
      this.forming.waiting.push(job);
      this.seal();
      return;
    }
    // S3: nothing to write, but what it read may not be durable yet.
    if (this.forming.waiting.length > 0) this.forming.waiting.push(job);
    else if (this.inFlight !== undefined) this.inFlight.waiting.push(job);
    else settle(job);
  }

  private runRead<T>(
    body: (snapshot: Snapshot) => T,
    resolve: (result: T) => void,
    reject: (error: unknown) => void,
    reruns: number,
  ): void {
    const view = new SnapshotView(this.engine, this.records, this.inFlight?.writes);
    try {
      const result = body(view);
      view.end();
      view.settle();
      refusePromise(result);
      resolve(result);
    } catch (error) {
      view.end();
      if (error instanceof Suspended) {
        this.rerun(error, reruns, reject, () => this.runRead(body, resolve, reject, reruns + 1));
      } else {
        view.settle();
        reject(error);
      }
    }
  }

  /** The other bodies go on meanwhile; the rerun sees what they committed. */
  private rerun(
    { ready }: Suspended,
    reruns: number,
    reject: (error: unknown) => void,
    again: () => void,
  ): void {
    if (reruns >= maxReruns) {
      reject(new Error(`a body was suspended more than ${maxReruns} times`));
      return;
    }
    this.suspended += 1;
    const proceed = (act: () => void) => {
      this.suspended -= 1;
      if (this.failed) reject(this.refusal);
      else act();
      this.checkIdle();
    };
    ready.then(
      () => proceed(again),
      (error: unknown) => proceed(() => reject(error)),
    );
  }

  /** Sends the forming group off as soon as the disk is free. */
  private seal(): void {
    if (this.sealing || this.inFlight !== undefined) return;
    this.sealing = true;
    this.nextTurn(() => this.write());
  }

  private write(): void {
    this.sealing = false;
    const group = this.forming;
    this.forming = new Group();
    this.inFlight = group;
    this.layers = [this.forming.writes, group.writes];
    this.records.forget(group.writes.values);
    this.sequence += 1;
    this.engine.write(group.writes.values, this.sequence).then(
      () => this.landed(group),
      (error: unknown) => this.fail(error),
    );
    this.drainQueue();
  }

  private landed(group: Group): void {
    this.inFlight = undefined;
    this.layers = [this.forming.writes];
    for (const job of group.waiting) settle(job);
    this.watchers.notify(group.writes.values);
    if (this.forming.waiting.length > 0) this.write();
    this.checkIdle();
  }

  private drainQueue(): void {
    let taken = 0;
    while (taken < this.queue.length && this.forming.writes.bytes < fullGroupBytes) {
      this.run(this.queue[taken]!, 0);
      taken += 1;
    }
    this.queue.splice(0, taken);
  }

  private fail(cause: unknown): void {
    const refusal = new StoreFailed("the store could not write; restart it", { cause });
    this.refusal = refusal;
    this.failed = true;
    const jobs = [
      ...(this.inFlight?.waiting ?? []),
      ...this.forming.waiting,
      ...this.queue.splice(0),
    ];
    this.inFlight = undefined;
    this.forming = new Group();
    this.layers = [this.forming.writes];
    for (const job of jobs) job.reject(refusal);
    this.checkIdle();
  }

  private checkIdle(): void {
    if (this.onIdle !== undefined && this.idle()) this.onIdle();
  }
}
