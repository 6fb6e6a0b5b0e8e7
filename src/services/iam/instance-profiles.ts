import { endOfPrefix } from "#base/key.ts";
import type { Handlers } from "#kernel/service.ts";
import type { IAM, InstanceProfile } from "#models/iam.ts";
import type { Snapshot, Transaction } from "#store/store.ts";
import { arnOf } from "./arns.ts";
import { findEntity, openEntity, quotaExceeded, type AnyContext } from "./entities.ts";
import { uniqueId } from "./ids.ts";
import { namedKey, namedPrefix } from "./keyspace.ts";
import { pageOf, pageOfList } from "./pages.ts";
import { profileCodec, type InstanceProfileRecord } from "./records.ts";
import { listedRole } from "./roles.ts";
import { tagList, tagsOf, withoutTags } from "./tag-lists.ts";
import { pageOfTags } from "./tags.ts";

/** Containers for the role of an EC2 instance: here they are kept for tools that make them. */
export const instanceProfiles = {
  CreateInstanceProfile(ctx, input) {
    const name = input.InstanceProfileName;
    const tags = tagsOf(ctx, input.Tags);
    const id = uniqueId(ctx.random, "AIPA");
    return ctx.transact((tx) => {
      if (findProfile(tx, ctx, name) !== undefined) {
        throw ctx.error("EntityAlreadyExists", `Instance Profile ${name} already exists.`);
      }
      const path = input.Path ?? "/";
      const profile: InstanceProfileRecord = { name, path, id, createdAtMs: ctx.now(), tags };
      putProfile(tx, ctx, profile);
      return { InstanceProfile: describeProfile(tx, ctx, profile) };
    });
  },

  GetInstanceProfile(ctx, input) {
    return ctx.read((snapshot) => ({
      InstanceProfile: describeProfile(
        snapshot,
        ctx,
        openProfile(snapshot, ctx, input.InstanceProfileName),
      ),
    }));
  },

  ListInstanceProfiles(ctx, input) {
    return ctx.read((snapshot) => {
      const path = input.PathPrefix ?? "/";
      const prefix = namedPrefix(ctx.account, "profile");
      const { items, page } = pageOf(snapshot, ctx, prefix, input, (value) => {
        const profile = profileCodec.decode(value);
        return profile.path.startsWith(path) ? describeProfile(snapshot, ctx, profile) : undefined;
      });
      return { ...page, InstanceProfiles: items };
    });
  },

  ListInstanceProfilesForRole(ctx, input) {
    return ctx.read((snapshot) => {
      const role = openEntity(snapshot, ctx, "role", input.RoleName);
      const all = profilesOf(snapshot, ctx, role.name);
      const { items, page } = pageOfList(ctx, all, input);
      return { ...page, InstanceProfiles: items };
    });
  },

  async DeleteInstanceProfile(ctx, input) {
    await ctx.transact((tx) => {
      const profile = openProfile(tx, ctx, input.InstanceProfileName);
      if (profile.role !== undefined) {
        throw ctx.error(
          "DeleteConflict",
          "Cannot delete entity, must remove roles from instance profile first.",
        );
      }
      tx.delete(namedKey(ctx.account, "profile", profile.name));
    });
    return {};
  },

  async AddRoleToInstanceProfile(ctx, input) {
    await ctx.transact((tx) => {
      const profile = openProfile(tx, ctx, input.InstanceProfileName);
      const role = openEntity(tx, ctx, "role", input.RoleName);
      if (profile.role !== undefined) {
        throw quotaExceeded(ctx, "InstanceSessionsPerInstanceProfile", 1);
      }
      putProfile(tx, ctx, { ...profile, role: role.name });
    });
    return {};
  },

  async RemoveRoleFromInstanceProfile(ctx, input) {
    await ctx.transact((tx) => {
      const profile = openProfile(tx, ctx, input.InstanceProfileName);
      const role = openEntity(tx, ctx, "role", input.RoleName);
      if (profile.role !== role.name) {
        throw ctx.error(
          "NoSuchEntity",
          `Role ${role.name} is not in Instance Profile ${profile.name}.`,
        );
      }
      putProfile(tx, ctx, { ...profile, role: undefined });
    });
    return {};
  },

  async TagInstanceProfile(ctx, input) {
    await ctx.transact((tx) => {
      const profile = openProfile(tx, ctx, input.InstanceProfileName);
      putProfile(tx, ctx, { ...profile, tags: tagsOf(ctx, input.Tags, profile.tags) });
    });
    return {};
  },

  async UntagInstanceProfile(ctx, input) {
    await ctx.transact((tx) => {
      const profile = openProfile(tx, ctx, input.InstanceProfileName);
      putProfile(tx, ctx, { ...profile, tags: withoutTags(profile.tags, input.TagKeys) });
    });
    return {};
  },

  ListInstanceProfileTags(ctx, input) {
    return ctx.read((snapshot) =>
      pageOfTags(ctx, openProfile(snapshot, ctx, input.InstanceProfileName).tags, input),
    );
  },
} satisfies Handlers<IAM>;

function findProfile(
  snapshot: Snapshot,
  { account }: AnyContext,
  name: string,
): InstanceProfileRecord | undefined {
  return snapshot.record(namedKey(account, "profile", name), profileCodec);
}

function openProfile(snapshot: Snapshot, ctx: AnyContext, name: string): InstanceProfileRecord {
  const found = findProfile(snapshot, ctx, name);
  if (found !== undefined) return found;
  throw ctx.error("NoSuchEntity", `Instance Profile ${name} cannot be found.`);
}

function putProfile(
  tx: Transaction,
  { account }: AnyContext,
  profile: InstanceProfileRecord,
): void {
  tx.putRecord(namedKey(account, "profile", profile.name), profileCodec, profile);
}

/** Those that hold the role. */
export function profilesOf(
  snapshot: Snapshot,
  ctx: AnyContext,
  roleName: string,
): InstanceProfile[] {
  const start = namedPrefix(ctx.account, "profile");
  const found: InstanceProfile[] = [];
  for (const { value } of snapshot.range({ start, end: endOfPrefix(start) })) {
    const profile = profileCodec.decode(value);
    if (profile.role === roleName) found.push(describeProfile(snapshot, ctx, profile));
  }
  return found;
}

function describeProfile(
  snapshot: Snapshot,
  ctx: AnyContext,
  profile: InstanceProfileRecord,
): InstanceProfile {
  const { account } = ctx;
  const role =
    profile.role === undefined ? undefined : findEntity(snapshot, account, "role", profile.role);
  return {
    Path: profile.path,
    InstanceProfileName: profile.name,
    InstanceProfileId: profile.id,
    Arn: arnOf(account, "instance-profile", profile),
    CreateDate: profile.createdAtMs,
    Roles: role === undefined ? [] : [listedRole(ctx, role)],
    Tags: tagList(profile.tags),
  };
}
