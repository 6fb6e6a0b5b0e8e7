import type { Handlers } from "#kernel/service.ts";
import type { IAM } from "#models/iam.ts";
import type { AnyContext } from "./entities.ts";

/** What an organization's account may do with its members. No account here is in an organization, and AWS tells so. */
export const organizationFeatures = {
  EnableOrganizationsRootCredentialsManagement: (ctx) => notInOrganization(ctx),
  DisableOrganizationsRootCredentialsManagement: (ctx) => notInOrganization(ctx),
  EnableOrganizationsRootSessions: (ctx) => notInOrganization(ctx),
  DisableOrganizationsRootSessions: (ctx) => notInOrganization(ctx),
  ListOrganizationsFeatures: (ctx) => notInOrganization(ctx),
} satisfies Handlers<IAM>;

function notInOrganization(ctx: AnyContext): never {
  throw ctx.error(
    "OrganizationNotFoundException",
    "Your account is not a member of an organization.",
  );
}
