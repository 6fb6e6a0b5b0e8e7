import type { Context } from "#kernel/context.ts";

/*
 * Names of parameters, and what may stand behind them. Source: API reference, PutParameter, Name; messages as
 * LocalStack's and moto's tests have them from AWS.
 */

const namePattern = /^[a-zA-Z0-9_.\-/]+$/;
const levelsAtMost = 15;
const nameLengthAtMost = 1011;

type NameContext = Context<"HierarchyLevelLimitExceededException">;

export function checkNewName(ctx: NameContext, name: string): void {
  const refuse = (message: string): Error => ctx.error("ValidationException", message);
  if (/^\/?(aws|ssm)/i.test(name)) {
    const isPath = name.startsWith("/");
    throw refuse(
      isPath
        ? 'Parameter name: can\'t be prefixed with "aws" or "ssm" (case-insensitive).'
        : 'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_',
    );
  }
  if (!namePattern.test(name) || name.endsWith("/") || name.includes("//")) {
    throw refuse(
      'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_',
    );
  }
  if (name.includes("/") && !name.startsWith("/")) {
    throw refuse("Parameter name must be a fully qualified name.");
  }
  if (ctx.arn(parameterResource(name)).length > nameLengthAtMost) {
    throw refuse(
      `Parameter name: can't be longer than ${nameLengthAtMost} characters with its ARN.`,
    );
  }
  if (name.split("/").length - 1 > levelsAtMost) {
    throw ctx.error(
      "HierarchyLevelLimitExceededException",
      `A hierarchy can have a maximum of ${levelsAtMost} levels`,
    );
  }
}

/** What an ARN says of a parameter: `parameter/name`, and no second slash where a name begins with one. */
export function parameterResource(name: string): string {
  return `parameter${name.startsWith("/") ? "" : "/"}${name}`;
}

export interface NamedParameter {
  readonly name: string;
  /** `:3` or `:label`; undefined for the latest. */
  readonly selector: string | undefined;
}

const arnPattern = /^arn:[a-z-]+:ssm:([a-z0-9-]*):(\d{12}):parameter(\/.+)$/;

/** A name, or an ARN, with a version or a label behind it. */
export function parseName(ctx: Context, text: string): NamedParameter {
  const [, region, account, path] = arnPattern.exec(text) ?? [];
  if (path !== undefined && (account !== ctx.account || region !== ctx.region)) {
    throw ctx.error(
      "NotImplemented",
      "Parameters of other accounts are not implemented by Tule yet.",
    );
  }
  const [whole = "", selector] = (path ?? text).split(":", 2);
  // An ARN has one slash for names with and without one in front; those with one have more.
  const name = path !== undefined && whole.lastIndexOf("/") === 0 ? whole.slice(1) : whole;
  return { name, selector };
}
