/**
 * The store over an engine elsewhere. The same bodies as on an embedded engine: a read that is not at
 * hand suspends the body, the engine fetches it at the attempt's moment, and the body runs again; a
 * commit that conflicts with another writer's begins a new attempt. Transactions go on side by side; the
 * engine makes their commits durable, and groups them if it likes.
 *
 * S3 and S5 hold because the engine shows only what is durable, and nothing older than any commit that
 * was answered here.
 */
import type { Key } from "#base/key.ts";
import type { Attempt, RemoteEngine } from "./engine.ts";
import { RecordsByBuffer } from "./record-cache.ts";
import { StoreClosed } from "./store.ts";
import type { Snapshot, Store, Transaction, Unwatch } from "./store.ts";
import { Conflict, maxReruns, Suspended } from "./suspended.ts";
import { refusePromise, SnapshotView, TransactionView } from "./view.ts";

export class RemoteStore implements Store {
  private readonly engine: RemoteEngine;
  /** By buffer, never by key: others write, too. */
  private readonly records = new RecordsByBuffer();
  private readonly running = new Set<Promise<unknown>>();
  private closing: Promise<void> | undefined;

  constructor(engine: RemoteEngine) {
    this.engine = engine;
  }

  transact<T>(body: (tx: Transaction) => T): Promise<T> {
    return this.track(() => this.commit(body));
  }

  read<T>(body: (snapshot: Snapshot) => T): Promise<T> {
    return this.track(async () => {
      const attempt = this.engine.begin();
      const run = () => runBody(new SnapshotView(attempt, this.records), body);
      const { view, result } = await untilAtHand(run);
      view.settle();
      return result;
    });
  }

  watch(prefix: Key, listener: () => void): Unwatch {
    return this.engine.watch(prefix, listener);
  }

  copyTo(): Promise<void> {
    return Promise.reject(new Error("a remote engine keeps its copies itself"));
  }

  close(): Promise<void> {
    this.closing ??= (async () => {
      await Promise.allSettled(this.running);
      await this.engine.close();
    })();
    return this.closing;
  }

  private async commit<T>(body: (tx: Transaction) => T): Promise<T> {
    for (let tries = 0; ; tries++) {
      const attempt = this.engine.begin();
      const { view, result } = await untilAtHand(() => this.run(attempt, body));
      if (view.excess !== undefined) throw view.excess;
      if (view.own === undefined || view.own.values.size === 0) {
        view.settle();
        return result;
      }
      try {
        await attempt.commit(view.own.values);
        view.settle();
        return result;
      } catch (error) {
        if (!(error instanceof Conflict) || tries >= maxReruns) throw error;
      }
    }
  }

  private run<T>(attempt: Attempt, body: (tx: Transaction) => T) {
    return runBody(new TransactionView([], attempt, this.records), body);
  }

  private track<T>(run: () => Promise<T>): Promise<T> {
    if (this.closing !== undefined) return Promise.reject(new StoreClosed("the store is closed"));
    const promise = run();
    this.running.add(promise);
    const forget = () => this.running.delete(promise);
    promise.then(forget, forget);
    return promise;
  }
}

function runBody<V extends { end(): void; settle(): void }, T>(view: V, body: (view: V) => T) {
  try {
    const result = body(view);
    refusePromise(result);
    return { view, result };
  } catch (error) {
    if (!(error instanceof Suspended)) view.settle();
    throw error;
  } finally {
    view.end();
  }
}

async function untilAtHand<T>(run: () => T): Promise<T> {
  for (let reruns = 0; ; reruns++) {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof Suspended) || reruns >= maxReruns) throw error;
      await error.ready;
    }
  }
}
