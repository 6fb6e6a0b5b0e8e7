import type { Context } from "#kernel/context.ts";

/** For options of operations that are here. */
export const notBuilt = (ctx: Context, what: string): Error =>
  ctx.error("NotImplemented", `${what} is not implemented by Tule yet.`);
