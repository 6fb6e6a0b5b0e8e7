const monthNames = [
  "JAN",
  "FEB",
  "MAR",
  "APR",
  "MAY",
  "JUN",
  "JUL",
  "AUG",
  "SEP",
  "OCT",
  "NOV",
  "DEC",
];
const weekdayNames = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

type DayTest = (date: Date) => boolean;

/**
 * The six fields of AWS's cron expressions: minutes, hours, day of the month, month, day of the week (1 is Sunday), year.
 * `*`, `?`, lists, ranges and steps; of days also `L`, `15W`, `6L` and `3#2`. One of the two days is `?`.
 * Source: https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
 */
export class CronFields {
  readonly #minutesOfDay: readonly number[];
  readonly #isOnDay: DayTest;

  private constructor(minutesOfDay: readonly number[], isOnDay: DayTest) {
    this.#minutesOfDay = minutesOfDay;
    this.#isOnDay = isOnDay;
  }

  /** Undefined for what is no such expression. */
  static parse(text: string): CronFields | undefined {
    const fields = text.trim().split(/\s+/);
    if (fields.length !== 6) return undefined;
    const [minute = "", hour = "", dayOfMonth = "", month = "", dayOfWeek = "", year = ""] = fields;
    const minutes = numbersOf(minute, 0, 59);
    const hours = numbersOf(hour, 0, 23);
    const months = numbersOf(named(month, monthNames, 1), 1, 12);
    const years = numbersOf(year, 1970, 2199);
    const isOnDayOfMonth = dayOfMonth === "?" ? undefined : dayOfMonthTest(dayOfMonth);
    const isOnDayOfWeek =
      dayOfWeek === "?" ? undefined : dayOfWeekTest(named(dayOfWeek, weekdayNames, 1));
    if (!minutes || !hours || !months || !years) return undefined;
    // One of them has to be "?"; where both say something, `*` says nothing.
    if (dayOfMonth === "?" && dayOfWeek === "?") return undefined;
    if (dayOfMonth !== "?" && isOnDayOfMonth === undefined) return undefined;
    if (dayOfWeek !== "?" && isOnDayOfWeek === undefined) return undefined;
    const isBoth = dayOfMonth !== "?" && dayOfWeek !== "?";
    if (isBoth && dayOfMonth !== "*" && dayOfWeek !== "*") return undefined;
    return new CronFields(
      [...hours].flatMap((at) => [...minutes].map((within) => at * 60 + within)),
      (date) =>
        years.has(date.getUTCFullYear()) &&
        months.has(date.getUTCMonth() + 1) &&
        (isOnDayOfMonth?.(date) ?? true) &&
        (isOnDayOfWeek?.(date) ?? true),
    );
  }

  /** Whether it comes on this day, given by its UTC fields. */
  isOnDay(date: Date): boolean {
    return this.#isOnDay(date);
  }

  /** In order. */
  minutesOfDay(): readonly number[] {
    return this.#minutesOfDay;
  }
}

function named(text: string, names: readonly string[], first: number): string {
  return text.toUpperCase().replace(/[A-Z]{3}/g, (name) => {
    const at = names.indexOf(name);
    return at === -1 ? name : String(at + first);
  });
}

/** What a field of numbers allows, in order; undefined for what is no such field. */
function numbersOf(text: string, lowest: number, highest: number): Set<number> | undefined {
  const found: number[] = [];
  for (const part of text.split(",")) {
    const [, all, from, to, step] = /^(?:(\*)|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(part) ?? [];
    if (all === undefined && from === undefined) return undefined;
    const start = all === undefined ? Number(from) : lowest;
    const open = all !== undefined || (step !== undefined && to === undefined);
    const end = open ? highest : Number(to ?? from);
    const every = Number(step ?? 1);
    if (start < lowest || end > highest || start > end || every < 1) return undefined;
    for (let value = start; value <= end; value += every) found.push(value);
  }
  return new Set(found.toSorted((one, other) => one - other));
}

const lastDay = (date: Date): number =>
  new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();

function dayOfMonthTest(text: string): DayTest | undefined {
  if (text === "L") return (date) => date.getUTCDate() === lastDay(date);
  const [, weekday] = /^(\d+)W$/.exec(text) ?? [];
  if (weekday !== undefined) {
    const wanted = Number(weekday);
    if (wanted < 1 || wanted > 31) return undefined;
    return (date) => date.getUTCDate() === nearestWeekday(date, wanted);
  }
  const days = numbersOf(text, 1, 31);
  return days && ((date) => days.has(date.getUTCDate()));
}

/** The working day nearest to a day of the date's month, within that month. */
function nearestWeekday(date: Date, wanted: number): number {
  const last = lastDay(date);
  const day = Math.min(wanted, last);
  const at = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), day)).getUTCDay();
  if (at === 6) return day === 1 ? 3 : day - 1;
  if (at === 0) return day === last ? day - 2 : day + 1;
  return day;
}

function dayOfWeekTest(text: string): DayTest | undefined {
  if (text === "L") return (date) => date.getUTCDay() === 6;
  const [, lastOf] = /^([1-7])L$/.exec(text) ?? [];
  if (lastOf !== undefined) {
    return (date) =>
      date.getUTCDay() + 1 === Number(lastOf) && date.getUTCDate() + 7 > lastDay(date);
  }
  const [, weekday, nth] = /^([1-7])#([1-5])$/.exec(text) ?? [];
  if (weekday !== undefined) {
    return (date) =>
      date.getUTCDay() + 1 === Number(weekday) && Math.ceil(date.getUTCDate() / 7) === Number(nth);
  }
  const days = numbersOf(text, 1, 7);
  return days && ((date) => days.has(date.getUTCDay() + 1));
}
