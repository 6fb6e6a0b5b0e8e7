import { endOfPrefix } from "#base/key.ts";
import type { Handlers } from "#kernel/service.ts";
import type { AttachedPolicy, IAM } from "#models/iam.ts";
import type { Transaction } from "#store/store.ts";
import { parseArn } from "./arns.ts";
import { awsManagedPolicy } from "./aws-managed/policies.ts";
import { putUse } from "./boundaries.ts";
import {
  findEntity,
  openChangeable,
  openEntity,
  putEntity,
  quotaExceeded,
  titles,
  type AnyContext,
} from "./entities.ts";
import { useKey, usesPrefix, type EntityKind } from "./keyspace.ts";
import { checkArn, documentOf, openPolicy } from "./managed-policies.ts";
import { pageOfList, type PageInput } from "./pages.ts";
import type { Entity } from "./records.ts";

/** Which managed policies belong to which users, groups and roles. */

const policiesPerEntity = 10;

export const attachments = {
  async AttachUserPolicy(ctx, input) {
    await ctx.transact((tx) => attach(tx, ctx, "user", input.UserName, input.PolicyArn));
    return {};
  },
  async AttachGroupPolicy(ctx, input) {
    await ctx.transact((tx) => attach(tx, ctx, "group", input.GroupName, input.PolicyArn));
    return {};
  },
  async AttachRolePolicy(ctx, input) {
    await ctx.transact((tx) => attach(tx, ctx, "role", input.RoleName, input.PolicyArn));
    return {};
  },

  async DetachUserPolicy(ctx, input) {
    await ctx.transact((tx) => detach(tx, ctx, "user", input.UserName, input.PolicyArn));
    return {};
  },
  async DetachGroupPolicy(ctx, input) {
    await ctx.transact((tx) => detach(tx, ctx, "group", input.GroupName, input.PolicyArn));
    return {};
  },
  async DetachRolePolicy(ctx, input) {
    await ctx.transact((tx) => detach(tx, ctx, "role", input.RoleName, input.PolicyArn));
    return {};
  },

  ListAttachedUserPolicies(ctx, input) {
    return ctx.read((snapshot) =>
      listAttached(ctx, openEntity(snapshot, ctx, "user", input.UserName), input),
    );
  },
  ListAttachedGroupPolicies(ctx, input) {
    return ctx.read((snapshot) =>
      listAttached(ctx, openEntity(snapshot, ctx, "group", input.GroupName), input),
    );
  },
  ListAttachedRolePolicies(ctx, input) {
    return ctx.read((snapshot) =>
      listAttached(ctx, openEntity(snapshot, ctx, "role", input.RoleName), input),
    );
  },

  ListEntitiesForPolicy(ctx, input) {
    return ctx.read((snapshot) => {
      const arn = input.PolicyArn;
      if (awsManagedPolicy(arn) === undefined) openPolicy(snapshot, ctx, arn);
      const { EntityFilter: wanted, PathPrefix: path = "/", PolicyUsageFilter: usage } = input;
      const found: { readonly kind: EntityKind; readonly entity: Entity }[] = [];
      for (const use of ["attached", "bounded"] as const) {
        if (usage !== undefined && (usage === "PermissionsPolicy") !== (use === "attached"))
          continue;
        for (const kind of ["group", "user", "role"] as const) {
          if (!isWanted(kind, wanted)) continue;
          const start = usesPrefix(ctx.account, use, arn, kind);
          for (const { value } of snapshot.range({ start, end: endOfPrefix(start) })) {
            const entity = findEntity(snapshot, ctx.account, kind, value.toString("utf8"));
            if (entity?.path.startsWith(path) === true) found.push({ kind, entity });
          }
        }
      }
      const { items, page } = pageOfList(ctx, found, input);
      const of = (kind: EntityKind): Entity[] =>
        items.flatMap((item) => (item.kind === kind ? [item.entity] : []));
      return {
        ...page,
        PolicyGroups: of("group").map(({ name, id }) => ({ GroupName: name, GroupId: id })),
        PolicyUsers: of("user").map(({ name, id }) => ({ UserName: name, UserId: id })),
        PolicyRoles: of("role").map(({ name, id }) => ({ RoleName: name, RoleId: id })),
      };
    });
  },
} satisfies Handlers<IAM>;

function isWanted(kind: EntityKind, filter: string | undefined): boolean {
  return filter === undefined || filter === titles[kind];
}

export function attach(
  tx: Transaction,
  ctx: AnyContext,
  kind: EntityKind,
  name: string,
  arn: string,
): void {
  checkArn(ctx, arn);
  const entity = openChangeable(tx, ctx, kind, name);
  if (documentOf(tx, ctx.account, arn) === undefined) {
    throw ctx.error("NoSuchEntity", `Policy ${arn} does not exist or is not attachable.`);
  }
  if (entity.attached.includes(arn)) return;
  if (entity.attached.length >= policiesPerEntity) {
    throw quotaExceeded(ctx, `PoliciesPer${titles[kind]}`, policiesPerEntity);
  }
  putEntity(tx, ctx, kind, withAttached(entity, [...entity.attached, arn]));
  putUse(tx, ctx, "attached", arn, kind, entity.name);
}

function detach(
  tx: Transaction,
  ctx: AnyContext,
  kind: EntityKind,
  name: string,
  arn: string,
): void {
  checkArn(ctx, arn);
  const entity = openChangeable(tx, ctx, kind, name);
  if (!entity.attached.includes(arn)) {
    throw ctx.error("NoSuchEntity", `Policy ${arn} was not found.`);
  }
  const attached = entity.attached.filter((one) => one !== arn);
  putEntity(tx, ctx, kind, withAttached(entity, attached));
  tx.delete(useKey(ctx.account, "attached", arn, kind, entity.name));
}

/** Whatever kind it is, it stays of that kind. */
function withAttached<Record extends Entity>(entity: Record, attached: readonly string[]): Record {
  return { ...entity, attached };
}

function listAttached(
  ctx: AnyContext,
  { attached }: Entity,
  input: PageInput & { readonly PathPrefix?: string | undefined },
): { AttachedPolicies: AttachedPolicy[]; IsTruncated: boolean; Marker?: string | undefined } {
  const path = input.PathPrefix ?? "/";
  const policies = attached.flatMap((arn) => {
    const parsed = parseArn(arn);
    if (parsed === undefined || !parsed.path.startsWith(path)) return [];
    return [{ PolicyName: parsed.name, PolicyArn: arn }];
  });
  const { items, page } = pageOfList(ctx, policies, input);
  return { ...page, AttachedPolicies: items };
}
