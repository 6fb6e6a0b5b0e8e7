import { endOfPrefix, keyAfter, type Key } from "#base/key.ts";
import type { Snapshot } from "#store/store.ts";
import type { AnyContext } from "./entities.ts";

/*
 * Lists in pages. A marker is the place where the next page begins, in base 64: nobody but this server reads it.
 * Source: IAM API Reference, MaxItems: 100 unless it is said, 1000 at most.
 */

export interface PageInput {
  readonly Marker?: string | undefined;
  readonly MaxItems?: number | undefined;
}

interface PageOutput {
  readonly IsTruncated: boolean;
  readonly Marker?: string | undefined;
}

const itemsPerPage = 100;

/** Those that stand under a prefix, in the order of keys; those that `pick` makes nothing of are passed over. */
export function pageOf<T>(
  snapshot: Snapshot,
  ctx: AnyContext,
  prefix: Key,
  input: PageInput,
  pick: (value: Buffer, key: Key) => T | undefined,
): { readonly items: T[]; readonly page: PageOutput } {
  const atMost = input.MaxItems ?? itemsPerPage;
  const after = markerOf(ctx, input);
  const start = after === undefined ? prefix : keyAfter(prefix + after);
  const items: T[] = [];
  let last = "";
  for (const { key, value } of snapshot.range({ start, end: endOfPrefix(prefix) })) {
    const item = pick(value, key);
    if (item === undefined) continue;
    if (items.length === atMost) {
      return { items, page: { IsTruncated: true, Marker: encoded(last) } };
    }
    items.push(item);
    last = key.slice(prefix.length);
  }
  return { items, page: { IsTruncated: false } };
}

/** A page of what is at hand. */
export function pageOfList<T>(
  ctx: AnyContext,
  all: readonly T[],
  input: PageInput,
): { readonly items: T[]; readonly page: PageOutput } {
  const from = Number(markerOf(ctx, input) ?? 0);
  if (!Number.isSafeInteger(from)) throw wrongMarker(ctx);
  const until = from + (input.MaxItems ?? itemsPerPage);
  const items = all.slice(from, until);
  const page =
    until < all.length
      ? { IsTruncated: true, Marker: encoded(String(until)) }
      : { IsTruncated: false };
  return { items, page };
}

const markerForm = /^[A-Za-z0-9_-]+$/;

function markerOf(ctx: AnyContext, { Marker: marker }: PageInput): string | undefined {
  if (marker === undefined) return undefined;
  if (!markerForm.test(marker)) throw wrongMarker(ctx);
  return Buffer.from(marker, "base64url").toString("latin1");
}

function wrongMarker(ctx: AnyContext): Error {
  return ctx.error("ValidationError", "Invalid Marker.");
}

function encoded(text: string): string {
  return Buffer.from(text, "latin1").toString("base64url");
}
