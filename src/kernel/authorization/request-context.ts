import type { Principal } from "../identity.ts";

/** One value, or the values of a key that has many. Numbers, booleans and times stand as text, times as ISO 8601. */
export type ContextValue = string | readonly string[];

/** What a request's conditions and variables can ask for, by key in lower case: keys are not sensitive to case. */
export interface RequestContext {
  get(key: string): ContextValue | undefined;
}

export const emptyContext: RequestContext = { get: () => undefined };

/** A context of these keys, whatever their case. */
export function contextOf(
  values: Readonly<Record<string, ContextValue | undefined>>,
): RequestContext {
  const byKey = new Map<string, ContextValue>();
  for (const [key, value] of Object.entries(values)) {
    if (value !== undefined) byKey.set(key.toLowerCase(), value);
  }
  return byKey;
}

/** The first context that knows a key tells its value. */
export function layeredContext(...layers: readonly RequestContext[]): RequestContext {
  return {
    get(key) {
      for (const layer of layers) {
        const value = layer.get(key);
        if (value !== undefined) return value;
      }
      return undefined;
    },
  };
}

/**
 * What a request tells of whoever makes it. Source: IAM User Guide, reference_policies_condition-keys ("Properties of
 * the principal") and the table of principal values in reference_policies_variables.
 */
export function principalContext(principal: Principal): RequestContext {
  const { tags } = principal;
  return {
    get(key) {
      if (key.startsWith("aws:principaltag/")) return tagValue(tags, key.slice(17));
      return valueOf(principal, key);
    },
  };
}

function tagValue(tags: Principal["tags"], name: string): string | undefined {
  for (const tag in tags) {
    if (tag.toLowerCase() === name) return tags[tag];
  }
  return undefined;
}

function valueOf(principal: Principal, key: string): ContextValue | undefined {
  const { kind } = principal;
  const isService = kind === "service";
  switch (key) {
    case "aws:principalarn":
      return isService || kind === "anonymous" ? undefined : (principal.issuerArn ?? principal.arn);
    case "aws:principalaccount":
      return isService || kind === "anonymous" ? undefined : principal.account;
    case "aws:principaltype":
      return principalTypes[kind];
    case "aws:userid":
      return isService ? undefined : principal.userId;
    case "aws:username":
      return kind === "user" ? principal.arn.slice(principal.arn.lastIndexOf("/") + 1) : undefined;
    case "aws:principalisawsservice":
      return String(isService);
    case "aws:principalservicename":
      return isService ? principal.arn : undefined;
    case "aws:multifactorauthpresent":
      return principal.hasMultiFactor === undefined ? undefined : String(principal.hasMultiFactor);
    case "aws:tokenissuetime":
      return principal.session && new Date(principal.session.issuedAtMs).toISOString();
    case "aws:sourceidentity":
      return principal.sourceIdentity;
    case "aws:federatedprovider":
      return principal.federatedProvider;
    default:
      return principal.federationKeys?.[key];
  }
}

const principalTypes: Readonly<Record<Principal["kind"], string | undefined>> = {
  root: "Account",
  user: "User",
  "role-session": "AssumedRole",
  federated: "FederatedUser",
  service: undefined,
  anonymous: "Anonymous",
};
