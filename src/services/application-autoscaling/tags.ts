import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { ApplicationAutoScaling, TagMap } from "#models/application-autoscaling.ts";
import type { Snapshot } from "#store/store.ts";
import { targetIdKey, targetKey } from "./keyspace.ts";
import { targetCodec, targetNameCodec, type TargetRecord } from "./records.ts";

const tagsAtMost = 50;

/** Tags of scalable targets. */
export const tags = {
  ListTagsForResource(ctx, input) {
    return ctx.read((snapshot) => ({ Tags: taggedTarget(snapshot, ctx, input.ResourceARN).tags }));
  },

  TagResource(ctx, input) {
    checkTags(ctx, input.Tags);
    return ctx.transact((tx) => {
      const target = taggedTarget(tx, ctx, input.ResourceARN);
      const after = { ...target.tags, ...input.Tags };
      if (Object.keys(after).length > tagsAtMost) {
        throw ctx.error("TooManyTagsException", `A resource can have at most ${tagsAtMost} tags`, {
          ResourceName: input.ResourceARN,
        });
      }
      tx.putRecord(targetKey(ctx, target), targetCodec, { ...target, tags: after });
      return {};
    });
  },

  UntagResource(ctx, input) {
    return ctx.transact((tx) => {
      const target = taggedTarget(tx, ctx, input.ResourceARN);
      const kept = Object.entries(target.tags).filter(([key]) => !input.TagKeys.includes(key));
      const after = { ...target, tags: Object.fromEntries(kept) };
      tx.putRecord(targetKey(ctx, target), targetCodec, after);
      return {};
    });
  },
} satisfies Handlers<ApplicationAutoScaling>;

export function checkTags(ctx: Context, given: TagMap): void {
  if (!Object.keys(given).some((key) => key.startsWith("aws:"))) return;
  throw ctx.error("ValidationException", "Tag keys that begin with aws: are reserved");
}

function taggedTarget(
  snapshot: Snapshot,
  ctx: Context<"ResourceNotFoundException">,
  arn: string,
): TargetRecord {
  const id = arn.slice(arn.lastIndexOf("/") + 1);
  const name = snapshot.record(targetIdKey(ctx, id), targetNameCodec);
  const target = name && snapshot.record(targetKey(ctx, name), targetCodec);
  if (target?.arn === arn) return target;
  throw ctx.error("ResourceNotFoundException", `Resource not found: ${arn}`, { ResourceName: arn });
}
