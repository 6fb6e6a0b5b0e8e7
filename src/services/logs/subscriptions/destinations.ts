import { textPrefix } from "#base/tuple.ts";
import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { CloudWatchLogs, Destination } from "#models/logs.ts";
import type { Snapshot } from "#store/store.ts";
import { checkTags } from "../groups/tags.ts";
import { destinationKey, destinationsPrefix } from "../keyspace.ts";
import { pageOf } from "../pages.ts";
import { controlMessage } from "./messages.ts";
import { destinationCodec, type DestinationRecord } from "./records.ts";
import { problemOf, vendorOf } from "./targets.ts";

const pageAtMost = 50;

/** What subscriptions of other accounts deliver to. */
export const destinations = {
  async PutDestination(ctx, input) {
    checkTags(ctx, input.tags ?? {});
    const vendor = vendorOf(input.targetArn);
    if (vendor !== "kinesis" && vendor !== "firehose") {
      throw ctx.error("InvalidParameterException", `Invalid target arn: ${input.targetArn}`);
    }
    const problem = await problemOf(ctx, input.targetArn, controlMessage(ctx));
    if (problem !== undefined) throw ctx.error("InvalidParameterException", problem);
    return ctx.transact((tx) => {
      const key = destinationKey(ctx, input.destinationName);
      const before = tx.record(key, destinationCodec);
      const after: DestinationRecord = {
        name: input.destinationName,
        targetArn: input.targetArn,
        roleArn: input.roleArn,
        accessPolicy: before?.accessPolicy,
        createdMs: before?.createdMs ?? ctx.now(),
        tags: { ...before?.tags, ...input.tags },
      };
      tx.putRecord(key, destinationCodec, after);
      return { destination: describe(ctx, after) };
    });
  },

  async DeleteDestination(ctx, input) {
    await ctx.transact((tx) => {
      openDestination(tx, ctx, input.destinationName);
      tx.delete(destinationKey(ctx, input.destinationName));
    });
    return {};
  },

  DescribeDestinations(ctx, input) {
    const prefix = destinationsPrefix(ctx);
    return ctx.read((snapshot) => {
      const { items, next } = pageOf(snapshot, ctx, {
        prefix,
        within: prefix + textPrefix(input.DestinationNamePrefix ?? ""),
        codec: destinationCodec,
        limit: input.limit ?? pageAtMost,
        nextToken: input.nextToken,
      });
      return { destinations: items.map((each) => describe(ctx, each)), nextToken: next };
    });
  },
} satisfies Handlers<CloudWatchLogs>;

function openDestination(
  snapshot: Snapshot,
  ctx: Context<"ResourceNotFoundException">,
  name: string,
): DestinationRecord {
  const destination = snapshot.record(destinationKey(ctx, name), destinationCodec);
  if (destination !== undefined) return destination;
  throw ctx.error("ResourceNotFoundException", "The specified destination does not exist.");
}

function describe(ctx: Context, destination: DestinationRecord): Destination {
  return {
    destinationName: destination.name,
    targetArn: destination.targetArn,
    roleArn: destination.roleArn,
    accessPolicy: destination.accessPolicy,
    arn: ctx.arn(`destination:${destination.name}`),
    creationTime: destination.createdMs,
  };
}
