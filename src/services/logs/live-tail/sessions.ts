import type { Context } from "#kernel/context.ts";
import type { SharedKind } from "#kernel/kernel.ts";
import type { LiveTailSessionLogEvent } from "#models/logs.ts";
import type { Transaction } from "#store/store.ts";
import type { Ingested } from "../events/put-log-events.ts";
import { arnOfGroup } from "../names.ts";
import type { FilterPattern } from "../patterns/filter-pattern.ts";

/** Source: API reference, StartLiveTail: at most 500 events a second and session; a session ends after three hours. */
export const eventsInUpdateAtMost = 500;
const longestSessionMs = 3 * 3_600_000;
const sessionsAtMost = 15;

export interface SessionFilter {
  readonly account: string;
  readonly region: string;
  /** Numbers of groups. */
  readonly groups: ReadonlySet<number>;
  readonly streamNames: readonly string[] | undefined;
  readonly streamPrefixes: readonly string[] | undefined;
  readonly pattern: FilterPattern;
}

/** One client that looks on. What it does not take in time is counted, not kept. */
export class LiveTailSession {
  readonly filter: SessionFilter;
  readonly startedMs: number;
  #events: LiveTailSessionLogEvent[] = [];
  #isSampled = false;
  #hasEnded = false;
  #wake: (() => void) | undefined;

  constructor(filter: SessionFilter, startedMs: number) {
    this.filter = filter;
    this.startedMs = startedMs;
  }

  add(events: readonly LiveTailSessionLogEvent[]): void {
    for (const event of events) {
      if (this.#events.length < eventsInUpdateAtMost) this.#events.push(event);
      else this.#isSampled = true;
    }
    this.#wake?.();
  }

  end(): void {
    this.#hasEnded = true;
    this.#wake?.();
  }

  /** What came since the last call, as soon as something does; undefined at the session's end. */
  async next(): Promise<
    { readonly events: readonly LiveTailSessionLogEvent[]; readonly isSampled: boolean } | undefined
  > {
    while (this.#events.length === 0) {
      if (this.#hasEnded) return undefined;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const update = { events: this.#events, isSampled: this.#isSampled };
    this.#events = [];
    this.#isSampled = false;
    return update;
  }
}

const sessions: SharedKind<Set<LiveTailSession>> = { make: () => new Set() };

/** Throws when the account has as many as it may. */
export function openSession(
  ctx: Context<"LimitExceededException">,
  filter: SessionFilter,
): LiveTailSession {
  const all = ctx.shared(sessions);
  const own = [...all].filter(
    (each) => each.filter.account === ctx.account && each.filter.region === ctx.region,
  );
  if (own.length >= sessionsAtMost) {
    throw ctx.error("LimitExceededException", "Resource limit exceeded.");
  }
  const session = new LiveTailSession(filter, ctx.now());
  all.add(session);
  return session;
}

export function closeSession(ctx: Context, session: LiveTailSession): void {
  ctx.shared(sessions).delete(session);
}

/** Shows new events to those who look on, once they are durable. */
export function tellSessions(tx: Transaction, ctx: Context, ingested: Ingested): void {
  const all = ctx.shared(sessions);
  if (all.size === 0) return;
  tx.afterwards({
    settled() {
      for (const session of all) {
        if (ctx.now() - session.startedMs >= longestSessionMs) {
          all.delete(session);
          session.end();
        } else if (sees(session.filter, ctx, ingested)) tell(session, ctx, ingested);
      }
    },
  });
}

function sees(filter: SessionFilter, ctx: Context, { group, stream }: Ingested): boolean {
  const { streamNames, streamPrefixes } = filter;
  return (
    filter.account === ctx.account &&
    filter.region === ctx.region &&
    filter.groups.has(group.number) &&
    (streamNames?.includes(stream.name) ?? true) &&
    (streamPrefixes?.some((prefix) => stream.name.startsWith(prefix)) ?? true)
  );
}

function tell(session: LiveTailSession, ctx: Context, { group, stream, events }: Ingested): void {
  const matched = events
    .filter(({ message }) => session.filter.pattern.matches(message))
    .map(({ timestampMs, message, ingestedMs }) => ({
      logStreamName: stream.name,
      logGroupIdentifier: arnOfGroup(ctx, group.name),
      message,
      timestamp: timestampMs,
      ingestionTime: ingestedMs,
    }));
  if (matched.length > 0) session.add(matched);
}
