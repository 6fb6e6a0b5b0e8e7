import { PolicyProblem, parsePolicyDocument } from "#kernel/authorization/policy-document.ts";
import { compilePolicy } from "#kernel/authorization/compile-policy.ts";
import type { Snapshot } from "#store/store.ts";
import { parseArn } from "./arns.ts";
import { findEntity, quotaExceeded, type AnyContext } from "./entities.ts";

/*
 * Policy documents on their way in and out. Sizes are in characters without white space.
 * Source: IAM User Guide, reference_iam-quotas, "IAM and STS character limits".
 */

export function sizeOf(document: string): number {
  return document.replaceAll(/\s/g, "").length;
}

/** As answers have documents: percent-encoded (RFC 3986); every client decodes them. */
export function encodedDocument(document: string): string {
  return encodeURIComponent(document).replaceAll(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Throws MalformedPolicyDocument. */
export function checkDocument(ctx: AnyContext, document: string): void {
  compiled(ctx, document, "identity");
}

const trustSizeAtMost = 2_048;

/** A role's document that says who may assume it. What is wrong with its principals needs the store: see below. */
export function checkTrust(ctx: AnyContext, document: string): void {
  if (sizeOf(document) > trustSizeAtMost) {
    throw quotaExceeded(ctx, "ACLSizePerRole", trustSizeAtMost);
  }
  compiled(ctx, document, "trust");
  for (const { actions } of parsePolicyDocument(document, "trust").statements) {
    if (actions.values.some((action) => !action.toLowerCase().startsWith("sts:"))) {
      throw ctx.error(
        "MalformedPolicyDocument",
        "AssumeRole policy may only specify STS AssumeRole actions.",
      );
    }
  }
}

function compiled(ctx: AnyContext, document: string, kind: "identity" | "trust"): void {
  try {
    compilePolicy(document, kind, "");
  } catch (problem) {
    if (!(problem instanceof PolicyProblem)) throw problem;
    throw ctx.error("MalformedPolicyDocument", problem.message);
  }
}

/** Users and roles that a trust policy names must be there. */
export function checkPrincipals(snapshot: Snapshot, ctx: AnyContext, document: string): void {
  for (const { principals } of parsePolicyDocument(document, "trust").statements) {
    for (const name of principals?.byType.get("AWS") ?? []) {
      const arn = parseArn(name);
      if (arn === undefined || (arn.kind !== "user" && arn.kind !== "role")) continue;
      const found = findEntity(snapshot, arn.account, arn.kind, arn.name);
      if (found?.path === arn.path) continue;
      throw ctx.error("MalformedPolicyDocument", `Invalid principal in policy: "AWS":"${name}"`);
    }
  }
}
