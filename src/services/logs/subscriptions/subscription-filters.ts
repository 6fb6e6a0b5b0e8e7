import { textPrefix } from "#base/tuple.ts";
import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type {
  CloudWatchLogs,
  PutSubscriptionFilterRequest,
  SubscriptionFilter,
} from "#models/logs.ts";
import { destinationKey, subscriptionKey, subscriptionsPrefix } from "../keyspace.ts";
import { notBuilt } from "../not-built.ts";
import { openGroup, putGroup } from "../open.ts";
import { pageOf } from "../pages.ts";
import { parseFilterPattern } from "../patterns/filter-pattern.ts";
import { controlMessage } from "./messages.ts";
import { destinationCodec, subscriptionCodec, type SubscriptionRecord } from "./records.ts";
import { problemOf, vendorOf } from "./targets.ts";

const pageAtMost = 50;
/** Source: CloudWatch Logs User Guide, quotas. */
const subscriptionsAtMost = 2;

export const subscriptionFilters = {
  /** The destination gets a test message before the filter is there, as on AWS. */
  async PutSubscriptionFilter(ctx, input) {
    for (const option of ["fieldSelectionCriteria", "emitSystemFields"] as const) {
      if (input[option] !== undefined) throw notBuilt(ctx, `PutSubscriptionFilter with ${option}`);
    }
    if (input.applyOnTransformedLogs === true) {
      throw notBuilt(ctx, "PutSubscriptionFilter with applyOnTransformedLogs");
    }
    checkDestination(ctx, input);
    parseFilterPattern(ctx, input.filterPattern);
    await ctx.read((snapshot) => openGroup(snapshot, ctx, input.logGroupName));
    const problem = await problemOf(ctx, await targetOf(ctx, input), controlMessage(ctx));
    if (problem !== undefined) throw ctx.error("InvalidParameterException", problem);
    const id = ctx.random.uuid();
    await ctx.transact((tx) => {
      const group = openGroup(tx, ctx, input.logGroupName);
      const key = subscriptionKey(ctx, group, input.filterName);
      const before = tx.record(key, subscriptionCodec);
      if (before === undefined) {
        if (group.subscriptions >= subscriptionsAtMost) {
          throw ctx.error("LimitExceededException", "Resource limit exceeded.");
        }
        putGroup(tx, ctx, { ...group, subscriptions: group.subscriptions + 1 });
      }
      tx.putRecord(key, subscriptionCodec, {
        id: before?.id ?? id,
        name: input.filterName,
        groupName: group.name,
        pattern: input.filterPattern,
        destinationArn: input.destinationArn,
        roleArn: input.roleArn,
        distribution: input.distribution ?? "ByLogStream",
        createdMs: ctx.now(),
      });
    });
    return {};
  },

  async DeleteSubscriptionFilter(ctx, input) {
    await ctx.transact((tx) => {
      const group = openGroup(tx, ctx, input.logGroupName);
      const key = subscriptionKey(ctx, group, input.filterName);
      if (tx.get(key) === undefined) {
        throw ctx.error(
          "ResourceNotFoundException",
          "The specified subscription filter does not exist.",
        );
      }
      tx.delete(key);
      putGroup(tx, ctx, { ...group, subscriptions: group.subscriptions - 1 });
    });
    return {};
  },

  DescribeSubscriptionFilters(ctx, input) {
    return ctx.read((snapshot) => {
      const group = openGroup(snapshot, ctx, input.logGroupName);
      const prefix = subscriptionsPrefix(ctx, group);
      const { items, next } = pageOf(snapshot, ctx, {
        prefix,
        within: prefix + textPrefix(input.filterNamePrefix ?? ""),
        codec: subscriptionCodec,
        limit: input.limit ?? pageAtMost,
        nextToken: input.nextToken,
      });
      return { subscriptionFilters: items.map(describe), nextToken: next };
    });
  },
} satisfies Handlers<CloudWatchLogs>;

function describe(subscription: SubscriptionRecord): SubscriptionFilter {
  return {
    filterName: subscription.name,
    logGroupName: subscription.groupName,
    filterPattern: subscription.pattern,
    destinationArn: subscription.destinationArn,
    roleArn: subscription.roleArn,
    distribution: subscription.distribution,
    applyOnTransformedLogs: false,
    creationTime: subscription.createdMs,
  };
}

/** Before the group is looked for: recorded, words included. */
function checkDestination(
  ctx: Context<"InvalidParameterException">,
  { destinationArn, roleArn }: PutSubscriptionFilterRequest,
): void {
  const vendor = vendorOf(destinationArn);
  if (vendor === undefined) {
    throw ctx.error(
      "InvalidParameterException",
      "PutSubscriptionFilter operation cannot work with destinationArn for vendor " +
        (destinationArn.split(":")[2] ?? destinationArn),
    );
  }
  if (vendor === "lambda" && destinationArn.split(":")[4] !== ctx.account) {
    throw ctx.error(
      "AccessDeniedException",
      "Cross-account lambda invocation passing is not allowed. You must use DestinationPolicies to create cross account lambda triggers.",
    );
  }
  if ((vendor === "kinesis" || vendor === "firehose") && roleArn === undefined) {
    throw ctx.error(
      "InvalidParameterException",
      `destinationArn for vendor ${vendor} cannot be used without roleArn`,
    );
  }
}

async function targetOf(
  ctx: Context<"InvalidParameterException" | "ResourceNotFoundException">,
  { destinationArn }: PutSubscriptionFilterRequest,
): Promise<string> {
  if (vendorOf(destinationArn) !== "logs") return destinationArn;
  const [, , , region = "", account = "", , name = ""] = destinationArn.split(":");
  if (account !== ctx.account) {
    // Until destinations have policies, nobody else is let in: AWS's words without one.
    throw ctx.error(
      "AccessDeniedException",
      `User with accountId: ${ctx.account} is not authorized to perform: logs:PutSubscriptionFilter on resource: ${destinationArn}`,
    );
  }
  const there = ctx.inRegion(region);
  const destination = await ctx.read((snapshot) =>
    snapshot.record(destinationKey(there, name), destinationCodec),
  );
  if (destination === undefined) {
    throw ctx.error("ResourceNotFoundException", "The specified destination does not exist.");
  }
  return destination.targetArn;
}
