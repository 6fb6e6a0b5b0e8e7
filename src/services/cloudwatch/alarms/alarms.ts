import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { CloudWatch } from "#models/cloudwatch.ts";
import { alarmKey } from "../keyspace.ts";
import { forgetTags } from "../tags.ts";
import { type AlarmRecord, findAlarm, putAlarm } from "./alarm-record.ts";
import { changeState } from "./change-state.ts";
import { forgetParent } from "./composite-alarms.ts";
import { parentsOf } from "./composite-state.ts";
import { unscheduleEvaluation } from "./evaluate-alarm.ts";
import { addConfigurationChange } from "./metric-alarms.ts";

/** What concerns metric and composite alarms alike. */
export const alarms = {
  /** What is not there is passed over, unless nothing is there. */
  DeleteAlarms(ctx, input) {
    const names = new Set(input.AlarmNames);
    return ctx.transact((tx) => {
      const found = [...names].flatMap((name) => findAlarm(tx, ctx, name) ?? []);
      if (found.length === 0 && names.size > 0) throw ctx.error("ResourceNotFound", "");
      if (found.filter(({ kind }) => kind === "composite").length > 1) {
        throw ctx.error(
          "ValidationException",
          "At most one composite alarm can be deleted in one request",
        );
      }
      for (const record of found) {
        const { AlarmName: name, AlarmArn: arn } = record.alarm;
        const parents = parentsOf(tx, ctx, name).filter((parent) => !names.has(parent));
        if (parents.length > 0) {
          throw ctx.error(
            "ValidationException",
            `Cannot delete ${name} as there are composite alarm(s) depending on it: [${parents.join(", ")}]`,
          );
        }
        tx.delete(alarmKey(ctx, name));
        forgetTags(tx, ctx, arn);
        if (record.kind === "metric") unscheduleEvaluation(tx, ctx, name);
        else {
          forgetParent(tx, ctx, record.alarm);
          ctx.unschedule(tx, "releaseActions", name);
        }
        addConfigurationChange(tx, ctx, record, "Delete");
      }
      return {};
    });
  },

  /** Until the next evaluation finds otherwise. */
  SetAlarmState(ctx, input) {
    const data = input.StateReasonData;
    if (data !== undefined && !isJson(data)) {
      throw ctx.error("InvalidFormat", "StateReasonData is not valid JSON");
    }
    return ctx.transact((tx) => {
      const record = findAlarm(tx, ctx, input.AlarmName);
      // Recorded: without a message.
      if (record === undefined) throw ctx.error("ResourceNotFound", "");
      changeState(tx, ctx, record, {
        value: input.StateValue,
        reason: input.StateReason,
        reasonData: data,
        isAsked: true,
      });
      return {};
    });
  },

  async EnableAlarmActions(ctx, input) {
    await setActionsEnabled(ctx, input.AlarmNames, true);
    return {};
  },

  async DisableAlarmActions(ctx, input) {
    await setActionsEnabled(ctx, input.AlarmNames, false);
    return {};
  },
} satisfies Handlers<CloudWatch>;

function setActionsEnabled(
  ctx: Context,
  names: readonly string[],
  ActionsEnabled: boolean,
): Promise<void> {
  return ctx.transact((tx) => {
    for (const name of new Set(names)) {
      const before = findAlarm(tx, ctx, name);
      if (before === undefined || before.alarm.ActionsEnabled === ActionsEnabled) continue;
      const AlarmConfigurationUpdatedTimestamp = ctx.now();
      const changes = { ActionsEnabled, AlarmConfigurationUpdatedTimestamp };
      const after: AlarmRecord =
        before.kind === "metric"
          ? { ...before, alarm: { ...before.alarm, ...changes } }
          : { ...before, alarm: { ...before.alarm, ...changes } };
      putAlarm(tx, ctx, after);
      addConfigurationChange(tx, ctx, after, "Update");
    }
  });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
