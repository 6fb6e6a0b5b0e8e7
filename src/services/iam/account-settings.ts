import { endOfPrefix } from "#base/key.ts";
import type { Handlers } from "#kernel/service.ts";
import type { IAM, PasswordPolicy } from "#models/iam.ts";
import type { Snapshot } from "#store/store.ts";
import { countNamed, type AnyContext } from "./entities.ts";
import { allDevices } from "./credentials/mfa-devices.ts";
import { countOidcProviders } from "./providers/oidc-providers.ts";
import { namedPrefix, settingKey, type NamedKind } from "./keyspace.ts";
import { policyCodec, settingCodec } from "./records.ts";

/** What is set for the account as a whole, and how full it is. */

const alias = "alias";
const passwordPolicy = "password-policy";

/** What AWS takes where a password policy says nothing. Source: IAM API Reference, UpdateAccountPasswordPolicy. */
const passwordDefaults = {
  MinimumPasswordLength: 6,
  RequireSymbols: false,
  RequireNumbers: false,
  RequireUppercaseCharacters: false,
  RequireLowercaseCharacters: false,
  AllowUsersToChangePassword: false,
};

export const accountSettings = {
  async CreateAccountAlias(ctx, input) {
    await ctx.transact((tx) => {
      tx.putRecord(settingKey(ctx.account, alias), settingCodec, { name: input.AccountAlias });
    });
    return {};
  },

  ListAccountAliases(ctx) {
    return ctx.read((snapshot) => {
      const name = aliasIn(snapshot, ctx);
      return { IsTruncated: false, AccountAliases: name === undefined ? [] : [name] };
    });
  },

  async DeleteAccountAlias(ctx, input) {
    await ctx.transact((tx) => {
      if (aliasIn(tx, ctx) !== input.AccountAlias) {
        throw ctx.error("NoSuchEntity", `The account alias ${input.AccountAlias} cannot be found.`);
      }
      tx.delete(settingKey(ctx.account, alias));
    });
    return {};
  },

  async UpdateAccountPasswordPolicy(ctx, input) {
    await ctx.transact((tx) => {
      const given = Object.entries(input).filter(([, value]) => value !== undefined);
      const policy = { ...passwordDefaults, ...Object.fromEntries(given) };
      tx.putRecord(settingKey(ctx.account, passwordPolicy), settingCodec, policy);
    });
    return {};
  },

  GetAccountPasswordPolicy(ctx) {
    return ctx.read((snapshot) => {
      const policy: PasswordPolicy = openPasswordPolicy(snapshot, ctx);
      const expires = (policy.MaxPasswordAge ?? 0) > 0;
      return { PasswordPolicy: { ...policy, ExpirePasswords: expires } };
    });
  },

  async DeleteAccountPasswordPolicy(ctx) {
    await ctx.transact((tx) => {
      openPasswordPolicy(tx, ctx);
      tx.delete(settingKey(ctx.account, passwordPolicy));
    });
    return {};
  },

  /** Quotas are AWS's default ones. Source: IAM User Guide, reference_iam-quotas. */
  GetAccountSummary(ctx) {
    return ctx.read((snapshot) => {
      const devices = allDevices(snapshot, ctx);
      const count = (kind: NamedKind): number => countNamed(snapshot, ctx, kind);
      return {
        SummaryMap: {
          Users: count("user"),
          UsersQuota: 5_000,
          Groups: count("group"),
          GroupsQuota: 300,
          Roles: count("role"),
          RolesQuota: 1_000,
          Policies: count("policy"),
          PoliciesQuota: 1_500,
          PolicyVersionsInUse: versionsIn(snapshot, ctx),
          PolicyVersionsInUseQuota: 10_000,
          InstanceProfiles: count("profile"),
          InstanceProfilesQuota: 1_000,
          Providers: countOidcProviders(snapshot, ctx),
          ServerCertificates: count("server-certificate"),
          ServerCertificatesQuota: 20,
          MFADevices: devices.length,
          MFADevicesInUse: devices.filter(({ enabled }) => enabled !== undefined).length,
          AccountMFAEnabled: 0,
          AccountAccessKeysPresent: 0,
          AccountPasswordPresent: 0,
          AccountSigningCertificatesPresent: 0,
          AccessKeysPerUserQuota: 2,
          SigningCertificatesPerUserQuota: 2,
          GroupsPerUserQuota: 10,
          UserPolicySizeQuota: 2_048,
          GroupPolicySizeQuota: 5_120,
          RolePolicySizeQuota: 10_240,
          AssumeRolePolicySizeQuota: 2_048,
          PolicySizeQuota: 6_144,
          VersionsPerPolicyQuota: 5,
          AttachedPoliciesPerUserQuota: 10,
          AttachedPoliciesPerGroupQuota: 10,
          AttachedPoliciesPerRoleQuota: 10,
          // Session tokens here are good in all regions, those that AWS opens on demand included.
          GlobalEndpointTokenVersion: 2,
        },
      };
    });
  },
} satisfies Handlers<IAM>;

function aliasIn(snapshot: Snapshot, { account }: AnyContext): string | undefined {
  const setting = snapshot.record(settingKey(account, alias), settingCodec);
  return setting?.["name"] as string | undefined;
}

/** Undefined where the account has none of its own. */
export function passwordPolicyIn(
  snapshot: Snapshot,
  { account }: AnyContext,
): PasswordPolicy | undefined {
  return snapshot.record(settingKey(account, passwordPolicy), settingCodec);
}

function openPasswordPolicy(snapshot: Snapshot, ctx: AnyContext): PasswordPolicy {
  const found = passwordPolicyIn(snapshot, ctx);
  if (found !== undefined) return found;
  throw ctx.error(
    "NoSuchEntity",
    `The Password Policy with domain name ${ctx.account} cannot be found.`,
  );
}

function versionsIn(snapshot: Snapshot, { account }: AnyContext): number {
  const start = namedPrefix(account, "policy");
  let count = 0;
  for (const { value } of snapshot.range({ start, end: endOfPrefix(start) })) {
    count += policyCodec.decode(value).versions.length;
  }
  return count;
}
