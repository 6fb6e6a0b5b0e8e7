import type { Context } from "#kernel/context.ts";
import type { KnownSeries } from "#kernel/measurement-store.ts";
import type { Handlers } from "#kernel/service.ts";
import type { CloudWatch, DimensionFilters } from "#models/cloudwatch.ts";
import { decodedToken, encodedToken } from "../tokens.ts";
import { dimensionList, type MetricId } from "./metric-id.ts";

const pageAtMost = 500;
const dayMs = 86_400_000;
const recentMs = 3 * 3_600_000;
/** Metrics without data for so long are not listed. A series' last point is known within a day. */
const listedMs = 15 * dayMs;

export const metricNames = {
  async ListMetrics(ctx, input) {
    if (input.OwningAccount !== undefined && input.OwningAccount !== ctx.account) {
      return { Metrics: [] };
    }
    let metrics = await listMetrics(ctx, input.Namespace, input.MetricName);
    metrics = metrics.filter(({ dimensions }) => fits(dimensions, input.Dimensions));
    if (input.RecentlyActive !== undefined) metrics = await recentlyActive(ctx, metrics);
    const start = input.NextToken === undefined ? 0 : decodedToken(input.NextToken);
    if (typeof start !== "number" || !Number.isSafeInteger(start) || start < 0) {
      throw ctx.error("InvalidParameterValue", "Invalid nextToken");
    }
    const page = metrics.slice(start, start + pageAtMost);
    const end = start + page.length;
    return {
      Metrics: page.map(({ namespace, metric, dimensions }) => ({
        Namespace: namespace,
        MetricName: metric,
        Dimensions: dimensionList(dimensions),
      })),
      NextToken: end < metrics.length ? encodedToken(end) : undefined,
      OwningAccounts: input.IncludeLinkedAccounts ? page.map(() => ctx.account) : undefined,
    };
  },
} satisfies Handlers<CloudWatch>;

/** The metrics that got data lately, whatever their units, in the order of their names. */
export async function listMetrics(
  ctx: Context,
  namespace?: string,
  metric?: string,
): Promise<MetricId[]> {
  const oldestMs = ctx.now() - listedMs;
  const known = (await ctx.knownSeries(namespace, metric)).filter(
    ({ lastMs }: KnownSeries) => lastMs >= oldestMs,
  );
  const found = new Map<string, MetricId>();
  for (const { name } of known) {
    const { namespace, metric, dimensions } = name;
    const sorted = Object.entries(dimensions).sort(([one], [other]) => (one < other ? -1 : 1));
    const key = JSON.stringify([namespace, metric, sorted]);
    if (!found.has(key)) {
      found.set(key, { namespace, metric, dimensions: Object.fromEntries(sorted) });
    }
  }
  return [...found.values()];
}

function fits(
  dimensions: Readonly<Record<string, string>>,
  filters: DimensionFilters | undefined,
): boolean {
  return (filters ?? []).every(({ Name, Value }) => {
    const value = Object.hasOwn(dimensions, Name) ? dimensions[Name] : undefined;
    return value !== undefined && (Value === undefined || value === Value);
  });
}

async function recentlyActive(ctx: Context, metrics: readonly MetricId[]): Promise<MetricId[]> {
  const range = { startMs: ctx.now() - recentMs, endMs: Infinity };
  const active: MetricId[] = [];
  for (const id of metrics) {
    const found = await ctx.measuredUnits(id.namespace, id.metric, id.dimensions, range);
    if (found.length > 0) active.push(id);
  }
  return active;
}
