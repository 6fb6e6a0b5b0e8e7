import type { Store } from "#store/store.ts";
import type { Clock } from "#world/world.ts";
import type { Kernel } from "../kernel.ts";
import { Gate } from "./gate.ts";
import type { Fork, SnapshotFacts, StatePlace } from "./place.ts";

export interface LifeOptions {
  readonly clock: Clock;
  readonly place: StatePlace;
  readonly version: string;
  /** Puts services on a store; not started. */
  readonly makeKernel: (store: Store) => Kernel | Promise<Kernel>;
}

/** How long calls that are under way may take to end before their state is replaced; they fail then. */
const graceMs = 10_000;

/**
 * A server's kernel, and its snapshots. Loading one ends the kernel and its store, as stopping the server does, and
 * begins with others on the other state, as starting it does: whatever survives a restart is right after a load. Calls
 * wait meanwhile.
 */
export class Life {
  readonly gate: Gate;
  readonly #options: LifeOptions;
  #kernel: Kernel;
  /** Loads, saves and forks follow one another: none sees half of another. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(options: LifeOptions, kernel: Kernel) {
    this.#options = options;
    this.#kernel = kernel;
    this.gate = new Gate(options.clock);
  }

  static async begin(options: LifeOptions): Promise<Life> {
    try {
      return new Life(options, await startKernel(options));
    } catch (error) {
      await options.place.close();
      throw error;
    }
  }

  /** Of the state that holds now: ask anew for each call. */
  get kernel(): Kernel {
    return this.#kernel;
  }

  snapshots(): Promise<readonly SnapshotFacts[]> {
    return this.#options.place.list();
  }

  save(name: string): Promise<SnapshotFacts> {
    const { clock, place, version } = this.#options;
    return this.#copying((store) =>
      place.save(store, {
        name,
        savedAt: new Date(clock.nowMs()).toISOString(),
        machineTime: new Date(clock.machineMs()).toISOString(),
        version,
      }),
    );
  }

  delete(name: string): Promise<void> {
    return this.#inTurn(() => this.#options.place.delete(name));
  }

  fork(fork: Fork): Promise<string> {
    return this.#copying((store) => this.#options.place.fork(store, fork));
  }

  /** Makes a snapshot's state the server's. When it rejects with SnapshotProblem, nothing has changed. */
  load(name: string): Promise<void> {
    return this.#inTurn(() => this.#load(name));
  }

  async #load(name: string): Promise<void> {
    const staged = await this.#options.place.stage(name);
    await this.gate.close(graceMs);
    let failure: { readonly cause: unknown } | undefined;
    try {
      await end(this.#kernel);
      await staged.install();
    } catch (cause) {
      failure = { cause };
    }
    // On whichever state it is by now: the one before, if it could not be replaced.
    try {
      this.#kernel = await startKernel(this.#options);
    } catch (error) {
      this.gate.break(error);
      throw error;
    }
    this.gate.open();
    if (failure !== undefined) throw failure.cause;
  }

  /** When nobody asks any more. */
  async end(): Promise<void> {
    await this.#last;
    await end(this.#kernel);
    await this.#options.place.close();
  }

  /** No file that the store's moment names goes while it is being copied. */
  #copying<T>(copy: (store: Store) => Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      const { blobs, store } = this.#kernel;
      const hold = blobs.hold();
      try {
        return await copy(store);
      } finally {
        hold.release();
      }
    });
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(act);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}

async function startKernel({ place, makeKernel }: LifeOptions): Promise<Kernel> {
  const store = await place.open();
  try {
    const kernel = await makeKernel(store);
    await kernel.start();
    return kernel;
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function end(kernel: Kernel): Promise<void> {
  await kernel.stop();
  await kernel.store.close();
}
