import { endOfPrefix } from "#base/key.ts";
import type { Codec, Snapshot } from "#store/store.ts";
import type { AnyContext } from "./entities.ts";
import { itemKey, itemsPrefix, type UserItemKind } from "./keyspace.ts";
import type { UserRecord } from "./records.ts";

/** What a user has several of, each with an id. It stands under the user's own id, which renaming does not change. */

export function userItemKey(
  { account }: AnyContext,
  kind: UserItemKind,
  user: UserRecord,
  id: string,
) {
  return itemKey(account, kind, user.id, id);
}

/** The oldest first. */
export function userItemsOf<Item extends { readonly uploadedAtMs: number }>(
  snapshot: Snapshot,
  { account }: AnyContext,
  kind: UserItemKind,
  user: UserRecord,
  codec: Codec<Item>,
): Item[] {
  const start = itemsPrefix(account, kind, user.id);
  return [...snapshot.range({ start, end: endOfPrefix(start) })]
    .map(({ value }) => codec.decode(value))
    .sort((one, other) => one.uploadedAtMs - other.uploadedAtMs);
}
