import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { CloudWatch, GetMetricDataInput, MessageData } from "#models/cloudwatch.ts";
import { checkQueries, type QueryResult, runQueries } from "../math/run-queries.ts";
import type { TimeSeries } from "../math/values.ts";
import { decodedToken, encodedToken } from "../tokens.ts";
import { filledLabel } from "./labels.ts";

/** Source: API reference, GetMetricData. */
const datapointsAtMost = 100_800;

/** Where a page begins: so many lines and, of the next one, so many datapoints were answered. */
interface Position {
  readonly line: number;
  readonly point: number;
}

interface Line {
  readonly id: string;
  readonly label: string;
  readonly timestamps: readonly number[];
  readonly values: readonly number[];
  readonly messages: readonly MessageData[];
}

export const getMetricData = {
  async GetMetricData(ctx, input) {
    checkQueries(ctx, input.MetricDataQueries, "MetricDataQueries");
    if (input.StartTime >= input.EndTime) {
      throw ctx.error(
        "ValidationException",
        "The parameter EndTime must be greater than StartTime.",
      );
    }
    const position = positionOf(ctx, input.NextToken);
    const asked = { startMs: input.StartTime, endMs: input.EndTime };
    const results = await runQueries(ctx, input.MetricDataQueries, asked);
    const lines = results
      .filter(({ query }) => query.ReturnData !== false)
      .flatMap((result) => linesOf(ctx, result, input));
    return { ...pageOf(lines, position, input.MaxDatapoints), Messages: [] };
  },
} satisfies Handlers<CloudWatch>;

function positionOf(ctx: Context<"InvalidNextToken">, token: string | undefined): Position {
  if (token === undefined) return { line: 0, point: 0 };
  const position = decodedToken(token) as Partial<Position> | null;
  const { line, point } = position ?? {};
  if (Number.isSafeInteger(line) && Number.isSafeInteger(point)) {
    return { line: line!, point: point! };
  }
  throw ctx.error("InvalidNextToken", "The value for parameter NextToken is invalid.");
}

function linesOf(ctx: Context, result: QueryResult, input: GetMetricDataInput): Line[] {
  const { query, value, messages } = result;
  const isExpression = query.Expression !== undefined;
  const line = (series: TimeSeries, label: string): Line => {
    const entries = [...series.points].toSorted(([one], [other]) => one - other);
    if (input.ScanBy !== "TimestampAscending") entries.reverse();
    return {
      id: query.Id,
      label: filledLabel(label, { series, query, input }),
      timestamps: entries.map(([atMs]) => atMs),
      values: entries.map(([, one]) => one),
      messages,
    };
  };
  switch (value.kind) {
    case "series":
      return [line(value.series, isExpression ? (query.Label ?? query.Id) : value.series.label)];
    case "array":
      return value.items.map((series) =>
        line(series, query.Label === undefined ? series.label : labelOfMany(query.Label, series)),
      );
    default:
      throw ctx.error(
        "ValidationException",
        `Error in expression '${query.Id}': The expression must return a time series or an array of time series.`,
      );
  }
}

/** A label with placeholders is each line's own; another one stands before the line's. */
const labelOfMany = (label: string, series: TimeSeries): string =>
  label.includes("${") || label === "" ? label : `${label} ${series.label}`;

function pageOf(lines: readonly Line[], { line: first, point: from }: Position, asked?: number) {
  let left = Math.min(asked ?? datapointsAtMost, datapointsAtMost);
  const MetricDataResults = [];
  for (let index = first; index < lines.length; index++) {
    const { id, label, timestamps, values, messages } = lines[index]!;
    const start = index === first ? from : 0;
    const end = Math.min(values.length, start + left);
    const isWhole = end === values.length;
    left -= end - start;
    MetricDataResults.push({
      Id: id,
      Label: label,
      Timestamps: timestamps.slice(start, end),
      Values: values.slice(start, end),
      StatusCode: isWhole ? ("Complete" as const) : ("PartialData" as const),
      Messages: messages.length > 0 ? [...messages] : undefined,
    });
    const isLast = index === lines.length - 1;
    if (!isWhole || (left === 0 && !isLast)) {
      const next = isWhole ? { line: index + 1, point: 0 } : { line: index, point: end };
      return { MetricDataResults, NextToken: encodedToken(next) };
    }
  }
  return { MetricDataResults };
}
