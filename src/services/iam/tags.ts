import type { Handlers } from "#kernel/service.ts";
import type { NoOutput } from "#models/contract.ts";
import type { IAM, Tag } from "#models/iam.ts";
import type { Transaction } from "#store/store.ts";
import { openEntity, putEntity, type AnyContext } from "./entities.ts";
import { openOwnPolicy, openPolicy, putPolicy } from "./managed-policies.ts";
import { pageOfList, type PageInput } from "./pages.ts";
import type { Tags } from "./records.ts";
import { allTags, tagsOf, withoutTags } from "./tag-lists.ts";

/** Tags of users, roles and policies. */
type Change = (tags: Tags) => Tags;

export const tags = {
  TagUser: (ctx, input) => changeUser(ctx, input.UserName, added(ctx, input.Tags)),
  UntagUser: (ctx, input) => changeUser(ctx, input.UserName, removed(input.TagKeys)),
  TagRole: (ctx, input) => changeRole(ctx, input.RoleName, added(ctx, input.Tags)),
  UntagRole: (ctx, input) => changeRole(ctx, input.RoleName, removed(input.TagKeys)),
  TagPolicy: (ctx, input) => changePolicy(ctx, input.PolicyArn, added(ctx, input.Tags)),
  UntagPolicy: (ctx, input) => changePolicy(ctx, input.PolicyArn, removed(input.TagKeys)),

  ListUserTags(ctx, input) {
    return ctx.read((snapshot) =>
      pageOfTags(ctx, openEntity(snapshot, ctx, "user", input.UserName).tags, input),
    );
  },
  ListRoleTags(ctx, input) {
    return ctx.read((snapshot) =>
      pageOfTags(ctx, openEntity(snapshot, ctx, "role", input.RoleName).tags, input),
    );
  },
  ListPolicyTags(ctx, input) {
    return ctx.read((snapshot) =>
      pageOfTags(ctx, openPolicy(snapshot, ctx, input.PolicyArn).tags, input),
    );
  },
} satisfies Handlers<IAM>;

const added =
  (ctx: AnyContext, given: readonly Tag[]): Change =>
  (before) =>
    tagsOf(ctx, given, before);

const removed =
  (keys: readonly string[]): Change =>
  (before) =>
    withoutTags(before, keys);

function changeUser(ctx: AnyContext, name: string, change: Change): Promise<NoOutput> {
  return inTransaction(ctx, (tx) => {
    const user = openEntity(tx, ctx, "user", name);
    putEntity(tx, ctx, "user", { ...user, tags: change(user.tags) });
  });
}

function changeRole(ctx: AnyContext, name: string, change: Change): Promise<NoOutput> {
  return inTransaction(ctx, (tx) => {
    const role = openEntity(tx, ctx, "role", name);
    putEntity(tx, ctx, "role", { ...role, tags: change(role.tags) });
  });
}

function changePolicy(ctx: AnyContext, arn: string, change: Change): Promise<NoOutput> {
  return inTransaction(ctx, (tx) => {
    const policy = openOwnPolicy(tx, ctx, arn);
    putPolicy(tx, ctx, { ...policy, tags: change(policy.tags) });
  });
}

async function inTransaction(ctx: AnyContext, body: (tx: Transaction) => void): Promise<NoOutput> {
  await ctx.transact(body);
  return {};
}

export function pageOfTags(
  ctx: AnyContext,
  all: Tags,
  input: PageInput,
): { Tags: Tag[]; IsTruncated: boolean; Marker?: string | undefined } {
  const { items, page } = pageOfList(ctx, allTags(all), input);
  return { ...page, Tags: items };
}
