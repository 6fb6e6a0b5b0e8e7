import type { SeriesFilter } from "#kernel/measurements.ts";
import { json, type OwnPage, type PageCall } from "./page.ts";

/**
 * The numbers that services count over time, as CloudWatch names them. Without `metric`, the series that there are:
 * `?namespace=AWS/DynamoDB`. With it, the points of one series; whatever is no other parameter is a dimension:
 * `?namespace=AWS/DynamoDB&metric=ConsumedReadCapacityUnits&TableName=Music`. `start` and `end` are ISO 8601 times.
 */
export const measurements: OwnPage = {
  access: "owner",
  async GET(call) {
    const { kernel } = call.options;
    const { tenant, namespace, metric, range, dimensions } = asked(call);
    if (namespace === undefined || metric === undefined) {
      return json(200, { series: await kernel.measurements.list({ ...tenant, namespace }) });
    }
    const name = { ...tenant, namespace, metric, dimensions };
    const points = await kernel.measurements.read(name, range);
    return json(200, {
      points: points.map(({ startMs, periodMs, sum, count, minimum, maximum }) => ({
        start: new Date(startMs).toISOString(),
        periodSeconds: periodMs / 1000,
        sum,
        count,
        minimum,
        maximum,
      })),
    });
  },
};

function asked({ options, request }: PageCall) {
  const parameters = new URLSearchParams(request.query);
  const take = (name: string): string | undefined => {
    const value = parameters.get(name) ?? undefined;
    parameters.delete(name);
    return value;
  };
  const timeOf = (text: string | undefined, fallback: number): number => {
    const timeMs = Date.parse(text ?? "");
    return Number.isNaN(timeMs) ? fallback : timeMs;
  };
  const tenant: SeriesFilter = {
    account: take("account") ?? options.defaultAccount,
    region: take("region") ?? options.defaultRegion,
  };
  return {
    tenant,
    namespace: take("namespace"),
    metric: take("metric"),
    range: { startMs: timeOf(take("start"), 0), endMs: timeOf(take("end"), Infinity) },
    dimensions: Object.fromEntries(parameters),
  };
}
