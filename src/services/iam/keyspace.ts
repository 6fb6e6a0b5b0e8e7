import { tuple } from "#base/tuple.ts";
import type { Key } from "#base/key.ts";
import { tenantPrefix } from "#kernel/kernel.ts";

/*
 * Every key that IAM and STS store. IAM is one for all regions: all keys begin with (iam, account, "aws-global"); then:
 *
 *   user               name                         → UserRecord
 *   group              name                         → GroupRecord
 *   role               name                         → RoleRecord
 *   policy             name                         → PolicyRecord: managed policies of the account's own
 *   profile            name                         → InstanceProfileRecord
 *   access-key         id                           → AccessKeyRecord, its secret sealed; deleted ones are remembered
 *   member             group name, user name        → the name of a user who is in a group
 *   attached           policy ARN, kind, name       → the name of whom a managed policy is attached to
 *   bounded            policy ARN, kind, name       → the name of whom it is the permissions boundary of
 *   service-credential id                           → ServiceCredentialRecord
 *   deletion           task id                      → nothing: a service-linked role that was deleted
 *   oidc-provider      issuer without its scheme    → OidcProviderRecord
 *   server-certificate name                         → ServerCertificateRecord, its private key sealed
 *   mfa-device         serial number                → MfaDeviceRecord, its seed sealed
 *   login-profile      user id                      → LoginProfileRecord
 *   signing-certificate user id, certificate id     → SigningCertificateRecord
 *   ssh-key            user id, key id              → SshKeyRecord
 *   credential-report                               → CredentialReportRecord
 *   access-report      job id                       → AccessReportRecord
 *   setting            kind                         → what was set for the account: "alias", "password-policy", "token-version"
 *
 * Names differ by more than the case of their letters: keys have them in lower case. Sessions are not stored: their
 * tokens hold all of them, sealed (sessions/session-token.ts).
 */

const key = (account: string, kind: string, ...parts: readonly string[]): Key =>
  tenantPrefix("iam", { account, region: "aws-global" }) + tuple(kind, ...parts);

/** What has a name and policies. */
export type EntityKind = "user" | "group" | "role";
/** What has a name that is unique in its account. */
export type NamedKind = EntityKind | "policy" | "profile" | "server-certificate";

export const namedKey = (account: string, kind: NamedKind, name: string): Key =>
  key(account, kind, name.toLowerCase());
/** All of a kind, by name. */
export const namedPrefix = (account: string, kind: NamedKind): Key => key(account, kind);

export const accessKeyKey = (account: string, accessKeyId: string): Key =>
  key(account, "access-key", accessKeyId);

export const membersPrefix = (account: string, group: string): Key =>
  key(account, "member", group.toLowerCase());
export const memberKey = (account: string, group: string, user: string): Key =>
  key(account, "member", group.toLowerCase(), user.toLowerCase());

/** How a managed policy is used. */
export type PolicyUse = "attached" | "bounded";
/** Of one kind, or of all. */
export const usesPrefix = (
  account: string,
  use: PolicyUse,
  policyArn: string,
  ...kind: readonly EntityKind[]
): Key => key(account, use, policyArn, ...kind);
export const useKey = (
  account: string,
  use: PolicyUse,
  policyArn: string,
  kind: EntityKind,
  name: string,
): Key => key(account, use, policyArn, kind, name.toLowerCase());

export const serviceCredentialKey = (account: string, id: string): Key =>
  key(account, "service-credential", id);
export const serviceCredentialsPrefix = (account: string): Key =>
  key(account, "service-credential");

export const deletionKey = (account: string, taskId: string): Key =>
  key(account, "deletion", taskId);

export const oidcProviderKey = (account: string, name: string): Key =>
  key(account, "oidc-provider", name);
export const oidcProvidersPrefix = (account: string): Key => key(account, "oidc-provider");

export const mfaDeviceKey = (account: string, serial: string): Key =>
  key(account, "mfa-device", serial);
export const mfaDevicesPrefix = (account: string): Key => key(account, "mfa-device");

export const loginProfileKey = (account: string, userId: string): Key =>
  key(account, "login-profile", userId);

/** What a user has several of. */
export type UserItemKind = "signing-certificate" | "ssh-key";
export const itemKey = (account: string, kind: UserItemKind, userId: string, id: string): Key =>
  key(account, kind, userId, id);
export const itemsPrefix = (account: string, kind: UserItemKind, userId: string): Key =>
  key(account, kind, userId);

export const credentialReportKey = (account: string): Key => key(account, "credential-report");
export const accessReportKey = (account: string, jobId: string): Key =>
  key(account, "access-report", jobId);

export const settingKey = (account: string, kind: string): Key => key(account, "setting", kind);

/** What begins each key of every account. */
export const everything: Key = tuple("iam");
