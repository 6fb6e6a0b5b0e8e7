/** Times on the wire, in the three forms that AWS's models name. Typed values are milliseconds since 1970, UTC. */

/** "iso8601Milliseconds": with three digits behind the second even where they are zeros. */
export type TimestampFormat = "unixTimestamp" | "iso8601" | "iso8601Milliseconds" | "rfc822";

export function timestampFormatOf(
  format: string | undefined,
  otherwise: TimestampFormat,
): TimestampFormat {
  return format === "unixTimestamp" || format === "iso8601" || format === "rfc822"
    ? format
    : otherwise;
}

/** Text of a time; seconds have a fraction only if there is one. */
export function formatTimestamp(atMs: number, format: TimestampFormat): string {
  if (format === "unixTimestamp") return String(atMs / 1000);
  const date = new Date(atMs);
  if (format === "iso8601Milliseconds") return date.toISOString();
  return format === "rfc822" ? date.toUTCString() : date.toISOString().replace(".000Z", "Z");
}

const isoForm =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|z|[+-]\d\d:?\d\d)?)?$/;
const rfcForm =
  /^(?:[A-Z][a-z]{2,8}, )?\d{1,2}[ -][A-Z][a-z]{2}[ -]\d{2,4} \d\d:\d\d:\d\d(?:\.\d{1,9})? (?:GMT|UTC)$/;
const secondsForm = /^-?\d{1,15}(?:\.\d{1,9})?(?:[eE]\+?\d{1,2})?$/;

/** Any of the forms, as AWS's services take any of them in text; undefined if it is none. */
export function parseTimestamp(text: string): number | undefined {
  if (secondsForm.test(text)) return inRange(Math.round(Number(text) * 1000));
  const iso = isoForm.exec(text);
  if (iso) {
    const [
      ,
      year,
      month,
      day,
      hour = "00",
      minute = "00",
      second = "00",
      fraction = "",
      zone = "Z",
    ] = iso;
    const offset = zone.toUpperCase() === "Z" ? "Z" : `${zone.slice(0, 3)}:${zone.slice(-2)}`;
    const millis = fraction.padEnd(3, "0").slice(0, 3);
    return inRange(
      Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${millis}${offset}`),
    );
  }
  return rfcForm.test(text) ? inRange(Date.parse(text)) : undefined;
}

/** Seconds since 1970 as JSON and CBOR carry them; undefined for what no calendar holds. */
export function fromEpochSeconds(seconds: number): number | undefined {
  return inRange(Math.round(seconds * 1000));
}

const inRange = (atMs: number): number | undefined =>
  Math.abs(atMs) <= 8.64e15 ? atMs : undefined;
