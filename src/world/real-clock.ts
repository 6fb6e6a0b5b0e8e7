import { Alarms } from "./alarms.ts";
import type { Cancel, Clock } from "./world.ts";

/** Timers above this overflow Node's 32 bits and would fire at once. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * How long the clock sleeps at most before it looks at the machine's time again: that one may be set, or
 * run on while a laptop sleeps, and no timer notices.
 */
const longestSleepMs = 60_000;

/** The machine's clock, with an offset, or frozen. Alarms ring in their order, never inside `at` or `moveTo`. */
export function realClock(): Clock {
  const alarms = new Alarms();
  let offsetMs = 0;
  let frozenAtMs: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  let timerAtMs = Infinity;

  const nowMs = (): number => frozenAtMs ?? Date.now() + offsetMs;

  function arm(): void {
    const first = alarms.first();
    if (first === undefined) return disarm();
    if (timer !== undefined && timerAtMs === first.atMs) return;
    disarm();
    const waitMs = first.atMs - nowMs();
    // A frozen clock reaches a later alarm only by moveTo or resume, and both arm again.
    if (waitMs > 0 && frozenAtMs !== undefined) return;
    timerAtMs = first.atMs;
    timer = setTimeout(ring, Math.min(Math.max(0, Math.ceil(waitMs)), longestSleepMs));
  }

  function disarm(): void {
    clearTimeout(timer);
    timer = undefined;
    timerAtMs = Infinity;
  }

  function ring(): void {
    disarm();
    try {
      // An alarm that a callback sets for now waits for the next turn: no callback can hold the thread.
      const untilMs = nowMs();
      const due = [];
      for (let alarm = alarms.takeDue(untilMs); alarm; alarm = alarms.takeDue(untilMs))
        due.push(alarm);
      for (const [index, alarm] of due.entries()) {
        if (alarm.cancelled) continue;
        try {
          alarm.wake();
        } catch (error) {
          // The rest must not be lost with it.
          for (const late of due.slice(index + 1)) alarms.putBack(late);
          throw error;
        }
      }
    } finally {
      arm();
    }
  }

  function rearm(): void {
    disarm();
    arm();
  }

  return {
    nowMs,
    machineMs: () => Date.now(),
    get isFrozen() {
      return frozenAtMs !== undefined;
    },
    elapsedMs: () => performance.now(),
    at(atMs, wake) {
      const alarm = alarms.add(atMs, wake);
      arm();
      return () => {
        alarms.cancel(alarm);
        arm();
      };
    },
    after: (delayMs, wake) => after(performance.now() + delayMs, wake),
    moveTo(targetMs) {
      if (frozenAtMs === undefined) offsetMs = Math.round(targetMs) - Date.now();
      else frozenAtMs = Math.round(targetMs);
      rearm();
    },
    freeze() {
      frozenAtMs ??= nowMs();
      rearm();
    },
    resume() {
      if (frozenAtMs === undefined) return;
      offsetMs = frozenAtMs - Date.now();
      frozenAtMs = undefined;
      rearm();
    },
  };
}

function after(dueMs: number, wake: () => void): Cancel {
  let timer: NodeJS.Timeout;
  const sleep = (): void => {
    const leftMs = dueMs - performance.now();
    timer = leftMs > longestTimerMs ? setTimeout(sleep, longestTimerMs) : setTimeout(wake, leftMs);
  };
  sleep();
  return () => clearTimeout(timer);
}
