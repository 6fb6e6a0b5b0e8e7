import { deflateRawSync, inflateRawSync } from "node:zlib";
import { VarintReader, VarintWriter } from "./varints.ts";

/**
 * A block of log events, ordered by time and then by arrival:
 *
 *     format 1 (1: as it is, 2: deflated), bytes before deflating, then of each event
 *       time, arrival number, time of arrival (each as the difference to the event before), length of the message
 *     and all messages, one after another, in UTF-8
 *
 * Numbers are varints. The columns stand apart from the text, so a block's text is decoded at once and each message is a
 * slice of it: reading an event costs tens of nanoseconds, whatever is then done with it.
 */
export interface LogEvent {
  readonly timestampMs: number;
  /** Numbers the events of a stream in the order in which they arrived. */
  readonly sequence: number;
  readonly ingestedMs: number;
  readonly message: string;
}

/** AWS counts so much for each event besides its message. */
export const eventOverheadBytes = 26;

const plainFormat = 1;
const deflatedFormat = 2;
/** Less than this is not worth the attempt. */
const leastDeflatedBytes = 200;

export function compareEvents(one: LogEvent, other: LogEvent): number {
  return one.timestampMs - other.timestampMs || one.sequence - other.sequence;
}

/** The events must be in order. */
export function encodeBlock(events: readonly LogEvent[]): Buffer {
  const writer = new VarintWriter();
  writer.unsigned(events.length);
  let timestampMs = 0;
  let sequence = 0;
  let ingestedMs = 0;
  for (const event of events) {
    writer.signed(event.timestampMs - timestampMs);
    writer.signed(event.sequence - sequence - 1);
    writer.signed(event.ingestedMs - ingestedMs);
    writer.unsigned(event.message.length);
    ({ timestampMs, sequence, ingestedMs } = event);
  }
  writer.text(events.map(({ message }) => message).join(""));
  const plain = writer.finish();
  const deflated =
    plain.length < leastDeflatedBytes ? undefined : deflateRawSync(plain, { level: 1 });
  const isSmaller = deflated !== undefined && deflated.length < plain.length;
  const head = new VarintWriter();
  head.unsigned(isSmaller ? deflatedFormat : plainFormat);
  head.unsigned(plain.length);
  return Buffer.concat([head.finish(), isSmaller ? deflated : plain]);
}

export function decodeBlock(bytes: Buffer): LogEvent[] {
  const head = new VarintReader(bytes);
  const format = head.unsigned();
  const plainBytes = head.unsigned();
  const rest = bytes.subarray(head.at);
  const plain =
    format === deflatedFormat
      ? inflateRawSync(rest, { chunkSize: Math.max(64, plainBytes) })
      : rest;
  if (plain.length !== plainBytes)
    throw new Error("a block of log events is not as long as it says");
  const reader = new VarintReader(plain);
  const count = reader.unsigned();
  const events: { timestampMs: number; sequence: number; ingestedMs: number; message: string }[] =
    [];
  const lengths: number[] = [];
  let timestampMs = 0;
  let sequence = 0;
  let ingestedMs = 0;
  for (let at = 0; at < count; at += 1) {
    timestampMs += reader.signed();
    sequence += reader.signed() + 1;
    ingestedMs += reader.signed();
    lengths.push(reader.unsigned());
    events.push({ timestampMs, sequence, ingestedMs, message: "" });
  }
  const text = plain.toString("utf8", reader.at);
  let from = 0;
  for (let at = 0; at < count; at += 1) {
    const end = from + lengths[at]!;
    events[at]!.message = text.slice(from, end);
    from = end;
  }
  return events;
}

/** A message that does not keep its whole block in memory. */
export function detached(message: string): string {
  return message.length < 13 ? message : Buffer.from(message, "utf8").toString("utf8");
}
