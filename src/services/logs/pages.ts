import { endOfPrefix, type Key, keyAfter } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import type { Codec, Snapshot } from "#store/store.ts";

interface Listing<T> {
  readonly prefix: Key;
  /** Longer than the prefix where only some of its keys are wanted. */
  readonly within?: Key;
  readonly codec: Codec<T>;
  readonly limit: number;
  readonly nextToken: string | undefined;
  readonly isWanted?: (record: T) => boolean;
}

/** A page of what stands under a prefix. The token is where the next one begins. */
export function pageOf<T>(
  snapshot: Snapshot,
  ctx: Context<"InvalidParameterException">,
  { prefix, within = prefix, codec, limit, nextToken, isWanted }: Listing<T>,
): { readonly items: T[]; readonly next: string | undefined } {
  const end = endOfPrefix(within);
  const start = nextToken === undefined ? within : prefix + positionOf(ctx, nextToken);
  if (start < within || start >= end) throw invalidToken(ctx);
  const items: T[] = [];
  let last: Key | undefined;
  for (const { key } of snapshot.range({ start, end })) {
    const record = snapshot.record(key, codec)!;
    if (isWanted !== undefined && !isWanted(record)) continue;
    if (items.length === limit) {
      const next = keyAfter(last!).slice(prefix.length);
      return { items, next: Buffer.from(next, "latin1").toString("base64url") };
    }
    items.push(record);
    last = key;
  }
  return { items, next: undefined };
}

function positionOf(ctx: Context<"InvalidParameterException">, token: string): Key {
  if (!/^[\w-]+$/.test(token)) throw invalidToken(ctx);
  return Buffer.from(token, "base64url").toString("latin1");
}

export const invalidToken = (ctx: Context<"InvalidParameterException">): Error =>
  ctx.error("InvalidParameterException", "The specified nextToken is invalid.");
