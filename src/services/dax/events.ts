import { endOfPrefix } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { DAX, SourceType } from "#models/dax.ts";
import type { Codec, Transaction } from "#store/store.ts";
import { eventKey, eventsPrefix } from "./keyspace.ts";
import { nameInToken, pageSize, tokenOf } from "./paging.ts";

interface EventRecord {
  readonly source: string;
  readonly type: SourceType;
  readonly message: string;
  readonly atMs: number;
  /** Among those of the same millisecond. */
  readonly number: number;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
/** Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_dax_DescribeEvents.html */
const keptMs = 14 * dayMs;
const shownMs = dayMs;
const trimmedAtOnce = 100;

const eventCodec: Codec<EventRecord> = {
  encode: (event) => Buffer.from(JSON.stringify(event)),
  decode: (bytes) => JSON.parse(bytes.toString("utf8")) as EventRecord,
};

export const events = {
  /** Those of the last day, or of the time asked for. The latest come first. */
  DescribeEvents(ctx, input) {
    const size = pageSize(input.MaxResults);
    const token = nameInToken(input.NextToken);
    const endMs = input.EndTime ?? ctx.now();
    const startMs =
      input.StartTime ??
      endMs - (input.Duration === undefined ? shownMs : input.Duration * minuteMs);
    if (input.StartTime !== undefined && input.Duration !== undefined) {
      throw ctx.error(
        "InvalidParameterCombinationException",
        "StartTime and Duration cannot be given together.",
      );
    }
    if (startMs > endMs) {
      throw ctx.error("InvalidParameterValueException", "StartTime must not be after EndTime.");
    }
    if (input.SourceName !== undefined && input.SourceType === undefined) {
      throw ctx.error(
        "InvalidParameterCombinationException",
        "SourceType must be given with SourceName.",
      );
    }
    return ctx.read((snapshot) => {
      const start = eventsPrefix(ctx, Math.max(0, startMs));
      const end = token === undefined ? endOfPrefix(eventsPrefix(ctx, endMs)) : placeIn(token);
      const found: EventRecord[] = [];
      for (const { value } of snapshot.range({ start, end, reverse: true })) {
        const event = eventCodec.decode(value);
        if (input.SourceType !== undefined && event.type !== input.SourceType) continue;
        if (input.SourceName !== undefined && event.source !== input.SourceName) continue;
        if (found.push(event) > size) break;
      }
      const page = found.slice(0, size);
      const last = page.at(-1);
      const hasMore = found.length > size && last !== undefined;
      return {
        Events: page.map(({ source, type, message, atMs }) => ({
          SourceName: source,
          SourceType: type,
          Message: message,
          Date: atMs,
        })),
        NextToken: hasMore ? tokenOf(`${last.atMs} ${last.number}`) : undefined,
      };
    });

    /** The page begins before this event. */
    function placeIn(named: string): string {
      const [, atMs, number] = /^(\d{1,15}) (\d{1,9})$/.exec(named) ?? [];
      if (atMs === undefined || number === undefined) {
        throw ctx.error("InvalidParameterValueException", "Invalid NextToken.");
      }
      return eventKey(ctx, Number(atMs), Number(number));
    }
  },
} satisfies Handlers<DAX>;

/** Writes down what happened, and forgets what is older than fourteen days. */
export function recordEvent(
  tx: Transaction,
  ctx: Context,
  type: SourceType,
  source: string,
  message: string,
): void {
  const atMs = ctx.now();
  const prefix = eventsPrefix(ctx, atMs);
  let number = 0;
  for (const { value } of tx.range({ start: prefix, end: endOfPrefix(prefix), reverse: true })) {
    number = eventCodec.decode(value).number + 1;
    break;
  }
  tx.putRecord(eventKey(ctx, atMs, number), eventCodec, { source, type, message, atMs, number });
  const old = tx.range({
    start: eventsPrefix(ctx),
    end: eventsPrefix(ctx, Math.max(0, atMs - keptMs)),
    limit: trimmedAtOnce,
  });
  for (const { key } of old) tx.delete(key);
}
