import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { CloudWatch, PutCompositeAlarmInput } from "#models/cloudwatch.ts";
import type { Transaction } from "#store/store.ts";
import { parentKey } from "../keyspace.ts";
import { putTags } from "../tags.ts";
import { checkActions } from "./actions.ts";
import {
  type AlarmRecord,
  alarmState,
  findAlarm,
  putAlarm,
  type StoredCompositeAlarm,
} from "./alarm-record.ts";
import { alarmNameOf, alarmsIn, parseAlarmRule, RuleProblem } from "./alarm-rule.ts";
import { evaluateComposite } from "./composite-state.ts";
import { addConfigurationChange } from "./metric-alarms.ts";

export const compositeAlarms = {
  PutCompositeAlarm(ctx, input) {
    checkComposite(ctx, input);
    return ctx.transact((tx) => {
      const before = findAlarm(tx, ctx, input.AlarmName);
      if (before?.kind === "metric") {
        throw ctx.error(
          "ValidationException",
          `A metric alarm with the name ${input.AlarmName} already exists`,
        );
      }
      const alarm = alarmOf(ctx, input, before?.alarm);
      for (const name of watchedBy(alarm)) {
        if (findAlarm(tx, ctx, name) !== undefined) continue;
        throw ctx.error(
          "ValidationException",
          `Could not save the composite alarm as alarm(s) [${name}] in the alarm rule do not exist`,
        );
      }
      if (before !== undefined) forgetParent(tx, ctx, before.alarm);
      for (const name of watchedBy(alarm)) {
        tx.put(parentKey(ctx, name, alarm.AlarmName), Buffer.from(alarm.AlarmName));
      }
      const after: AlarmRecord = { kind: "composite", alarm };
      putAlarm(tx, ctx, after);
      if (before === undefined) putTags(tx, ctx, alarm.AlarmArn, input.Tags);
      addConfigurationChange(tx, ctx, after, before === undefined ? "Create" : "Update");
      evaluateComposite(tx, ctx, alarm.AlarmName);
      return {};
    });
  },
} satisfies Handlers<CloudWatch>;

/** The alarms whose states a composite alarm looks at. */
export function watchedBy(alarm: StoredCompositeAlarm): Set<string> {
  const suppressor = alarm.ActionsSuppressor;
  const inRule = alarmsIn(parseAlarmRule(alarm.AlarmRule));
  return new Set(suppressor === undefined ? inRule : [...inRule, alarmNameOf(suppressor)]);
}

export function forgetParent(tx: Transaction, ctx: Context, alarm: StoredCompositeAlarm): void {
  for (const name of watchedBy(alarm)) tx.delete(parentKey(ctx, name, alarm.AlarmName));
}

function alarmOf(
  ctx: Context,
  input: PutCompositeAlarmInput,
  before: StoredCompositeAlarm | undefined,
): StoredCompositeAlarm {
  const { Tags: _, ...asked } = input;
  return { ...asked, ...alarmState(ctx, input, before) };
}

function checkComposite(ctx: Context, input: PutCompositeAlarmInput): void {
  const wrong = (message: string): Error => ctx.error("ValidationException", message);
  if (input.ActionConfiguration !== undefined) {
    throw ctx.error("NotImplemented", "ActionConfiguration of alarms is not implemented yet");
  }
  checkActions(ctx, input);
  try {
    const names = alarmsIn(parseAlarmRule(input.AlarmRule));
    if (names.includes(input.AlarmName)) throw new RuleProblem("An alarm cannot look at itself");
  } catch (error) {
    if (!(error instanceof RuleProblem)) throw error;
    throw wrong(`AlarmRule is not valid: ${error.message}`);
  }
  const { ActionsSuppressor: suppressor } = input;
  const { ActionsSuppressorWaitPeriod: wait, ActionsSuppressorExtensionPeriod: extension } = input;
  if (suppressor === undefined && (wait !== undefined || extension !== undefined)) {
    throw wrong("ActionsSuppressor is required where a period of it is specified");
  }
  if (suppressor !== undefined && (wait === undefined || extension === undefined)) {
    throw wrong(
      "ActionsSuppressorWaitPeriod and ActionsSuppressorExtensionPeriod are required with ActionsSuppressor",
    );
  }
}
