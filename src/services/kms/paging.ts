import { endOfPrefix, type Key, keyAfter } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import type { Snapshot } from "#store/store.ts";

interface PageRequest {
  readonly Limit?: number | undefined;
  readonly Marker?: string | undefined;
}

interface Page<T> {
  readonly items: T[];
  readonly NextMarker: string | undefined;
  readonly Truncated: boolean;
}

type MarkerContext = Context<"InvalidMarkerException">;

const invalidMarker = (ctx: MarkerContext): Error =>
  ctx.error("InvalidMarkerException", "Invalid marker");

/** A page of what stands under a prefix; `read` leaves out what it answers undefined for. The marker is where it goes on. */
export function pageUnder<T>(
  snapshot: Snapshot,
  ctx: MarkerContext,
  prefix: Key,
  { Limit = 100, Marker }: PageRequest,
  read: (value: Buffer, key: Key) => T | undefined,
): Page<T> {
  const end = endOfPrefix(prefix);
  const start = Marker === undefined ? prefix : prefix + decoded(Marker);
  if (start >= end) throw invalidMarker(ctx);
  const items: T[] = [];
  let last: Key | undefined;
  for (const { key, value } of snapshot.range({ start, end })) {
    const item = read(value, key);
    if (item === undefined) continue;
    if (items.length === Limit) {
      return { items, NextMarker: encoded(keyAfter(last!).slice(prefix.length)), Truncated: true };
    }
    items.push(item);
    last = key;
  }
  return { items, NextMarker: undefined, Truncated: false };
}

/** A page of a list that is in memory whole. */
export function pageOfList<T>(
  ctx: MarkerContext,
  all: readonly T[],
  { Limit = 100, Marker }: PageRequest,
): Page<T> {
  const from = Marker === undefined ? 0 : Number(decoded(Marker));
  if (!Number.isSafeInteger(from) || from < 0) throw invalidMarker(ctx);
  const items = all.slice(from, from + Limit);
  const Truncated = from + Limit < all.length;
  return { items, NextMarker: Truncated ? encoded(String(from + Limit)) : undefined, Truncated };
}

const encoded = (marker: string): string => Buffer.from(marker, "latin1").toString("base64url");
const decoded = (marker: string): string => Buffer.from(marker, "base64url").toString("latin1");
