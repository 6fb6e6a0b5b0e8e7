import { endOfPrefix } from "#base/key.ts";
import type { Handlers } from "#kernel/service.ts";
import type { Group, IAM } from "#models/iam.ts";
import { arnOf } from "./arns.ts";
import { putUse } from "./boundaries.ts";
import {
  checkHasNoPolicies,
  checkIsNew,
  findEntity,
  openEntity,
  putEntity,
  quotaExceeded,
  type AnyContext,
} from "./entities.ts";
import { uniqueId } from "./ids.ts";
import { memberKey, membersPrefix, namedKey, namedPrefix, useKey } from "./keyspace.ts";
import { pageOf, pageOfList } from "./pages.ts";
import { groupCodec, type GroupRecord } from "./records.ts";
import { listedUser } from "./users.ts";

const groupsPerUser = 10;

export const groups = {
  CreateGroup(ctx, input) {
    const id = uniqueId(ctx.random, "AGPA");
    return ctx.transact((tx) => {
      checkIsNew(tx, ctx, "group", input.GroupName);
      const group: GroupRecord = {
        name: input.GroupName,
        path: input.Path ?? "/",
        id,
        createdAtMs: ctx.now(),
        inline: {},
        attached: [],
      };
      putEntity(tx, ctx, "group", group);
      return { Group: describeGroup(ctx, group) };
    });
  },

  /** The group, and a page of its users. */
  GetGroup(ctx, input) {
    return ctx.read((snapshot) => {
      const group = openEntity(snapshot, ctx, "group", input.GroupName);
      const prefix = membersPrefix(ctx.account, group.name);
      const { items, page } = pageOf(snapshot, ctx, prefix, input, (value) => {
        const user = findEntity(snapshot, ctx.account, "user", value.toString("utf8"));
        return user && listedUser(ctx, user);
      });
      return { ...page, Group: describeGroup(ctx, group), Users: items };
    });
  },

  ListGroups(ctx, input) {
    return ctx.read((snapshot) => {
      const path = input.PathPrefix ?? "/";
      const prefix = namedPrefix(ctx.account, "group");
      const { items, page } = pageOf(snapshot, ctx, prefix, input, (value) => {
        const group = groupCodec.decode(value);
        return group.path.startsWith(path) ? describeGroup(ctx, group) : undefined;
      });
      return { ...page, Groups: items };
    });
  },

  ListGroupsForUser(ctx, input) {
    return ctx.read((snapshot) => {
      const user = openEntity(snapshot, ctx, "user", input.UserName);
      const { items, page } = pageOfList(ctx, user.groups, input);
      const found = items.map((name) => openEntity(snapshot, ctx, "group", name));
      return { ...page, Groups: found.map((group) => describeGroup(ctx, group)) };
    });
  },

  async UpdateGroup(ctx, input) {
    await ctx.transact((tx) => {
      const group = openEntity(tx, ctx, "group", input.GroupName);
      const name = input.NewGroupName ?? group.name;
      if (name.toLowerCase() !== group.name.toLowerCase()) {
        checkIsNew(tx, ctx, "group", name);
        tx.delete(namedKey(ctx.account, "group", group.name));
        for (const arn of group.attached) {
          tx.delete(useKey(ctx.account, "attached", arn, "group", group.name));
          putUse(tx, ctx, "attached", arn, "group", name);
        }
      }
      const prefix = membersPrefix(ctx.account, group.name);
      const members = [...tx.range({ start: prefix, end: endOfPrefix(prefix) })];
      for (const { key, value } of members) {
        const user = openEntity(tx, ctx, "user", value.toString("utf8"));
        tx.delete(key);
        tx.put(memberKey(ctx.account, name, user.name), value);
        const renamed = user.groups.map((one) => (one === group.name ? name : one));
        putEntity(tx, ctx, "user", { ...user, groups: renamed });
      }
      putEntity(tx, ctx, "group", { ...group, name, path: input.NewPath ?? group.path });
    });
    return {};
  },

  async DeleteGroup(ctx, input) {
    await ctx.transact((tx) => {
      const group = openEntity(tx, ctx, "group", input.GroupName);
      const prefix = membersPrefix(ctx.account, group.name);
      const range = { start: prefix, end: endOfPrefix(prefix), limit: 1 };
      if (tx.range(range)[Symbol.iterator]().next().done !== true) {
        throw ctx.error(
          "DeleteConflict",
          "Cannot delete entity, must remove users from group first.",
        );
      }
      checkHasNoPolicies(ctx, group);
      tx.delete(namedKey(ctx.account, "group", group.name));
    });
    return {};
  },

  async AddUserToGroup(ctx, input) {
    await ctx.transact((tx) => {
      const group = openEntity(tx, ctx, "group", input.GroupName);
      const user = openEntity(tx, ctx, "user", input.UserName);
      if (user.groups.includes(group.name)) return;
      if (user.groups.length >= groupsPerUser) {
        throw quotaExceeded(ctx, "GroupsPerUser", groupsPerUser);
      }
      tx.put(memberKey(ctx.account, group.name, user.name), Buffer.from(user.name));
      putEntity(tx, ctx, "user", { ...user, groups: [...user.groups, group.name] });
    });
    return {};
  },

  async RemoveUserFromGroup(ctx, input) {
    await ctx.transact((tx) => {
      const group = openEntity(tx, ctx, "group", input.GroupName);
      const user = openEntity(tx, ctx, "user", input.UserName);
      tx.delete(memberKey(ctx.account, group.name, user.name));
      putEntity(tx, ctx, "user", {
        ...user,
        groups: user.groups.filter((name) => name !== group.name),
      });
    });
    return {};
  },
} satisfies Handlers<IAM>;

export function describeGroup({ account }: AnyContext, group: GroupRecord): Group {
  return {
    Path: group.path,
    GroupName: group.name,
    GroupId: group.id,
    Arn: arnOf(account, "group", group),
    CreateDate: group.createdAtMs,
  };
}
