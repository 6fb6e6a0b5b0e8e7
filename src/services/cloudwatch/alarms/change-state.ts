import type { Context } from "#kernel/context.ts";
import type { StateValue } from "#models/cloudwatch.ts";
import type { Transaction } from "#store/store.ts";
import type { AlarmStateChanged } from "../contract.ts";
import { addHistory } from "./alarm-history.ts";
import { type AlarmRecord, putAlarm } from "./alarm-record.ts";
import { evaluateComposite, parentsOf } from "./composite-state.ts";
import { scheduleActions } from "./perform-action.ts";
import { timeText } from "./java-text.ts";
import { alarmData, notificationOf, type StateChange } from "./notification.ts";
import { holdActions } from "./suppression.ts";

export interface NextState {
  readonly value: StateValue;
  readonly reason: string;
  /** JSON. */
  readonly reasonData: string | undefined;
  /** Whether a user said so, and no metric. */
  readonly isAsked?: boolean;
}

/**
 * Gives an alarm a state. If it is another one than before, all that follows is committed with it: the history, the
 * actions, the states of the composite alarms that look at this one, and the event. `above`: see composite-state.ts.
 */
export function changeState(
  tx: Transaction,
  ctx: Context,
  before: AlarmRecord,
  next: NextState,
  above: readonly string[] = [],
): void {
  const atMs = ctx.now();
  const { alarm: old } = before;
  const isTransition = old.StateValue !== next.value;
  const state = {
    StateValue: next.value,
    StateReason: next.reason,
    StateReasonData: next.reasonData,
    StateUpdatedTimestamp: atMs,
    StateTransitionedTimestamp: isTransition ? atMs : old.StateTransitionedTimestamp,
  };
  const after = withState(before, state);
  if (!isTransition) return putAlarm(tx, ctx, after);
  addHistory(tx, ctx, after, {
    type: "StateUpdate",
    summary: `Alarm updated from ${old.StateValue} to ${next.value}`,
    data: {
      version: "1.0",
      oldState: stateData(old.StateValue, old.StateReason, old.StateReasonData),
      newState: stateData(next.value, next.reason, next.reasonData),
    },
  });
  const change: StateChange = {
    atMs,
    old: old.StateValue,
    oldReason: old.StateReason,
    oldReasonData: old.StateReasonData,
    oldAtMs: old.StateUpdatedTimestamp,
  };
  const notification = notificationOf(ctx, after, change);
  const held = holdActions(tx, ctx, after, notification);
  putAlarm(tx, ctx, held ?? after);
  if (held === undefined) scheduleActions(tx, ctx, after, notification, next.isAsked);
  for (const parent of parentsOf(tx, ctx, old.AlarmName)) {
    evaluateComposite(tx, ctx, parent, old.AlarmName, [...above, old.AlarmName]);
  }
  const event: AlarmStateChanged = {
    alarmArn: old.AlarmArn,
    time: timeText(atMs),
    detail: alarmData(after, change),
  };
  ctx.publish(tx, "cloudwatch.AlarmStateChanged", event);
}

function withState(before: AlarmRecord, state: object): AlarmRecord {
  return before.kind === "metric"
    ? { ...before, alarm: { ...before.alarm, ...state } }
    : { kind: "composite", alarm: { ...before.alarm, ...state } };
}

function stateData(value: StateValue, reason: string, reasonData: string | undefined): object {
  const data = reasonData === undefined ? undefined : (JSON.parse(reasonData) as unknown);
  return { stateValue: value, stateReason: reason, stateReasonData: data };
}
