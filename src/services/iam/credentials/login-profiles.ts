import { ServiceError } from "#kernel/errors.ts";
import type { Handlers } from "#kernel/service.ts";
import type { IAM, LoginProfile } from "#models/iam.ts";
import type { Snapshot } from "#store/store.ts";
import { passwordPolicyIn } from "../account-settings.ts";
import { openEntity, userNameOf, type AnyContext } from "../entities.ts";
import { loginProfileKey } from "../keyspace.ts";
import { loginProfileCodec, type LoginProfileRecord, type UserRecord } from "../records.ts";
import { hashOf, isPassword, passwordProblem, type PasswordHash } from "./passwords.ts";

/**
 * Passwords of users. There is no console here to sign in to: what a password is good for is to be changed, and the
 * account's policy says to what.
 */

const previousAtMost = 24;
const saltBytes = 16;

export const loginProfiles = {
  async CreateLoginProfile(ctx, input) {
    const userName = userNameOf(ctx, input.UserName);
    const password = passwordIn(ctx, input.Password);
    await ctx.read((snapshot) => {
      const user = openEntity(snapshot, ctx, "user", userName);
      if (findProfile(snapshot, ctx, user) !== undefined) throw alreadyThere(ctx, user);
      checkPolicy(snapshot, ctx, password);
    });
    const hash = await hashOf(password, ctx.random.bytes(saltBytes));
    return ctx.transact((tx) => {
      const user = openEntity(tx, ctx, "user", userName);
      if (findProfile(tx, ctx, user) !== undefined) throw alreadyThere(ctx, user);
      const nowMs = ctx.now();
      const profile: LoginProfileRecord = {
        createdAtMs: nowMs,
        changedAtMs: nowMs,
        resetRequired: input.PasswordResetRequired === true,
        password: hash,
        previous: [],
      };
      tx.putRecord(loginProfileKey(ctx.account, user.id), loginProfileCodec, profile);
      return { LoginProfile: described(user, profile) };
    });
  },

  GetLoginProfile(ctx, input) {
    const userName = userNameOf(ctx, input.UserName);
    return ctx.read((snapshot) => {
      const user = openEntity(snapshot, ctx, "user", userName);
      return { LoginProfile: described(user, openProfile(snapshot, ctx, user)) };
    });
  },

  async UpdateLoginProfile(ctx, input) {
    const userName = userNameOf(ctx, input.UserName);
    const { Password: password } = input;
    if (password !== undefined) await replacePassword(ctx, userName, password);
    await ctx.transact((tx) => {
      const user = openEntity(tx, ctx, "user", userName);
      const profile = openProfile(tx, ctx, user);
      const resetRequired = input.PasswordResetRequired ?? profile.resetRequired;
      const key = loginProfileKey(ctx.account, user.id);
      tx.putRecord(key, loginProfileCodec, { ...profile, resetRequired });
    });
    return {};
  },

  async DeleteLoginProfile(ctx, input) {
    const userName = userNameOf(ctx, input.UserName);
    await ctx.transact((tx) => {
      const user = openEntity(tx, ctx, "user", userName);
      openProfile(tx, ctx, user);
      tx.delete(loginProfileKey(ctx.account, user.id));
    });
    return {};
  },

  /** Of whoever asks. */
  async ChangePassword(ctx, input) {
    if (ctx.caller.kind !== "user") {
      throw ctx.error("InvalidUserType", "Only IAM Users can change their own password");
    }
    const userName = userNameOf(ctx, undefined);
    const profile = await ctx.read((snapshot) =>
      openProfile(snapshot, ctx, openEntity(snapshot, ctx, "user", userName)),
    );
    if (!(await isPassword(input.OldPassword, profile.password))) {
      throw new ServiceError("AccessDenied", "The old password was incorrect.", {}, 403);
    }
    await replacePassword(ctx, userName, input.NewPassword);
    return {};
  },
} satisfies Handlers<IAM>;

/** A new password, if the account's policy takes it and it was not used lately. It needs no reset then. */
async function replacePassword(ctx: AnyContext, userName: string, password: string): Promise<void> {
  const { profile, remembered } = await ctx.read((snapshot) => {
    checkPolicy(snapshot, ctx, password);
    return {
      profile: openProfile(snapshot, ctx, openEntity(snapshot, ctx, "user", userName)),
      remembered: passwordPolicyIn(snapshot, ctx)?.PasswordReusePrevention ?? 0,
    };
  });
  const used = [profile.password, ...profile.previous];
  for (const one of used.slice(0, remembered)) {
    if (await isPassword(password, one)) {
      throw ctx.error(
        "PasswordPolicyViolation",
        `Password should not be one of the last ${remembered} passwords`,
      );
    }
  }
  const hash = await hashOf(password, ctx.random.bytes(saltBytes));
  await ctx.transact((tx) => {
    const user = openEntity(tx, ctx, "user", userName);
    const now = openProfile(tx, ctx, user);
    if (!isSame(now.password, profile.password)) {
      throw ctx.error(
        "EntityTemporarilyUnmodifiable",
        `Login Profile for User ${user.name} cannot be modified: its password was changed at the same time.`,
      );
    }
    tx.putRecord(loginProfileKey(ctx.account, user.id), loginProfileCodec, {
      ...now,
      changedAtMs: ctx.now(),
      resetRequired: false,
      password: hash,
      previous: used.slice(0, previousAtMost),
    });
  });
}

function isSame(one: PasswordHash, other: PasswordHash): boolean {
  return one.hash === other.hash;
}

function passwordIn(ctx: AnyContext, given: string | undefined): string {
  if (given !== undefined) return given;
  throw ctx.error("ValidationError", "Must specify a password.");
}

function checkPolicy(snapshot: Snapshot, ctx: AnyContext, password: string): void {
  const problem = passwordProblem(password, passwordPolicyIn(snapshot, ctx));
  if (problem !== undefined) throw ctx.error("PasswordPolicyViolation", problem);
}

export function findProfile(
  snapshot: Snapshot,
  { account }: AnyContext,
  user: UserRecord,
): LoginProfileRecord | undefined {
  return snapshot.record(loginProfileKey(account, user.id), loginProfileCodec);
}

function openProfile(snapshot: Snapshot, ctx: AnyContext, user: UserRecord): LoginProfileRecord {
  const found = findProfile(snapshot, ctx, user);
  if (found !== undefined) return found;
  throw ctx.error("NoSuchEntity", `Login Profile for User ${user.name} cannot be found.`);
}

function alreadyThere(ctx: AnyContext, { name }: UserRecord): Error {
  return ctx.error("EntityAlreadyExists", `Login Profile for user ${name} already exists.`);
}

function described({ name }: UserRecord, profile: LoginProfileRecord): LoginProfile {
  return {
    UserName: name,
    CreateDate: profile.createdAtMs,
    PasswordResetRequired: profile.resetRequired,
  };
}
