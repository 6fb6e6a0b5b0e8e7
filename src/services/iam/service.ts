import { defineService } from "#kernel/service.ts";
import type { IAM } from "#models/iam.ts";
import type { STS } from "#models/sts.ts";
import { iamAccess, stsAccess } from "./access.ts";
import { accessKeys } from "./credentials/access-keys.ts";
import { attachments } from "./attachments.ts";
import { boundaries } from "./boundaries.ts";
import { groups } from "./groups.ts";
import { inlinePolicies } from "./inline-policies.ts";
import { oidcProviders } from "./providers/oidc-providers.ts";
import { managedPolicies } from "./managed-policies.ts";
import { policyVersions } from "./policy-versions.ts";
import { organizationFeatures } from "./organization-features.ts";
import { accessAdvisor, forgetAccessReport } from "./reports/access-advisor.ts";
import { credentialReport } from "./reports/credential-report.ts";
import { roles } from "./roles.ts";
import { assumeRole } from "./sessions/assume-role.ts";
import { callerIdentity } from "./sessions/caller-identity.ts";
import { sessionTokens } from "./sessions/session-tokens.ts";
import { webIdentity } from "./sessions/web-identity.ts";
import { tags } from "./tags.ts";
import { accountSettings } from "./account-settings.ts";
import { authorizationDetails } from "./authorization-details.ts";
import { instanceProfiles } from "./instance-profiles.ts";
import { loginProfiles } from "./credentials/login-profiles.ts";
import { mfaDevices } from "./credentials/mfa-devices.ts";
import { serverCertificates } from "./credentials/server-certificates.ts";
import { signingCertificates } from "./credentials/signing-certificates.ts";
import { sshPublicKeys } from "./credentials/ssh-public-keys.ts";
import { serviceCredentials } from "./credentials/service-credentials.ts";
import { serviceLinkedRoles } from "./service-linked-roles.ts";
import { simulation } from "./simulation.ts";
import { users } from "./users.ts";

export const iam = defineService<IAM>({
  name: "iam",
  access: iamAccess,
  operations: {
    ...users,
    ...accessKeys,
    ...groups,
    ...roles,
    ...managedPolicies,
    ...policyVersions,
    ...attachments,
    ...inlinePolicies,
    ...boundaries,
    ...accountSettings,
    ...authorizationDetails,
    ...instanceProfiles,
    ...accessAdvisor,
    ...credentialReport,
    ...organizationFeatures,
    ...loginProfiles,
    ...mfaDevices,
    ...serverCertificates,
    ...signingCertificates,
    ...sshPublicKeys,
    ...oidcProviders,
    ...serviceCredentials,
    ...serviceLinkedRoles,
    ...simulation,
    ...tags,
  },
  jobs: { forgetAccessReport },
});

export const sts = defineService<STS>({
  name: "sts",
  stateOf: "iam",
  access: stsAccess,
  operations: { ...callerIdentity, ...assumeRole, ...webIdentity, ...sessionTokens },
});
