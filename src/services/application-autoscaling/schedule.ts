import { CronFields } from "./cron-fields.ts";
import { localTime, utcOfLocal } from "./local-time.ts";

/** When a scheduled action runs. */
export interface Schedule {
  /** The first time that is later than `afterMs`; undefined for never again. */
  next(afterMs: number): number | undefined;
}

const unitsMs: Readonly<Record<string, number>> = {
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};
const dayMs = 86_400_000;
/** A day that never comes (31 February) is not looked for longer than leap years can take. */
const daysAtMost = 366 * 9;

/**
 * Reads `at(yyyy-mm-ddThh:mm:ss)`, `rate(value unit)` or `cron(minutes hours day month weekday year)`; undefined for what
 * is none of them. Rates count from `anchorMs`. Source: API reference, PutScheduledAction, Schedule.
 */
export function parseSchedule(
  text: string,
  timezone: string,
  anchorMs: number,
): Schedule | undefined {
  const [, kind, inner = ""] = /^(at|rate|cron)\((.*)\)$/.exec(text.trim()) ?? [];
  switch (kind) {
    case "at":
      return once(inner, timezone);
    case "rate":
      return repeated(inner, anchorMs);
    case "cron":
      return recurring(inner, timezone);
    default:
      return undefined;
  }
}

function once(text: string, timezone: string): Schedule | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/.test(text)) return undefined;
  const local = Date.parse(`${text}Z`);
  if (Number.isNaN(local)) return undefined;
  const atMs = utcOfLocal(local, timezone);
  return { next: (afterMs) => (atMs > afterMs ? atMs : undefined) };
}

function repeated(text: string, anchorMs: number): Schedule | undefined {
  const [, count, unit, plural] = /^(\d+) (minute|hour|day)(s?)$/.exec(text) ?? [];
  const value = Number(count);
  // "1 minute", but "5 minutes".
  if (unit === undefined || value < 1 || (value === 1) !== (plural === "")) return undefined;
  const everyMs = value * unitsMs[unit]!;
  return {
    next: (afterMs) =>
      afterMs < anchorMs
        ? anchorMs
        : anchorMs + (Math.floor((afterMs - anchorMs) / everyMs) + 1) * everyMs,
  };
}

function recurring(text: string, timezone: string): Schedule | undefined {
  const fields = CronFields.parse(text);
  if (fields === undefined) return undefined;
  return {
    next(afterMs) {
      const local = localTime(afterMs, timezone);
      let day = local - (((local % dayMs) + dayMs) % dayMs);
      for (let days = 0; days < daysAtMost; days++, day += dayMs) {
        if (!fields.isOnDay(new Date(day))) continue;
        for (const minute of fields.minutesOfDay()) {
          const atMs = utcOfLocal(day + minute * 60_000, timezone);
          if (atMs > afterMs) return atMs;
        }
      }
      return undefined;
    },
  };
}
