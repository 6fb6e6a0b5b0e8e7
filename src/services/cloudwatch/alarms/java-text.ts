/*
 * Numbers and times as CloudWatch's texts have them: it is written in Java, where a double is never without a point.
 */

/** 5 → "5.0", 1e21 → "1.0E21" */
export function doubleText(value: number): string {
  const magnitude = Math.abs(value);
  if (magnitude !== 0 && (magnitude < 1e-3 || magnitude >= 1e7)) {
    const [digits, exponent] = value.toExponential().split("e") as [string, string];
    return `${digits.includes(".") ? digits : `${digits}.0`}E${Number(exponent)}`;
  }
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

/** A number that JSON shall show as a double. */
export class Double {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** JSON without spaces; members that are undefined are left out. */
export function javaJson(value: unknown): string {
  if (value instanceof Double) return doubleText(value.value);
  if (Array.isArray(value)) return `[${value.map(javaJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${javaJson(member)}`).join(",")}}`;
}

/** 2026-11-25T18:03:00.000+0000 */
export const timeText = (atMs: number): string =>
  new Date(atMs).toISOString().replace("Z", "+0000");

/** 25/11/26 18:03:00 */
export function shortTimeText(atMs: number): string {
  const [, year, month, day, time] = /^..(..)-(..)-(..)T(.{8})/.exec(new Date(atMs).toISOString())!;
  return `${day}/${month}/${year} ${time}`;
}

/** Wednesday 25 November, 2026 18:03:00 UTC */
export function longTimeText(atMs: number): string {
  const at = new Date(atMs);
  const part = (options: Intl.DateTimeFormatOptions): string =>
    at.toLocaleDateString("en-US", { ...options, timeZone: "UTC" });
  const day = String(at.getUTCDate()).padStart(2, "0");
  const time = at.toISOString().slice(11, 19);
  return `${part({ weekday: "long" })} ${day} ${part({ month: "long" })}, ${at.getUTCFullYear()} ${time} UTC`;
}
