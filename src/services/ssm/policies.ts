import type { Context } from "#kernel/context.ts";
import type { ParameterPolicy } from "./parameter-record.ts";

type PolicyContext = Context<
  | "IncompatiblePolicyException"
  | "InvalidPolicyAttributeException"
  | "InvalidPolicyTypeException"
  | "PoliciesLimitExceededException"
>;

const policiesAtMost = 10;
/** They tell EventBridge, which is not here yet. */
const notifications = new Set(["ExpirationNotification", "NoChangeNotification"]);

interface GivenPolicy {
  readonly Type?: string;
  readonly Attributes?: Readonly<Record<string, string>>;
}

/** Source: Systems Manager User Guide, parameter-store-policies. */
export function parsePolicies(ctx: PolicyContext, text: string | undefined): ParameterPolicy[] {
  if (text === undefined || text.trim() === "") return [];
  const given = parsed(ctx, text);
  if (given.length > policiesAtMost) {
    throw ctx.error(
      "PoliciesLimitExceededException",
      `You specified more than the maximum number of allowed policies for the parameter. The maximum is ${policiesAtMost}.`,
    );
  }
  const policies = given.map((policy) => parsePolicy(ctx, policy));
  if (policies.length > 1) {
    throw ctx.error(
      "IncompatiblePolicyException",
      "There is a conflict in the policies specified for this parameter: there must be one Expiration policy at most.",
    );
  }
  return policies;
}

function parsed(ctx: PolicyContext, text: string): readonly GivenPolicy[] {
  try {
    const json = JSON.parse(text) as unknown;
    if (Array.isArray(json)) return json as GivenPolicy[];
  } catch {
    // What is no JSON is refused like JSON that is no list.
  }
  throw ctx.error("InvalidPolicyTypeException", "The policies are no list in JSON.");
}

function parsePolicy(ctx: PolicyContext, policy: GivenPolicy): ParameterPolicy {
  const { Type: type = "", Attributes: attributes = {} } = policy;
  if (notifications.has(type)) {
    throw ctx.error("NotImplemented", `${type} policies are not implemented by Tule yet.`);
  }
  if (type !== "Expiration") {
    throw ctx.error("InvalidPolicyTypeException", `The policy type ${type} is not supported.`);
  }
  const atMs = Date.parse(attributes["Timestamp"] ?? "");
  if (Number.isNaN(atMs) || atMs <= ctx.now()) {
    throw ctx.error(
      "InvalidPolicyAttributeException",
      "The Timestamp of the Expiration policy is missing, or not in the future.",
    );
  }
  return { text: JSON.stringify(policy), atMs };
}
