import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type {
  CloudWatch,
  Datapoint as Answered,
  GetMetricStatisticsInput,
} from "#models/cloudwatch.ts";
import { dimensionsOf } from "./metric-id.ts";
import { isPeriod, periodsOf, readPeriods } from "./read-periods.ts";
import { type Statistic, statisticNamed } from "./statistics.ts";

const datapointsAtMost = 1_440;

type StatisticsContext = Context<
  "InvalidParameterCombination" | "InvalidParameterValue" | "MissingParameter"
>;

export const metricStatistics = {
  /** Each unit has datapoints of its own. */
  async GetMetricStatistics(ctx, input) {
    const extended = checked(ctx, input);
    const periods = periodsOf(ctx.now(), {
      startMs: input.StartTime,
      endMs: input.EndTime,
      periodSeconds: input.Period,
    });
    const id = {
      namespace: input.Namespace,
      metric: input.MetricName,
      dimensions: dimensionsOf(input.Dimensions),
    };
    const found = await readPeriods(ctx, id, periods);
    const wanted = found.filter(({ unit }) => input.Unit === undefined || unit === input.Unit);
    const Datapoints = wanted.flatMap(({ unit, points }) =>
      points.map((point): Answered => {
        const named = (input.Statistics ?? []).map((name) => [name, statisticNamed(name)!(point)]);
        const more = extended.flatMap(([name, statistic]) => {
          const value = statistic(point);
          return value === undefined ? [] : [[name, value] as const];
        });
        return {
          Timestamp: point.startMs,
          ...Object.fromEntries(named),
          Unit: unit,
          ...(more.length > 0 ? { ExtendedStatistics: Object.fromEntries(more) } : {}),
        };
      }),
    );
    return { Label: input.MetricName, Datapoints };
  },
} satisfies Handlers<CloudWatch>;

/** The extended statistics by name. */
function checked(
  ctx: StatisticsContext,
  input: GetMetricStatisticsInput,
): readonly (readonly [string, Statistic])[] {
  const { Statistics: statistics = [], ExtendedStatistics: extended = [], Period } = input;
  if (statistics.length === 0 && extended.length === 0) {
    throw ctx.error(
      "InvalidParameterCombination",
      "At least one of the parameters Statistics and ExtendedStatistics must be specified.",
    );
  }
  if (input.StartTime >= input.EndTime) {
    // Recorded.
    throw ctx.error(
      "InvalidParameterValue",
      "The parameter StartTime must be less than the parameter EndTime.",
    );
  }
  if (!isPeriod(Period)) {
    throw ctx.error(
      "InvalidParameterValue",
      "The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60.",
    );
  }
  const count = Math.ceil((input.EndTime - input.StartTime) / (Period * 1000));
  if (count > datapointsAtMost) {
    // Recorded.
    throw ctx.error(
      "InvalidParameterCombination",
      `You have requested up to ${count} datapoints, which exceeds the limit of ${datapointsAtMost}. You may reduce the datapoints requested by increasing Period, or decreasing the time range.`,
    );
  }
  return extended.map((name) => {
    const statistic = statisticNamed(name);
    if (statistic !== undefined) return [name, statistic] as const;
    throw ctx.error(
      "InvalidParameterValue",
      `The value ${name} for parameter ExtendedStatistics is not supported.`,
    );
  });
}
