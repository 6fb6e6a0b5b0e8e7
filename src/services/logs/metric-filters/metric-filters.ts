import { textPrefix } from "#base/tuple.ts";
import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { CloudWatchLogs, MetricFilter, MetricTransformation } from "#models/logs.ts";
import { metricFilterKey, metricFiltersPrefix } from "../keyspace.ts";
import { notBuilt } from "../not-built.ts";
import { openGroup, putGroup } from "../open.ts";
import { pageOf } from "../pages.ts";
import { parseFilterPattern } from "../patterns/filter-pattern.ts";
import { metricFilterCodec, type MetricFilterRecord } from "./records.ts";

const pageAtMost = 50;
/** Source: CloudWatch Logs User Guide, quotas. */
const filtersAtMost = 100;
const dimensionsAtMost = 3;

export const metricFilters = {
  async PutMetricFilter(ctx, input) {
    for (const option of ["fieldSelectionCriteria", "emitSystemFieldDimensions"] as const) {
      if (input[option] !== undefined) throw notBuilt(ctx, `PutMetricFilter with ${option}`);
    }
    if (input.applyOnTransformedLogs === true) {
      throw notBuilt(ctx, "PutMetricFilter with applyOnTransformedLogs");
    }
    parseFilterPattern(ctx, input.filterPattern);
    const transformation = input.metricTransformations[0]!;
    checkTransformation(ctx, transformation);
    await ctx.transact((tx) => {
      const group = openGroup(tx, ctx, input.logGroupName);
      const key = metricFilterKey(ctx, group, input.filterName);
      const before = tx.record(key, metricFilterCodec);
      if (before === undefined) {
        if (group.metricFilters === filtersAtMost) {
          throw ctx.error("LimitExceededException", "Resource limit exceeded.");
        }
        putGroup(tx, ctx, { ...group, metricFilters: group.metricFilters + 1 });
      }
      tx.putRecord(key, metricFilterCodec, {
        name: input.filterName,
        groupName: group.name,
        pattern: input.filterPattern,
        transformation,
        createdMs: ctx.now(),
      });
    });
    return {};
  },

  async DeleteMetricFilter(ctx, input) {
    await ctx.transact((tx) => {
      const group = openGroup(tx, ctx, input.logGroupName);
      const key = metricFilterKey(ctx, group, input.filterName);
      if (tx.get(key) === undefined) {
        throw ctx.error("ResourceNotFoundException", "The specified metric filter does not exist.");
      }
      tx.delete(key);
      putGroup(tx, ctx, { ...group, metricFilters: group.metricFilters - 1 });
    });
    return {};
  },

  DescribeMetricFilters(ctx, input) {
    const { logGroupName, filterNamePrefix = "", metricName, metricNamespace } = input;
    if ((metricName === undefined) !== (metricNamespace === undefined)) {
      throw ctx.error(
        "InvalidParameterException",
        "metricName and metricNamespace must be specified together.",
      );
    }
    return ctx.read((snapshot) => {
      const group = logGroupName === undefined ? undefined : openGroup(snapshot, ctx, logGroupName);
      const prefix = metricFiltersPrefix(ctx, group);
      const { items, next } = pageOf(snapshot, ctx, {
        prefix,
        within: group === undefined ? prefix : prefix + textPrefix(filterNamePrefix),
        codec: metricFilterCodec,
        limit: input.limit ?? pageAtMost,
        nextToken: input.nextToken,
        isWanted: ({ name, transformation }) =>
          name.startsWith(filterNamePrefix) &&
          (metricName === undefined ||
            (transformation.metricName === metricName &&
              transformation.metricNamespace === metricNamespace)),
      });
      return { metricFilters: items.map(describe), nextToken: next };
    });
  },

  /** Needs no group, and counts the messages from 1. */
  TestMetricFilter(ctx, input) {
    const pattern = parseFilterPattern(ctx, input.filterPattern);
    const matches = input.logEventMessages.flatMap((eventMessage, at) =>
      pattern.matches(eventMessage)
        ? [{ eventNumber: at + 1, eventMessage, extractedValues: pattern.valuesOf(eventMessage) }]
        : [],
    );
    return { matches };
  },
} satisfies Handlers<CloudWatchLogs>;

/** Members as recorded. */
function describe(filter: MetricFilterRecord): MetricFilter {
  return {
    filterName: filter.name,
    filterPattern: filter.pattern,
    metricTransformations: [filter.transformation],
    creationTime: filter.createdMs,
    logGroupName: filter.groupName,
    applyOnTransformedLogs: false,
  };
}

function checkTransformation(
  ctx: Context<"InvalidParameterException">,
  { metricValue, dimensions, defaultValue }: MetricTransformation,
): void {
  const refuse = (message: string): Error => ctx.error("InvalidParameterException", message);
  if (
    !metricValue.startsWith("$") &&
    !(metricValue.trim() !== "" && isFinite(Number(metricValue)))
  ) {
    throw refuse(`Invalid metric transformation: ${metricValue} is no number and no field.`);
  }
  const fields = Object.values(dimensions ?? {});
  if (fields.length > dimensionsAtMost) {
    throw refuse(`A metric filter can have at most ${dimensionsAtMost} dimensions.`);
  }
  if (fields.length > 0 && defaultValue !== undefined) {
    throw refuse(
      "Invalid metric transformation: dimensions and default value are mutually exclusive properties.",
    );
  }
  for (const field of metricValue.startsWith("$") ? [metricValue, ...fields] : fields) {
    if (!/^\$[.\w[\]'"*@\-:/ ]+$/.test(field)) {
      throw refuse(`Invalid metric transformation: ${field} is no field.`);
    }
  }
}
