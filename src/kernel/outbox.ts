import { endOfPrefix, type Key } from "#base/key.ts";
import { tuple } from "#base/tuple.ts";
import type { Codec, Snapshot, Transaction } from "#store/store.ts";
import type { JobOwner } from "./jobs.ts";

/**
 * The outbox: events between services, committed with the data they tell of.
 *
 * O1. An event exists for a subscriber exactly when the transaction that published it committed.
 * O2. A subscriber gets a tenant's events in the order of those commits, each at least once; it takes
 *     the event out in the transaction that stores what it made of it.
 * O3. An event that its subscriber cannot take holds back that subscriber's later events of the same
 *     tenant, and nobody else's.
 */

export interface OutboxEvent {
  readonly event: string;
  readonly payload: unknown;
}

const eventCodec: Codec<OutboxEvent> = {
  encode: (event) => Buffer.from(JSON.stringify(event)),
  decode: (bytes) => JSON.parse(bytes.toString("utf8")) as OutboxEvent,
};

const queuePrefix = (subscriber: JobOwner): Key =>
  tuple("kernel", "outbox", subscriber.service, subscriber.account, subscriber.region);
const nextKey = (subscriber: JobOwner): Key =>
  tuple("kernel", "outbox-next", subscriber.service, subscriber.account, subscriber.region);

export function appendEvent(tx: Transaction, subscriber: JobOwner, event: OutboxEvent): void {
  const next = tx.get(nextKey(subscriber))?.readDoubleBE(0) ?? 0;
  const counter = Buffer.alloc(8);
  counter.writeDoubleBE(next + 1);
  tx.put(nextKey(subscriber), counter);
  tx.put(queuePrefix(subscriber) + tuple(next), eventCodec.encode(event));
}

/** The oldest event that the subscriber has not taken, with the key to delete it by. */
export function firstEvent(
  snapshot: Snapshot,
  subscriber: JobOwner,
): { readonly key: Key; readonly event: OutboxEvent } | undefined {
  const prefix = queuePrefix(subscriber);
  for (const { key, value } of snapshot.range({
    start: prefix,
    end: endOfPrefix(prefix),
    limit: 1,
  })) {
    return { key, event: eventCodec.decode(value) };
  }
  return undefined;
}
