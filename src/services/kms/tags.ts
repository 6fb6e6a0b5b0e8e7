import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { KMS, Tag } from "#models/kms.ts";
import { keyCodec } from "./key-record.ts";
import { keyKey } from "./keyspace.ts";
import { checkNotLeaving, openKey } from "./open-key.ts";
import { pageOfList } from "./paging.ts";

/** Source: KMS Developer Guide, resource-limits. */
const tagsAtMost = 50;

export const tags = {
  TagResource(ctx, input) {
    return ctx.transact((tx) => {
      const key = openKey(tx, ctx, input.KeyId);
      checkNotLeaving(ctx, key);
      const after = checkTags(ctx, key.tags, input.Tags);
      tx.putRecord(keyKey(ctx, key.id), keyCodec, { ...key, tags: after });
    });
  },

  UntagResource(ctx, input) {
    return ctx.transact((tx) => {
      const key = openKey(tx, ctx, input.KeyId);
      checkNotLeaving(ctx, key);
      const after = key.tags.filter(({ TagKey }) => !input.TagKeys.includes(TagKey));
      tx.putRecord(keyKey(ctx, key.id), keyCodec, { ...key, tags: after });
    });
  },

  ListResourceTags(ctx, input) {
    return ctx.read((snapshot) => {
      const key = openKey(snapshot, ctx, input.KeyId);
      const Limit = input.Limit ?? 50;
      const { items, NextMarker, Truncated } = pageOfList(ctx, key.tags, { ...input, Limit });
      return { Tags: items, NextMarker, Truncated };
    });
  },
} satisfies Handlers<KMS>;

/** The tags that a key has afterwards. Messages are recorded, that for duplicates is not. */
export function checkTags(
  ctx: Context<"TagException">,
  before: readonly Tag[],
  given: readonly Tag[],
): Tag[] {
  const names = given.map(({ TagKey }) => TagKey);
  if (names.some((name) => name.toLowerCase().startsWith("aws:"))) {
    throw ctx.error("TagException", "Tags beginning with aws: are reserved");
  }
  if (new Set(names).size < names.length) throw ctx.error("TagException", "Duplicate tag keys");
  const values = new Map(given.map(({ TagKey, TagValue }) => [TagKey, TagValue]));
  const kept = before.map(({ TagKey, TagValue }) => ({
    TagKey,
    TagValue: values.get(TagKey) ?? TagValue,
  }));
  const known = new Set(before.map(({ TagKey }) => TagKey));
  const after = [...kept, ...given.filter(({ TagKey }) => !known.has(TagKey))];
  if (after.length > tagsAtMost) throw ctx.error("TagException", "Too many tags");
  return after;
}
