import type { Context, JobContext } from "#kernel/context.ts";
import type { Codec, Snapshot, Transaction } from "#store/store.ts";
import type { BucketRecord } from "./bucket-record.ts";
import { layoutKey, type Place } from "./keyspace.ts";
import type { ObjectVersion, SealedPiece } from "./version-record.ts";

/**
 * Where an object's bytes are, and of which parts it was made. Objects of many pieces have theirs in a record of its
 * own, so that lists need not read it.
 */
export interface Layout {
  readonly pieces: readonly SealedPiece[];
  /** Undefined for what was not uploaded in parts. */
  readonly parts?: readonly StoredPart[] | undefined;
}

export interface StoredPart {
  readonly number: number;
  readonly sizeBytes: number;
  /** Base64, in the object's algorithm. */
  readonly checksum: string;
}

const layoutCodec: Codec<Layout> = {
  encode: (layout) => Buffer.from(JSON.stringify(layout)),
  decode: (bytes) => JSON.parse(bytes.toString("utf8")) as Layout,
};

type Where = Pick<ObjectVersion, "pieces" | "layoutId">;

export function layoutOf(
  snapshot: Snapshot,
  ctx: Context,
  bucket: Place,
  { pieces, layoutId }: Where,
): Layout {
  if (layoutId === undefined) return { pieces: pieces ?? [] };
  const layout = snapshot.record(layoutKey(ctx, bucket, layoutId), layoutCodec);
  if (layout === undefined) throw new Error(`there is no layout ${layoutId}`);
  return layout;
}

/** Stores a layout; what it answers belongs into the object's record. */
export function putLayout(
  tx: Transaction,
  ctx: Context,
  bucket: Place,
  layoutId: string,
  layout: Layout,
): Where {
  if (layout.parts === undefined && layout.pieces.length <= 1) return { pieces: layout.pieces };
  tx.putRecord(layoutKey(ctx, bucket, layoutId), layoutCodec, layout);
  return { layoutId };
}

/** What one transaction lets go of of one object: the rest is a job's. */
const piecesAtOnce = 40;

/** An object is gone: its bytes, too, unless something else owns them. */
export function releaseLayout(
  tx: Transaction,
  ctx: Context,
  bucket: BucketRecord,
  object: ObjectVersion,
): void {
  const { pieces } = layoutOf(tx, ctx, bucket, object);
  const { layoutId } = object;
  if (layoutId !== undefined && pieces.length > piecesAtOnce) {
    const payload: LayoutJob = { place: placeOf(bucket), layoutId };
    ctx.schedule(tx, { at: ctx.now(), job: "releasePieces", key: layoutId, payload });
    return;
  }
  for (const { blob } of pieces) ctx.blobs.release(tx, blob);
  if (layoutId !== undefined) tx.delete(layoutKey(ctx, bucket, layoutId));
}

export const placeOf = ({ id, account, region }: Place): Place => ({ id, account, region });

interface LayoutJob {
  readonly place: Place;
  readonly layoutId: string;
}

/** Lets go of the pieces of a large object that is gone, some at a time. */
export async function releasePieces(
  ctx: JobContext,
  { place, layoutId }: LayoutJob,
): Promise<void> {
  const key = layoutKey(ctx, place, layoutId);
  for (;;) {
    const isDone = await ctx.transact((tx) => {
      const layout = tx.record(key, layoutCodec);
      const left = layout?.pieces.slice(0, -piecesAtOnce) ?? [];
      for (const { blob } of layout?.pieces.slice(-piecesAtOnce) ?? []) ctx.blobs.release(tx, blob);
      if (left.length > 0) {
        tx.putRecord(key, layoutCodec, { pieces: left });
        return false;
      }
      tx.delete(key);
      ctx.complete(tx);
      return true;
    });
    if (isDone) return;
  }
}
