const dayNames = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const monthNames = [
  "Jan",
  "Feb",
  "Mar",
  "Apr",
  "May",
  "Jun",
  "Jul",
  "Aug",
  "Sep",
  "Oct",
  "Nov",
  "Dec",
];

const two = (value: number): string => (value < 10 ? `0${value}` : `${value}`);

/** "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7) for milliseconds since 1970. Pure: asks no clock. */
export function httpDate(nowMs: number): string {
  const seconds = Math.floor(nowMs / 1000);
  const days = Math.floor(seconds / 86_400);
  const secondOfDay = seconds - days * 86_400;
  // Days to year, month and day, counted in 400-year eras that begin on 1 March of year 0.
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
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  const month = (shiftedMonth + 2) % 12;
  const year = yearOfEra + era * 400 + (month <= 1 ? 1 : 0);
  const weekday = (((days + 4) % 7) + 7) % 7;
  const hours = Math.floor(secondOfDay / 3600);
  const minutes = Math.floor(secondOfDay / 60) % 60;
  return `${dayNames[weekday]}, ${two(day)} ${monthNames[month]} ${String(year).padStart(4, "0")} ${two(hours)}:${two(minutes)}:${two(secondOfDay % 60)} GMT`;
}

/** The date of answers, made anew only when the second changes. */
export class DateHeader {
  private second = Number.NaN;
  private text = "";

  at(nowMs: number): string {
    const second = Math.floor(nowMs / 1000);
    if (second !== this.second) {
      this.second = second;
      this.text = httpDate(nowMs);
    }
    return this.text;
  }
}
