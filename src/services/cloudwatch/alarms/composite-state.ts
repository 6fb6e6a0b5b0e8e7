import { endOfPrefix } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import type { Snapshot, Transaction } from "#store/store.ts";
import { parentsPrefix } from "../keyspace.ts";
import { type AlarmRecord, findAlarm } from "./alarm-record.ts";
import { alarmNameOf, alarmsIn, parseAlarmRule, ruleHolds } from "./alarm-rule.ts";
import { changeState } from "./change-state.ts";
import { javaJson, longTimeText, timeText } from "./java-text.ts";
import { suppressorChanged } from "./suppression.ts";

/** The composite alarms whose rules name an alarm, or whose actions it suppresses. */
export function parentsOf(snapshot: Snapshot, ctx: Context, name: string): string[] {
  const prefix = parentsPrefix(ctx, name);
  const range = { start: prefix, end: endOfPrefix(prefix) };
  return Array.from(snapshot.range(range), ({ value }) => value.toString());
}

/**
 * Gives a composite alarm the state that its rule makes now. `changed`: the alarm that has another state, if there is
 * one. `above`: the alarms whose changes led here; rules that name each other are not followed in a circle.
 */
export function evaluateComposite(
  tx: Transaction,
  ctx: Context,
  name: string,
  changed?: string,
  above: readonly string[] = [],
): void {
  const record = findAlarm(tx, ctx, name);
  if (record?.kind !== "composite" || above.includes(name)) return;
  const { alarm } = record;
  if (alarm.ActionsSuppressor !== undefined && alarmNameOf(alarm.ActionsSuppressor) === changed) {
    suppressorChanged(tx, ctx, record);
  }
  const rule = parseAlarmRule(alarm.AlarmRule);
  const inRule = new Map<string, AlarmRecord>();
  for (const each of new Set(alarmsIn(rule))) {
    const found = findAlarm(tx, ctx, each);
    if (found !== undefined) inRule.set(each, found);
  }
  const value = ruleHolds(rule, (each) => inRule.get(each)?.alarm.StateValue) ? "ALARM" : "OK";
  const now = findAlarm(tx, ctx, name);
  if (now === undefined || now.alarm.StateValue === value) return;
  const trigger = inRule.get(changed ?? "") ?? inRule.values().next().value;
  const next = { value, reason: reasonOf(trigger), reasonData: dataOf(trigger) } as const;
  changeState(tx, ctx, now, next, above);
}

/** Recorded: an alarm's ARN and what it became; the words of the time are the User Guide's. */
function reasonOf(trigger: AlarmRecord | undefined): string {
  if (trigger === undefined) return "The alarm's rule names no alarm";
  const { AlarmArn: arn, StateValue: value, StateTransitionedTimestamp: atMs } = trigger.alarm;
  return `${arn} transitioned to ${value} at ${longTimeText(atMs)}`;
}

function dataOf(trigger: AlarmRecord | undefined): string | undefined {
  if (trigger === undefined) return undefined;
  const { AlarmArn: arn, StateValue: value, StateTransitionedTimestamp: atMs } = trigger.alarm;
  return javaJson({ triggeringAlarms: [{ arn, state: { value, timestamp: timeText(atMs) } }] });
}
