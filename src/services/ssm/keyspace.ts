import { textPrefix } from "#base/tuple.ts";
import type { Key } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";

/*
 * Every key that Parameter Store stores. All begin with (service, account, region); then:
 *
 *   parameter  name           → ParameterRecord: its tags, its labels, its latest version
 *   version    name, number   → VersionRecord: value, encrypted if it is a SecureString's
 *
 * Names sort as text, so what stands below a path is one range. Jobs, by name: `expireParameter`.
 */

export const parameterKey = (ctx: Context, name: string): Key => ctx.key("parameter", name);
/** Of all parameters whose names begin with `start`. */
export const parametersPrefix = (ctx: Context, start: string): Key =>
  ctx.key("parameter") + textPrefix(start);

export const versionKey = (ctx: Context, name: string, version: number): Key =>
  ctx.key("version", name, version);
export const versionsPrefix = (ctx: Context, name: string): Key => ctx.key("version", name);
