import type { Key } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import type { Codec, Snapshot, Transaction } from "#store/store.ts";

/*
 * What makes exports, imports and bulk operations idempotent: for eight hours a client token stands for the job that was
 * begun with it.
 * Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ExportTableToPointInTime.html
 */

const validMs = 8 * 3_600_000;

export interface BegunJob {
  readonly id: string;
  /** Of what was asked for: client-tokens.ts. */
  readonly requestHash: string;
  readonly atMs: number;
}

const begunCodec: Codec<BegunJob> = {
  encode: (begun) => Buffer.from(JSON.stringify(begun)),
  decode: (bytes) => JSON.parse(bytes.toString("utf8")) as BegunJob,
};

export function findBegun(snapshot: Snapshot, ctx: Context, tokenKey: Key): BegunJob | undefined {
  const begun = snapshot.record(tokenKey, begunCodec);
  return begun !== undefined && ctx.now() < begun.atMs + validMs ? begun : undefined;
}

/** One token is one small value for each job that there ever was: nothing sweeps them. */
export function beginWithToken(tx: Transaction, tokenKey: Key, begun: BegunJob): void {
  tx.putRecord(tokenKey, begunCodec, begun);
}
