import type { Context } from "#kernel/context.ts";

/** Actions are ARNs of what acts. Source: API reference, PutMetricAlarm, AlarmActions. */
export function checkActions(ctx: Context, actions: readonly string[]): void {
  const wrong = actions.find((action) => !/^arn:[^:\s]+:[^:\s]+:[^:\s]*:[^:\s]*:\S+$/.test(action));
  if (wrong === undefined) return;
  throw ctx.error("ValidationException", `Invalid arn syntax: ${wrong}`);
}
