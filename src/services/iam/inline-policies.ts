import type { Handlers } from "#kernel/service.ts";
import type { NoOutput } from "#models/contract.ts";
import type { IAM } from "#models/iam.ts";
import type { Snapshot } from "#store/store.ts";
import { checkDocument, encodedDocument, sizeOf } from "./documents.ts";
import { openChangeable, openEntity, putEntity, type AnyContext } from "./entities.ts";
import type { EntityKind } from "./keyspace.ts";
import { pageOfList, type PageInput } from "./pages.ts";
import type { Entity } from "./records.ts";

/** Policies that belong to one user, group or role alone. */

/** In all, in characters without white space. Source: IAM User Guide, reference_iam-quotas. */
const sizeAtMost: Readonly<Record<EntityKind, number>> = {
  user: 2_048,
  group: 5_120,
  role: 10_240,
};

interface PolicyInput {
  readonly PolicyName: string;
  readonly PolicyDocument: string;
}

export const inlinePolicies = {
  PutUserPolicy: (ctx, input) => put(ctx, "user", input.UserName, input),
  PutGroupPolicy: (ctx, input) => put(ctx, "group", input.GroupName, input),
  PutRolePolicy: (ctx, input) => put(ctx, "role", input.RoleName, input),

  GetUserPolicy(ctx, input) {
    return ctx.read((snapshot) => {
      const found = get(snapshot, ctx, "user", input.UserName, input.PolicyName);
      return { UserName: found.owner, ...found.policy };
    });
  },
  GetGroupPolicy(ctx, input) {
    return ctx.read((snapshot) => {
      const found = get(snapshot, ctx, "group", input.GroupName, input.PolicyName);
      return { GroupName: found.owner, ...found.policy };
    });
  },
  GetRolePolicy(ctx, input) {
    return ctx.read((snapshot) => {
      const found = get(snapshot, ctx, "role", input.RoleName, input.PolicyName);
      return { RoleName: found.owner, ...found.policy };
    });
  },

  DeleteUserPolicy: (ctx, input) => remove(ctx, "user", input.UserName, input.PolicyName),
  DeleteGroupPolicy: (ctx, input) => remove(ctx, "group", input.GroupName, input.PolicyName),
  DeleteRolePolicy: (ctx, input) => remove(ctx, "role", input.RoleName, input.PolicyName),

  ListUserPolicies: (ctx, input) => list(ctx, "user", input.UserName, input),
  ListGroupPolicies: (ctx, input) => list(ctx, "group", input.GroupName, input),
  ListRolePolicies: (ctx, input) => list(ctx, "role", input.RoleName, input),
} satisfies Handlers<IAM>;

async function put(
  ctx: AnyContext,
  kind: EntityKind,
  name: string,
  { PolicyName: policyName, PolicyDocument: document }: PolicyInput,
): Promise<NoOutput> {
  checkDocument(ctx, document);
  await ctx.transact((tx) => {
    const entity = openChangeable(tx, ctx, kind, name);
    const inline = { ...entity.inline, [policyName]: document };
    const size = Object.values(inline).reduce((sum, one) => sum + sizeOf(one), 0);
    if (size > sizeAtMost[kind]) {
      throw ctx.error(
        "LimitExceeded",
        `Maximum policy size of ${sizeAtMost[kind]} bytes exceeded for ${kind} ${entity.name}`,
      );
    }
    putEntity(tx, ctx, kind, { ...openEntity(tx, ctx, kind, name), inline });
  });
  return {};
}

function get(
  snapshot: Snapshot,
  ctx: AnyContext,
  kind: EntityKind,
  name: string,
  policyName: string,
): { readonly owner: string; readonly policy: PolicyInput } {
  const entity = openEntity(snapshot, ctx, kind, name);
  const document = documentIn(ctx, kind, entity, policyName);
  const policy = { PolicyName: policyName, PolicyDocument: encodedDocument(document) };
  return { owner: entity.name, policy };
}

/** Throws NoSuchEntity. */
function documentIn(
  ctx: AnyContext,
  kind: EntityKind,
  { inline }: Entity,
  policyName: string,
): string {
  const document = Object.hasOwn(inline, policyName) ? inline[policyName] : undefined;
  if (document !== undefined) return document;
  throw ctx.error("NoSuchEntity", `The ${kind} policy with name ${policyName} cannot be found.`);
}

async function remove(
  ctx: AnyContext,
  kind: EntityKind,
  name: string,
  policyName: string,
): Promise<NoOutput> {
  await ctx.transact((tx) => {
    const entity = openChangeable(tx, ctx, kind, name);
    documentIn(ctx, kind, entity, policyName);
    const { [policyName]: _, ...inline } = entity.inline;
    putEntity(tx, ctx, kind, { ...openEntity(tx, ctx, kind, name), inline });
  });
  return {};
}

function list(
  ctx: AnyContext,
  kind: EntityKind,
  name: string,
  input: PageInput,
): Promise<{ PolicyNames: string[]; IsTruncated: boolean; Marker?: string | undefined }> {
  return ctx.read((snapshot) => {
    const { inline } = openEntity(snapshot, ctx, kind, name);
    const { items, page } = pageOfList(ctx, Object.keys(inline).sort(), input);
    return { ...page, PolicyNames: items };
  });
}
