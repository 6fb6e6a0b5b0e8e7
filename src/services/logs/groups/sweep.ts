import { endOfPrefix, type Key } from "#base/key.ts";
import type { Context, JobContext } from "#kernel/context.ts";
import type { Entry, Transaction } from "#store/store.ts";
import { decodeChunk } from "../events/chunks.ts";
import {
  chunksPrefix,
  deliveriesPrefix,
  deliveryNextKey,
  metricFiltersPrefix,
  metricMinutesPrefix,
  streamsPrefix,
  subscriptionsPrefix,
  tailPrefix,
} from "../keyspace.ts";
import { streamCodec } from "../records.ts";
import { subscriptionCodec } from "../subscriptions/records.ts";
import { addToGroupSize } from "./group-size.ts";

/*
 * What deleted groups and streams leave behind goes step by step. Their numbers are never given out again, so nothing
 * ever meets it.
 */

const keysAtOnce = 500;

interface Numbered {
  readonly number: number;
}

interface SweptStream extends Numbered {
  /** The group's number, if that stays. */
  readonly group: number | undefined;
}

export function sweepStreamLater(
  tx: Transaction,
  ctx: Context,
  { number }: Numbered,
  group?: Numbered,
): void {
  const payload: SweptStream = { number, group: group?.number };
  ctx.schedule(tx, { at: ctx.now(), job: "sweepStream", key: String(number), payload });
}

export function sweepGroupLater(tx: Transaction, ctx: Context, { number }: Numbered): void {
  ctx.schedule(tx, { at: ctx.now(), job: "sweepGroup", key: String(number), payload: { number } });
}

export async function sweepStream(ctx: JobContext, stream: SweptStream): Promise<void> {
  const prefix = chunksPrefix(ctx, stream);
  await sweepKeys(ctx, prefix, (tx, swept) => {
    if (stream.group === undefined) return;
    let sizeBytes = 0;
    for (const { key, value } of swept) sizeBytes += decodeChunk(prefix, key, value).sizeBytes;
    addToGroupSize(tx, ctx, { number: stream.group }, -sizeBytes);
  });
  await sweepKeys(ctx, tailPrefix(ctx, stream));
}

export async function sweepGroup(ctx: JobContext, group: Numbered): Promise<void> {
  const prefix = streamsPrefix(ctx, group);
  for (let isDone = false; !isDone;) {
    isDone = await ctx.transact((tx) => {
      let count = 0;
      for (const { key, value } of tx.range({ start: prefix, end: endOfPrefix(prefix) })) {
        if (count === keysAtOnce) return false;
        sweepStreamLater(tx, ctx, streamCodec.decode(value));
        tx.delete(key);
        count += 1;
      }
      return true;
    });
  }
  await sweepKeys(ctx, metricFiltersPrefix(ctx, group));
  await sweepKeys(ctx, metricMinutesPrefix(ctx, group));
  const subscriptions = subscriptionsPrefix(ctx, group);
  const ids = await ctx.read((snapshot) =>
    [...snapshot.range({ start: subscriptions, end: endOfPrefix(subscriptions) })].map(
      ({ value }) => subscriptionCodec.decode(value).id,
    ),
  );
  for (const id of ids) {
    await sweepKeys(ctx, deliveriesPrefix(ctx, id));
    await sweepKeys(ctx, deliveryNextKey(ctx, id));
  }
  await sweepKeys(ctx, subscriptions);
}

async function sweepKeys(
  ctx: JobContext,
  prefix: Key,
  onSwept?: (tx: Transaction, swept: readonly Entry[]) => void,
): Promise<void> {
  for (let isDone = false; !isDone;) {
    isDone = await ctx.transact((tx) => {
      const range = { start: prefix, end: endOfPrefix(prefix), limit: keysAtOnce };
      const swept = [...tx.range(range)];
      for (const { key } of swept) tx.delete(key);
      onSwept?.(tx, swept);
      return swept.length < keysAtOnce;
    });
  }
}
