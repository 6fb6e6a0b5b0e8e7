import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { SSM } from "#models/ssm.ts";
import type { Snapshot } from "#store/store.ts";
import { parameterKey } from "./keyspace.ts";
import { findParameter, parameterCodec, type ParameterRecord } from "./parameter-record.ts";
import { hasTooManyTags, tagsOf } from "./put-parameter.ts";

/** Of parameters; what else has tags in Systems Manager is not here. */
export const tags = {
  AddTagsToResource(ctx, input) {
    return ctx.transact((tx) => {
      const parameter = taggedParameter(tx, ctx, input);
      const after = { ...parameter, tags: tagsOf(input.Tags, parameter.tags) };
      if (hasTooManyTags(after.tags)) throw ctx.error("TooManyTagsError", "");
      tx.putRecord(parameterKey(ctx, parameter.name), parameterCodec, after);
      return {};
    });
  },

  RemoveTagsFromResource(ctx, input) {
    return ctx.transact((tx) => {
      const parameter = taggedParameter(tx, ctx, input);
      const kept = parameter.tags.filter(({ Key }) => !input.TagKeys.includes(Key));
      tx.putRecord(parameterKey(ctx, parameter.name), parameterCodec, { ...parameter, tags: kept });
      return {};
    });
  },

  ListTagsForResource(ctx, input) {
    return ctx.read((snapshot) => ({ TagList: [...taggedParameter(snapshot, ctx, input).tags] }));
  },
} satisfies Handlers<SSM>;

function taggedParameter(
  snapshot: Snapshot,
  ctx: Context<"InvalidResourceId">,
  { ResourceType: type, ResourceId: id }: { ResourceType: string; ResourceId: string },
): ParameterRecord {
  if (type !== "Parameter") {
    throw ctx.error("NotImplemented", `Tags of ${type} are not implemented by Tule yet.`);
  }
  const parameter = findParameter(snapshot, ctx, id);
  if (parameter !== undefined) return parameter;
  throw ctx.error(
    "InvalidResourceId",
    "The resource ID isn't valid. Verify that you entered the correct ID and try again.",
  );
}
