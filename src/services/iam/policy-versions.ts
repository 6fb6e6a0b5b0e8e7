import type { Handlers } from "#kernel/service.ts";
import type { IAM, PolicyVersion } from "#models/iam.ts";
import type { Snapshot } from "#store/store.ts";
import { awsManagedPolicy } from "./aws-managed/policies.ts";
import { encodedDocument } from "./documents.ts";
import type { AnyContext } from "./entities.ts";
import { checkManagedDocument, openOwnPolicy, openPolicy, putPolicy } from "./managed-policies.ts";
import { pageOfList } from "./pages.ts";
import type { PolicyRecord, PolicyVersionRecord } from "./records.ts";

const versionsAtMost = 5;

export const policyVersions = {
  CreatePolicyVersion(ctx, input) {
    const document = input.PolicyDocument;
    checkManagedDocument(ctx, document);
    return ctx.transact((tx) => {
      const policy = openOwnPolicy(tx, ctx, input.PolicyArn);
      if (policy.versions.length >= versionsAtMost) {
        throw ctx.error(
          "LimitExceeded",
          "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.",
        );
      }
      const version = { id: `v${policy.nextVersion}`, document, createdAtMs: ctx.now() };
      const changed: PolicyRecord = {
        ...policy,
        updatedAtMs: version.createdAtMs,
        versions: [...policy.versions, version],
        nextVersion: policy.nextVersion + 1,
        defaultVersion: input.SetAsDefault === true ? version.id : policy.defaultVersion,
      };
      putPolicy(tx, ctx, changed);
      return { PolicyVersion: listedVersion(changed, version) };
    });
  },

  GetPolicyVersion(ctx, input) {
    return ctx.read((snapshot) => {
      const policy = anyPolicy(snapshot, ctx, input.PolicyArn);
      const version = openVersion(ctx, policy, input.PolicyArn, input.VersionId);
      return {
        PolicyVersion: {
          ...listedVersion(policy, version),
          Document: encodedDocument(version.document),
        },
      };
    });
  },

  /** The newest first. */
  ListPolicyVersions(ctx, input) {
    return ctx.read((snapshot) => {
      const policy = anyPolicy(snapshot, ctx, input.PolicyArn);
      const { items, page } = pageOfList(ctx, policy.versions.toReversed(), input);
      return { ...page, Versions: items.map((version) => listedVersion(policy, version)) };
    });
  },

  async SetDefaultPolicyVersion(ctx, input) {
    await ctx.transact((tx) => {
      const policy = openOwnPolicy(tx, ctx, input.PolicyArn);
      const { id } = openVersion(ctx, policy, input.PolicyArn, input.VersionId);
      putPolicy(tx, ctx, { ...policy, defaultVersion: id, updatedAtMs: ctx.now() });
    });
    return {};
  },

  async DeletePolicyVersion(ctx, input) {
    await ctx.transact((tx) => {
      const policy = openOwnPolicy(tx, ctx, input.PolicyArn);
      const { id } = openVersion(ctx, policy, input.PolicyArn, input.VersionId);
      if (id === policy.defaultVersion) {
        throw ctx.error("DeleteConflict", "Cannot delete the default version of a policy.");
      }
      const versions = policy.versions.filter((version) => version.id !== id);
      putPolicy(tx, ctx, { ...policy, versions });
    });
    return {};
  },
} satisfies Handlers<IAM>;

function anyPolicy(snapshot: Snapshot, ctx: AnyContext, arn: string): PolicyRecord {
  return awsManagedPolicy(arn) ?? openPolicy(snapshot, ctx, arn);
}

function openVersion(
  ctx: AnyContext,
  policy: PolicyRecord,
  arn: string,
  versionId: string,
): PolicyVersionRecord {
  const version = policy.versions.find(({ id }) => id === versionId);
  if (version !== undefined) return version;
  throw ctx.error(
    "NoSuchEntity",
    `Policy ${arn} version ${versionId} does not exist or is not attachable.`,
  );
}

function listedVersion(policy: PolicyRecord, version: PolicyVersionRecord): PolicyVersion {
  return {
    VersionId: version.id,
    IsDefaultVersion: version.id === policy.defaultVersion,
    CreateDate: version.createdAtMs,
  };
}
