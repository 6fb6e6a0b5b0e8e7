import { endOfPrefix, type Key, keyAfter } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import type { Codec, Snapshot } from "#store/store.ts";

/** Source: API reference; "up to 50 results" where nobody asks for fewer. */
const pageAtMost = 50;

interface Listing<T> {
  readonly prefix: Key;
  readonly codec: Codec<T>;
  readonly input: {
    readonly MaxResults?: number | undefined;
    readonly NextToken?: string | undefined;
  };
  readonly isWanted: (record: T) => boolean;
}

/** A page of what stands under a prefix. The token is where the next one begins. */
export function pageOf<T>(
  snapshot: Snapshot,
  ctx: Context<"InvalidNextTokenException">,
  { prefix, codec, input, isWanted }: Listing<T>,
): { readonly items: T[]; readonly next: string | undefined } {
  const end = endOfPrefix(prefix);
  const start = input.NextToken === undefined ? prefix : prefix + decoded(input.NextToken);
  if (start >= end) throw ctx.error("InvalidNextTokenException", "Invalid NextToken provided");
  const most = Math.min(pageAtMost, Math.max(1, input.MaxResults ?? pageAtMost));
  const items: T[] = [];
  let last: Key | undefined;
  for (const { key, value } of snapshot.range({ start, end })) {
    const record = codec.decode(value);
    if (!isWanted(record)) continue;
    if (items.length === most) {
      const next = keyAfter(last!).slice(prefix.length);
      return { items, next: Buffer.from(next, "latin1").toString("base64url") };
    }
    items.push(record);
    last = key;
  }
  return { items, next: undefined };
}

const decoded = (token: string): Key => Buffer.from(token, "base64url").toString("latin1");
