/*
 * Local time as a number: what a clock on the wall of a time zone shows, in milliseconds, as if it were UTC.
 */

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timezone: string): Intl.DateTimeFormat {
  let format = formats.get(timezone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: timezone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    formats.set(timezone, format);
  }
  return format;
}

/** Whether there is such a time zone: "Europe/Berlin", "Etc/UTC". */
export function isTimezone(name: string): boolean {
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

export function localTime(utcMs: number, timezone: string): number {
  const parts = Object.fromEntries(
    formatOf(timezone)
      .formatToParts(utcMs)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) + (((utcMs % 1000) + 1000) % 1000);
}

/** The first moment at which the clock shows this; of a time that is skipped, when it would have been. */
export function utcOfLocal(localMs: number, timezone: string): number {
  const offsetAt = (utcMs: number): number => localTime(utcMs, timezone) - utcMs;
  const dayMs = 86_400_000;
  const candidates = [offsetAt(localMs - dayMs), offsetAt(localMs + dayMs)]
    .map((offset) => localMs - offset)
    .toSorted((one, other) => one - other);
  return (
    candidates.find((utcMs) => localTime(utcMs, timezone) === localMs) ??
    localMs - offsetAt(localMs - dayMs)
  );
}
