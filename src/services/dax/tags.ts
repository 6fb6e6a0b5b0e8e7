import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { DAX, Tag } from "#models/dax.ts";
import type { Snapshot } from "#store/store.ts";
import {
  openCluster,
  openClusterToChange,
  putCluster,
  type ClusterRecord,
} from "./cluster-record.ts";

// Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_dax_Tag.html
const tagsAtMost = 50;
const longestKey = 128;
const longestValue = 256;
const allowedText = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/** Clusters alone have tags. */
export const tags = {
  TagResource(ctx, input) {
    const added = checkTags(ctx, input.Tags);
    return ctx.transact((tx) => {
      const cluster = openClusterToChange(tx, ctx, nameInArn(ctx, input.ResourceName));
      const after = new Map([...cluster.tags, ...added]);
      checkCount(ctx, after.size);
      putCluster(tx, ctx, { ...cluster, tags: [...after] });
      return { Tags: describeTags([...after]) };
    });
  },

  UntagResource(ctx, input) {
    return ctx.transact((tx) => {
      const cluster = openClusterToChange(tx, ctx, nameInArn(ctx, input.ResourceName));
      const after = new Map(cluster.tags);
      for (const key of input.TagKeys) {
        if (!after.delete(key)) throw ctx.error("TagNotFoundFault", `Tag ${key} not found.`);
      }
      putCluster(tx, ctx, { ...cluster, tags: [...after] });
      return { Tags: describeTags([...after]) };
    });
  },

  /** All of them at once: a cluster has at most fifty. */
  ListTags(ctx, input) {
    const name = nameInArn(ctx, input.ResourceName);
    return ctx.read((snapshot: Snapshot) => ({
      Tags: describeTags(openCluster(snapshot, ctx, name).tags),
    }));
  },
} satisfies Handlers<DAX>;

/** Refuses tags that AWS would refuse; the tags as a map. */
export function checkTags(
  ctx: Context<"InvalidParameterValueException" | "TagQuotaPerResourceExceeded">,
  given: readonly Tag[],
): ReadonlyMap<string, string> {
  const checked = new Map<string, string>();
  for (const { Key: key = "", Value: value = "" } of given) {
    const isKey = key !== "" && key.length <= longestKey && allowedText.test(key);
    if (!isKey || key.toLowerCase().startsWith("aws:")) {
      throw ctx.error("InvalidParameterValueException", `Invalid tag key: ${key}.`);
    }
    if (value.length > longestValue || !allowedText.test(value)) {
      throw ctx.error("InvalidParameterValueException", `Invalid tag value: ${value}.`);
    }
    checked.set(key, value);
  }
  checkCount(ctx, checked.size);
  return checked;
}

function checkCount(ctx: Context<"TagQuotaPerResourceExceeded">, count: number): void {
  if (count > tagsAtMost) {
    throw ctx.error("TagQuotaPerResourceExceeded", `A resource has at most ${tagsAtMost} tags.`);
  }
}

function nameInArn(ctx: Context<"InvalidARNFault">, arn: string): string {
  const prefix = ctx.arn("cache/");
  const name = arn.slice(prefix.length);
  if (!arn.startsWith(prefix) || !/^[a-z0-9-]+$/i.test(name)) {
    throw ctx.error("InvalidARNFault", `Invalid ARN: ${arn}.`);
  }
  return name;
}

function describeTags(stored: ClusterRecord["tags"]): Tag[] {
  return stored.map(([Key, Value]) => ({ Key, Value }));
}
