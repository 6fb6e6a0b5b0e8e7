/** The times that signatures carry: "20260131T235959Z" and the HTTP date. Pure arithmetic, asks no clock. */

const basicForm = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;
const httpForm =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d\d) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (\d{4}) (\d\d):(\d\d):(\d\d) (?:GMT|UTC|\+0000)$/;
const monthNames = "JanFebMarAprMayJunJulAugSepOctNovDec";

// Requests of the same second say the same time.
let latestText = "";
let latestMs: number | undefined;

/** Milliseconds since 1970, or undefined for what is not such a time. */
export function parseBasicTime(text: string): number | undefined {
  if (text !== latestText) {
    latestMs = readBasicTime(text);
    latestText = text;
  }
  return latestMs;
}

function readBasicTime(text: string): number | undefined {
  const parts = basicForm.exec(text);
  if (parts === null) return undefined;
  const [, year, month, day, hour, minute, second] = parts;
  return fromParts(+year!, +month!, +day!, +hour!, +minute!, +second!);
}

export function parseHttpDate(text: string): number | undefined {
  const parts = httpForm.exec(text);
  if (parts === null) return undefined;
  const [, day, month, year, hour, minute, second] = parts;
  return fromParts(+year!, monthNames.indexOf(month!) / 3 + 1, +day!, +hour!, +minute!, +second!);
}

export function basicTime(atMs: number): string {
  const seconds = Math.floor(atMs / 1000);
  const days = Math.floor(seconds / 86_400);
  const rest = seconds - days * 86_400;
  const { year, month, day } = civilOf(days);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${String(year).padStart(4, "0")}${two(month)}${two(day)}T${two(Math.floor(rest / 3600))}${two(Math.floor(rest / 60) % 60)}${two(rest % 60)}Z`;
}

function fromParts(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
): number | undefined {
  if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 60)
    return undefined;
  const days = daysOf(year, month, day);
  const back = civilOf(days);
  if (back.month !== month || back.day !== day) return undefined;
  return (days * 86_400 + hour * 3600 + minute * 60 + second) * 1000;
}

// Both count in eras of 400 years that begin on 1 March, so that the leap day is the last of its year.
function daysOf(year: number, month: number, day: number): number {
  const shiftedYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(shiftedYear / 400);
  const yearOfEra = shiftedYear - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** The date so many days after 1970-01-01. */
export function civilOf(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
  };
}
