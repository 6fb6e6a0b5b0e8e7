import type { Context, JobContext } from "#kernel/context.ts";
import type { ActionsSuppressedBy } from "#models/cloudwatch.ts";
import type { Snapshot, Transaction } from "#store/store.ts";
import {
  type AlarmRecord,
  findAlarm,
  putAlarm,
  type StoredCompositeAlarm,
} from "./alarm-record.ts";
import { alarmNameOf } from "./alarm-rule.ts";
import type { Notification } from "./notification.ts";
import { scheduleActions } from "./perform-action.ts";

/*
 * A composite alarm's suppressor holds back its actions. Source: Amazon CloudWatch User Guide, "Composite alarm action
 * suppression"; API reference, PutCompositeAlarm, ActionsSuppressor and its periods.
 */

type CompositeRecord = Extract<AlarmRecord, { kind: "composite" }>;

/** The record with the actions of its new state held; undefined if nothing holds them. */
export function holdActions(
  tx: Transaction,
  ctx: Context,
  record: AlarmRecord,
  notification: Notification,
): AlarmRecord | undefined {
  if (record.kind === "metric" || record.alarm.ActionsSuppressor === undefined) return undefined;
  const { alarm } = record;
  if (isSuppressing(tx, ctx, alarm)) return suppressed(record, "Alarm", notification);
  const waitMs = (alarm.ActionsSuppressorWaitPeriod ?? 0) * 1000;
  if (waitMs === 0) return undefined;
  scheduleRelease(tx, ctx, alarm, ctx.now() + waitMs);
  return suppressed(record, "WaitPeriod", notification);
}

/** What follows from a change of the suppressor's state. */
export function suppressorChanged(tx: Transaction, ctx: Context, record: CompositeRecord): void {
  const { alarm, held } = record;
  if (held === undefined) return;
  if (isSuppressing(tx, ctx, alarm)) {
    ctx.unschedule(tx, "releaseActions", alarm.AlarmName);
    putAlarm(tx, ctx, suppressed(record, "Alarm", held));
  } else if (alarm.ActionsSuppressedBy === "Alarm") {
    const extensionMs = (alarm.ActionsSuppressorExtensionPeriod ?? 0) * 1000;
    scheduleRelease(tx, ctx, alarm, ctx.now() + extensionMs);
    putAlarm(tx, ctx, suppressed(record, "ExtensionPeriod", held));
  }
}

/** The job: the suppressor was waited for long enough. */
export async function releaseActions(ctx: JobContext, { name }: { name: string }): Promise<void> {
  await ctx.transact((tx) => {
    ctx.complete(tx);
    const record = findAlarm(tx, ctx, name);
    if (record?.kind !== "composite" || record.held === undefined) return;
    putAlarm(tx, ctx, suppressed(record, undefined, undefined));
    scheduleActions(tx, ctx, record, record.held);
  });
}

function isSuppressing(snapshot: Snapshot, ctx: Context, alarm: StoredCompositeAlarm): boolean {
  const suppressor = findAlarm(snapshot, ctx, alarmNameOf(alarm.ActionsSuppressor ?? ""));
  return suppressor?.alarm.StateValue === "ALARM";
}

function suppressed(
  { alarm }: CompositeRecord,
  by: ActionsSuppressedBy | undefined,
  held: Notification | undefined,
): CompositeRecord {
  const ActionsSuppressedReason = by && `Actions suppressed by ${by}`;
  return {
    kind: "composite",
    alarm: { ...alarm, ActionsSuppressedBy: by, ActionsSuppressedReason },
    held,
  };
}

function scheduleRelease(
  tx: Transaction,
  ctx: Context,
  { AlarmName: name }: StoredCompositeAlarm,
  at: number,
): void {
  ctx.schedule(tx, { at, job: "releaseActions", key: name, payload: { name } });
}
