import type { Context } from "#kernel/context.ts";
import type { CompositeAlarm, MetricAlarm, StateValue } from "#models/cloudwatch.ts";
import type { Codec, Snapshot, Transaction } from "#store/store.ts";
import { alarmKey } from "../keyspace.ts";
import type { Notification } from "./notification.ts";

/** What every alarm has. */
export interface AlarmState {
  readonly AlarmName: string;
  readonly AlarmArn: string;
  readonly ActionsEnabled: boolean;
  readonly OKActions: string[];
  readonly AlarmActions: string[];
  readonly InsufficientDataActions: string[];
  readonly StateValue: StateValue;
  readonly StateReason: string;
  readonly StateUpdatedTimestamp: number;
  readonly StateTransitionedTimestamp: number;
  readonly AlarmConfigurationUpdatedTimestamp: number;
}

export type StoredMetricAlarm = Readonly<MetricAlarm> & AlarmState;
export type StoredCompositeAlarm = Readonly<CompositeAlarm> &
  AlarmState & { readonly AlarmRule: string };

/** An alarm in the form in which it is described. Shared and cached: never change one in place. */
export type AlarmRecord =
  | {
      readonly kind: "metric";
      readonly alarm: StoredMetricAlarm;
      /** What notifications call its metric, if it is one without an id of its own. */
      readonly metricId: string;
    }
  | {
      readonly kind: "composite";
      readonly alarm: StoredCompositeAlarm;
      /** What is to be told of the present state, and waits for the suppressor. */
      readonly held?: Notification | undefined;
    };

export const alarmCodec: Codec<AlarmRecord> = {
  encode: (record) => Buffer.from(JSON.stringify(record)),
  decode: (bytes) => JSON.parse(bytes.toString("utf8")) as AlarmRecord,
};

export function findAlarm(snapshot: Snapshot, ctx: Context, name: string): AlarmRecord | undefined {
  return snapshot.record(alarmKey(ctx, name), alarmCodec);
}

export function putAlarm(tx: Transaction, ctx: Context, record: AlarmRecord): void {
  tx.putRecord(alarmKey(ctx, record.alarm.AlarmName), alarmCodec, record);
}

const alarmArn = (ctx: Context, name: string): string => ctx.arn(`alarm:${name}`);

export const alarmTypeOf = ({ kind }: AlarmRecord) =>
  kind === "metric" ? ("MetricAlarm" as const) : ("CompositeAlarm" as const);

/** The state of an alarm that was made just now. Recorded. */
/** What the requests for both kinds of alarms say alike. */
export interface AskedAlarm {
  readonly AlarmName: string;
  readonly ActionsEnabled?: boolean | undefined;
  readonly OKActions?: string[] | undefined;
  readonly AlarmActions?: string[] | undefined;
  readonly InsufficientDataActions?: string[] | undefined;
}

/** What every alarm has: a new one knows nothing yet, one that is changed keeps its state. */
export function alarmState(
  ctx: Context,
  input: AskedAlarm,
  before: (AlarmState & { readonly StateReasonData?: string | undefined }) | undefined,
): AlarmState {
  const nowMs = ctx.now();
  return {
    AlarmName: input.AlarmName,
    AlarmArn: alarmArn(ctx, input.AlarmName),
    ActionsEnabled: input.ActionsEnabled ?? true,
    OKActions: input.OKActions ?? [],
    AlarmActions: input.AlarmActions ?? [],
    InsufficientDataActions: input.InsufficientDataActions ?? [],
    AlarmConfigurationUpdatedTimestamp: nowMs,
    StateValue: before?.StateValue ?? "INSUFFICIENT_DATA",
    StateReason: before?.StateReason ?? "Unchecked: Initial alarm creation",
    ...(before?.StateReasonData === undefined ? {} : { StateReasonData: before.StateReasonData }),
    StateUpdatedTimestamp: before?.StateUpdatedTimestamp ?? nowMs,
    StateTransitionedTimestamp: before?.StateTransitionedTimestamp ?? nowMs,
  };
}
