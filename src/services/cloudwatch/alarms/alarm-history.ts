import { endOfPrefix, type Key } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type {
  AlarmHistoryItem,
  AlarmType,
  CloudWatch,
  DescribeAlarmHistoryInput,
  HistoryItemType,
} from "#models/cloudwatch.ts";
import type { Codec, KeyRange, Snapshot, Transaction } from "#store/store.ts";
import {
  historyFrom,
  historyKey,
  historyOfFrom,
  historyOfKey,
  historyOfPrefix,
  historyPrefix,
  historyTailLength,
} from "../keyspace.ts";
import { decodedToken, encodedToken } from "../tokens.ts";
import { type AlarmRecord, alarmTypeOf } from "./alarm-record.ts";
import { javaJson } from "./java-text.ts";

/** Source: API reference, DescribeAlarmHistory ("CloudWatch retains the history of an alarm" for 30 days). */
const keptMs = 30 * 86_400_000;
const sweptAtOnce = 20;
const pageAtMost = 100;

/** An item as it is described; it outlives its alarm. */
export interface HistoryRecord {
  readonly AlarmName: string;
  readonly AlarmType: AlarmType;
  readonly Timestamp: number;
  readonly HistoryItemType: HistoryItemType;
  readonly HistorySummary: string;
  readonly HistoryData: string;
}

const historyCodec: Codec<HistoryRecord> = {
  encode: (record) => Buffer.from(JSON.stringify(record)),
  decode: (bytes) => JSON.parse(bytes.toString("utf8")) as HistoryRecord,
};
const nothing = Buffer.alloc(0);

export const alarmHistory = {
  /** Of one alarm or of all. Those that are told without a type are metric alarms', unless an alarm is named. */
  DescribeAlarmHistory(ctx, input) {
    const types = input.AlarmTypes ?? (input.AlarmName === undefined ? ["MetricAlarm"] : undefined);
    const most = Math.min(input.MaxRecords ?? pageAtMost, pageAtMost);
    const isWanted = (item: HistoryRecord): boolean =>
      (types === undefined || types.some((type) => type === item.AlarmType)) &&
      (input.HistoryItemType === undefined || item.HistoryItemType === input.HistoryItemType);
    return ctx.read((snapshot) => {
      const AlarmHistoryItems: AlarmHistoryItem[] = [];
      let lastTail: string | undefined;
      for (const { tail, item } of itemsOf(snapshot, ctx, input)) {
        if (!isWanted(item)) continue;
        if (AlarmHistoryItems.length === most) {
          return { AlarmHistoryItems, NextToken: encodedToken(lastTail) };
        }
        AlarmHistoryItems.push(item);
        lastTail = Buffer.from(tail, "latin1").toString("hex");
      }
      return { AlarmHistoryItems };
    });
  },
} satisfies Handlers<CloudWatch>;

/** The newest first unless it is asked otherwise; behind the token's item. */
function* itemsOf(
  snapshot: Snapshot,
  ctx: Context<"InvalidNextToken">,
  input: DescribeAlarmHistoryInput,
): Generator<{ readonly tail: string; readonly item: HistoryRecord }> {
  const { AlarmName: name, StartDate, EndDate } = input;
  const prefix = name === undefined ? historyPrefix(ctx) : historyOfPrefix(ctx, name);
  const from = (atMs: number): Key => {
    const startMs = Math.max(0, Math.floor(atMs));
    return name === undefined ? historyFrom(ctx, startMs) : historyOfFrom(ctx, name, startMs);
  };
  const oldestMs = ctx.now() - keptMs;
  const reverse = input.ScanBy !== "TimestampAscending";
  let start = from(Math.max(oldestMs, StartDate ?? oldestMs));
  let end = EndDate === undefined ? endOfPrefix(prefix) : from(EndDate + 1);
  if (input.NextToken !== undefined) {
    const token = decodedToken(input.NextToken);
    const tail = Buffer.from(typeof token === "string" ? token : "", "hex").toString("latin1");
    if (tail.length !== historyTailLength) {
      throw ctx.error("InvalidNextToken", "The value for parameter NextToken is invalid.");
    }
    if (reverse) end = prefix + tail;
    else start = prefix + tail + "\u0000";
  }
  if (start >= end) return;
  const range: KeyRange = { start, end, reverse };
  for (const { key, value } of snapshot.range(range)) {
    const tail = key.slice(-historyTailLength);
    const bytes = name === undefined ? value : snapshot.get(historyPrefix(ctx) + tail);
    if (bytes !== undefined) yield { tail, item: historyCodec.decode(bytes) };
  }
}

/** Adds an item, and forgets some that are too old. `data`: what becomes its JSON. */
export function addHistory(
  tx: Transaction,
  ctx: Context,
  record: AlarmRecord,
  item: { readonly type: HistoryItemType; readonly summary: string; readonly data: object },
): void {
  const atMs = ctx.now();
  let order = 0;
  while (tx.get(historyKey(ctx, atMs, order)) !== undefined) order += 1;
  const { AlarmName } = record.alarm;
  tx.putRecord(historyKey(ctx, atMs, order), historyCodec, {
    AlarmName,
    AlarmType: alarmTypeOf(record),
    Timestamp: atMs,
    HistoryItemType: item.type,
    HistorySummary: item.summary,
    HistoryData: javaJson(item.data),
  });
  tx.put(historyOfKey(ctx, AlarmName, atMs, order), nothing);
  sweep(tx, ctx, atMs - keptMs);
}

function sweep(tx: Transaction, ctx: Context, beforeMs: number): void {
  const prefix = historyPrefix(ctx);
  const range = { start: prefix, end: historyFrom(ctx, Math.max(0, beforeMs)), limit: sweptAtOnce };
  for (const { key, value } of tx.range(range)) {
    const { AlarmName } = historyCodec.decode(value);
    tx.delete(key);
    tx.delete(historyOfPrefix(ctx, AlarmName) + key.slice(prefix.length));
  }
}
