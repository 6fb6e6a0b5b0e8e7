import type { Handlers } from "#kernel/service.ts";
import type { IAM, User } from "#models/iam.ts";
import { arnOf } from "./arns.ts";
import { boundaryOf, checkBoundary, putUse } from "./boundaries.ts";
import {
  checkHasNoPolicies,
  checkIsNew,
  openEntity,
  putEntity,
  userNameOf,
  type AnyContext,
} from "./entities.ts";
import { uniqueId } from "./ids.ts";
import {
  accessKeyKey,
  memberKey,
  namedKey,
  namedPrefix,
  serviceCredentialKey,
  useKey,
} from "./keyspace.ts";
import { pageOf } from "./pages.ts";
import { accessKeyCodec, serviceCredentialCodec, userCodec, type UserRecord } from "./records.ts";
import { findProfile } from "./credentials/login-profiles.ts";
import { devicesOf } from "./credentials/mfa-devices.ts";
import { signingCertificatesOf } from "./credentials/signing-certificates.ts";
import { sshKeysOf } from "./credentials/ssh-public-keys.ts";
import { credentialsOf } from "./credentials/service-credentials.ts";
import { tagList, tagsOf } from "./tag-lists.ts";

export const users = {
  CreateUser(ctx, input) {
    const tags = tagsOf(ctx, input.Tags);
    const id = uniqueId(ctx.random, "AIDA");
    return ctx.transact((tx) => {
      checkIsNew(tx, ctx, "user", input.UserName);
      const boundary = input.PermissionsBoundary;
      if (boundary !== undefined) checkBoundary(tx, ctx, boundary);
      const user: UserRecord = {
        name: input.UserName,
        path: input.Path ?? "/",
        id,
        createdAtMs: ctx.now(),
        inline: {},
        attached: [],
        tags,
        boundary,
        groups: [],
        accessKeyIds: [],
      };
      putEntity(tx, ctx, "user", user);
      if (boundary !== undefined) putUse(tx, ctx, "bounded", boundary, "user", user.name);
      return { User: describeUser(ctx, user) };
    });
  },

  /** Without a name: of whoever asks. */
  GetUser(ctx, input) {
    if (input.UserName === undefined && ctx.caller.kind === "root") {
      return { User: rootUser(ctx) };
    }
    const name = userNameOf(ctx, input.UserName);
    return ctx.read((snapshot) => ({
      User: describeUser(ctx, openEntity(snapshot, ctx, "user", name)),
    }));
  },

  ListUsers(ctx, input) {
    return ctx.read((snapshot) => {
      const prefix = namedPrefix(ctx.account, "user");
      const path = input.PathPrefix ?? "/";
      const { items, page } = pageOf(snapshot, ctx, prefix, input, (value) => {
        const user = userCodec.decode(value);
        return user.path.startsWith(path) ? user : undefined;
      });
      return { ...page, Users: items.map((user) => listedUser(ctx, user)) };
    });
  },

  async UpdateUser(ctx, input) {
    await ctx.transact((tx) => {
      const user = openEntity(tx, ctx, "user", input.UserName);
      const name = input.NewUserName ?? user.name;
      const renamed = { ...user, name, path: input.NewPath ?? user.path };
      if (name.toLowerCase() !== user.name.toLowerCase()) {
        checkIsNew(tx, ctx, "user", name);
        tx.delete(namedKey(ctx.account, "user", user.name));
        for (const group of user.groups) {
          tx.delete(memberKey(ctx.account, group, user.name));
          tx.put(memberKey(ctx.account, group, name), Buffer.from(name));
        }
        for (const arn of user.attached) {
          tx.delete(useKey(ctx.account, "attached", arn, "user", user.name));
          putUse(tx, ctx, "attached", arn, "user", name);
        }
        if (user.boundary !== undefined) {
          tx.delete(useKey(ctx.account, "bounded", user.boundary, "user", user.name));
          putUse(tx, ctx, "bounded", user.boundary, "user", name);
        }
      }
      for (const id of user.accessKeyIds) {
        const key = tx.record(accessKeyKey(ctx.account, id), accessKeyCodec)!;
        tx.putRecord(accessKeyKey(ctx.account, id), accessKeyCodec, { ...key, userName: name });
      }
      for (const credential of credentialsOf(tx, ctx, user.name, undefined)) {
        const key = serviceCredentialKey(ctx.account, credential.id);
        tx.putRecord(key, serviceCredentialCodec, { ...credential, userName: name });
      }
      putEntity(tx, ctx, "user", renamed);
    });
    return {};
  },

  async DeleteUser(ctx, input) {
    await ctx.transact((tx) => {
      const user = openEntity(tx, ctx, "user", input.UserName);
      checkHasNoPolicies(ctx, user);
      const conflict = (first: string): Error =>
        ctx.error("DeleteConflict", `Cannot delete entity, must ${first} first.`);
      if (user.groups.length > 0) throw conflict("remove users from group");
      if (findProfile(tx, ctx, user) !== undefined) throw conflict("delete login profile");
      if (user.accessKeyIds.length > 0) throw conflict("delete access keys");
      for (const [held, first] of [
        [credentialsOf(tx, ctx, user.name, undefined), "delete service specific credentials"],
        [signingCertificatesOf(tx, ctx, user), "delete signing certificates"],
        [sshKeysOf(tx, ctx, user), "delete SSH public keys"],
        [devicesOf(tx, ctx, user), "deactivate MFA devices"],
      ] as const) {
        if (held.length > 0) throw conflict(first);
      }
      tx.delete(namedKey(ctx.account, "user", user.name));
      if (user.boundary !== undefined) {
        tx.delete(useKey(ctx.account, "bounded", user.boundary, "user", user.name));
      }
    });
    return {};
  },
} satisfies Handlers<IAM>;

/** The root user answers for itself as AWS's does: no name, no path. */
function rootUser({ caller, account }: AnyContext): User {
  const { arn } = caller;
  return { Path: "/", UserName: "root", UserId: account, Arn: arn, CreateDate: 0 };
}

/** Lists tell no tags and no boundaries. Source: IAM API Reference, ListUsers. */
export function listedUser({ account }: AnyContext, user: UserRecord): User {
  return {
    Path: user.path,
    UserName: user.name,
    UserId: user.id,
    Arn: arnOf(account, "user", user),
    CreateDate: user.createdAtMs,
  };
}

export function describeUser(ctx: AnyContext, user: UserRecord): User {
  return {
    ...listedUser(ctx, user),
    PermissionsBoundary: boundaryOf(user),
    Tags: tagList(user.tags),
  };
}
