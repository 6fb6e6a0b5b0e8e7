import type { Context, JobContext } from "#kernel/context.ts";
import type { Transaction } from "#store/store.ts";
import { recordActivity } from "./activities.ts";
import type { TargetName } from "./keyspace.ts";
import { provisionOf, resourceNamed, unitsOf } from "./resources.ts";
import { scale } from "./scale.ts";
import { findTarget } from "./targets.ts";

const retryMs = 60_000;

/** Brings a target's capacity within its bounds, soon. */
export function scheduleAdjustment(tx: Transaction, ctx: Context, target: TargetName): void {
  const { resourceId, dimension } = target;
  ctx.schedule(tx, {
    at: ctx.now(),
    job: "adjustCapacity",
    key: keyOf(target),
    payload: { resourceId, dimension },
  });
}

export function unscheduleAdjustment(tx: Transaction, ctx: Context, target: TargetName): void {
  ctx.unschedule(tx, "adjustCapacity", keyOf(target));
}

const keyOf = ({ resourceId, dimension }: TargetName): string => `${resourceId} ${dimension}`;

/** The job. What is being updated just now is tried again a minute later. */
export async function adjustCapacity(ctx: JobContext, job: TargetName): Promise<void> {
  const resource = resourceNamed(job);
  const target = await ctx.read((snapshot) => findTarget(snapshot, ctx, job));
  const provision = resource && (await provisionOf(ctx, resource));
  if (target === undefined || resource === undefined || provision === undefined) return;
  const units = unitsOf(provision, resource);
  const wanted = Math.min(target.maximum, Math.max(target.minimum, units));
  // Zero: the table is paid by the request.
  if (units === 0 || wanted === units) return;
  const bound = wanted > units ? "minimum" : "maximum";
  const cause = `${bound} capacity was set to ${target[bound]}`;
  const activity = await scale(ctx, resource, provision, wanted, cause);
  const id = ctx.random.uuid();
  await ctx.transact((tx) => {
    ctx.complete(tx);
    if (activity === "busy") {
      ctx.schedule(tx, {
        at: ctx.now() + retryMs,
        job: "adjustCapacity",
        key: keyOf(job),
        payload: job,
      });
      return;
    }
    recordActivity(tx, ctx, job, id, activity);
  });
}
