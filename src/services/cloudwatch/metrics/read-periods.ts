import type { Context } from "#kernel/context.ts";
import { type Datapoint, merged } from "#kernel/datapoint.ts";
import type { MetricId } from "./metric-id.ts";
import { impliedUnit, type Unit } from "./units.ts";

/** The periods of a question: `startMs`, `startMs + periodMs` and so on, the last of them beginning before `endMs`. */
export interface Periods {
  readonly startMs: number;
  readonly endMs: number;
  readonly periodMs: number;
}

/** What a metric came to in one unit; only periods with values, in order. */
export interface UnitPeriods {
  readonly unit: Unit;
  readonly points: readonly Datapoint[];
}

const dayMs = 86_400_000;
const minuteMs = 60_000;

/**
 * Where the periods of a question begin: at the time asked for, rounded down to what is stored of that age. Source: API
 * reference, GetMetricStatistics, StartTime.
 */
export function periodsOf(
  nowMs: number,
  asked: { readonly startMs: number; readonly endMs: number; readonly periodSeconds: number },
): Periods {
  const { startMs, endMs, periodSeconds } = asked;
  const periodMs = periodSeconds * 1000;
  const ageMs = nowMs - startMs;
  const stepMs =
    periodMs < minuteMs
      ? periodMs
      : ageMs < 15 * dayMs
        ? minuteMs
        : ageMs < 63 * dayMs
          ? 5 * minuteMs
          : 60 * minuteMs;
  return { startMs: Math.floor(startMs / stepMs) * stepMs, endMs, periodMs };
}

/** A period may be 1, 5, 10, 20 or 30 seconds, or whole minutes. */
export const isPeriod = (seconds: number): boolean =>
  [1, 5, 10, 20, 30].includes(seconds) || (seconds > 0 && seconds % 60 === 0);

/** The periods of a metric, each unit's by themselves. */
export async function readPeriods(
  ctx: Context,
  { namespace, metric, dimensions }: MetricId,
  periods: Periods,
): Promise<UnitPeriods[]> {
  const found = await ctx.measuredUnits(namespace, metric, dimensions, periods);
  return found.map(({ unit, points }) => ({
    unit: (unit as Unit | undefined) ?? impliedUnit(namespace, metric),
    points: inPeriods(points, periods),
  }));
}

function inPeriods(points: readonly Datapoint[], { startMs, periodMs }: Periods): Datapoint[] {
  const groups = new Map<number, Datapoint[]>();
  for (const point of points) {
    // A coarse point of long ago may have begun before the first period.
    const index = Math.max(0, Math.floor((point.startMs - startMs) / periodMs));
    const group = groups.get(index);
    if (group === undefined) groups.set(index, [point]);
    else group.push(point);
  }
  return Array.from(groups, ([index, group]) =>
    merged(startMs + index * periodMs, periodMs, group),
  );
}
