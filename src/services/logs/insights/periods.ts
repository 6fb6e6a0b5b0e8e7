/** A period as queries write it: `30s`, `5m`, `1h`, `1d`, `2w`. Months, quarters and years are of the calendar. */

const lengthsMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  hr: 3_600_000,
  d: 24 * 3_600_000,
  w: 7 * 24 * 3_600_000,
};

const months: Readonly<Record<string, number>> = { mo: 1, q: 3, y: 12 };

interface Period {
  readonly count: number;
  readonly unit: string;
}

// A query asks for the same one or two with each event.
let latest: { readonly text: string; readonly period: Period | undefined } | undefined;

function read(text: string): Period | undefined {
  if (latest?.text !== text) latest = { text, period: parsed(text) };
  return latest.period;
}

function parsed(period: string): Period | undefined {
  const [, count, unit] = /^(\d+)([a-z]+)$/.exec(period) ?? [];
  if (count === undefined || unit === undefined || Number(count) === 0) return undefined;
  return { count: Number(count), unit };
}

/** Of calendar periods, about how long they are. */
export function periodOf(period: string): number | undefined {
  const { count, unit } = read(period) ?? {};
  if (count === undefined || unit === undefined) return undefined;
  const lengthMs = lengthsMs[unit] ?? (months[unit] ?? NaN) * 30 * lengthsMs["d"]!;
  return Number.isNaN(lengthMs) ? undefined : count * lengthMs;
}

export function floorToPeriod(ms: number, period: string): number | undefined {
  const { count, unit } = read(period) ?? {};
  if (count === undefined || unit === undefined) return undefined;
  const lengthMs = lengthsMs[unit];
  if (lengthMs !== undefined) return Math.floor(ms / (count * lengthMs)) * count * lengthMs;
  const inUnit = months[unit];
  if (inUnit === undefined) return undefined;
  const day = new Date(ms);
  const month = day.getUTCFullYear() * 12 + day.getUTCMonth();
  const first = Math.floor(month / (count * inUnit)) * count * inUnit;
  return Date.UTC(Math.floor(first / 12), first % 12);
}
