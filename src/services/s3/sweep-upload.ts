import { endOfPrefix } from "#base/key.ts";
import type { Context, JobContext } from "#kernel/context.ts";
import type { Transaction } from "#store/store.ts";
import { partsPrefix, type Place } from "./keyspace.ts";
import { placeOf } from "./layouts.ts";
import { partCodec } from "./upload-record.ts";

/** Parts that one transaction takes away. */
const partsAtOnce = 200;

interface SweepJob {
  readonly place: Place;
  readonly uploadId: string;
  /** The numbers of parts whose bytes an object owns now. */
  readonly used: readonly number[];
}

/** An upload is over: forgets its parts, and the bytes of those that were not used. */
export function sweepLater(
  tx: Transaction,
  ctx: Context,
  bucket: Place,
  uploadId: string,
  used: readonly number[],
): void {
  const place = placeOf(bucket);
  const isDone = sweepSome(tx, ctx, { place, uploadId, used: new Set(used) });
  if (isDone) return;
  const payload: SweepJob = { place, uploadId, used };
  ctx.schedule(tx, { at: ctx.now(), job: "sweepUpload", key: uploadId, payload });
}

export async function sweepUpload(ctx: JobContext, job: SweepJob): Promise<void> {
  const sweep = { ...job, used: new Set(job.used) };
  for (;;) {
    const isDone = await ctx.transact((tx) => {
      const done = sweepSome(tx, ctx, sweep);
      if (done) ctx.complete(tx);
      return done;
    });
    if (isDone) return;
  }
}

interface Sweep {
  readonly place: Place;
  readonly uploadId: string;
  readonly used: ReadonlySet<number>;
}

/** Answers whether nothing is left. */
function sweepSome(tx: Transaction, ctx: Context, { place, uploadId, used }: Sweep): boolean {
  const prefix = partsPrefix(ctx, place, uploadId);
  const range = { start: prefix, end: endOfPrefix(prefix), limit: partsAtOnce + 1 };
  let count = 0;
  for (const { key, value } of tx.range(range)) {
    if (count === partsAtOnce) return false;
    const part = partCodec.decode(value);
    if (!used.has(part.number)) for (const { blob } of part.pieces) ctx.blobs.release(tx, blob);
    tx.delete(key);
    count += 1;
  }
  return true;
}
