import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { CloudWatchLogs } from "#models/logs.ts";
import { openGroup, putGroup } from "../open.ts";
import type { GroupRecord } from "../records.ts";
import { scheduleExpiry, unscheduleExpiry } from "./expire-events.ts";

export const dayMs = 24 * 3_600_000;

/** Source: API reference, PutRetentionPolicy. */
const retentionsDays: ReadonlySet<number> = new Set([
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288,
  3653,
]);

export const retention = {
  async PutRetentionPolicy(ctx, input) {
    const { retentionInDays: retentionDays } = input;
    if (!retentionsDays.has(retentionDays)) {
      throw ctx.error(
        "InvalidParameterException",
        `1 validation error detected: Value '${retentionDays}' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: [${[...retentionsDays].join(", ")}]`,
      );
    }
    await ctx.transact((tx) => {
      const group = { ...openGroup(tx, ctx, input.logGroupName), retentionDays };
      putGroup(tx, ctx, group);
      scheduleExpiry(tx, ctx, group);
    });
    return {};
  },

  async DeleteRetentionPolicy(ctx, input) {
    await ctx.transact((tx) => {
      const { retentionDays, ...group } = openGroup(tx, ctx, input.logGroupName);
      if (retentionDays === undefined) return;
      putGroup(tx, ctx, group);
      unscheduleExpiry(tx, ctx, group);
    });
    return {};
  },
} satisfies Handlers<CloudWatchLogs>;

/** Events before this moment are gone, even if the job that sweeps them has not come by yet. */
export function oldestKeptMs(ctx: Context, { retentionDays }: GroupRecord): number {
  return retentionDays === undefined ? 0 : ctx.now() - retentionDays * dayMs;
}
