import type { GetMetricDataInput, MetricDataQuery } from "#models/cloudwatch.ts";
import type { TimeSeries } from "../math/values.ts";

/*
 * Placeholders in labels: `${LAST}`, `${PROP('MetricName')}`. Source: Amazon CloudWatch User Guide, "Using dynamic
 * labels".
 */

interface Labelled {
  readonly series: TimeSeries;
  readonly query: MetricDataQuery;
  readonly input: GetMetricDataInput;
}

export function filledLabel(label: string, labelled: Labelled): string {
  if (!label.includes("${")) return label;
  return label.replaceAll(/\$\{(?:PROP\('([^']*)'\)|([A-Z_]+))\}/g, (whole, property, name) => {
    const text =
      typeof property === "string"
        ? propertyOf(property, labelled)
        : numberOf(String(name), labelled.series, labelled.input.LabelOptions?.Timezone);
    return text ?? whole;
  });
}

function numberOf(name: string, series: TimeSeries, zone: string | undefined): string | undefined {
  if (name === "LABEL") return series.label;
  const match = /^(FIRST|LAST|MIN|MAX|AVG|SUM|DATAPOINT_COUNT)?(?:_?(TIME|TIME_RELATIVE))?$/.exec(
    name,
  );
  const [, which, isTime] = match ?? [];
  if (which === undefined) return undefined;
  const points = [...series.points];
  if (points.length === 0) return "--";
  const values = points.map(([, value]) => value);
  const sum = values.reduce((one, other) => one + other, 0);
  const extreme = (isBetter: (one: number, other: number) => boolean) =>
    points.reduce((best, point) => (isBetter(point[1], best[1]) ? point : best));
  const picked = {
    FIRST: points[0]!,
    LAST: points.at(-1)!,
    MIN: extreme((one, other) => one < other),
    MAX: extreme((one, other) => one > other),
  };
  if (Object.hasOwn(picked, which)) {
    const [atMs, value] = picked[which as keyof typeof picked];
    if (isTime === "TIME") return timeText(atMs, zone);
    return isTime === undefined ? String(value) : undefined;
  }
  if (isTime !== undefined) return undefined;
  if (which === "SUM") return String(sum);
  return String(which === "AVG" ? sum / values.length : values.length);
}

/** `zone`: "+0130"; UTC without one. */
function timeText(atMs: number, zone: string | undefined): string {
  const [, sign, hours, minutes] = /^([+-])(\d\d)(\d\d)$/.exec(zone ?? "+0000") ?? [];
  const offset = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * (sign === "-" ? -1 : 1);
  return new Date(atMs + offset * 60_000).toISOString().slice(0, 16).replace("T", " ");
}

function propertyOf(
  name: string,
  { series, query: { MetricStat: stat } }: Labelled,
): string | undefined {
  if (stat === undefined) return name === "Period" ? String(series.periodMs / 1000) : undefined;
  if (name === "MetricName" || name === "Namespace") return stat.Metric[name];
  if (name === "Stat" || name === "Period") return String(stat[name]);
  const [, dimension] = /^Dim\.(.+)$/.exec(name) ?? [];
  return stat.Metric.Dimensions?.find(({ Name }) => Name === dimension)?.Value;
}
