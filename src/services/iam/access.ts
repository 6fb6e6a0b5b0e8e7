import type {
  AccessRule,
  FoundAccess,
  KnownResource,
  Need,
  OperationAccess,
  ServiceAccess,
} from "#kernel/authorization/access.ts";
import { contextOf, type ContextValue } from "#kernel/authorization/request-context.ts";
import type { Context } from "#kernel/context.ts";
import type { Principal } from "#kernel/identity.ts";
import type { Snapshot } from "#store/store.ts";
import type { CreateOpenIDConnectProviderRequest } from "#models/iam.ts";
import { passwordPolicyIn } from "./account-settings.ts";
import { arnOf, parseArn, type ArnKind } from "./arns.ts";
import { oidcNameOf } from "./providers/oidc-providers.ts";
import { deviceAfterCode } from "./credentials/mfa-devices.ts";
import { findEntity } from "./entities.ts";
import { namedKey } from "./keyspace.ts";
import { policyCodec, profileCodec, serverCertificateCodec, type Tags } from "./records.ts";

/*
 * What each operation needs to be allowed. Source: Service Authorization Reference, "Actions, resources, and condition
 * keys for AWS Identity and Access Management (IAM)" and "... AWS Security Token Service".
 */

const user = "user/{UserName}";
const group = "group/{GroupName}";
const role = "role/{RoleName}";
const policy = "{PolicyArn}";
const newDevice = "mfa/{VirtualMFADeviceName}";
const certificate = "server-certificate/{ServerCertificateName}";
const oidc = "{OpenIDConnectProviderArn}";
const profile = "instance-profile/{InstanceProfileName}";

function needs(resource: string, ...operations: readonly string[]): [string, OperationAccess][] {
  return operations.map((operation) => [
    operation,
    { rules: [{ action: `iam:${operation}`, resource }] },
  ]);
}

function needsAlso(operation: string, resource: string, ...more: readonly AccessRule[]) {
  const rule = { action: `iam:${operation}`, resource };
  return [operation, { rules: [rule, ...more] }] as const;
}

const tagging = (action: string, resource: string): AccessRule => ({
  action: `iam:${action}`,
  resource,
  ifGiven: "Tags",
});

export const iamAccess: ServiceAccess = {
  place: ({ account }) => `arn:aws:iam::${account}:`,
  denial: { code: "AccessDenied", status: 403 },
  resource: knownResource,
  operations: Object.fromEntries([
    needsAlso("CreateUser", user, tagging("TagUser", user)),
    ...needs(user, "GetUser", "UpdateUser", "DeleteUser", "ListGroupsForUser"),
    ...needs(user, "CreateAccessKey", "DeleteAccessKey", "UpdateAccessKey", "ListAccessKeys"),
    ...needs(user, "PutUserPolicy", "GetUserPolicy", "DeleteUserPolicy", "ListUserPolicies"),
    ...needs(user, "AttachUserPolicy", "DetachUserPolicy", "ListAttachedUserPolicies"),
    ...needs(user, "PutUserPermissionsBoundary", "DeleteUserPermissionsBoundary"),
    ...needs(user, "TagUser", "UntagUser", "ListUserTags"),
    ...needs(user, "CreateLoginProfile", "GetLoginProfile", "UpdateLoginProfile"),
    ...needs(user, "DeleteLoginProfile", "ChangePassword"),
    ...needs(user, "CreateServiceSpecificCredential", "ListServiceSpecificCredentials"),
    ...needs(user, "UpdateServiceSpecificCredential", "ResetServiceSpecificCredential"),
    ...needs(user, "DeleteServiceSpecificCredential", "ListMFADevices"),
    ...needs(user, "EnableMFADevice", "ResyncMFADevice", "DeactivateMFADevice", "GetMFADevice"),
    ...needs(user, "UploadSigningCertificate", "ListSigningCertificates"),
    ...needs(user, "UpdateSigningCertificate", "DeleteSigningCertificate"),
    ...needs(user, "UploadSSHPublicKey", "GetSSHPublicKey", "ListSSHPublicKeys"),
    ...needs(user, "UpdateSSHPublicKey", "DeleteSSHPublicKey"),
    needsAlso("CreateVirtualMFADevice", newDevice, tagging("TagMFADevice", newDevice)),
    ...needs("{SerialNumber}", "DeleteVirtualMFADevice", "TagMFADevice", "UntagMFADevice"),
    ...needs("{SerialNumber}", "ListMFADeviceTags"),
    ...needs("*", "ListVirtualMFADevices"),
    needsAlso("UploadServerCertificate", certificate, tagging("TagServerCertificate", certificate)),
    ...needs(certificate, "GetServerCertificate", "UpdateServerCertificate"),
    ...needs(certificate, "DeleteServerCertificate", "TagServerCertificate"),
    ...needs(certificate, "UntagServerCertificate", "ListServerCertificateTags"),
    ...needs("server-certificate/*", "ListServerCertificates"),
    ...needs(group, "CreateGroup", "GetGroup", "UpdateGroup", "DeleteGroup"),
    ...needs(group, "AddUserToGroup", "RemoveUserFromGroup"),
    ...needs(group, "PutGroupPolicy", "GetGroupPolicy", "DeleteGroupPolicy", "ListGroupPolicies"),
    ...needs(group, "AttachGroupPolicy", "DetachGroupPolicy", "ListAttachedGroupPolicies"),
    needsAlso("CreateRole", role, tagging("TagRole", role)),
    ...needs(role, "GetRole", "UpdateRole", "UpdateRoleDescription", "UpdateAssumeRolePolicy"),
    ...needs(role, "DeleteRole", "PutRolePolicy", "GetRolePolicy", "DeleteRolePolicy"),
    ...needs(role, "ListRolePolicies", "AttachRolePolicy", "DetachRolePolicy"),
    ...needs(role, "ListAttachedRolePolicies", "ListInstanceProfilesForRole"),
    ...needs(role, "PutRolePermissionsBoundary", "DeleteRolePermissionsBoundary"),
    ...needs(role, "TagRole", "UntagRole", "ListRoleTags", "DeleteServiceLinkedRole"),
    ...needs("role/aws-service-role/{AWSServiceName}/*", "CreateServiceLinkedRole"),
    ...needs("role/*", "GetServiceLinkedRoleDeletionStatus"),
    needsAlso("CreatePolicy", "policy/{PolicyName}", tagging("TagPolicy", "policy/{PolicyName}")),
    ...needs(policy, "GetPolicy", "DeletePolicy", "CreatePolicyVersion", "GetPolicyVersion"),
    ...needs(policy, "ListPolicyVersions", "SetDefaultPolicyVersion", "DeletePolicyVersion"),
    ...needs(policy, "ListEntitiesForPolicy", "TagPolicy", "UntagPolicy", "ListPolicyTags"),
    needsAlso("CreateInstanceProfile", profile, tagging("TagInstanceProfile", profile)),
    ...needs(profile, "GetInstanceProfile", "DeleteInstanceProfile", "TagInstanceProfile"),
    ...needs(profile, "UntagInstanceProfile", "ListInstanceProfileTags"),
    ...needs(profile, "RemoveRoleFromInstanceProfile"),
    needsAlso("AddRoleToInstanceProfile", profile, { action: "iam:PassRole", resource: role }),
    ...needs("*", "ListUsers", "ListGroups", "ListRoles", "ListPolicies", "ListInstanceProfiles"),
    ["CreateOpenIDConnectProvider", { rules: newOidcProvider }],
    ...needs(oidc, "GetOpenIDConnectProvider", "DeleteOpenIDConnectProvider"),
    ...needs(oidc, "AddClientIDToOpenIDConnectProvider", "UpdateOpenIDConnectProviderThumbprint"),
    ...needs(oidc, "RemoveClientIDFromOpenIDConnectProvider", "TagOpenIDConnectProvider"),
    ...needs(oidc, "UntagOpenIDConnectProvider", "ListOpenIDConnectProviderTags"),
    ...needs("*", "ListOpenIDConnectProviders", "ListAccountAliases", "CreateAccountAlias"),
    ...needs("*", "DeleteAccountAlias", "GetAccountSummary", "GetAccountPasswordPolicy"),
    ...needs("*", "UpdateAccountPasswordPolicy", "DeleteAccountPasswordPolicy"),
    ...needs("*", "GetAccountAuthorizationDetails", "SimulateCustomPolicy"),
    ...needs("{Arn}", "GenerateServiceLastAccessedDetails", "ListPoliciesGrantingServiceAccess"),
    ...needs("*", "GetServiceLastAccessedDetails", "GetServiceLastAccessedDetailsWithEntities"),
    ...needs("*", "EnableOrganizationsRootCredentialsManagement", "ListOrganizationsFeatures"),
    ...needs("*", "DisableOrganizationsRootCredentialsManagement"),
    ...needs("*", "EnableOrganizationsRootSessions", "DisableOrganizationsRootSessions"),
    ...needs("*", "GenerateCredentialReport", "GetCredentialReport", "GetAccessKeyLastUsed"),
    ...needs("{PolicySourceArn}", "SimulatePrincipalPolicy", "GetContextKeysForPrincipalPolicy"),
    ...needs("*", "GetContextKeysForCustomPolicy"),
  ]),
};

export const stsAccess: ServiceAccess = {
  place: ({ account }) => `arn:aws:sts::${account}:`,
  denial: { code: "AccessDenied", status: 403 },
  resource: knownRole,
  operations: {
    GetCallerIdentity: { rules: [] },
    GetSessionToken: { rules: [] },
    GetAccessKeyInfo: { rules: [{ action: "sts:GetAccessKeyInfo", resource: "*" }] },
    GetFederationToken: {
      rules: [
        { action: "sts:GetFederationToken", resource: "federated-user/{Name}" },
        { action: "sts:TagSession", resource: "federated-user/{Name}", ifGiven: "Tags" },
      ],
    },
    AssumeRole: { rules: assuming("AssumeRole"), isCrossAccount: true },
    AssumeRoleWithWebIdentity: {
      rules: assuming("AssumeRoleWithWebIdentity"),
      isCrossAccount: true,
      isProof: true,
    },
  },
};

function assuming(operation: string): AccessRule[] {
  return [
    { action: `sts:${operation}`, resource: "{RoleArn}" },
    { action: "sts:TagSession", resource: "{RoleArn}", ifGiven: "Tags" },
    { action: "sts:SetSourceIdentity", resource: "{RoleArn}", ifGiven: "SourceIdentity" },
  ];
}

function newOidcProvider(input: CreateOpenIDConnectProviderRequest): FoundAccess[] {
  const resource = `oidc-provider/${oidcNameOf(input.Url)}`;
  const asked = { ...input };
  const rule = { action: "iam:CreateOpenIDConnectProvider", resource, input: asked };
  if (input.Tags === undefined) return [rule];
  return [rule, { action: "iam:TagOpenIDConnectProvider", resource, input: asked }];
}

/** The whole ARN, path included, and the keys that conditions ask for. */
function knownResource(snapshot: Snapshot, ctx: Context, need: Need): KnownResource {
  const arn = parseArn(need.resource);
  const { input } = need;
  const keys = requestKeys(input);
  if (arn === undefined || arn.account !== ctx.account) return { keys: contextOf(keys) };
  const { kind, name } = arn;
  if (kind === "user" && name === "*" && ctx.caller.kind === "user") {
    const mayAnyway = need.operation === "ChangePassword" && mayChangePassword(snapshot, ctx);
    const policy = mayAnyway ? letting(ctx.caller) : undefined;
    return { resource: ctx.caller.arn, policy, keys: contextOf(keys) };
  }
  const found = taggedThing(snapshot, ctx.account, kind, name);
  for (const [key, value] of Object.entries(found?.tags ?? {})) {
    keys[`aws:ResourceTag/${key}`] = value;
    keys[`iam:ResourceTag/${key}`] = value;
  }
  const path = found?.path ?? (typeof input["Path"] === "string" ? input["Path"] : arn.path);
  return {
    resource: arnOf(arn.account, kind as ArnKind, { path, name: found?.name ?? name }),
    keys: contextOf(keys),
  };
}

/** The account's password policy can let all users do so, whatever their own policies leave out. */
function mayChangePassword(snapshot: Snapshot, ctx: Context): boolean {
  return passwordPolicyIn(snapshot, ctx)?.AllowUsersToChangePassword === true;
}

function letting({ arn }: Principal): string {
  const statement = {
    Effect: "Allow",
    Principal: { AWS: arn },
    Action: "iam:ChangePassword",
    Resource: arn,
  };
  return JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
}

interface TaggedThing {
  readonly name: string;
  readonly path: string;
  readonly tags?: Tags;
}

function taggedThing(
  snapshot: Snapshot,
  account: string,
  kind: string,
  name: string,
): TaggedThing | undefined {
  switch (kind) {
    case "user":
    case "group":
    case "role":
      return findEntity(snapshot, account, kind, name);
    case "policy":
      return snapshot.record(namedKey(account, "policy", name), policyCodec);
    case "instance-profile":
      return snapshot.record(namedKey(account, "profile", name), profileCodec);
    case "server-certificate":
      return snapshot.record(namedKey(account, "server-certificate", name), serverCertificateCodec);
    default:
      return undefined;
  }
}

function requestKeys(input: Need["input"]): Record<string, ContextValue | undefined> {
  const keys: Record<string, ContextValue | undefined> = {
    "iam:PolicyARN": textOf(input["PolicyArn"]),
    "iam:PermissionsBoundary": textOf(input["PermissionsBoundary"]),
    "iam:AWSServiceName": textOf(input["AWSServiceName"]),
  };
  addTagKeys(keys, input);
  return keys;
}

function addTagKeys(
  keys: Record<string, ContextValue | undefined>,
  { Tags: tags, TagKeys: tagKeys }: Need["input"],
): void {
  if (Array.isArray(tagKeys)) keys["aws:TagKeys"] = tagKeys as string[];
  if (!Array.isArray(tags)) return;
  const list = tags as { readonly Key: string; readonly Value: string }[];
  keys["aws:TagKeys"] = list.map(({ Key }) => Key);
  for (const { Key, Value } of list) keys[`aws:RequestTag/${Key}`] = Value;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** The role that is to be assumed: its policy must allow it. Without a role, nothing does. */
function knownRole(snapshot: Snapshot, ctx: Context, { resource, input }: Need): KnownResource {
  const arn = parseArn(resource);
  if (input["RoleArn"] === undefined) return {};
  const role =
    arn?.kind === "role" ? findEntity(snapshot, ctx.account, "role", arn.name) : undefined;
  const isIt = role !== undefined && arnOf(ctx.account, "role", role) === resource;
  const duration = input["DurationSeconds"];
  const keys: Record<string, ContextValue | undefined> = {
    // A code that proves that the caller has its device.
    ...(hasMultiFactor(snapshot, ctx, input)
      ? { "aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "0" }
      : {}),
    "sts:ExternalId": textOf(input["ExternalId"]),
    "sts:RoleSessionName": textOf(input["RoleSessionName"]),
    "sts:SourceIdentity": textOf(input["SourceIdentity"]),
    "sts:TransitiveTagKeys": input["TransitiveTagKeys"] as string[] | undefined,
    "sts:DurationSeconds": typeof duration === "number" ? String(duration) : undefined,
  };
  addTagKeys(keys, input);
  for (const [key, value] of Object.entries(role?.tags ?? {})) {
    keys[`aws:ResourceTag/${key}`] = value;
    keys[`iam:ResourceTag/${key}`] = value;
  }
  return { policy: isIt ? role.trust : undefined, isTrust: true, keys: contextOf(keys) };
}

/** Throws AWS's denial for a code that is wrong. The handler takes the code: see sessions/assume-role.ts. */
function hasMultiFactor(snapshot: Snapshot, ctx: Context, input: Need["input"]): boolean {
  return deviceAfterCode(snapshot, ctx, input) !== undefined;
}
