import { inspect } from "node:util";
import type { Log, LogFields } from "#kernel/log.ts";

const levels = ["silent", "error", "info", "debug"] as const;
export type LogLevel = (typeof levels)[number];

export interface LogOptions {
  /** Says this and what weighs more. */
  readonly level: LogLevel;
  readonly format: "text" | "json";
  readonly nowMs: () => number;
  /** Takes one line, with its end. */
  readonly write: (line: string) => void;
}

/** A log of lines: for people, or one JSON object each. */
export function lineLog(options: LogOptions): Log {
  const writeLine = options.format === "json" ? jsonLine : textLine;
  const say =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}): void => {
      if (levels.indexOf(level) > levels.indexOf(options.level)) return;
      const time = new Date(options.nowMs()).toISOString();
      options.write(`${writeLine(time, level, message, fields)}\n`);
    };
  return { error: say("error"), info: say("info"), debug: say("debug") };
}

function textLine(time: string, level: LogLevel, message: string, fields: LogFields): string {
  const shown = Object.entries(fields).map(([name, value]) => ` ${name}=${textOf(value)}`);
  return `${time} ${level} ${message}${shown.join("")}`;
}

function textOf(value: unknown): string {
  if (typeof value === "string") return /^[\w./:@+-]+$/.test(value) ? value : JSON.stringify(value);
  return inspect(value, { breakLength: Infinity, depth: 4 });
}

function jsonLine(time: string, level: LogLevel, message: string, fields: LogFields): string {
  const plain = Object.entries(fields).map(([name, value]) => [name, plainOf(value)]);
  return JSON.stringify({ time, level, message, ...Object.fromEntries(plain) });
}

/** Errors and whatever else JSON would lose, as text. */
function plainOf(value: unknown): unknown {
  if (value === null || ["string", "number", "boolean"].includes(typeof value)) return value;
  return inspect(value, { breakLength: Infinity, depth: 4 });
}
