import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { CloudWatchLogs, IndexPolicy } from "#models/logs.ts";
import { arnOfGroup, groupNameOf } from "../names.ts";
import { openGroup, putGroup } from "../open.ts";
import type { GroupRecord } from "../records.ts";

/** Source: CloudWatch Logs User Guide, quotas. */
const fieldsAtMost = 20;
const fieldLengthAtMost = 100;

/** Which fields of new events are indexed: queries for one of their values skip what does not have it. */
export const fieldIndexes = {
  PutIndexPolicy(ctx, input) {
    const fields = fieldsOf(ctx, input.policyDocument);
    return ctx.transact((tx) => {
      const before = openGroup(tx, ctx, groupNameOf(input.logGroupIdentifier));
      const index = { fields, document: input.policyDocument, updatedMs: ctx.now() };
      const group = { ...before, index };
      putGroup(tx, ctx, group);
      return { indexPolicy: describe(ctx, group) };
    });
  },

  async DeleteIndexPolicy(ctx, input) {
    await ctx.transact((tx) => {
      const { index, ...group } = openGroup(tx, ctx, groupNameOf(input.logGroupIdentifier));
      if (index === undefined) {
        throw ctx.error("ResourceNotFoundException", "The specified index policy does not exist.");
      }
      putGroup(tx, ctx, group);
    });
    return {};
  },

  DescribeIndexPolicies(ctx, input) {
    return ctx.read((snapshot) => {
      const groups = input.logGroupIdentifiers.map((each) =>
        openGroup(snapshot, ctx, groupNameOf(each)),
      );
      return {
        indexPolicies: groups.filter(({ index }) => index).map((each) => describe(ctx, each)),
      };
    });
  },

  DescribeFieldIndexes(ctx, input) {
    return ctx.read((snapshot) => {
      const groups = input.logGroupIdentifiers.map((each) =>
        openGroup(snapshot, ctx, groupNameOf(each)),
      );
      const fieldIndexes = groups.flatMap((group) =>
        (group.index?.fields ?? []).map((fieldIndexName) => ({
          logGroupIdentifier: arnOfGroup(ctx, group.name),
          fieldIndexName,
          lastScanTime: ctx.now(),
        })),
      );
      return { fieldIndexes };
    });
  },
} satisfies Handlers<CloudWatchLogs>;

function describe(ctx: Context, { name, index }: GroupRecord): IndexPolicy {
  return {
    logGroupIdentifier: arnOfGroup(ctx, name),
    lastUpdateTime: index!.updatedMs,
    policyDocument: index!.document,
    source: "LOG_GROUP",
  };
}

/** `{"Fields": ["RequestId", "@requestId"]}` */
function fieldsOf(ctx: Context<"InvalidParameterException">, document: string): string[] {
  const refuse = (): Error =>
    ctx.error("InvalidParameterException", "The policy document is invalid.");
  let fields: unknown;
  try {
    ({ Fields: fields } = JSON.parse(document) as { Fields?: unknown });
  } catch {
    throw refuse();
  }
  if (!Array.isArray(fields) || fields.length === 0 || fields.length > fieldsAtMost) throw refuse();
  for (const field of fields) {
    if (typeof field !== "string" || field === "" || field.length > fieldLengthAtMost)
      throw refuse();
  }
  return fields as string[];
}
