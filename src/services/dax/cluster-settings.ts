import type { Context } from "#kernel/context.ts";

type Refusing = Context<"InvalidParameterValueException">;

const day = "(?:mon|tue|wed|thu|fri|sat|sun)";
const time = "(?:[01]\\d|2[0-3]):[0-5]\\d";
const window = new RegExp(`^${day}:${time}-${day}:${time}$`, "i");

/** `ddd:hh24:mi-ddd:hh24:mi` */
export function checkMaintenanceWindow(ctx: Refusing, given: string | undefined): void {
  if (given !== undefined && !window.test(given)) {
    throw ctx.error(
      "InvalidParameterValueException",
      `Invalid PreferredMaintenanceWindow: ${given}. It must be of the form ddd:hh24:mi-ddd:hh24:mi.`,
    );
  }
}

export function checkTopic(ctx: Refusing, arn: string | undefined): void {
  if (arn !== undefined && !/^arn:aws[\w-]*:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}$/.test(arn)) {
    throw ctx.error("InvalidParameterValueException", `Invalid NotificationTopicArn: ${arn}.`);
  }
}

export function checkSecurityGroups(ctx: Refusing, ids: readonly string[] | undefined): void {
  const wrong = ids?.find((id) => !/^sg-[0-9a-f]{8,17}$/.test(id));
  if (wrong !== undefined) {
    throw ctx.error("InvalidParameterValueException", `Invalid security group ID: ${wrong}.`);
  }
}
