import { civilOf } from "#wire/sigv4-time.ts";

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
  const { year, month, day } = civilOf(days);
  const weekday = (((days + 4) % 7) + 7) % 7;
  const hours = Math.floor(secondOfDay / 3600);
  const minutes = Math.floor(secondOfDay / 60) % 60;
  return `${dayNames[weekday]}, ${two(day)} ${monthNames[month - 1]} ${String(year).padStart(4, "0")} ${two(hours)}:${two(minutes)}:${two(secondOfDay % 60)} GMT`;
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
