import { compilePolicy, type CompiledPolicy } from "#kernel/authorization/compile-policy.ts";
import { evaluate, type Applied, type Decision } from "#kernel/authorization/evaluate.ts";
import { PolicyProblem } from "#kernel/authorization/policy-document.ts";
import { contextOf, type ContextValue } from "#kernel/authorization/request-context.ts";
import type { Principal } from "#kernel/identity.ts";
import type { Handlers } from "#kernel/service.ts";
import type {
  ContextEntry,
  EvaluationResult,
  IAM,
  PolicyEvaluationDecisionType,
  ResourceSpecificResult,
  SimulatePrincipalPolicyRequest,
  Statement,
} from "#models/iam.ts";
import type { Snapshot } from "#store/store.ts";
import { parseArn } from "./arns.ts";
import { policiesOf } from "./entity-policies.ts";
import type { EntityKind } from "./keyspace.ts";
import { findEntity, type AnyContext } from "./entities.ts";
import { documentOf } from "./managed-policies.ts";
import { pageOfList } from "./pages.ts";
import type { BoundedEntity, Entity } from "./records.ts";
import { statementPositions } from "./statement-positions.ts";

/** What policies would decide, by the engine that decides on requests. */

interface Source {
  /** As answers name it. */
  readonly id: string;
  readonly document: string;
}

interface Simulated {
  readonly sources: readonly Source[];
  /** Undefined where there is none. */
  readonly boundaries: readonly Source[] | undefined;
  readonly caller: Principal;
}

type Asked = Omit<SimulatePrincipalPolicyRequest, "PolicySourceArn">;

export const simulation = {
  SimulateCustomPolicy(ctx, input) {
    checkIsBuilt(ctx, input.OrderedOrganizationPolicyInputList, "organizations' policies");
    const caller = callerOf(ctx, input.CallerArn);
    const sources = given(input.PolicyInputList, "PolicyInputList");
    const boundaries = boundariesOf(input.PermissionsBoundaryPolicyInputList);
    return simulate(ctx, input, { sources, boundaries, caller });
  },

  /** What the user, group or role may do with the policies that it has, and with others that are given. */
  SimulatePrincipalPolicy(ctx, input) {
    const arn = input.PolicySourceArn;
    const parsed = parseArn(arn);
    const kind = parsed?.kind;
    if (kind !== "user" && kind !== "group" && kind !== "role") {
      throw ctx.error(
        "InvalidInput",
        `Invalid Entity Arn: ${arn} does not clearly define entity type and name.`,
      );
    }
    return ctx.read((snapshot) => {
      const entity = findEntity(snapshot, ctx.account, kind, parsed!.name);
      if (entity === undefined || parsed!.account !== ctx.account) {
        throw ctx.error("NoSuchEntity", `The ${kind} with name ${parsed!.name} cannot be found.`);
      }
      const sources = [
        ...sourcesOf(snapshot, ctx, kind, entity),
        ...given(input.PolicyInputList, "PolicyInputList"),
      ];
      const own = (entity as Partial<BoundedEntity>).boundary;
      const ownText = own === undefined ? undefined : documentOf(snapshot, ctx.account, own);
      const boundaries =
        boundariesOf(input.PermissionsBoundaryPolicyInputList) ??
        (ownText === undefined ? undefined : [{ id: parseArn(own!)!.name, document: ownText }]);
      const caller =
        kind === "user" ? callerOf(ctx, input.CallerArn ?? arn) : callerOf(ctx, input.CallerArn);
      return simulate(ctx, input, { sources, boundaries, caller });
    });
  },

  GetContextKeysForCustomPolicy(ctx, input) {
    return { ContextKeyNames: contextKeys(ctx, given(input.PolicyInputList, "PolicyInputList")) };
  },

  GetContextKeysForPrincipalPolicy(ctx, input) {
    const parsed = parseArn(input.PolicySourceArn);
    const kind = parsed?.kind;
    if (kind !== "user" && kind !== "group" && kind !== "role") {
      throw ctx.error(
        "InvalidInput",
        `Invalid Entity Arn: ${input.PolicySourceArn} does not clearly define entity type and name.`,
      );
    }
    return ctx.read((snapshot) => {
      const entity = findEntity(snapshot, ctx.account, kind, parsed!.name);
      if (entity === undefined) {
        throw ctx.error("NoSuchEntity", `The ${kind} with name ${parsed!.name} cannot be found.`);
      }
      const sources = sourcesOf(snapshot, ctx, kind, entity);
      const more = given(input.PolicyInputList, "PolicyInputList");
      return { ContextKeyNames: contextKeys(ctx, [...sources, ...more]) };
    });
  },
} satisfies Handlers<IAM>;

function checkIsBuilt(
  ctx: AnyContext,
  value: readonly unknown[] | string | undefined,
  what: string,
): void {
  if (value !== undefined && value.length > 0) {
    throw ctx.error("NotImplemented", `Simulating ${what} is not implemented by Tule yet.`);
  }
}

function simulate(ctx: AnyContext, input: Asked, simulated: Simulated) {
  for (const member of [
    "PolicyExclusionList",
    "ResourceHandlingOption",
    "ResourceOwner",
  ] as const) {
    // What is asked for and not obeyed would make the answer wrong.
    checkIsBuilt(ctx, input[member], `with ${member}`);
  }
  const all = input.ActionNames.map((action) => resultOf(ctx, input, simulated, action));
  const { items, page } = pageOfList(ctx, all, input);
  return { ...page, EvaluationResults: items };
}

function resultOf(
  ctx: AnyContext,
  input: Asked,
  { sources, boundaries, caller }: Simulated,
  action: string,
): EvaluationResult {
  const identity = sources.map((source) => compiled(ctx, source, "identity"));
  const bounds = boundaries?.map((source) => compiled(ctx, source, "identity"));
  const context = contextOf(entriesOf(input.ContextEntries));
  const text = input.ResourcePolicy;
  const ofResource = text === undefined ? undefined : { id: "ResourcePolicy", document: text };
  const resource = ofResource && compiled(ctx, ofResource, "resource");
  const documents = [...sources, ...(ofResource === undefined ? [] : [ofResource])];
  const resources = input.ResourceArns ?? [];
  const decide = (arn: string): ResourceSpecificResult => {
    const account = arn.split(":")[4] || ctx.account;
    const asked = { principal: caller, action, resource: arn, resourceAccount: account, context };
    const decision = evaluate({ ...asked, policies: { identity, resource } });
    const within =
      bounds === undefined
        ? undefined
        : evaluate({ ...asked, policies: { identity: bounds } }).decision;
    const isWithin = within === undefined || within === "allow";
    const final = isWithin
      ? decision.decision
      : within === "explicitDeny"
        ? within
        : decision.decision === "allow"
          ? "implicitDeny"
          : decision.decision;
    return {
      EvalResourceName: arn,
      EvalResourceDecision: decisionNames[final],
      MatchedStatements: matched(decision, documents),
      MissingContextValues: missingKeys([...identity, ...(resource ? [resource] : [])], context),
      PermissionsBoundaryDecisionDetail:
        within === undefined ? undefined : { AllowedByPermissionsBoundary: within === "allow" },
    };
  };
  const results = (resources.length === 0 ? ["*"] : resources).map(decide);
  const whole = worst(results);
  return {
    EvalActionName: action,
    EvalResourceName: whole.EvalResourceName,
    EvalDecision: whole.EvalResourceDecision,
    MatchedStatements: whole.MatchedStatements,
    MissingContextValues: whole.MissingContextValues,
    PermissionsBoundaryDecisionDetail: whole.PermissionsBoundaryDecisionDetail,
    OrganizationsDecisionDetail: { AllowedByOrganizations: true },
    EvalDecisionDetails: {},
    ResourceSpecificResults: resources.length === 0 ? undefined : results,
  };
}

const decisionNames: Readonly<Record<Decision["decision"], PolicyEvaluationDecisionType>> = {
  allow: "allowed",
  explicitDeny: "explicitDeny",
  implicitDeny: "implicitDeny",
};

/** What is not allowed on one of the resources is not allowed. */
function worst(results: readonly ResourceSpecificResult[]): ResourceSpecificResult {
  for (const decision of ["explicitDeny", "implicitDeny"]) {
    const found = results.find((result) => result.EvalResourceDecision === decision);
    if (found !== undefined) return found;
  }
  return results[0]!;
}

function matched({ by }: Decision, sources: readonly Source[]): Statement[] {
  return by.map(({ policy, position, layer }: Applied) => {
    const source = sources.find(({ id }) => id === policy);
    const place = source && statementPositions(source.document)[position];
    // Recorded: these words, and not the model's.
    const type: string = layer === "resource-based policy" ? "Resource Policy" : "IAM Policy";
    return {
      SourcePolicyId: policy,
      SourcePolicyType: type as Statement["SourcePolicyType"],
      StartPosition: place?.start,
      EndPosition: place?.end,
    };
  });
}

function missingKeys(
  policies: readonly CompiledPolicy[],
  context: { get(key: string): ContextValue | undefined },
): string[] {
  const keys = new Set<string>();
  for (const { statements } of policies) {
    for (const { source } of statements) {
      for (const { key } of source.conditions) {
        if (context.get(key.toLowerCase()) === undefined) keys.add(key);
      }
    }
  }
  return [...keys];
}

function contextKeys(ctx: AnyContext, sources: readonly Source[]): string[] {
  const policies = sources.map((source) => compiled(ctx, source, "identity"));
  return missingKeys(policies, { get: () => undefined });
}

function compiled(
  ctx: AnyContext,
  { id, document }: Source,
  kind: "identity" | "resource",
): CompiledPolicy {
  try {
    return compilePolicy(document, kind, id);
  } catch (problem) {
    if (!(problem instanceof PolicyProblem)) throw problem;
    throw ctx.error("InvalidInput", problem.message);
  }
}

function entriesOf(entries: readonly ContextEntry[] | undefined): Record<string, ContextValue> {
  return Object.fromEntries(
    (entries ?? []).map(
      ({ ContextKeyName: key = "", ContextKeyValues: values = [], ContextKeyType: type }) => [
        key,
        type?.endsWith("List") === true || values.length > 1 ? [...values] : (values[0] ?? ""),
      ],
    ),
  );
}

function given(documents: readonly string[] | undefined, list: string): Source[] {
  return (documents ?? []).map((document, at) => ({ id: `${list}.${at + 1}`, document }));
}

function boundariesOf(documents: readonly string[] | undefined): Source[] | undefined {
  if (documents === undefined || documents.length === 0) return undefined;
  return given(documents, "PermissionsBoundaryPolicyInputList");
}

/** Inline policies are named with whose they are. */
function sourcesOf(
  snapshot: Snapshot,
  ctx: AnyContext,
  kind: EntityKind,
  entity: Entity,
): Source[] {
  return policiesOf(snapshot, ctx, kind, entity).map(({ name, owner, document }) => ({
    id: owner === undefined ? name : `${owner.kind}_${owner.name}_${name}`,
    document,
  }));
}

/** A user whom the simulation is about; without one, somebody of the account. */
function callerOf({ account }: AnyContext, arn: string | undefined): Principal {
  const named = arn ?? `arn:aws:iam::${account}:user/simulated`;
  return { arn: named, account: named.split(":")[4] || account, userId: named, kind: "user" };
}
