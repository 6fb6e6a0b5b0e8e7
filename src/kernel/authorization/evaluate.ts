import type { Principal } from "../identity.ts";
import type { CompiledPolicy, CompiledStatement } from "./compile-policy.ts";
import type { Naming } from "./principals.ts";
import type { RequestContext } from "./request-context.ts";

/*
 * Whether a request is allowed. Source: IAM User Guide, "Policy evaluation logic"
 * (reference_policies_evaluation-logic and the pages below it), reference_policies_elements_principal,
 * access_policies_boundaries.
 *
 * E1. A Deny that applies, wherever it stands, decides. Without any statement that applies the answer is no.
 * E2. Each level of an organization must allow the request. These policies do not concern services.
 * E3. Within an account, the resource's policy or the identity's policies must allow it. What a resource's policy
 *     grants to a user, to a session or to everyone needs nothing else; what it grants to a role stays within the
 *     boundary and the session's policies; what it grants to the account, the identity's policies must allow.
 * E4. Across accounts, both must allow it: the resource's policy and the caller's own account.
 * E5. The root of an account may do all that its organization and the resources' policies do not deny.
 * E6. Boundaries and session policies allow nothing; what they leave out is not allowed.
 * E7. A service may do what the resource's policy allows it.
 */

export interface AuthorizationRequest {
  readonly principal: Principal;
  /** "dynamodb:PutItem". */
  readonly action: string;
  /** An ARN, or "*" for actions that have no resource. */
  readonly resource: string;
  /** The account that owns the resource. */
  readonly resourceAccount: string;
  readonly context: RequestContext;
  readonly policies: ApplicablePolicies;
}

export interface ApplicablePolicies {
  /** Of the user and its groups, or of the role. */
  readonly identity: readonly CompiledPolicy[];
  readonly resource?: CompiledPolicy | undefined;
  /** The resource's policy must allow it whoever asks: trust policies of roles, and policies of keys. */
  readonly resourceMustAllow?: boolean;
  readonly boundary?: CompiledPolicy | undefined;
  /** Undefined for a session that has none. */
  readonly session?: readonly CompiledPolicy[] | undefined;
  /** Level by level, from the root to the account. */
  readonly organization?: readonly (readonly CompiledPolicy[])[] | undefined;
}

/** The kinds of policies, as explanations name them. */
export type PolicyLayer =
  | "service control policy"
  | "resource-based policy"
  | "identity-based policy"
  | "permissions boundary"
  | "session policy"
  | "role trust policy";

export interface Applied {
  readonly layer: PolicyLayer;
  /** The policy's name. */
  readonly policy: string;
  readonly sid: string | undefined;
  readonly position: number;
}

export interface Decision {
  readonly decision: "allow" | "explicitDeny" | "implicitDeny";
  /** The statements that decided; none for an implicit deny, and for what root may do anyway. */
  readonly by: readonly Applied[];
  /** Of a denial: the kind of policy that denied it, or that did not allow it. */
  readonly layer: PolicyLayer | undefined;
}

export function evaluate(request: AuthorizationRequest): Decision {
  const { principal, policies } = request;
  const action = request.action.toLowerCase();
  const service = action.slice(0, action.indexOf(":"));
  const { resource: arn, context } = request;
  const asked: Question = { principal, action, service, resource: arn, context };
  const resourceLayer: PolicyLayer = isRoleTrust(request)
    ? "role trust policy"
    : "resource-based policy";
  const isService = principal.kind === "service";
  const levels = isService ? [] : (policies.organization ?? []);
  const organization = levels.map((level) => opinionOf(level, asked, "service control policy"));
  const resource = resourceOpinion(policies.resource, asked, resourceLayer);
  const isRoot = principal.kind === "root" || principal.kind === "anonymous" || isService;
  const identity = opinionOf(isRoot ? [] : policies.identity, asked, "identity-based policy");
  const boundary =
    isRoot || policies.boundary === undefined
      ? undefined
      : opinionOf([policies.boundary], asked, "permissions boundary");
  const session =
    isRoot || policies.session === undefined
      ? undefined
      : opinionOf(policies.session, asked, "session policy");

  for (const opinion of [...organization, resource, identity, boundary, session]) {
    if (opinion?.denied !== undefined) return explicitDeny(opinion.denied);
  }
  if (organization.some((level) => level.allowed === undefined)) {
    return implicitDeny("service control policy");
  }
  const { allowed: granted, naming } = resource;
  if (isService || principal.kind === "anonymous") {
    return granted === undefined ? implicitDeny(resourceLayer) : allow([granted]);
  }
  const isOwn = principal.account === request.resourceAccount;
  if (granted === undefined && (!isOwn || policies.resourceMustAllow === true)) {
    return implicitDeny(resourceLayer);
  }
  if (principal.kind === "root") return allow(granted === undefined ? [] : [granted]);
  if (isOwn && granted !== undefined && naming === "itself") return allow([granted]);
  const isGranted = isOwn && granted !== undefined && naming === "issuer";
  if (!isGranted && identity.allowed === undefined) return implicitDeny("identity-based policy");
  if (boundary !== undefined && boundary.allowed === undefined) {
    return implicitDeny("permissions boundary");
  }
  if (session !== undefined && session.allowed === undefined) return implicitDeny("session policy");
  const by = [granted, identity.allowed, boundary?.allowed, session?.allowed];
  return allow(by.filter((applied) => applied !== undefined));
}

/** Explanations call the policy of a role by its own name. */
function isRoleTrust({ action, policies }: AuthorizationRequest): boolean {
  return policies.resourceMustAllow === true && action.startsWith("sts:");
}

interface Question extends Pick<AuthorizationRequest, "principal" | "resource" | "context"> {
  /** In lower case. */
  readonly action: string;
  /** Its prefix. */
  readonly service: string;
}

interface Opinion {
  readonly allowed: Applied | undefined;
  readonly denied: Applied | undefined;
}

function opinionOf(
  policies: readonly CompiledPolicy[],
  asked: Question,
  layer: PolicyLayer,
): Opinion {
  let allowed: Applied | undefined;
  for (const policy of policies) {
    for (const statement of policy.statementsOn(asked.service)) {
      // One Allow is enough to know of; each Deny has to be looked at.
      if (statement.effect === "Allow" && allowed !== undefined) continue;
      if (!applies(statement, asked)) continue;
      const applied = appliedOf(policy, statement, layer);
      if (statement.effect === "Deny") return { allowed: undefined, denied: applied };
      allowed = applied;
    }
  }
  return { allowed, denied: undefined };
}

interface ResourceOpinion extends Opinion {
  /** How the furthest-reaching Allow names the principal. */
  readonly naming: Naming;
}

const reach: Readonly<Record<Naming, number>> = { none: 0, account: 1, issuer: 2, itself: 3 };

function resourceOpinion(
  policy: CompiledPolicy | undefined,
  asked: Question,
  layer: PolicyLayer,
): ResourceOpinion {
  let allowed: Applied | undefined;
  let furthest: Naming = "none";
  for (const statement of policy?.statementsOn(asked.service) ?? []) {
    const naming = statement.principals?.naming(asked.principal) ?? "none";
    const isOfUse =
      statement.effect === "Deny" ? naming !== "none" : reach[naming] > reach[furthest];
    if (!isOfUse || !applies(statement, asked)) continue;
    const applied = appliedOf(policy!, statement, layer);
    if (statement.effect === "Deny") return { allowed: undefined, denied: applied, naming };
    allowed = applied;
    furthest = naming;
  }
  return { allowed, denied: undefined, naming: furthest };
}

function applies(statement: CompiledStatement, { action, resource, context }: Question): boolean {
  if (!statement.matchesAction(action)) return false;
  if (!statement.matchesResource(resource, context)) return false;
  for (const condition of statement.conditions) if (!condition(context)) return false;
  return true;
}

function appliedOf(
  policy: CompiledPolicy,
  { sid, position }: CompiledStatement,
  layer: PolicyLayer,
): Applied {
  return { layer, policy: policy.name, sid, position };
}

function allow(by: readonly Applied[]): Decision {
  return { decision: "allow", by, layer: undefined };
}

function explicitDeny(by: Applied): Decision {
  return { decision: "explicitDeny", by: [by], layer: by.layer };
}

function implicitDeny(layer: PolicyLayer): Decision {
  return { decision: "implicitDeny", by: [], layer };
}
