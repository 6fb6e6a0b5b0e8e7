import type { Context } from "#kernel/context.ts";
import type { AskedAlarm } from "./alarm-record.ts";

/** Actions are ARNs of what acts. Source: API reference, PutMetricAlarm, AlarmActions. */
export function checkActions(ctx: Context, input: AskedAlarm): void {
  const { OKActions = [], AlarmActions = [], InsufficientDataActions = [] } = input;
  const actions = [...OKActions, ...AlarmActions, ...InsufficientDataActions];
  const wrong = actions.find((action) => !/^arn:[^:\s]+:[^:\s]+:[^:\s]*:[^:\s]*:\S+$/.test(action));
  if (wrong === undefined) return;
  throw ctx.error("ValidationException", `Invalid arn syntax: ${wrong}`);
}
