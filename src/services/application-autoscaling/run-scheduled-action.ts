import type { Context, JobContext } from "#kernel/context.ts";
import type { Transaction } from "#store/store.ts";
import { type Activity, recordActivity } from "./activities.ts";
import { scheduleAdjustment } from "./adjust-capacity.ts";
import { actionKey, targetKey, type TargetName } from "./keyspace.ts";
import { actionCodec, type ScheduledActionRecord, targetCodec } from "./records.ts";
import { parseSchedule } from "./schedule.ts";
import { findTarget } from "./targets.ts";

interface ActionJob extends TargetName {
  readonly name: string;
}

const keyOf = ({ resourceId, dimension, name }: ActionJob): string =>
  `${resourceId} ${dimension} ${name}`;

/** Has the action run when its schedule next says so, within its start and end. */
export function scheduleAction(tx: Transaction, ctx: Context, action: ScheduledActionRecord): void {
  const { resourceId, dimension, name } = action;
  const at = nextOf(action, ctx.now());
  if (at === undefined) unscheduleAction(tx, ctx, action);
  else {
    const payload = { resourceId, dimension, name };
    ctx.schedule(tx, { at, job: "runScheduledAction", key: keyOf(action), payload });
  }
}

export function unscheduleAction(tx: Transaction, ctx: Context, action: ActionJob): void {
  ctx.unschedule(tx, "runScheduledAction", keyOf(action));
}

function nextOf(action: ScheduledActionRecord, nowMs: number): number | undefined {
  const { schedule, timezone = "UTC", startMs, endMs, createdAtMs } = action;
  const parsed = parseSchedule(schedule, timezone, startMs ?? createdAtMs);
  const at = parsed?.next(Math.max(nowMs, (startMs ?? 0) - 1));
  return at !== undefined && (endMs === undefined || at <= endMs) ? at : undefined;
}

/** The job: sets the target's bounds, and brings its capacity within them. */
export async function runScheduledAction(ctx: JobContext, job: ActionJob): Promise<void> {
  const id = ctx.random.uuid();
  await ctx.transact((tx) => {
    ctx.complete(tx);
    const action = tx.record(actionKey(ctx, job, job.name), actionCodec);
    if (action === undefined) return;
    scheduleAction(tx, ctx, action);
    const target = findTarget(tx, ctx, job);
    if (target === undefined || target.suspended.ScheduledScalingSuspended) return;
    const minimum = action.minimum ?? target.minimum;
    const maximum = action.maximum ?? target.maximum;
    if (minimum <= maximum) {
      tx.putRecord(targetKey(ctx, target), targetCodec, { ...target, minimum, maximum });
      scheduleAdjustment(tx, ctx, target);
    }
    recordActivity(tx, ctx, job, id, activityOf(action, minimum, maximum, ctx.now()));
  });
}

/** Words: the AWS CLI's examples of describe-scaling-activities. */
function activityOf(
  { name, minimum: asksMinimum, maximum: asksMaximum }: ScheduledActionRecord,
  minimum: number,
  maximum: number,
  startMs: number,
): Activity {
  const bounds = [
    ...(asksMinimum === undefined ? [] : [`min capacity to ${minimum}`]),
    ...(asksMaximum === undefined ? [] : [`max capacity to ${maximum}`]),
  ].join(" and ");
  const told = {
    description: `Setting ${bounds}`,
    cause: `scheduled action name ${name} was triggered`,
    startMs,
  };
  return minimum <= maximum
    ? { ...told, status: "Successful", message: `Successfully set ${bounds}` }
    : {
        ...told,
        status: "Failed",
        message: `Failed to set ${bounds}. Reason: Maximum capacity cannot be less than minimum capacity`,
      };
}
