import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { CloudWatchLogs, Tags } from "#models/logs.ts";
import type { Snapshot, Transaction } from "#store/store.ts";
import { destinationKey } from "../keyspace.ts";
import { groupNameOf } from "../names.ts";
import { existingGroup, findGroup, openGroup, putGroup } from "../open.ts";
import { destinationCodec } from "../subscriptions/records.ts";

const tagsAtMost = 50;

/** Tags of log groups and destinations; the older operations name groups, the newer ones ARNs. */
export const tags = {
  ListTagsForResource(ctx, input) {
    return ctx.read((snapshot) => ({
      tags: taggedResource(snapshot, ctx, input.resourceArn).tags,
    }));
  },

  async TagResource(ctx, input) {
    checkTags(ctx, input.tags);
    await ctx.transact((tx) => {
      const resource = taggedResource(tx, ctx, input.resourceArn);
      const after = { ...resource.tags, ...input.tags };
      if (Object.keys(after).length > tagsAtMost) {
        throw ctx.error("TooManyTagsException", `A resource can have at most ${tagsAtMost} tags.`, {
          resourceName: input.resourceArn,
        });
      }
      resource.put(tx, after);
    });
    return {};
  },

  async UntagResource(ctx, input) {
    await ctx.transact((tx) => {
      const resource = taggedResource(tx, ctx, input.resourceArn);
      resource.put(tx, withoutTags(resource.tags, input.tagKeys));
    });
    return {};
  },

  ListTagsLogGroup(ctx, input) {
    return ctx.read((snapshot) => ({
      tags: existingGroup(snapshot, ctx, input.logGroupName).tags,
    }));
  },

  async TagLogGroup(ctx, input) {
    checkTags(ctx, input.tags);
    await ctx.transact((tx) => {
      const group = openGroup(tx, ctx, input.logGroupName);
      const after = { ...group.tags, ...input.tags };
      if (Object.keys(after).length > tagsAtMost) {
        throw ctx.error(
          "InvalidParameterException",
          `A resource can have at most ${tagsAtMost} tags.`,
        );
      }
      putGroup(tx, ctx, { ...group, tags: after });
    });
    return {};
  },

  async UntagLogGroup(ctx, input) {
    await ctx.transact((tx) => {
      const group = openGroup(tx, ctx, input.logGroupName);
      putGroup(tx, ctx, { ...group, tags: withoutTags(group.tags, input.tags) });
    });
    return {};
  },
} satisfies Handlers<CloudWatchLogs>;

interface TaggedResource {
  readonly tags: Tags;
  put(tx: Transaction, after: Tags): void;
}

export function checkTags(ctx: Context<"InvalidParameterException">, given: Tags): void {
  if (!Object.keys(given).some((key) => /^aws:/i.test(key))) return;
  throw ctx.error("InvalidParameterException", "Tag keys that begin with aws: are reserved.");
}

function withoutTags(before: Tags, keys: readonly string[]): Tags {
  return Object.fromEntries(Object.entries(before).filter(([key]) => !keys.includes(key)));
}

function taggedResource(
  snapshot: Snapshot,
  ctx: Context<"InvalidParameterException" | "ResourceNotFoundException">,
  arn: string,
): TaggedResource {
  const destination = arn.startsWith(ctx.arn("destination:"))
    ? snapshot.record(
        destinationKey(ctx, arn.slice(ctx.arn("destination:").length)),
        destinationCodec,
      )
    : undefined;
  if (destination !== undefined) {
    return {
      tags: destination.tags,
      put: (tx, after) =>
        tx.putRecord(destinationKey(ctx, destination.name), destinationCodec, {
          ...destination,
          tags: after,
        }),
    };
  }
  const group = findGroup(snapshot, ctx, groupNameOf(arn));
  if (group === undefined || !arn.startsWith(ctx.arn("log-group:"))) {
    throw ctx.error("ResourceNotFoundException", "The specified resource does not exist.");
  }
  return { tags: group.tags, put: (tx, after) => putGroup(tx, ctx, { ...group, tags: after }) };
}
