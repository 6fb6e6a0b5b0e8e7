import type { Context } from "#kernel/context.ts";

type NameContext = Context<"InvalidParameterException">;

const nameAtMost = 512;

/** Words: recorded. */
export function checkNameLengths(
  ctx: NameContext,
  ...names: readonly (string | undefined)[]
): void {
  if (names.every((name) => name === undefined || name.length <= nameAtMost)) return;
  throw ctx.error(
    "InvalidParameterException",
    `Invalid LogGroup or LogStream, both must have length less than or equal to ${nameAtMost}.`,
  );
}

/** A group's ARN as other operations take it; `DescribeLogGroups` also tells the one that ends with ":*". */
export const arnOfGroup = (ctx: Context, name: string): string => ctx.arn(`log-group:${name}`);
export const arnOfStream = (ctx: Context, group: string, stream: string): string =>
  `${arnOfGroup(ctx, group)}:log-stream:${stream}`;

/** The name that a name or ARN stands for. */
export function groupNameOf(identifier: string): string {
  if (!identifier.startsWith("arn:")) return identifier;
  const [, name = ""] =
    /^arn:[^:]*:logs:[^:]*:[^:]*:log-group:([^:]*)(:\*)?$/.exec(identifier) ?? [];
  return name;
}

/** Of the two ways in which requests name a group, exactly one. */
export function namedGroup(
  ctx: NameContext,
  input: {
    readonly logGroupName?: string | undefined;
    readonly logGroupIdentifier?: string | undefined;
  },
): string {
  const { logGroupName: name, logGroupIdentifier: identifier } = input;
  if ((name === undefined) === (identifier === undefined)) {
    throw ctx.error(
      "InvalidParameterException",
      name === undefined
        ? "Either logGroupName or logGroupIdentifier must be specified."
        : "LogGroup name and LogGroup ARN are mutually exclusive parameters.",
    );
  }
  return groupNameOf((name ?? identifier)!);
}
