import { endOfPrefix } from "#base/key.ts";
import type { Context, JobContext } from "#kernel/context.ts";
import type { NotScaledReasons } from "#models/application-autoscaling.ts";
import type { Snapshot, Transaction } from "#store/store.ts";
import { type Activity, recordActivity } from "./activities.ts";
import { policiesPrefix, policyKey, type TargetName } from "./keyspace.ts";
import { schedulePutAlarms } from "./policy-alarms.ts";
import { policyCodec, type PolicyRecord, type TargetRecord } from "./records.ts";
import { provisionOf, resourceNamed, type ScalableResource, unitsOf } from "./resources.ts";
import { scale } from "./scale.ts";
import { lowMinutes, type Wish, wishOf } from "./target-tracking.ts";
import { findTarget } from "./targets.ts";

const minuteMs = 60_000;
/** A minute is looked at once it has ended; a table that is gone, or paid by the request, less often. */
const idleMs = 60 * minuteMs;
/** After DynamoDB refused a change, because there were too many decreases, say. */
const refusedMs = 10 * minuteMs;

/** Has a target's policies evaluated from now on, once a minute. */
export function scheduleEvaluation(
  tx: Transaction,
  ctx: Context,
  { resourceId, dimension }: TargetName,
  inMs = minuteMs,
): void {
  const nowMs = ctx.now();
  ctx.schedule(tx, {
    at: nowMs - (nowMs % minuteMs) + inMs,
    job: "evaluatePolicies",
    key: `${resourceId} ${dimension}`,
    payload: { resourceId, dimension },
  });
}

export function unscheduleEvaluation(
  tx: Transaction,
  ctx: Context,
  { resourceId, dimension }: TargetName,
): void {
  ctx.unschedule(tx, "evaluatePolicies", `${resourceId} ${dimension}`);
}

/** A policy and what it wants. */
interface Wisher {
  readonly policy: PolicyRecord;
  readonly wish: Wish;
}

/**
 * The job. Of several policies the one that wants most capacity decides, and nothing is taken away unless all of them
 * want less. Source: Application Auto Scaling User Guide, "Target tracking scaling policies", considerations.
 */
export async function evaluatePolicies(ctx: JobContext, job: TargetName): Promise<void> {
  const resource = resourceNamed(job);
  const { target, policies } = await ctx.read((snapshot) => ({
    target: findTarget(snapshot, ctx, job),
    policies: policiesOf(snapshot, ctx, job),
  }));
  if (resource === undefined || target === undefined || policies.length === 0) return;
  const provision = await provisionOf(ctx, resource);
  const units = provision === undefined ? 0 : unitsOf(provision, resource);
  if (provision === undefined || units === 0) {
    await ctx.transact((tx) => {
      ctx.complete(tx);
      scheduleEvaluation(tx, ctx, job, idleMs);
    });
    return;
  }
  const wishers = await Promise.all(
    policies.map(async (policy) => ({ policy, wish: await wish(ctx, resource, policy, units) })),
  );
  const decider = decide(wishers, target, ctx.now());
  const outcome = decider === undefined ? undefined : outcomeOf(decider, target, units, ctx.now());
  const activity =
    outcome?.kind === "scale"
      ? await scale(ctx, resource, provision, outcome.units, outcome.cause)
      : outcome?.activity;
  const id = ctx.random.uuid();
  await ctx.transact((tx) => {
    ctx.complete(tx);
    scheduleEvaluation(tx, ctx, job);
    for (const { policy } of wishers) {
      const known = tx.record(policyKey(ctx, policy, policy.name), policyCodec);
      if (known === undefined) continue;
      if (known.alarmUnits !== units) schedulePutAlarms(tx, ctx, known);
      const after = noted(known, decider?.policy.name === policy.name ? decider : undefined);
      if (after !== known) tx.putRecord(policyKey(ctx, known, known.name), policyCodec, after);
    }
    if (activity !== undefined && activity !== "busy") recordActivity(tx, ctx, job, id, activity);
  });

  function noted(known: PolicyRecord, decided: Wisher | undefined): PolicyRecord {
    if (decided === undefined || outcome === undefined) {
      return known.heldBy === undefined ? known : { ...known, heldBy: undefined };
    }
    if (outcome.kind === "hold") {
      return known.heldBy === outcome.reason ? known : { ...known, heldBy: outcome.reason };
    }
    if (activity === undefined || activity === "busy") return known;
    if (activity.status === "Failed") return { ...known, retryAtMs: ctx.now() + refusedMs };
    const scaled = { ...known, heldBy: undefined };
    return decided.wish.kind === "out"
      ? { ...scaled, scaledOutMs: ctx.now() }
      : { ...scaled, scaledInMs: ctx.now() };
  }
}

export function policiesOf(snapshot: Snapshot, ctx: Context, target: TargetName): PolicyRecord[] {
  const prefix = policiesPrefix(ctx, target);
  return Array.from(snapshot.range({ start: prefix, end: endOfPrefix(prefix) }), ({ value }) =>
    policyCodec.decode(value),
  );
}

async function wish(
  ctx: Context,
  resource: ScalableResource,
  { configuration }: PolicyRecord,
  units: number,
): Promise<Wish> {
  const custom = configuration.CustomizedMetricSpecification;
  const nowMs = ctx.now();
  const range = { startMs: nowMs - (lowMinutes + 1) * minuteMs, endMs: nowMs };
  const points =
    custom === undefined
      ? await ctx.measured(
          "AWS/DynamoDB",
          `Consumed${resource.direction}CapacityUnits`,
          resource.indexName === undefined
            ? { TableName: resource.tableName }
            : { TableName: resource.tableName, GlobalSecondaryIndexName: resource.indexName },
          range,
        )
      : await ctx.measured(
          custom.Namespace ?? "",
          custom.MetricName ?? "",
          Object.fromEntries((custom.Dimensions ?? []).map(({ Name, Value }) => [Name, Value])),
          range,
        );
  const tracking = { target: configuration.TargetValue, statistic: custom?.Statistic };
  return wishOf(points, tracking, units, nowMs);
}

/** Whose wish counts, if any: cooldowns, suspensions and disabled scale-in are obeyed here. */
function decide(
  wishers: readonly Wisher[],
  { suspended }: TargetRecord,
  nowMs: number,
): Wisher | undefined {
  const most = (some: readonly Wisher[]): Wisher | undefined =>
    some.toSorted((one, other) => unitsWanted(other) - unitsWanted(one))[0];
  const out = wishers.filter(({ policy, wish: { kind } }) => {
    const cooldownMs = (policy.configuration.ScaleOutCooldown ?? 0) * 1000;
    return kind === "out" && nowMs >= policy.retryAtMs && nowMs >= policy.scaledOutMs + cooldownMs;
  });
  if (out.length > 0) return suspended.DynamicScalingOutSuspended ? undefined : most(out);
  if (suspended.DynamicScalingInSuspended) return undefined;
  const scaling = wishers.filter(({ policy }) => policy.configuration.DisableScaleIn !== true);
  const ready = scaling.every(({ policy, wish: { kind } }) => {
    const cooldownMs = (policy.configuration.ScaleInCooldown ?? 0) * 1000;
    const lastMs = Math.max(policy.scaledInMs, policy.scaledOutMs);
    return kind === "in" && nowMs >= policy.retryAtMs && nowMs >= lastMs + cooldownMs;
  });
  return ready ? most(scaling) : undefined;
}

function unitsWanted({ wish: asked }: Wisher): number {
  return asked.kind === "none" ? 0 : asked.units;
}

type Outcome =
  | { readonly kind: "scale"; readonly units: number; readonly cause: string }
  | { readonly kind: "hold"; readonly reason: string; readonly activity: Activity | undefined };

/** What becomes of a wish within the target's bounds. What holds it back is told once. */
function outcomeOf(
  { policy, wish: asked }: Wisher,
  { minimum, maximum }: TargetRecord,
  units: number,
  nowMs: number,
): Outcome | undefined {
  if (asked.kind === "none") return undefined;
  const alarm = policy.alarms.find(({ AlarmName }) =>
    AlarmName.includes(asked.kind === "out" ? "-AlarmHigh-" : "-AlarmLow-"),
  );
  const cause = `monitor alarm ${alarm?.AlarmName} in state ALARM triggered policy ${policy.name}`;
  const wanted = Math.min(maximum, Math.max(minimum, asked.units));
  const changes = asked.kind === "out" ? wanted > units : wanted < units;
  if (changes) return { kind: "scale", units: wanted, cause };
  const reason = asked.kind === "out" ? "AlreadyAtMaxCapacity" : "AlreadyAtMinCapacity";
  const notScaled: NotScaledReasons = [
    {
      Code: reason,
      CurrentCapacity: units,
      ...(asked.kind === "out" ? { MaxCapacity: maximum } : { MinCapacity: minimum }),
    },
  ];
  const description = "Attempting to scale due to alarm triggered";
  const message = `The capacity is already at its ${asked.kind === "out" ? "maximum" : "minimum"}.`;
  const status = "Unfulfilled";
  const isNews = policy.heldBy !== reason;
  const activity = isNews
    ? ({ description, cause, status, message, startMs: nowMs, endMs: nowMs, notScaled } as const)
    : undefined;
  return { kind: "hold", reason, activity };
}
