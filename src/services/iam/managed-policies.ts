import { endOfPrefix } from "#base/key.ts";
import type { Handlers } from "#kernel/service.ts";
import type { IAM, Policy } from "#models/iam.ts";
import type { Snapshot, Transaction } from "#store/store.ts";
import { arnOf, parseArn } from "./arns.ts";
import { awsManagedPolicies, awsManagedPolicy } from "./aws-managed/policies.ts";
import { checkDocument, sizeOf } from "./documents.ts";
import { quotaExceeded, type AnyContext } from "./entities.ts";
import { uniqueId } from "./ids.ts";
import { namedKey, namedPrefix, usesPrefix, type PolicyUse } from "./keyspace.ts";
import { pageOfList } from "./pages.ts";
import { policyCodec, type PolicyRecord } from "./records.ts";
import { allTags, tagsOf } from "./tag-lists.ts";

/** Customers' managed policies; AWS's own are data (aws-managed). */

const documentSizeAtMost = 6_144;

export const managedPolicies = {
  CreatePolicy(ctx, input) {
    const document = input.PolicyDocument;
    checkManagedDocument(ctx, document);
    const tags = tagsOf(ctx, input.Tags);
    const id = uniqueId(ctx.random, "ANPA");
    return ctx.transact((tx) => {
      const key = namedKey(ctx.account, "policy", input.PolicyName);
      if (tx.record(key, policyCodec) !== undefined) {
        throw ctx.error(
          "EntityAlreadyExists",
          `A policy called ${input.PolicyName} already exists. Duplicate names are not allowed.`,
        );
      }
      const createdAtMs = ctx.now();
      const policy: PolicyRecord = {
        name: input.PolicyName,
        path: input.Path ?? "/",
        id,
        createdAtMs,
        updatedAtMs: createdAtMs,
        description: input.Description,
        tags,
        versions: [{ id: "v1", document, createdAtMs }],
        defaultVersion: "v1",
        nextVersion: 2,
      };
      tx.putRecord(key, policyCodec, policy);
      const listed = listedPolicy(tx, ctx, policy);
      return { Policy: { ...listed, Tags: input.Tags === undefined ? undefined : allTags(tags) } };
    });
  },

  GetPolicy(ctx, input) {
    return ctx.read((snapshot) => {
      const managed = awsManagedPolicy(input.PolicyArn);
      if (managed !== undefined) {
        return { Policy: { ...listedPolicy(snapshot, ctx, managed, "aws"), Tags: [] } };
      }
      const policy = openPolicy(snapshot, ctx, input.PolicyArn);
      return {
        Policy: {
          ...listedPolicy(snapshot, ctx, policy),
          Description: policy.description,
          Tags: allTags(policy.tags),
        },
      };
    });
  },

  ListPolicies(ctx, input) {
    return ctx.read((snapshot) => {
      const { Scope: scope = "All", OnlyAttached: onlyAttached, PathPrefix: path = "/" } = input;
      const { PolicyUsageFilter: usage } = input;
      const found: Policy[] = [];
      if (scope !== "Local") {
        for (const policy of awsManagedPolicies) {
          if (policy.path.startsWith(path)) found.push(listedPolicy(snapshot, ctx, policy, "aws"));
        }
      }
      if (scope !== "AWS") {
        const start = namedPrefix(ctx.account, "policy");
        for (const { value } of snapshot.range({ start, end: endOfPrefix(start) })) {
          const policy = policyCodec.decode(value);
          if (policy.path.startsWith(path)) found.push(listedPolicy(snapshot, ctx, policy));
        }
      }
      const wanted = found.filter(
        ({ AttachmentCount: attached = 0, PermissionsBoundaryUsageCount: bounds = 0 }) => {
          if (onlyAttached === true && attached === 0) return false;
          if (usage === undefined) return true;
          return usage === "PermissionsPolicy" ? attached > 0 : bounds > 0;
        },
      );
      const { items, page } = pageOfList(ctx, wanted, input);
      return { ...page, Policies: items };
    });
  },

  async DeletePolicy(ctx, input) {
    await ctx.transact((tx) => {
      const policy = openOwnPolicy(tx, ctx, input.PolicyArn);
      const arn = arnOf(ctx.account, "policy", policy);
      if (countUses(tx, ctx, "attached", arn) + countUses(tx, ctx, "bounded", arn) > 0) {
        throw ctx.error("DeleteConflict", "Cannot delete a policy attached to entities.");
      }
      if (policy.versions.length > 1) {
        throw ctx.error(
          "DeleteConflict",
          "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
        );
      }
      tx.delete(namedKey(ctx.account, "policy", policy.name));
    });
    return {};
  },
} satisfies Handlers<IAM>;

/** Throws MalformedPolicyDocument and LimitExceeded. */
export function checkManagedDocument(ctx: AnyContext, document: string): void {
  checkDocument(ctx, document);
  if (sizeOf(document) > documentSizeAtMost) {
    throw quotaExceeded(ctx, "PolicySize", documentSizeAtMost);
  }
}

function findOwn(snapshot: Snapshot, account: string, arn: string): PolicyRecord | undefined {
  const parsed = parseArn(arn);
  if (parsed?.kind !== "policy" || parsed.account !== account) return undefined;
  const policy = snapshot.record(namedKey(account, "policy", parsed.name), policyCodec);
  return policy?.path === parsed.path && policy.name === parsed.name ? policy : undefined;
}

/** One of the account's own. Throws NoSuchEntity. */
export function openPolicy(snapshot: Snapshot, ctx: AnyContext, arn: string): PolicyRecord {
  checkArn(ctx, arn);
  const policy = findOwn(snapshot, ctx.account, arn);
  // Recorded.
  if (policy === undefined) throw ctx.error("NoSuchEntity", `Policy ${arn} was not found.`);
  return policy;
}

/** One that may be changed: AWS's own may not. */
export function openOwnPolicy(snapshot: Snapshot, ctx: AnyContext, arn: string): PolicyRecord {
  if (parseArn(arn)?.account === "aws") {
    throw ctx.error(
      "AccessDeniedException",
      `Policy ${arn} is managed by AWS and cannot be changed.`,
    );
  }
  return openPolicy(snapshot, ctx, arn);
}

export function checkArn(ctx: AnyContext, arn: string): void {
  if (parseArn(arn)?.kind === "policy") return;
  throw ctx.error("InvalidInput", `ARN ${arn} is not valid.`);
}

export function putPolicy(tx: Transaction, { account }: AnyContext, policy: PolicyRecord): void {
  tx.putRecord(namedKey(account, "policy", policy.name), policyCodec, policy);
}

/** The default version of a policy of the account's or of AWS's; undefined if there is no such policy. */
export function documentOf(snapshot: Snapshot, account: string, arn: string): string | undefined {
  const managed = awsManagedPolicy(arn);
  return defaultDocument(managed ?? findOwn(snapshot, account, arn));
}

export function defaultDocument(policy: PolicyRecord | undefined): string | undefined {
  return policy?.versions.find(({ id }) => id === policy.defaultVersion)?.document;
}

export function countUses(
  snapshot: Snapshot,
  { account }: AnyContext,
  use: PolicyUse,
  arn: string,
): number {
  const start = usesPrefix(account, use, arn);
  let count = 0;
  for (const _ of snapshot.range({ start, end: endOfPrefix(start) })) count += 1;
  return count;
}

export function listedPolicy(
  snapshot: Snapshot,
  ctx: AnyContext,
  policy: PolicyRecord,
  account = ctx.account,
): Policy {
  const arn = arnOf(account, "policy", policy);
  return {
    PolicyName: policy.name,
    PolicyId: policy.id,
    Arn: arn,
    Path: policy.path,
    DefaultVersionId: policy.defaultVersion,
    AttachmentCount: countUses(snapshot, ctx, "attached", arn),
    PermissionsBoundaryUsageCount: countUses(snapshot, ctx, "bounded", arn),
    IsAttachable: true,
    CreateDate: policy.createdAtMs,
    UpdateDate: policy.updatedAtMs,
  };
}
