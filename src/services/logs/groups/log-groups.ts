import { textPrefix } from "#base/tuple.ts";
import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { CloudWatchLogs, LogGroup, LogGroupClass } from "#models/logs.ts";
import type { Snapshot } from "#store/store.ts";
import { groupKey, groupsPrefix, groupSizeKey } from "../keyspace.ts";
import { arnOfGroup, checkNameLengths, groupNameOf } from "../names.ts";
import { notBuilt } from "../not-built.ts";
import { findGroup, nextNumber, openGroup, putGroup } from "../open.ts";
import { pageOf } from "../pages.ts";
import { groupCodec, type GroupRecord, numberCodec } from "../records.ts";
import { unscheduleExpiry } from "./expire-events.ts";
import { sweepGroupLater } from "./sweep.ts";
import { checkTags } from "./tags.ts";

const pageAtMost = 50;

export const logGroups = {
  async CreateLogGroup(ctx, input) {
    const { logGroupName: name, tags = {} } = input;
    checkNameLengths(ctx, name);
    checkTags(ctx, tags);
    if (input.kmsKeyId !== undefined) throw notBuilt(ctx, "CreateLogGroup with kmsKeyId");
    const { logGroupClass = "STANDARD" } = input;
    if (logGroupClass !== "STANDARD") throw notBuilt(ctx, `The log class ${logGroupClass}`);
    await ctx.transact((tx) => {
      if (findGroup(tx, ctx, name) !== undefined) {
        // Recorded, without a full stop.
        throw ctx.error("ResourceAlreadyExistsException", "The specified log group already exists");
      }
      putGroup(tx, ctx, {
        number: nextNumber(tx, ctx),
        name,
        createdMs: ctx.now(),
        class: logGroupClass,
        tags,
        isProtected: input.deletionProtectionEnabled === true,
        metricFilters: 0,
        subscriptions: 0,
      });
    });
    return {};
  },

  /** Gone at once; what belonged to it is swept by a job. */
  async DeleteLogGroup(ctx, input) {
    await ctx.transact((tx) => {
      const group = openGroup(tx, ctx, input.logGroupName);
      if (group.isProtected) {
        throw ctx.error(
          "ValidationException",
          `Log group ${group.name} cannot be deleted because deletion protection is enabled.`,
        );
      }
      tx.delete(groupKey(ctx, group.name));
      tx.delete(groupSizeKey(ctx, group));
      unscheduleExpiry(tx, ctx, group);
      sweepGroupLater(tx, ctx, group);
    });
    return {};
  },

  DescribeLogGroups(ctx, input) {
    refuseLinkedAccounts(ctx, input);
    const { logGroupNamePrefix: given, logGroupNamePattern: pattern } = input;
    if (given !== undefined && pattern !== undefined) {
      throw ctx.error(
        "InvalidParameterException",
        "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.",
      );
    }
    const names = input.logGroupIdentifiers?.map(groupNameOf);
    return ctx.read((snapshot) => {
      const { items, next } = groupsPage(snapshot, ctx, input, (group) => {
        if (names !== undefined && !names.includes(group.name)) return false;
        // Letters' case does not matter here; source: API reference, logGroupNamePattern.
        return pattern === undefined || group.name.toLowerCase().includes(pattern.toLowerCase());
      });
      return { logGroups: items.map((group) => describe(snapshot, ctx, group)), nextToken: next };
    });
  },

  ListLogGroups(ctx, input) {
    refuseLinkedAccounts(ctx, input);
    for (const option of ["dataSources", "fieldIndexNames"] as const) {
      if (input[option] !== undefined) throw notBuilt(ctx, `ListLogGroups with ${option}`);
    }
    const { logGroupNamePattern: pattern, logGroupTags: tags } = input;
    const fits = pattern === undefined ? undefined : patternOfNames(pattern);
    return ctx.read((snapshot) => {
      const { items, next } = groupsPage(
        snapshot,
        ctx,
        input,
        (group) =>
          (fits === undefined || fits(group.name)) &&
          (tags ?? []).every(({ key, values }) => {
            const value = group.tags[key];
            return value !== undefined && (values === undefined || values.includes(value));
          }),
      );
      // What is recorded has more members than the model: clients drop them.
      const logGroups = items.map((group) => ({
        logGroupName: group.name,
        logGroupArn: arnOfGroup(ctx, group.name),
        logGroupClass: group.class,
      }));
      return { logGroups, nextToken: next };
    });
  },

  async PutLogGroupDeletionProtection(ctx, input) {
    await ctx.transact((tx) => {
      const group = openGroup(tx, ctx, groupNameOf(input.logGroupIdentifier));
      putGroup(tx, ctx, { ...group, isProtected: input.deletionProtectionEnabled });
    });
    return {};
  },
} satisfies Handlers<CloudWatchLogs>;

interface GroupsAsked {
  readonly logGroupNamePrefix?: string | undefined;
  readonly logGroupClass?: LogGroupClass | undefined;
  readonly nextToken?: string | undefined;
  readonly limit?: number | undefined;
}

function groupsPage(
  snapshot: Snapshot,
  ctx: Context<"InvalidParameterException">,
  asked: GroupsAsked,
  isWanted: (group: GroupRecord) => boolean,
) {
  const prefix = groupsPrefix(ctx);
  return pageOf(snapshot, ctx, {
    prefix,
    within: prefix + textPrefix(asked.logGroupNamePrefix ?? ""),
    codec: groupCodec,
    limit: asked.limit ?? pageAtMost,
    nextToken: asked.nextToken,
    isWanted: (group) =>
      (asked.logGroupClass === undefined || group.class === asked.logGroupClass) && isWanted(group),
  });
}

/** Members in AWS's order: recorded. */
function describe(snapshot: Snapshot, ctx: Context, group: GroupRecord): LogGroup {
  const arn = arnOfGroup(ctx, group.name);
  return {
    logGroupName: group.name,
    creationTime: group.createdMs,
    retentionInDays: group.retentionDays,
    metricFilterCount: group.metricFilters,
    arn: `${arn}:*`,
    storedBytes: snapshot.record(groupSizeKey(ctx, group), numberCodec) ?? 0,
    logGroupClass: group.class,
    logGroupArn: arn,
    deletionProtectionEnabled: group.isProtected,
  };
}

/** Parts of names, or beginnings of them with "^", any of which will do. Source: API reference, ListLogGroups. */
function patternOfNames(pattern: string): (name: string) => boolean {
  const parts = pattern.split("|");
  return (name) =>
    parts.some((part) =>
      part.startsWith("^") ? name.startsWith(part.slice(1)) : name.includes(part),
    );
}

function refuseLinkedAccounts(
  ctx: Context,
  input: {
    readonly includeLinkedAccounts?: boolean | undefined;
    readonly accountIdentifiers?: readonly string[] | undefined;
  },
): void {
  if (input.includeLinkedAccounts !== true && input.accountIdentifiers === undefined) return;
  throw notBuilt(ctx, "cross-account observability");
}
