import { createHash } from "node:crypto";
import type { Context, JobContext } from "#kernel/context.ts";
import type { Codec, Snapshot, Transaction } from "#store/store.ts";
import { sweep } from "../tables/delete-table.ts";
import { tokenKey, tokensPrefix } from "../keyspace.ts";

/*
 * What makes TransactWriteItems idempotent: for ten minutes after a transaction, its client token stands for it.
 *
 * Tokens stand in windows of ten minutes by the clock, so one that is still valid is in the present window or in the
 * one before (after the clock was set back: in the one behind it), and a whole window is swept by one job. (SDKs send
 * a token with every transaction: a job for each would cost more than the transaction.)
 */
const validMs = 10 * 60_000;

/** A transaction that was done under a token. */
export interface DoneTransaction {
  /** Of the actions: `hashOf`. */
  readonly requestHash: string;
  readonly doneAtMs: number;
  /** What reading the items again would cost, by the table's name as the caller gave it. */
  readonly readUnits: readonly (readonly [tableName: string, units: number])[];
}

const doneCodec: Codec<DoneTransaction> = {
  encode: (done) => Buffer.from(JSON.stringify(done)),
  decode: (bytes) => JSON.parse(bytes.toString("utf8")) as DoneTransaction,
};

const windowOf = (atMs: number): number => Math.floor(atMs / validMs);

export function findDone(
  snapshot: Snapshot,
  ctx: Context,
  token: string,
): DoneTransaction | undefined {
  const nowMs = ctx.now();
  const present = windowOf(nowMs);
  // The window to come: clocks are set back, and the token may be from just behind its edge.
  for (const window of [present, present - 1, present + 1]) {
    if (window < 0) continue;
    const bytes = snapshot.get(tokenKey(ctx, window, token));
    if (bytes === undefined) continue;
    const done = doneCodec.decode(bytes);
    if (nowMs < done.doneAtMs + validMs) return done;
  }
  return undefined;
}

export function rememberDone(
  tx: Transaction,
  ctx: Context,
  token: string,
  done: DoneTransaction,
): void {
  const window = windowOf(done.doneAtMs);
  const mark = tokensPrefix(ctx, window);
  if (tx.get(mark) === undefined) {
    tx.put(mark, Buffer.alloc(0));
    const at = (window + 2) * validMs;
    ctx.schedule(tx, { at, job: "expireTokens", key: String(window), payload: { window } });
  }
  tx.put(tokenKey(ctx, window, token), doneCodec.encode(done));
}

/** A job: forgets the tokens of a window of which none is valid any more. */
export async function expireTokens(
  ctx: JobContext,
  { window }: { readonly window: number },
): Promise<void> {
  await sweep(ctx, tokensPrefix(ctx, window));
}

/** The same for requests that say the same, in whichever order the members of their objects came. */
export function hashOf(request: unknown): string {
  const hash = createHash("sha256");
  feed(request, (text) => hash.update(text));
  return hash.digest("base64");
}

function feed(value: unknown, update: (text: string) => void): void {
  if (Array.isArray(value)) {
    update("[");
    for (const element of value) {
      feed(element, update);
      update(",");
    }
    update("]");
  } else if (typeof value === "object" && value !== null) {
    const members = value as Record<string, unknown>;
    update("{");
    for (const name of Object.keys(members).toSorted()) {
      if (members[name] === undefined) continue;
      update(`${JSON.stringify(name)}:`);
      feed(members[name], update);
      update(",");
    }
    update("}");
  } else {
    update(JSON.stringify(value));
  }
}
