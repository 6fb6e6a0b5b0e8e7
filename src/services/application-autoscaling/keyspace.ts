import type { Key } from "#base/key.ts";
import { integer } from "#base/tuple.ts";
import type { Context } from "#kernel/context.ts";

/*
 * Every key that Application Auto Scaling stores. All begin with (service, account, region); then:
 *
 *   target     resource id, dimension               → TargetRecord, its tags included
 *   target-id  id                                   → resource id and dimension: tags are asked for by ARN
 *   policy     resource id, dimension, policy name  → PolicyRecord
 *   action     resource id, dimension, action name  → ScheduledActionRecord
 *   activity   age, order                           → ActivityRecord; the newest first
 */

/** What is scaled: `table/Music` and `dynamodb:table:ReadCapacityUnits`. */
export interface TargetName {
  readonly resourceId: string;
  readonly dimension: string;
}

export const targetKey = (ctx: Context, { resourceId, dimension }: TargetName): Key =>
  ctx.key("target", resourceId, dimension);
export const targetsPrefix = (ctx: Context): Key => ctx.key("target");
export const targetIdKey = (ctx: Context, id: string): Key => ctx.key("target-id", id);

export const policyKey = (ctx: Context, { resourceId, dimension }: TargetName, name: string): Key =>
  ctx.key("policy", resourceId, dimension, name);
export const policiesPrefix = (ctx: Context, of?: TargetName): Key =>
  of === undefined ? ctx.key("policy") : ctx.key("policy", of.resourceId, of.dimension);

export const actionKey = (ctx: Context, { resourceId, dimension }: TargetName, name: string): Key =>
  ctx.key("action", resourceId, dimension, name);
export const actionsPrefix = (ctx: Context, of?: TargetName): Key =>
  of === undefined ? ctx.key("action") : ctx.key("action", of.resourceId, of.dimension);

/** `order`: of those that start in one millisecond, from 0. */
export const activityKey = (ctx: Context, startMs: number, order: number): Key =>
  activitiesFrom(ctx, startMs) + integer(Number.MAX_SAFE_INTEGER - order);
export const activitiesPrefix = (ctx: Context): Key => ctx.key("activity");
/** Where the activities of this millisecond begin, and behind them the older ones. */
export const activitiesFrom = (ctx: Context, startMs: number): Key =>
  ctx.key("activity", Number.MAX_SAFE_INTEGER - startMs);
