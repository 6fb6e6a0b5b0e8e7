import type { Handlers } from "#kernel/service.ts";
import { latestOf, type EntityUses } from "#kernel/uses.ts";
import type { IAM, Role, RoleLastUsed } from "#models/iam.ts";
import type { Transaction } from "#store/store.ts";
import { arnOf } from "./arns.ts";
import { boundaryOf, checkBoundary, putUse } from "./boundaries.ts";
import { checkPrincipals, checkTrust, encodedDocument } from "./documents.ts";
import {
  checkHasNoPolicies,
  checkIsNew,
  openChangeable,
  openEntity,
  putEntity,
  type AnyContext,
} from "./entities.ts";
import { uniqueId } from "./ids.ts";
import { namedKey, namedPrefix, useKey } from "./keyspace.ts";
import { pageOf } from "./pages.ts";
import { profileCodec, roleCodec, type RoleRecord } from "./records.ts";
import { tagList, tagsOf } from "./tag-lists.ts";
import { endOfPrefix } from "#base/key.ts";

const defaultSessionSeconds = 3_600;

export const roles = {
  CreateRole(ctx, input) {
    if (input.Path?.startsWith("/aws-service-role/") === true) {
      throw ctx.error(
        "ValidationException",
        "Roles with the path /aws-service-role/ are made by CreateServiceLinkedRole.",
      );
    }
    const trust = input.AssumeRolePolicyDocument;
    checkTrust(ctx, trust);
    const tags = tagsOf(ctx, input.Tags);
    const id = uniqueId(ctx.random, "AROA");
    return ctx.transact((tx) => {
      checkIsNew(tx, ctx, "role", input.RoleName);
      checkPrincipals(tx, ctx, trust);
      const boundary = input.PermissionsBoundary;
      if (boundary !== undefined) checkBoundary(tx, ctx, boundary);
      const role: RoleRecord = {
        name: input.RoleName,
        path: input.Path ?? "/",
        id,
        createdAtMs: ctx.now(),
        inline: {},
        attached: [],
        tags,
        boundary,
        trust,
        description: input.Description,
        maxSessionSeconds: input.MaxSessionDuration ?? defaultSessionSeconds,
      };
      putEntity(tx, ctx, "role", role);
      if (boundary !== undefined) putUse(tx, ctx, "bounded", boundary, "role", role.name);
      // Recorded: what was not given is left out here, and not by GetRole.
      return {
        Role: {
          ...listedRole(ctx, role),
          MaxSessionDuration: input.MaxSessionDuration,
          PermissionsBoundary: boundaryOf(role),
          Tags: tagList(tags),
        },
      };
    });
  },

  async GetRole(ctx, input) {
    const role = await ctx.read((snapshot) => openEntity(snapshot, ctx, "role", input.RoleName));
    const uses = await ctx.uses.of(ctx.account, role.id);
    return { Role: { ...describeRole(ctx, role), RoleLastUsed: lastUseOf(uses) } };
  },

  ListRoles(ctx, input) {
    return ctx.read((snapshot) => {
      const path = input.PathPrefix ?? "/";
      const prefix = namedPrefix(ctx.account, "role");
      const { items, page } = pageOf(snapshot, ctx, prefix, input, (value) => {
        const role = roleCodec.decode(value);
        return role.path.startsWith(path) ? listedRole(ctx, role) : undefined;
      });
      return { ...page, Roles: items };
    });
  },

  async UpdateRole(ctx, input) {
    await ctx.transact((tx) => {
      const role = openChangeable(tx, ctx, "role", input.RoleName);
      putEntity(tx, ctx, "role", {
        ...role,
        description: input.Description ?? role.description,
        maxSessionSeconds: input.MaxSessionDuration ?? role.maxSessionSeconds,
      });
    });
    return {};
  },

  UpdateRoleDescription(ctx, input) {
    return ctx.transact((tx) => {
      const role = openChangeable(tx, ctx, "role", input.RoleName);
      const described = { ...role, description: input.Description };
      putEntity(tx, ctx, "role", described);
      return { Role: describeRole(ctx, described) };
    });
  },

  async UpdateAssumeRolePolicy(ctx, input) {
    const trust = input.PolicyDocument;
    await ctx.transact((tx) => {
      const role = openChangeable(tx, ctx, "role", input.RoleName);
      checkTrust(ctx, trust);
      checkPrincipals(tx, ctx, trust);
      putEntity(tx, ctx, "role", { ...role, trust });
    });
    return {};
  },

  async DeleteRole(ctx, input) {
    await ctx.transact((tx) => {
      const role = openChangeable(tx, ctx, "role", input.RoleName);
      checkIsInNoProfile(tx, ctx, role);
      checkHasNoPolicies(ctx, role);
      removeRole(tx, ctx, role);
    });
    return {};
  },
} satisfies Handlers<IAM>;

export function removeRole(tx: Transaction, { account }: AnyContext, role: RoleRecord): void {
  tx.delete(namedKey(account, "role", role.name));
  if (role.boundary !== undefined) {
    tx.delete(useKey(account, "bounded", role.boundary, "role", role.name));
  }
}

function checkIsInNoProfile(tx: Transaction, ctx: AnyContext, role: RoleRecord): void {
  const start = namedPrefix(ctx.account, "profile");
  for (const { value } of tx.range({ start, end: endOfPrefix(start) })) {
    if (profileCodec.decode(value).role !== role.name) continue;
    throw ctx.error(
      "DeleteConflict",
      "Cannot delete entity, must remove roles from instance profile first.",
    );
  }
}

/** Lists tell no tags, no boundaries and no last use. Source: IAM API Reference, ListRoles. */
export function listedRole({ account }: AnyContext, role: RoleRecord): Role {
  return {
    Path: role.path,
    RoleName: role.name,
    RoleId: role.id,
    Arn: arnOf(account, "role", role),
    CreateDate: role.createdAtMs,
    AssumeRolePolicyDocument: encodedDocument(role.trust),
    Description: role.description,
    MaxSessionDuration: role.maxSessionSeconds,
  };
}

/** Empty of a role that was never used. */
export function lastUseOf({ operations }: EntityUses): RoleLastUsed {
  const use = latestOf(Object.values(operations).flatMap((uses) => Object.values(uses)));
  return use === undefined ? {} : { LastUsedDate: use.atMs, Region: use.region };
}

export function describeRole(ctx: AnyContext, role: RoleRecord): Role {
  return {
    ...listedRole(ctx, role),
    PermissionsBoundary: boundaryOf(role),
    Tags: tagList(role.tags),
    RoleLastUsed: {},
  };
}
