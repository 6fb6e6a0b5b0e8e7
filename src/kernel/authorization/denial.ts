import type { AuthorizationRequest, Decision } from "./evaluate.ts";

/**
 * AWS's words for a denial. Source: IAM User Guide, troubleshoot_access-denied; the implicit ones name the kind of
 * policy that is missing, the explicit ones the kind that denies.
 */
export function denialMessage(
  { principal, action, resource }: Pick<AuthorizationRequest, "principal" | "action" | "resource">,
  { decision, layer = "identity-based policy" }: Decision,
): string {
  // Whoever proves with a token who it is has no name yet. Source: AWS re:Post, iam-sts-unauthorized-web-identity.
  if (principal.kind === "anonymous" && principal.federatedProvider !== undefined) {
    return `Not authorized to perform ${action}`;
  }
  const start = `User: ${principal.arn} is not authorized to perform: ${action} on resource: ${resource}`;
  if (decision === "explicitDeny") return `${start} with an explicit deny in ${withArticle(layer)}`;
  return `${start} because no ${layer} allows the ${action} action`;
}

function withArticle(noun: string): string {
  return /^[aeiou]/.test(noun) ? `an ${noun}` : `a ${noun}`;
}
