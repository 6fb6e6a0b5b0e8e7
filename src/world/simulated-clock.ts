import { Alarms } from "./alarms.ts";
import type { Alarm } from "./alarms.ts";
import type { Cancel, Clock } from "./world.ts";

/** What keeps a simulated machine busy. The clock stands still as long as anything is. */
export interface Activity {
  /** Grows with everything that happens. */
  events: number;
  /** Operations that are under way and need no time of the clock. */
  pending: number;
}

/** So many turns of the event loop without an end are a program that spins, not one that works. */
const turnsUntilStuck = 100_000;

/** A clock that moves only when a test tells it to. */
export class SimulatedClock implements Clock {
  readonly #activity: Activity;
  readonly #wallAlarms = new Alarms();
  readonly #elapsedAlarms = new Alarms();
  #machineMs: number;
  #elapsedMs = 0;
  #offsetMs = 0;
  #frozenAtMs: number | undefined;
  #ringing = false;
  #stopped = false;

  constructor(machineMs: number, activity: Activity) {
    this.#machineMs = machineMs;
    this.#activity = activity;
  }

  /** The machine's own time, which survives a crash; what `moveTo` adds does not. */
  get exactMachineMs(): number {
    return this.#machineMs;
  }

  machineMs(): number {
    return Math.floor(this.#machineMs);
  }

  get isFrozen(): boolean {
    return this.#frozenAtMs !== undefined;
  }

  nowMs(): number {
    return this.#frozenAtMs ?? Math.floor(this.#machineMs) + this.#offsetMs;
  }

  elapsedMs(): number {
    return this.#elapsedMs;
  }

  at(atMs: number, wake: () => void): Cancel {
    return this.#add(this.#wallAlarms, atMs, wake);
  }

  after(delayMs: number, wake: () => void): Cancel {
    return this.#add(this.#elapsedAlarms, this.#elapsedMs + Math.max(0, delayMs), wake);
  }

  moveTo(nowMs: number): void {
    if (this.#frozenAtMs === undefined) this.#offsetMs += Math.round(nowMs) - this.nowMs();
    else this.#frozenAtMs = Math.round(nowMs);
    this.#ringSoon();
  }

  freeze(): void {
    this.#frozenAtMs ??= this.nowMs();
  }

  resume(): void {
    if (this.#frozenAtMs === undefined) return;
    const nowMs = this.#frozenAtMs;
    this.#frozenAtMs = undefined;
    this.#offsetMs += nowMs - this.nowMs();
  }

  /** The machine's own clock is set, as by a time server: no time passes, and it may go back. */
  jump(byMs: number): void {
    this.#machineMs += byMs;
    this.#ringSoon();
  }

  /**
   * Lets so much time pass. Each alarm rings at its own moment, in order, and all that it causes is done
   * before the next one rings.
   */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.#elapsedMs + byMs;
    await this.settle();
    for (;;) {
      const nextMs = Math.min(this.#nextElapsedMs(), this.#nextWallMs());
      if (nextMs > untilMs) break;
      this.#pass(nextMs);
      const alarm = this.#takeDue();
      if (alarm !== undefined) this.#ring(alarm);
      await this.settle();
    }
    this.#pass(untilMs);
    await this.settle();
  }

  /** Resolves when everything that can happen without time passing has happened. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < turnsUntilStuck; turn += 1) {
      const eventsBefore = this.#activity.events;
      await nextTurn();
      await nextTurn();
      if (this.#activity.events === eventsBefore && this.#activity.pending === 0) return;
    }
    throw new Error("The simulated world does not come to rest");
  }

  /** Nothing rings any more. */
  stop(): void {
    this.#stopped = true;
    this.#wallAlarms.clear();
    this.#elapsedAlarms.clear();
  }

  #add(alarms: Alarms, atMs: number, wake: () => void): Cancel {
    if (this.#stopped) return () => undefined;
    const alarm = alarms.add(atMs, wake);
    this.#ringSoon();
    return () => {
      alarms.cancel(alarm);
    };
  }

  /** What is due already rings on the next turn: no time has to pass for it. */
  #ringSoon(): void {
    if (this.#ringing || !this.#isAnyDue()) return;
    this.#ringing = true;
    this.#activity.pending += 1;
    setImmediate(() => {
      this.#ringing = false;
      this.#activity.pending -= 1;
      const alarm = this.#takeDue();
      if (alarm === undefined) return;
      try {
        this.#ring(alarm);
      } finally {
        this.#ringSoon();
      }
    });
  }

  #ring(alarm: Alarm): void {
    this.#activity.events += 1;
    alarm.wake();
  }

  #isAnyDue(): boolean {
    return this.#nextElapsedMs() <= this.#elapsedMs || this.#nextWallMs() <= this.#elapsedMs;
  }

  #takeDue(): Alarm | undefined {
    return this.#elapsedAlarms.takeDue(this.#elapsedMs) ?? this.#wallAlarms.takeDue(this.nowMs());
  }

  #nextElapsedMs(): number {
    return this.#elapsedAlarms.first()?.atMs ?? Infinity;
  }

  /** When the next alarm of the wall clock rings, in elapsed time. */
  #nextWallMs(): number {
    const alarm = this.#wallAlarms.first();
    if (alarm === undefined) return Infinity;
    if (alarm.atMs <= this.nowMs()) return this.#elapsedMs;
    if (this.#frozenAtMs !== undefined) return Infinity;
    return this.#elapsedMs + (alarm.atMs - this.#offsetMs - this.#machineMs);
  }

  #pass(untilMs: number): void {
    const passedMs = Math.max(0, untilMs - this.#elapsedMs);
    this.#elapsedMs += passedMs;
    this.#machineMs += passedMs;
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
