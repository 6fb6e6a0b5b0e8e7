import type { Context } from "#kernel/context.ts";
import type { Dimensions, Metric } from "#models/cloudwatch.ts";

/** A metric of the caller's account and region. */
export interface MetricId {
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

export function dimensionsOf(dimensions: Dimensions | undefined): Record<string, string> {
  return Object.fromEntries((dimensions ?? []).map(({ Name, Value }) => [Name, Value]));
}

export function dimensionList(dimensions: Readonly<Record<string, string>>): Dimensions {
  return Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));
}

/** The metric that a query names. */
export function metricIdOf(ctx: Context, metric: Metric, path: string): MetricId {
  const missing = metric.Namespace === undefined ? "Namespace" : "MetricName";
  if (metric.Namespace === undefined || metric.MetricName === undefined) {
    throw ctx.error("ValidationException", `The parameter ${path}.${missing} is required.`);
  }
  return {
    namespace: metric.Namespace,
    metric: metric.MetricName,
    dimensions: dimensionsOf(metric.Dimensions),
  };
}
