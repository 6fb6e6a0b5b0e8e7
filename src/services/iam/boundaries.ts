import type { Handlers } from "#kernel/service.ts";
import type { AttachedPermissionsBoundary, IAM } from "#models/iam.ts";
import type { Snapshot, Transaction } from "#store/store.ts";
import { openEntity, putEntity, type AnyContext } from "./entities.ts";
import { useKey, type EntityKind, type PolicyUse } from "./keyspace.ts";
import { documentOf } from "./managed-policies.ts";
import type { BoundedEntity } from "./records.ts";

/** Permissions boundaries: the most that a user or role can be allowed, whatever its policies say. */
export const boundaries = {
  async PutUserPermissionsBoundary(ctx, input) {
    await ctx.transact((tx) =>
      setBoundary(tx, ctx, "user", input.UserName, input.PermissionsBoundary),
    );
    return {};
  },

  async DeleteUserPermissionsBoundary(ctx, input) {
    await ctx.transact((tx) => setBoundary(tx, ctx, "user", input.UserName, undefined));
    return {};
  },

  async PutRolePermissionsBoundary(ctx, input) {
    await ctx.transact((tx) =>
      setBoundary(tx, ctx, "role", input.RoleName, input.PermissionsBoundary),
    );
    return {};
  },

  async DeleteRolePermissionsBoundary(ctx, input) {
    await ctx.transact((tx) => setBoundary(tx, ctx, "role", input.RoleName, undefined));
    return {};
  },
} satisfies Handlers<IAM>;

function setBoundary(
  tx: Transaction,
  ctx: AnyContext,
  kind: "user" | "role",
  name: string,
  boundary: string | undefined,
): void {
  const entity = openEntity(tx, ctx, kind, name);
  if (boundary !== undefined) checkBoundary(tx, ctx, boundary);
  else if (entity.boundary === undefined) {
    throw ctx.error(
      "NoSuchEntity",
      `${kind === "user" ? "User" : "Role"} ${name} does not have a permissions boundary.`,
    );
  }
  if (entity.boundary !== undefined) {
    tx.delete(useKey(ctx.account, "bounded", entity.boundary, kind, entity.name));
  }
  if (boundary !== undefined) putUse(tx, ctx, "bounded", boundary, kind, entity.name);
  if (kind === "user") putEntity(tx, ctx, kind, { ...openEntity(tx, ctx, kind, name), boundary });
  else putEntity(tx, ctx, kind, { ...openEntity(tx, ctx, kind, name), boundary });
}

export function checkBoundary(snapshot: Snapshot, ctx: AnyContext, arn: string): void {
  if (documentOf(snapshot, ctx.account, arn) !== undefined) return;
  throw ctx.error("NoSuchEntity", `Scope ARN: ${arn} does not exist or is not attachable.`);
}

/** Notes that a managed policy is used: its counts and ListEntitiesForPolicy tell of it. */
export function putUse(
  tx: Transaction,
  { account }: AnyContext,
  use: PolicyUse,
  policyArn: string,
  kind: EntityKind,
  name: string,
): void {
  tx.put(useKey(account, use, policyArn, kind, name), Buffer.from(name));
}

export function boundaryOf({ boundary }: BoundedEntity): AttachedPermissionsBoundary | undefined {
  if (boundary === undefined) return undefined;
  return {
    PermissionsBoundaryType: "PermissionsBoundaryPolicy",
    PermissionsBoundaryArn: boundary,
  };
}
