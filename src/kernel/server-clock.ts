import { tuple } from "#base/tuple.ts";
import type { Codec, Store } from "#store/store.ts";
import type { Clock } from "#world/world.ts";

/**
 * Where the server's clock stands against the machine's. It is part of the state, in the store like all of it: a
 * restart, a snapshot and a fork keep it, since what waits was put off by it; a reset forgets it.
 *
 * T1. A move is durable before anything acts by it: after a crash the clock does not fall back behind what happened.
 * T2. Moves follow one another; each begins where the one before left the clock.
 */
type ClockState = { readonly offsetMs: number } | { readonly frozenAtMs: number };

/** All of it at once: where to, and whether time passes from there on. */
export interface ClockChange {
  /** Relative, either way. */
  readonly moveMs?: number;
  /** Milliseconds since 1970. */
  readonly setMs?: number;
  /** Back to the machine's time, running. */
  readonly reset?: boolean;
  /** As it is, where nothing is said. */
  readonly frozen?: boolean;
}

export interface ClockReading {
  readonly nowMs: number;
  readonly machineMs: number;
  readonly isFrozen: boolean;
}

/** The clock would leave the years that a timestamp can say. */
export class ClockOutOfRange extends Error {
  override name = "ClockOutOfRange";
}

const latestMs = Date.UTC(9999, 11, 31);
const stateKey = tuple("kernel", "clock");

const codec: Codec<ClockState> = {
  encode: (state) => Buffer.from(JSON.stringify(state)),
  decode: (bytes) => JSON.parse(bytes.toString("utf8")) as ClockState,
};

export class ServerClock {
  readonly #clock: Clock;
  readonly #store: Store;
  #last: Promise<unknown> = Promise.resolve();

  constructor(clock: Clock, store: Store) {
    this.#clock = clock;
    this.#store = store;
  }

  read(): ClockReading {
    const { isFrozen } = this.#clock;
    return { nowMs: this.#clock.nowMs(), machineMs: this.#clock.machineMs(), isFrozen };
  }

  /** Puts the clock where the state says. */
  async restore(): Promise<void> {
    const state = await this.#store.read((snapshot) => snapshot.record(stateKey, codec));
    this.#apply(state ?? { offsetMs: 0 });
  }

  /** Resolves when it is done and durable. Rejects with ClockOutOfRange, and nothing has changed. */
  change(change: ClockChange): Promise<ClockReading> {
    const turn = this.#last.then(() => this.#change(change));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #change(change: ClockChange): Promise<ClockReading> {
    const clock = this.#clock;
    const machineMs = clock.machineMs();
    const nowMs = clock.nowMs();
    const base = change.reset === true ? machineMs : (change.setMs ?? nowMs);
    const targetMs = base + (change.moveMs ?? 0);
    if (!(targetMs >= 0 && targetMs <= latestMs)) {
      throw new ClockOutOfRange("the clock stays between the years 1970 and 9999");
    }
    const isFrozen = change.frozen ?? (change.reset !== true && clock.isFrozen);
    const state = isFrozen ? { frozenAtMs: targetMs } : { offsetMs: targetMs - machineMs };
    await this.#store.transact((tx) => {
      if ("offsetMs" in state && state.offsetMs === 0) tx.delete(stateKey);
      else tx.putRecord(stateKey, codec, state);
    });
    this.#apply(state);
    return this.read();
  }

  #apply(state: ClockState): void {
    const clock = this.#clock;
    if ("frozenAtMs" in state) {
      clock.freeze();
      clock.moveTo(state.frozenAtMs);
    } else {
      clock.resume();
      clock.moveTo(clock.machineMs() + state.offsetMs);
    }
  }
}
