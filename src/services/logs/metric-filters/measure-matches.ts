import { endOfPrefix } from "#base/key.ts";
import type { Context, JobContext } from "#kernel/context.ts";
import type { Transaction } from "#store/store.ts";
import type { Ingested } from "../events/put-log-events.ts";
import { metricFiltersPrefix, metricMinuteKey } from "../keyspace.ts";
import { keptPattern } from "../patterns/kept-patterns.ts";
import { numberCodec } from "../records.ts";
import { metricFilterCodec, type MetricFilterRecord } from "./records.ts";

const minuteMs = 60_000;

interface Measured {
  readonly filter: MetricFilterRecord;
  readonly value: number;
  readonly atMs: number;
  readonly dimensions: Readonly<Record<string, string>>;
}

/** Counts what a group's metric filters find in new events, at the events' times. */
export function measureMatches(tx: Transaction, ctx: Context, { group, events }: Ingested): void {
  const prefix = metricFiltersPrefix(ctx, group);
  const measured: Measured[] = [];
  for (const { key } of tx.range({ start: prefix, end: endOfPrefix(prefix) })) {
    const filter = tx.record(key, metricFilterCodec)!;
    const pattern = keptPattern(ctx, filter.pattern);
    for (const { message, timestampMs } of events) {
      if (!pattern.matches(message)) continue;
      const one = measurement(filter, timestampMs, (field) => pattern.valueOf(message, field));
      if (one !== undefined) measured.push(one);
    }
    if (filter.transformation.defaultValue !== undefined) {
      scheduleDefault(tx, ctx, group.number, filter);
    }
  }
  if (measured.length === 0) return;
  tx.afterwards({
    settled() {
      for (const { filter, value, atMs, dimensions } of measured) {
        const { metricNamespace, metricName } = filter.transformation;
        ctx.series(metricNamespace, metricName, dimensions).add(value, atMs);
      }
    },
  });
}

/** Nothing where the value is no number, or a dimension is missing. */
function measurement(
  filter: MetricFilterRecord,
  atMs: number,
  valueOf: (field: string) => string | undefined,
): Measured | undefined {
  const { metricValue, dimensions: wanted = {} } = filter.transformation;
  const text = metricValue.startsWith("$") ? valueOf(metricValue) : metricValue;
  const value = text === undefined || text.trim() === "" ? NaN : Number(text);
  if (!Number.isFinite(value)) return undefined;
  const dimensions: Record<string, string> = {};
  for (const [name, field] of Object.entries(wanted)) {
    const found = valueOf(field);
    if (found === undefined) return undefined;
    dimensions[name] = found;
  }
  return { filter, value, atMs, dimensions };
}

interface DefaultJob {
  readonly namespace: string;
  readonly metric: string;
  readonly value: number;
  readonly minuteMs: number;
}

/** In a minute with events of which none matched, the default value is what the metric came to. */
function scheduleDefault(
  tx: Transaction,
  ctx: Context,
  group: number,
  { name, transformation }: MetricFilterRecord,
): void {
  const nowMs = ctx.now();
  const minute = nowMs - (nowMs % minuteMs);
  const key = metricMinuteKey(ctx, { number: group }, name);
  if (tx.record(key, numberCodec) === minute) return;
  tx.putRecord(key, numberCodec, minute);
  const payload: DefaultJob = {
    namespace: transformation.metricNamespace,
    metric: transformation.metricName,
    value: transformation.defaultValue!,
    minuteMs: minute,
  };
  const at = minute + minuteMs;
  ctx.schedule(tx, { at, job: "measureDefault", key: `${group}/${name}/${minute}`, payload });
}

export async function measureDefault(ctx: JobContext, job: DefaultJob): Promise<void> {
  const { namespace, metric, value, minuteMs: startMs } = job;
  const points = await ctx.measured(namespace, metric, {}, { startMs, endMs: startMs + minuteMs });
  if (points.length === 0) ctx.series(namespace, metric, {}).add(value, startMs);
}
