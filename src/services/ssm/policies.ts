import type { Context } from "#kernel/context.ts";
import type { ParameterPolicy } from "./parameter-record.ts";

type PolicyContext = Context<
  | "IncompatiblePolicyException"
  | "InvalidPolicyAttributeException"
  | "InvalidPolicyTypeException"
  | "PoliciesLimitExceededException"
>;

const policiesAtMost = 10;
const types = new Set<string>(["Expiration", "ExpirationNotification", "NoChangeNotification"]);

interface GivenPolicy {
  readonly Type?: string;
  readonly Attributes?: Readonly<Record<string, string>>;
}

/** Source: Systems Manager User Guide, parameter-store-policies. Notifications are kept and, without EventBridge, not sent. */
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
  const expirations = policies.filter(({ type }) => type === "Expiration");
  const needsOne = policies.some(({ type }) => type === "ExpirationNotification");
  if (expirations.length > 1 || (needsOne && expirations.length === 0)) {
    throw ctx.error(
      "IncompatiblePolicyException",
      "There is a conflict in the policies specified for this parameter: there must be one Expiration policy at most, and ExpirationNotification needs one.",
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
  if (!types.has(type)) {
    throw ctx.error("InvalidPolicyTypeException", `The policy type ${type} is not supported.`);
  }
  const text = JSON.stringify(policy);
  if (type !== "Expiration") {
    return { text, type: type as ParameterPolicy["type"], atMs: undefined };
  }
  const atMs = Date.parse(attributes["Timestamp"] ?? "");
  if (Number.isNaN(atMs) || atMs <= ctx.now()) {
    throw ctx.error(
      "InvalidPolicyAttributeException",
      "The Timestamp of the Expiration policy is missing, or not in the future.",
    );
  }
  return { text, type, atMs };
}
