import { endOfPrefix } from "#base/key.ts";
import type { Context, JobContext } from "#kernel/context.ts";
import type { Transaction } from "#store/store.ts";
import { settingsPrefix, uploadsPrefix, type Place } from "./keyspace.ts";
import { placeOf } from "./layouts.ts";
import { sweepLater } from "./sweep-upload.ts";
import { uploadCodec } from "./upload-record.ts";

/** Keys that one transaction takes away. */
const keysAtOnce = 50;

/** A bucket is gone: its settings and the uploads that nobody completed go, too. */
export function sweepBucketLater(tx: Transaction, ctx: Context, bucket: Place): void {
  const place = placeOf(bucket);
  ctx.schedule(tx, { at: ctx.now(), job: "sweepBucket", key: bucket.id, payload: place });
}

export async function sweepBucket(ctx: JobContext, place: Place): Promise<void> {
  for (;;) {
    const isDone = await ctx.transact((tx) => {
      let count = 0;
      for (const prefix of [settingsPrefix(ctx, place), uploadsPrefix(ctx, place)]) {
        const range = { start: prefix, end: endOfPrefix(prefix), limit: keysAtOnce };
        for (const { key, value } of tx.range(range)) {
          if (prefix === uploadsPrefix(ctx, place)) {
            sweepLater(tx, ctx, place, uploadCodec.decode(value).uploadId, []);
          }
          tx.delete(key);
          count += 1;
        }
      }
      if (count === 0) ctx.complete(tx);
      return count === 0;
    });
    if (isDone) return;
  }
}
