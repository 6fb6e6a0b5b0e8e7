import type { Key } from "#base/key.ts";
import { integer } from "#base/tuple.ts";
import type { Context, Tenant } from "#kernel/context.ts";

/*
 * Every key that CloudWatch stores. All begin with (service, account, region); then:
 *
 *   alarm        name                     → AlarmRecord, a metric's or a composite one
 *   parent       alarm, composite alarm   → the latter's name: its rule names the alarm, or it suppresses its actions
 *   history      time, order              → HistoryRecord; the oldest first
 *   history-of   alarm, time, order       → nothing
 *   tags         ARN                      → the tags of an alarm
 *
 * and, with an account and no region:
 *
 *   dashboard    name                     → DashboardRecord
 *   tags         ARN                      → the tags of a dashboard
 *
 * Metrics' data is the kernel's (measurement-store.ts).
 */

export const alarmKey = (ctx: Context, name: string): Key => ctx.key("alarm", name);
export const alarmsPrefix = (ctx: Context): Key => ctx.key("alarm");

export const parentKey = (ctx: Context, child: string, composite: string): Key =>
  ctx.key("parent", child, composite);
export const parentsPrefix = (ctx: Context, child: string): Key => ctx.key("parent", child);

/** `order`: of the items of one millisecond, from 0. */
export const historyKey = (ctx: Context, atMs: number, order: number): Key =>
  ctx.key("history", atMs, order);
export const historyPrefix = (ctx: Context): Key => ctx.key("history");
/** Where the items of this millisecond begin. */
export const historyFrom = (ctx: Context, atMs: number): Key => ctx.key("history", atMs);
export const historyOfKey = (ctx: Context, name: string, atMs: number, order: number): Key =>
  ctx.key("history-of", name, atMs, order);
export const historyOfPrefix = (ctx: Context, name: string): Key => ctx.key("history-of", name);
export const historyOfFrom = (ctx: Context, name: string, atMs: number): Key =>
  ctx.key("history-of", name, atMs);
/** The bytes at the end of both keys of an item: its time and order. */
export const historyTailLength = integer(0).length * 2;

/** The ARN says whether the resource has a region. */
export const tagsKey = (ctx: Context, arn: string): Key =>
  arn.split(":")[3] === "" ? ctx.keyIn(accountOf(ctx), "tags", arn) : ctx.key("tags", arn);

export const dashboardKey = (ctx: Context, name: string): Key =>
  ctx.keyIn(accountOf(ctx), "dashboard", name);
export const dashboardsPrefix = (ctx: Context): Key => ctx.keyIn(accountOf(ctx), "dashboard");

const accountOf = ({ account }: Context): Tenant => ({ account, region: "" });
