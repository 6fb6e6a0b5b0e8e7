import type { Principal } from "../identity.ts";
import type { PrincipalElement } from "./policy-document.ts";

/*
 * Who a resource's policy speaks of. Source: IAM User Guide, reference_policies_elements_principal and
 * reference_policies_elements_notprincipal.
 *
 * P1. An account (its id, or the ARN of its root) stands for all of its principals. A Deny concerns each of them; an
 *     Allow hands the account the right to allow them, and reaches its root alone without that.
 * P2. A role's ARN stands for all of its sessions, a session's ARN for that one.
 * P3. NotPrincipal spares a principal only if it names all of its forms: session, role and account.
 */

/** How far an Allow of a resource's policy reaches. */
export type Naming =
  /** The user, the session, or everyone: granted directly, whatever the principal's own policies leave out. */
  | "itself"
  /** The role of the session, or the user who vouched for the federated one: its boundary and session policies limit it. */
  | "issuer"
  /** The account, which still has to allow it. */
  | "account"
  | "none";

export interface PrincipalMatcher {
  naming(principal: Principal): Naming;
}

export function compilePrincipals(element: PrincipalElement): PrincipalMatcher {
  const aws = element.byType.get("AWS") ?? [];
  const accounts = new Set(aws.flatMap(accountOf));
  const names = new Set(aws);
  const others = new Set(
    [...element.byType].flatMap(([type, values]) => (type === "AWS" ? [] : values)),
  );
  const isEveryone = names.has("*");
  const named = (principal: Principal): Naming => {
    if (principal.kind === "service") return others.has(principal.arn) ? "itself" : "none";
    if (isEveryone) return "itself";
    const provider = principal.federatedProvider;
    if (provider !== undefined && others.has(provider)) return "itself";
    if (principal.kind === "anonymous") return "none";
    if (names.has(principal.arn) || names.has(principal.userId)) return "itself";
    if (namesIssuer(names, principal)) return "issuer";
    if (!accounts.has(principal.account)) return "none";
    return principal.kind === "root" ? "itself" : "account";
  };
  if (!element.isNegated) return { naming: named };
  const isSpared = (principal: Principal): boolean => {
    if (principal.kind === "service") return others.has(principal.arn);
    if (isEveryone) return true;
    if (principal.kind === "anonymous" || !accounts.has(principal.account)) return false;
    if (principal.kind === "root") return true;
    const { issuerArn } = principal;
    const isNamed = names.has(principal.arn) || names.has(principal.userId);
    return isNamed && (issuerArn === undefined || namesIssuer(names, principal));
  };
  return { naming: (principal) => (isSpared(principal) ? "none" : "itself") };
}

function namesIssuer(names: ReadonlySet<string>, { issuerArn, userId }: Principal): boolean {
  if (issuerArn === undefined) return false;
  const [issuerId = ""] = userId.split(":");
  return names.has(issuerArn) || names.has(issuerId);
}

function accountOf(name: string): string[] {
  if (/^\d{12}$/.test(name)) return [name];
  const account = /^arn:aws[a-z-]*:iam::(\d{12}):root$/.exec(name)?.[1];
  return account === undefined ? [] : [account];
}
