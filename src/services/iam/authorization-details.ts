import { endOfPrefix } from "#base/key.ts";
import type { Codec, Snapshot } from "#store/store.ts";
import { noUses, type EntityUses } from "#kernel/uses.ts";
import type { Handlers } from "#kernel/service.ts";
import type {
  AttachedPolicy,
  GroupDetail,
  IAM,
  ManagedPolicyDetail,
  PolicyDetail,
  RoleDetail,
  UserDetail,
} from "#models/iam.ts";
import { arnOf, parseArn } from "./arns.ts";
import { awsManagedPolicies } from "./aws-managed/policies.ts";
import { boundaryOf } from "./boundaries.ts";
import { encodedDocument } from "./documents.ts";
import type { AnyContext } from "./entities.ts";
import { describeGroup } from "./groups.ts";
import { profilesOf } from "./instance-profiles.ts";
import { namedPrefix } from "./keyspace.ts";
import { countUses, listedPolicy } from "./managed-policies.ts";
import { pageOfList } from "./pages.ts";
import {
  groupCodec,
  policyCodec,
  roleCodec,
  userCodec,
  type Entity,
  type GroupRecord,
  type PolicyRecord,
  type RoleRecord,
  type UserRecord,
} from "./records.ts";
import { lastUseOf } from "./roles.ts";
import { tagList } from "./tag-lists.ts";

type Detail =
  | { readonly kind: "User"; readonly detail: UserDetail }
  | { readonly kind: "Group"; readonly detail: GroupDetail }
  | { readonly kind: "Role"; readonly detail: RoleDetail }
  | {
      readonly kind: "LocalManagedPolicy" | "AWSManagedPolicy";
      readonly detail: ManagedPolicyDetail;
    };

export const authorizationDetails = {
  /** All of the account in one list, page by page: users, groups, roles, then policies. */
  async GetAccountAuthorizationDetails(ctx, input) {
    const wanted: ReadonlySet<string> | undefined =
      input.Filter === undefined ? undefined : new Set(input.Filter);
    const uses = await ctx.uses.all(ctx.account);
    return ctx.read((snapshot) => {
      const all = detailsIn(snapshot, ctx, uses).filter(({ kind }) => wanted?.has(kind) !== false);
      const { items, page } = pageOfList(ctx, all, input);
      return {
        ...page,
        UserDetailList: items.flatMap((one) => (one.kind === "User" ? [one.detail] : [])),
        GroupDetailList: items.flatMap((one) => (one.kind === "Group" ? [one.detail] : [])),
        RoleDetailList: items.flatMap((one) => (one.kind === "Role" ? [one.detail] : [])),
        Policies: items.flatMap((one) =>
          one.kind === "LocalManagedPolicy" || one.kind === "AWSManagedPolicy" ? [one.detail] : [],
        ),
      };
    });
  },
} satisfies Handlers<IAM>;

function detailsIn(
  snapshot: Snapshot,
  ctx: AnyContext,
  uses: ReadonlyMap<string, EntityUses>,
): Detail[] {
  const { account } = ctx;
  const all = <T>(kind: "user" | "group" | "role" | "policy", codec: Codec<T>): T[] => {
    const start = namedPrefix(account, kind);
    return [...snapshot.range({ start, end: endOfPrefix(start) })].map(({ value }) =>
      codec.decode(value),
    );
  };
  const usedOfAws = awsManagedPolicies.filter((policy) => {
    const arn = arnOf("aws", "policy", policy);
    return countUses(snapshot, ctx, "attached", arn) + countUses(snapshot, ctx, "bounded", arn) > 0;
  });
  return [
    ...all("user", userCodec).map((user): Detail => ({
      kind: "User",
      detail: userDetail(ctx, user),
    })),
    ...all("group", groupCodec).map((group): Detail => ({
      kind: "Group",
      detail: groupDetail(ctx, group),
    })),
    ...all("role", roleCodec).map((role): Detail => ({
      kind: "Role",
      detail: {
        ...roleDetail(snapshot, ctx, role),
        RoleLastUsed: lastUseOf(uses.get(role.id) ?? noUses),
      },
    })),
    ...all("policy", policyCodec).map((policy): Detail => ({
      kind: "LocalManagedPolicy",
      detail: policyDetail(snapshot, ctx, policy, account),
    })),
    ...usedOfAws.map((policy): Detail => ({
      kind: "AWSManagedPolicy",
      detail: policyDetail(snapshot, ctx, policy, "aws"),
    })),
  ];
}

function userDetail({ account }: AnyContext, user: UserRecord): UserDetail {
  return {
    Path: user.path,
    UserName: user.name,
    UserId: user.id,
    Arn: arnOf(account, "user", user),
    CreateDate: user.createdAtMs,
    UserPolicyList: inlineOf(user),
    GroupList: [...user.groups],
    AttachedManagedPolicies: attachedOf(user),
    PermissionsBoundary: boundaryOf(user),
    Tags: tagList(user.tags) ?? [],
  };
}

function groupDetail(ctx: AnyContext, group: GroupRecord): GroupDetail {
  return {
    ...describeGroup(ctx, group),
    GroupPolicyList: inlineOf(group),
    AttachedManagedPolicies: attachedOf(group),
  };
}

function roleDetail(snapshot: Snapshot, ctx: AnyContext, role: RoleRecord): RoleDetail {
  return {
    Path: role.path,
    RoleName: role.name,
    RoleId: role.id,
    Arn: arnOf(ctx.account, "role", role),
    CreateDate: role.createdAtMs,
    AssumeRolePolicyDocument: encodedDocument(role.trust),
    InstanceProfileList: profilesOf(snapshot, ctx, role.name),
    RolePolicyList: inlineOf(role),
    AttachedManagedPolicies: attachedOf(role),
    PermissionsBoundary: boundaryOf(role),
    Tags: tagList(role.tags) ?? [],
  };
}

function policyDetail(
  snapshot: Snapshot,
  ctx: AnyContext,
  policy: PolicyRecord,
  account: string,
): ManagedPolicyDetail {
  return {
    ...listedPolicy(snapshot, ctx, policy, account),
    Description: policy.description,
    PolicyVersionList: policy.versions.toReversed().map((version) => ({
      Document: encodedDocument(version.document),
      VersionId: version.id,
      IsDefaultVersion: version.id === policy.defaultVersion,
      CreateDate: version.createdAtMs,
    })),
  };
}

function inlineOf({ inline }: Entity): PolicyDetail[] {
  return Object.entries(inline).map(([name, document]) => ({
    PolicyName: name,
    PolicyDocument: encodedDocument(document),
  }));
}

function attachedOf({ attached }: Entity): AttachedPolicy[] {
  return attached.map((arn) => ({ PolicyName: parseArn(arn)?.name, PolicyArn: arn }));
}
