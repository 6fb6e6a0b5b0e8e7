import type { AuthorizationRequest, Decision } from "./evaluate.ts";

/**
 * AWS's words for a denial. Source: IAM User Guide, troubleshoot_access-denied; the implicit ones name the kind of
 * policy that is missing, the explicit ones the kind that denies.
 */
export function denialMessage(
  { principal, action, resource }: Pick<AuthorizationRequest, "principal" | "action" | "resource">,
  { decision, layer = "identity-based policy" }: Decision,
): string {
  const start = `User: ${principal.arn} is not authorized to perform: ${action} on resource: ${resource}`;
  if (decision === "explicitDeny") return `${start} with an explicit deny in ${withArticle(layer)}`;
  return `${start} because no ${layer} allows the ${action} action`;
}

function withArticle(noun: string): string {
  return /^[aeiou]/.test(noun) ? `an ${noun}` : `a ${noun}`;
}
