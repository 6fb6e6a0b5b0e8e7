import type { Context } from "#kernel/context.ts";
import { invalidToken } from "../pages.ts";

/*
 * Places among events as AWS writes them: numbers of 56 digits. Ours hold time, stream and arrival, so they go on being
 * right whatever is put or compacted meanwhile.
 */

/** An event's place among all of a group. */
export interface Place {
  readonly timestampMs: number;
  readonly stream: number;
  readonly sequence: number;
}

const streamDigits = 16;
const sequenceDigits = 16;
const tokenDigits = 56;

const digits = ({ timestampMs, stream, sequence }: Place): string =>
  (
    String(timestampMs) +
    String(stream).padStart(streamDigits, "0") +
    String(sequence).padStart(sequenceDigits, "0")
  ).padStart(tokenDigits, "0");

function placeOf(text: string): Place | undefined {
  if (!/^\d{56}$/.test(text)) return undefined;
  const place = {
    timestampMs: Number(text.slice(0, -(streamDigits + sequenceDigits))),
    stream: Number(text.slice(-(streamDigits + sequenceDigits), -sequenceDigits)),
    sequence: Number(text.slice(-sequenceDigits)),
  };
  return Object.values(place).every(Number.isSafeInteger) ? place : undefined;
}

export const eventId = digits;

export function sequenceToken({ number }: { readonly number: number }, next: number): string {
  return digits({ timestampMs: 49, stream: number, sequence: next });
}

export type Direction = "f" | "b";

export const pageToken = (direction: Direction, place: Place): string =>
  `${direction}/${digits(place)}/s`;

export function readPageToken(
  ctx: Context<"InvalidParameterException">,
  token: string,
): { readonly direction: Direction; readonly place: Place } {
  const [, direction, text = ""] = /^([fb])\/(\d+)\/s$/.exec(token) ?? [];
  const place = placeOf(text);
  if (place === undefined) throw invalidToken(ctx);
  return { direction: direction as Direction, place };
}

export const filterToken = (place: Place): string =>
  Buffer.from(digits(place)).toString("base64url");

export function readFilterToken(ctx: Context<"InvalidParameterException">, token: string): Place {
  const place = placeOf(Buffer.from(token, "base64url").toString("latin1"));
  if (place === undefined) throw invalidToken(ctx);
  return place;
}
