import { ServiceError } from "#kernel/errors.ts";
import type { Principal } from "#kernel/identity.ts";
import type { Credentials, PolicyDescriptorListType, TagListType } from "#models/sts.ts";
import type { Snapshot } from "#store/store.ts";
import { checkDocument, sizeOf } from "../documents.ts";
import type { AnyContext } from "../entities.ts";
import { makeAccessKeyId, makeSecret } from "../ids.ts";
import { documentOf } from "../managed-policies.ts";
import { sealSession } from "./session-token.ts";

/** Makes credentials that stand for the principal until their time is over. */
export function makeCredentials(
  ctx: AnyContext,
  principal: Principal,
  seconds: number,
): Credentials {
  const accessKeyId = makeAccessKeyId(ctx.random, "ASIA", principal.account);
  const secretAccessKey = makeSecret(ctx.random);
  // AWS tells whole seconds, and so long they are good.
  const expiresAtMs = (Math.floor(ctx.now() / 1000) + seconds) * 1000;
  const session = { secretAccessKey, principal, expiresAtMs };
  return {
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    SessionToken: sealSession(ctx.vault, accessKeyId, session),
    Expiration: expiresAtMs,
  };
}

export interface SessionPolicyInput {
  readonly Policy?: string | undefined;
  readonly PolicyArns?: PolicyDescriptorListType | undefined;
}

export interface SessionPolicies {
  readonly policies?: readonly string[] | undefined;
  readonly policyArns?: readonly string[] | undefined;
}

const policyArnsAtMost = 10;
/** In characters, of the inline policy and the ARNs together. Source: IAM User Guide, reference_iam-quotas. */
const policySizeAtMost = 2_048;

/** The policies that a session is given on its way. Throws for those that AWS refuses. */
export function sessionPoliciesOf(
  ctx: AnyContext,
  snapshot: Snapshot,
  { Policy: policy, PolicyArns: descriptors = [] }: SessionPolicyInput,
): SessionPolicies {
  if (policy !== undefined) checkDocument(ctx, policy);
  const policyArns = descriptors.flatMap(({ arn }) => (arn === undefined ? [] : [arn]));
  if (policyArns.length > policyArnsAtMost) {
    throw validationError(`The number of session policy ARNs exceeds ${policyArnsAtMost}.`);
  }
  for (const arn of policyArns) {
    if (documentOf(snapshot, ctx.account, arn) === undefined) {
      throw validationError(`The specified managed policy ${arn} does not exist.`);
    }
  }
  if (packedSize(policy, policyArns) > policySizeAtMost) {
    throw ctx.error("PackedPolicyTooLarge", "Serialized token too large for session");
  }
  return {
    policies: policy === undefined ? undefined : [policy],
    policyArns: policyArns.length === 0 ? undefined : policyArns,
  };
}

function packedSize(policy: string | undefined, arns: readonly string[]): number {
  return (policy === undefined ? 0 : sizeOf(policy)) + arns.join("").length;
}

/** How much of what may be packed is used, in percent: AWS packs in a way of its own, so its figures differ. */
export function packedPolicySize(
  { policies = [], policyArns = [] }: SessionPolicies,
  tags: Readonly<Record<string, string>>,
): number | undefined {
  const size =
    policies.join("").length + policyArns.join("").length + Object.entries(tags).join("").length;
  return size === 0 ? undefined : Math.max(1, Math.ceil((size / (2 * policySizeAtMost)) * 100));
}

const tagsAtMost = 50;

export function sessionTags(given: TagListType | undefined): Record<string, string> {
  const tags: Record<string, string> = {};
  const seen = new Set<string>();
  for (const { Key: key, Value: value } of given ?? []) {
    if (seen.has(key.toLowerCase())) {
      // Recorded.
      throw invalidParameter(
        "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
      );
    }
    seen.add(key.toLowerCase());
    tags[key] = value;
  }
  if (seen.size > tagsAtMost) throw validationError(`A session has at most ${tagsAtMost} tags.`);
  return tags;
}

export function validationError(message: string): ServiceError {
  return new ServiceError("ValidationError", message);
}

export function invalidParameter(message: string): ServiceError {
  return new ServiceError("InvalidParameterValue", message);
}

export function accessDenied(message: string): ServiceError {
  return new ServiceError("AccessDenied", message, {}, 403);
}
