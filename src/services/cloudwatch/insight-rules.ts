import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type {
  CloudWatch,
  GetInsightRuleReportInput,
  InsightRuleContributor,
  InsightRuleMetricDatapoint,
} from "#models/cloudwatch.ts";
import { decodedToken, encodedToken } from "./tokens.ts";

/*
 * The rules that DynamoDB makes for tables with contributor insights, and what they counted: in memory, for the latest
 * hours (kernel/contributors.ts). Rules of users read log groups, and are not implemented.
 */

const pageAtMost = 500;
/** Source: API reference, GetInsightRuleReport. */
const contributorsAtMost = 100;
const usualContributors = 10;
const periodsAtMost = 1_440;
const metrics = new Set([
  "UniqueContributors",
  "MaxContributorValue",
  "SampleCount",
  "Sum",
  "Minimum",
  "Maximum",
  "Average",
]);

export const insightRules = {
  DescribeInsightRules(ctx, input) {
    const start = input.NextToken === undefined ? 0 : decodedToken(input.NextToken);
    if (typeof start !== "number" || !Number.isSafeInteger(start) || start < 0) {
      throw ctx.error("InvalidNextToken", "The value for parameter NextToken is invalid.");
    }
    const names = ctx.contributions.names();
    const end = start + Math.min(input.MaxResults ?? pageAtMost, pageAtMost);
    return {
      InsightRules: names.slice(start, end).map((Name) => ({
        Name,
        State: "ENABLED",
        Schema: '{"Name":"CloudWatchManagedRule","Version":1}',
        Definition: JSON.stringify({ Service: "DynamoDB", AggregateOn: "Sum" }),
        ManagedRule: true,
        ApplyOnTransformedLogs: false,
      })),
      NextToken: end < names.length ? encodedToken(end) : undefined,
    };
  },

  GetInsightRuleReport(ctx, input) {
    const periods = checkedPeriods(ctx, input);
    const { RuleName: name } = input;
    const { contributions } = ctx;
    const range = { startMs: periods[0]!, endMs: input.EndTime };
    const most = input.MaxContributorCount ?? usualContributors;
    const whole = contributions.report(name, range, most);
    if (whole === undefined) {
      throw ctx.error("ResourceNotFoundException", `The rule ${name} does not exist.`, {
        ResourceType: "insight-rule",
        ResourceId: name,
      });
    }
    const reports = periods.map((startMs) => {
      const part = { startMs, endMs: Math.min(input.EndTime, startMs + input.Period * 1000) };
      return { startMs, ...contributions.report(name, part, Infinity)! };
    });
    const all = contributions.report(name, range, Infinity)!;
    return {
      KeyLabels: [...whole.labels],
      AggregationStatistic: "Sum",
      AggregateValue: whole.sum,
      ApproximateUniqueCount: all.contributors.length,
      Contributors: whole.contributors.map(({ keys, sum }): InsightRuleContributor => {
        const named = JSON.stringify(keys);
        return {
          Keys: [...keys],
          ApproximateAggregateValue: sum,
          Datapoints: reports.flatMap(({ startMs, contributors }) => {
            const found = contributors.find((each) => JSON.stringify(each.keys) === named);
            return found === undefined ? [] : [{ Timestamp: startMs, ApproximateValue: found.sum }];
          }),
        };
      }),
      MetricDatapoints:
        input.Metrics === undefined
          ? undefined
          : reports.map(({ startMs, contributors }) => ({
              Timestamp: startMs,
              ...metricsOf(
                contributors.map(({ sum }) => sum),
                input.Metrics ?? [],
              ),
            })),
    };
  },
} satisfies Handlers<CloudWatch>;

/** Where the periods begin. */
function checkedPeriods(
  ctx: Context<"InvalidParameterValue">,
  input: GetInsightRuleReportInput,
): number[] {
  const wrong = (message: string): Error => ctx.error("InvalidParameterValue", message);
  const { StartTime, EndTime, Period, MaxContributorCount: most = usualContributors } = input;
  if (StartTime >= EndTime) {
    throw wrong("The parameter StartTime must be less than the parameter EndTime.");
  }
  if (Period % 60 !== 0) throw wrong("The parameter Period must be a multiple of 60.");
  if (most > contributorsAtMost) {
    throw wrong(`The parameter MaxContributorCount must be at most ${contributorsAtMost}.`);
  }
  if (input.OrderBy !== undefined && input.OrderBy !== "Sum") {
    throw ctx.error("NotImplemented", `OrderBy ${input.OrderBy} is not implemented yet`);
  }
  const unknown = input.Metrics?.find((name) => !metrics.has(name));
  if (unknown !== undefined) throw wrong(`The value ${unknown} for parameter Metrics is invalid.`);
  const firstMs = Math.floor(StartTime / 60_000) * 60_000;
  const count = Math.ceil((EndTime - firstMs) / (Period * 1000));
  if (count > periodsAtMost) throw wrong(`There can be at most ${periodsAtMost} periods.`);
  return Array.from({ length: count }, (_, index) => firstMs + index * Period * 1000);
}

function metricsOf(
  sums: readonly number[],
  asked: readonly string[],
): Omit<InsightRuleMetricDatapoint, "Timestamp"> {
  const sum = sums.reduce((one, other) => one + other, 0);
  const largest = sums.reduce((one, other) => Math.max(one, other), 0);
  const all: Record<string, number> = {
    UniqueContributors: sums.length,
    MaxContributorValue: largest,
    SampleCount: sums.length,
    Sum: sum,
    Minimum: sums.reduce((one, other) => Math.min(one, other), largest),
    Maximum: largest,
    Average: sums.length === 0 ? 0 : sum / sums.length,
  };
  return Object.fromEntries(asked.map((name) => [name, all[name]!]));
}
