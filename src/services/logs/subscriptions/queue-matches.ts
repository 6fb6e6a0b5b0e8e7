import { endOfPrefix } from "#base/key.ts";
import { integer } from "#base/tuple.ts";
import type { Context } from "#kernel/context.ts";
import type { Transaction } from "#store/store.ts";
import type { Ingested } from "../events/put-log-events.ts";
import { deliveriesPrefix, deliveryNextKey, subscriptionsPrefix } from "../keyspace.ts";
import { keptPattern } from "../patterns/kept-patterns.ts";
import { numberCodec } from "../records.ts";
import { dataMessage } from "./messages.ts";
import { subscriptionCodec, type SubscriptionRecord } from "./records.ts";

/** A message that waits: when it was queued, and the message as it will be sent. */
export function encodeDelivery(nowMs: number, partition: string, message: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeDoubleBE(nowMs);
  head.writeUInt8(Math.min(partition.length, 255), 8);
  return Buffer.concat([head, Buffer.from(partition.slice(0, 255), "latin1"), message]);
}

export function decodeDelivery(value: Buffer): {
  readonly queuedMs: number;
  readonly partition: string;
  readonly message: Buffer;
} {
  const end = 9 + value.readUInt8(8);
  const partition = value.toString("latin1", 9, end);
  return { queuedMs: value.readDoubleBE(), partition, message: value.subarray(end) };
}

/** Queues what the group's subscriptions match, in the transaction that stores the events: none is lost. */
export function queueMatches(
  tx: Transaction,
  ctx: Context,
  { group, stream, events }: Ingested,
): void {
  const prefix = subscriptionsPrefix(ctx, group);
  for (const { key } of tx.range({ start: prefix, end: endOfPrefix(prefix) })) {
    const subscription = tx.record(key, subscriptionCodec)!;
    const pattern = keptPattern(ctx, subscription.pattern);
    const matched = events.filter(({ message }) => pattern.matches(message));
    if (matched.length === 0) continue;
    enqueue(tx, ctx, subscription, {
      partition: partitionOf(ctx, subscription, stream.number),
      message: dataMessage(ctx, subscription, stream, matched),
    });
  }
}

/** By stream, so that a stream's events stay in order in one shard; or anywhere, if that was asked for. */
function partitionOf(
  ctx: Context,
  { distribution, id }: SubscriptionRecord,
  stream: number,
): string {
  return distribution === "Random" ? `${id}/${ctx.requestId}` : `${id}/${stream}`;
}

interface Queued {
  readonly partition: string;
  readonly message: Buffer;
}

function enqueue(
  tx: Transaction,
  ctx: Context,
  { id, name, groupName }: SubscriptionRecord,
  { partition, message }: Queued,
): void {
  const prefix = deliveriesPrefix(ctx, id);
  const isDelivering =
    [...tx.range({ start: prefix, end: endOfPrefix(prefix), limit: 1 })].length > 0;
  const next = tx.record(deliveryNextKey(ctx, id), numberCodec) ?? 0;
  tx.putRecord(deliveryNextKey(ctx, id), numberCodec, next + 1);
  tx.put(prefix + integer(next), encodeDelivery(ctx.now(), partition, message));
  if (isDelivering) return;
  ctx.schedule(tx, {
    at: ctx.now(),
    job: "deliverMatches",
    key: id,
    payload: { id, name, groupName },
  });
}
