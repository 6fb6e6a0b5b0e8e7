import { endOfPrefix, keyAfter } from "#base/key.ts";
import { textPrefix } from "#base/tuple.ts";
import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type {
  CloudWatch,
  CompositeAlarm,
  DescribeAlarmsForMetricInput,
  DescribeAlarmsInput,
  MetricAlarm,
} from "#models/cloudwatch.ts";
import type { Snapshot } from "#store/store.ts";
import { alarmKey, alarmsPrefix } from "../keyspace.ts";
import { dimensionsOf } from "../metrics/metric-id.ts";
import { decodedToken, encodedToken } from "../tokens.ts";
import {
  alarmCodec,
  type AlarmRecord,
  alarmTypeOf,
  findAlarm,
  type StoredMetricAlarm,
} from "./alarm-record.ts";
import { watchedBy } from "./composite-alarms.ts";
import { parentsOf } from "./composite-state.ts";

/** Source: API reference, DescribeAlarms, MaxRecords. */
const usualPage = 50;

export const describeAlarms = {
  /** By name; metric alarms alone unless composite ones are asked for. */
  DescribeAlarms(ctx, input) {
    checkFilters(ctx, input);
    const types = input.AlarmTypes ?? ["MetricAlarm"];
    const isWanted = (record: AlarmRecord): boolean => {
      const { alarm } = record;
      if (!types.some((type) => type === alarmTypeOf(record))) return false;
      if (input.StateValue !== undefined && alarm.StateValue !== input.StateValue) return false;
      const prefix = input.ActionPrefix;
      if (prefix === undefined) return true;
      const actions = [alarm.OKActions, alarm.AlarmActions, alarm.InsufficientDataActions].flat();
      return actions.some((action) => action.startsWith(prefix));
    };
    return ctx.read((snapshot) => {
      if (input.ChildrenOfAlarmName !== undefined || input.ParentsOfAlarmName !== undefined) {
        return relatives(snapshot, ctx, input);
      }
      if (input.AlarmNames !== undefined) {
        const found = input.AlarmNames.toSorted().flatMap(
          (name) => findAlarm(snapshot, ctx, name) ?? [],
        );
        return answer(found.filter(isWanted));
      }
      const most = input.MaxRecords ?? usualPage;
      const page: AlarmRecord[] = [];
      const after = decodedToken(input.NextToken);
      if (after !== undefined && typeof after !== "string") {
        throw ctx.error("InvalidNextToken", "The value for parameter NextToken is invalid.");
      }
      for (const record of alarmsFrom(snapshot, ctx, input.AlarmNamePrefix, after)) {
        if (!isWanted(record)) continue;
        if (page.length === most) {
          return { ...answer(page), NextToken: encodedToken(page.at(-1)!.alarm.AlarmName) };
        }
        page.push(record);
      }
      return answer(page);
    });
  },

  DescribeAlarmsForMetric(ctx, input) {
    return ctx.read((snapshot) => {
      const MetricAlarms = Array.from(alarmsFrom(snapshot, ctx))
        .flatMap((record) => (record.kind === "metric" ? [record.alarm] : []))
        .filter((alarm) => isOn(alarm, input));
      return { MetricAlarms };
    });
  },
} satisfies Handlers<CloudWatch>;

function checkFilters(ctx: Context, input: DescribeAlarmsInput): void {
  if (input.AlarmNames !== undefined && input.AlarmNamePrefix !== undefined) {
    throw ctx.error("ValidationException", "AlarmNamePrefix and AlarmNames are mutually exclusive");
  }
  const { ChildrenOfAlarmName: children, ParentsOfAlarmName: parents } = input;
  if (children === undefined && parents === undefined) return;
  const others = [input.AlarmNames, input.AlarmNamePrefix, input.StateValue, input.ActionPrefix];
  const isAlone = others.every((other) => other === undefined);
  if (isAlone && (children === undefined) !== (parents === undefined)) return;
  throw ctx.error(
    "ValidationException",
    "ChildrenOfAlarmName and ParentsOfAlarmName cannot be used with other filters",
  );
}

function answer(records: readonly AlarmRecord[]) {
  const MetricAlarms: MetricAlarm[] = [];
  const CompositeAlarms: CompositeAlarm[] = [];
  for (const record of records) {
    if (record.kind === "metric") MetricAlarms.push(record.alarm);
    else CompositeAlarms.push(record.alarm);
  }
  return { CompositeAlarms, MetricAlarms, LogAlarms: [] };
}

/** Of children their names and states, of parents their names. Source: API reference, DescribeAlarms. */
function relatives(snapshot: Snapshot, ctx: Context, input: DescribeAlarmsInput) {
  const { ChildrenOfAlarmName: parent, ParentsOfAlarmName: child } = input;
  const record = findAlarm(snapshot, ctx, parent ?? child!);
  const names =
    parent === undefined
      ? parentsOf(snapshot, ctx, child!)
      : record?.kind === "composite"
        ? [...watchedBy(record.alarm)]
        : [];
  const found = names.toSorted().flatMap((name) => findAlarm(snapshot, ctx, name) ?? []);
  const MetricAlarms: MetricAlarm[] = [];
  const CompositeAlarms: CompositeAlarm[] = [];
  for (const { kind, alarm } of found) {
    const { AlarmName, AlarmArn, StateValue, StateUpdatedTimestamp } = alarm;
    const state = parent === undefined ? {} : { StateValue, StateUpdatedTimestamp };
    (kind === "metric" ? MetricAlarms : CompositeAlarms).push({ AlarmName, AlarmArn, ...state });
  }
  return { CompositeAlarms, MetricAlarms, LogAlarms: [] };
}

/** In the order of their names: those that begin so, behind a name. */
function* alarmsFrom(
  snapshot: Snapshot,
  ctx: Context,
  begins = "",
  after?: string,
): Generator<AlarmRecord> {
  const prefix = begins === "" ? alarmsPrefix(ctx) : alarmsPrefix(ctx) + textPrefix(begins);
  const start = after === undefined ? prefix : keyAfter(alarmKey(ctx, after));
  const end = endOfPrefix(prefix);
  if (start >= end) return;
  for (const { value } of snapshot.range({ start, end })) yield alarmCodec.decode(value);
}

/** Whether an alarm is on exactly this metric; what is not asked for does not count. */
function isOn(alarm: StoredMetricAlarm, asked: DescribeAlarmsForMetricInput): boolean {
  const sorted = (dimensions: Record<string, string>): string =>
    JSON.stringify(Object.entries(dimensions).sort(([one], [other]) => (one < other ? -1 : 1)));
  return (
    alarm.MetricName === asked.MetricName &&
    alarm.Namespace === asked.Namespace &&
    sorted(dimensionsOf(alarm.Dimensions)) === sorted(dimensionsOf(asked.Dimensions)) &&
    (["Statistic", "ExtendedStatistic", "Period", "Unit"] as const).every(
      (name) => asked[name] === undefined || alarm[name] === asked[name],
    )
  );
}
