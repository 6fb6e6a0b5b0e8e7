import type { Snapshot, Store } from "#store/store.ts";
import type { CallContext } from "../call-context.ts";
import { ServiceError } from "../errors.ts";
import type { Principal } from "../identity.ts";
import type { AnyHandler, Service } from "../service.ts";
import type { Uses } from "../uses.ts";
import { type Need, needsOf, type OperationAccess } from "./access.ts";
import { type CompiledPolicy, PolicyCache } from "./compile-policy.ts";
import { denialMessage } from "./denial.ts";
import { type AuthorizationRequest, type Decision, evaluate } from "./evaluate.ts";
import {
  emptyContext,
  layeredContext,
  principalContext,
  type RequestContext,
} from "./request-context.ts";

/*
 * Whether a request may do what it asks for.
 *
 * A1. The root of an account, and a service that acts for it, may do everything with what is the account's own; that
 *     costs nothing. Whatever a policy may concern (another account's resource, a resource with a policy) says so when
 *     it is opened: then the policies decide, and the operation runs again, authorized.
 * A2. For everybody else the policies decide first.
 * A3. An operation that no map names is denied to everybody but roots.
 */

/** Thrown where a handler opens what policies may concern, before it has done anything: the call is then decided on. */
export class AuthorizationNeeded extends Error {
  override name = "AuthorizationNeeded";
}

/** The policies that a principal brings along. IAM will tell them. */
export interface PrincipalPolicies {
  readonly identity: readonly CompiledPolicy[];
  readonly boundary?: CompiledPolicy | undefined;
  readonly session?: readonly CompiledPolicy[] | undefined;
  readonly organization?: readonly (readonly CompiledPolicy[])[] | undefined;
}

export interface PolicySource {
  policiesOf(principal: Principal): PrincipalPolicies | Promise<PrincipalPolicies>;
}

const noPolicies: PolicySource = { policiesOf: () => ({ identity: [] }) };

export interface Denial extends Pick<AuthorizationRequest, "principal" | "action" | "resource"> {
  readonly decision: Decision;
  readonly message: string;
}

const denialsKept = 1_000;

export class Authorizer {
  readonly #store: Store;
  readonly #services: ReadonlyMap<string, Service>;
  readonly #uses: Uses;
  readonly #source: PolicySource;
  readonly #cache = new PolicyCache();
  readonly #denials = new Map<string, Denial>();

  constructor(
    store: Store,
    services: ReadonlyMap<string, Service>,
    uses: Uses,
    source: PolicySource = noPolicies,
  ) {
    this.#store = store;
    this.#services = services;
    this.#uses = uses;
    this.#source = source;
  }

  /** Runs a handler for whoever asks, if they may. */
  async perform(ctx: CallContext, handler: AnyHandler, input: unknown): Promise<unknown> {
    if (isTrusted(ctx.caller)) {
      try {
        return await handler(ctx, input);
      } catch (needed) {
        if (!(needed instanceof AuthorizationNeeded)) throw needed;
      }
    }
    if (this.#accessOf(ctx)?.isProof === true) return handler(ctx, input);
    this.#uses.note(ctx.caller, ctx);
    const authorized = await this.authorized(ctx, input);
    try {
      return await handler(authorized, input);
    } catch (failure) {
      await this.#conceal(ctx, input, failure);
      throw failure;
    } finally {
      ctx.note = authorized.note;
    }
  }

  /**
   * Whether the caller may do these things with a resource of the account that no policy is attached to: for protocols
   * of a service's own. Decides at once where the caller's policies are at hand. Throws what they deny.
   */
  permit(ctx: CallContext, actions: readonly string[], resource: string): void | Promise<void> {
    const { caller } = ctx;
    if (isTrusted(caller) && caller.account === ctx.account) return undefined;
    const found = this.#source.policiesOf(caller);
    const decide = (own: PrincipalPolicies): void => {
      for (const action of actions) {
        const need = { action, resource, account: ctx.account };
        const decision = decisionOn(ctx, need, own);
        if (decision.decision !== "allow") throw this.#denied(ctx, need, decision);
      }
    };
    return found instanceof Promise ? found.then(decide) : decide(found);
  }

  /** Why a request was denied, if it was so lately. */
  denialOf(requestId: string): Denial | undefined {
    return this.#denials.get(requestId);
  }

  /** The context to run in: of the account whose resources the call is about. Throws what the policies deny. */
  async authorized(ctx: CallContext, input: unknown): Promise<CallContext> {
    const service = this.#services.get(ctx.service);
    const access = this.#accessOf(ctx);
    if (service === undefined || access === undefined) {
      throw this.#denied(ctx, unknownNeed(ctx), unknownDecision);
    }
    const { denied, accounts } = await this.#decide(ctx, service, access, input);
    const refusals = new Map<number, ServiceError>();
    for (const [at, { need, decision }] of denied) {
      const refusal = this.#denied(ctx, need, decision);
      if (access.decidesEach !== true) throw refusal;
      refusals.set(at, refusal);
    }
    const [account] = accounts;
    return ctx.authorized(accounts.size === 1 ? account! : ctx.account, refusals);
  }

  /** Throws a denial in place of an error that tells what the caller may not know. */
  async #conceal(ctx: CallContext, input: unknown, failure: unknown): Promise<void> {
    const service = this.#services.get(ctx.service);
    const access = this.#accessOf(ctx);
    const { conceals } = access ?? {};
    if (service === undefined || conceals === undefined) return;
    if (!(failure instanceof ServiceError) || failure.code !== conceals.code) return;
    const { denied } = await this.#decide(ctx, service, { ...access, ...conceals }, input);
    for (const { need, decision } of denied.values()) throw this.#denied(ctx, need, decision);
  }

  /** The needs that policies do not allow, by their position, and whose the resources are. */
  #decide(
    ctx: CallContext,
    service: Service,
    access: OperationAccess,
    input: unknown,
  ): Promise<Decided> {
    const place =
      service.access?.place?.(ctx) ?? `arn:aws:${service.stateOf}:${ctx.region}:${ctx.account}:`;
    const needs = needsOf(access, ctx, place, input);
    const decideWith = (own: PrincipalPolicies): Promise<Decided> =>
      this.#store.read((snapshot) => {
        const accounts = new Set<string>();
        const denied = new Map<number, DeniedNeed>();
        for (const [at, need] of needs.entries()) {
          const { found, decision } = this.#decideOn(snapshot, ctx, service, access, need, own);
          accounts.add(found.account);
          if (decision.decision === "allow") continue;
          denied.set(at, { need: found, decision });
          if (access.decidesEach !== true) break;
        }
        return { accounts, denied };
      });
    // Mostly they are known, and nobody waits.
    const own = this.#source.policiesOf(ctx.caller);
    return own instanceof Promise ? own.then(decideWith) : decideWith(own);
  }

  #accessOf({ service, operation }: CallContext): OperationAccess | undefined {
    return this.#services.get(service)?.access?.operations[operation];
  }

  /** `found`: the need with what is known of its resource. */
  #decideOn(
    snapshot: Snapshot,
    ctx: CallContext,
    service: Service,
    { isCrossAccount = false }: OperationAccess,
    need: Need,
    own: PrincipalPolicies,
  ): { readonly found: Need; readonly decision: Decision } {
    const owner = need.account === ctx.account ? ctx : ctx.inAccount(need.account);
    if (owner !== ctx && !isCrossAccount) return { found: need, decision: notAcrossAccounts };
    const known = service.access?.resource?.(snapshot, owner, need) ?? {};
    const { keys = emptyContext, policy, isTrust = false, account = need.account } = known;
    const found = { ...need, resource: known.resource ?? need.resource, account };
    if (account !== ctx.account && !isCrossAccount) return { found, decision: notAcrossAccounts };
    const kind = isTrust ? "trust" : "resource";
    const name = known.policyName ?? found.resource;
    const resource = policy === undefined ? undefined : this.#cache.get(policy, kind, name);
    const policies = { ...own, resource, resourceMustAllow: known.mustAllow ?? isTrust };
    return { found, decision: decisionOn(ctx, found, policies, keys) };
  }

  #denied(ctx: CallContext, need: UnmetNeed, decision: Decision): ServiceError {
    const asked = { principal: ctx.caller, action: need.action, resource: need.resource };
    const form = this.#services.get(ctx.service)?.access?.denial;
    const shown = form?.quotesResource === true ? `"${need.resource}"` : need.resource;
    const message = denialMessage({ ...asked, resource: shown }, decision);
    const oldest = this.#denials.keys().next();
    if (this.#denials.size >= denialsKept && !oldest.done) this.#denials.delete(oldest.value);
    this.#denials.set(ctx.requestId, { ...asked, decision, message });
    if (form === undefined) return ctx.error("AccessDeniedException", message);
    const isStranger = need.account !== undefined && need.account !== ctx.caller.account;
    const told = isStranger ? (form.toStrangers ?? message) : message;
    return new ServiceError(form.code, told, {}, form.status);
  }
}

interface Decided {
  readonly accounts: ReadonlySet<string>;
  readonly denied: ReadonlyMap<number, DeniedNeed>;
}

interface DeniedNeed {
  readonly need: UnmetNeed;
  readonly decision: Decision;
}

/** `account`: whose the resource is; undefined where nobody knows. */
type UnmetNeed = Pick<Need, "action" | "resource"> & { readonly account?: string };

/** A1: they pay nothing for what is their account's own. */
function isTrusted({ kind }: Principal): boolean {
  return kind === "root" || kind === "service";
}

/** `keys`: what is known of the resource. */
function decisionOn(
  ctx: CallContext,
  { action, resource, account }: Pick<Need, "action" | "resource" | "account">,
  policies: AuthorizationRequest["policies"],
  keys: RequestContext = emptyContext,
): Decision {
  const { caller: principal } = ctx;
  const context = layeredContext(keys, principalContext(principal), requestKeys(ctx, account));
  return evaluate({ principal, action, resource, resourceAccount: account, context, policies });
}

const notAcrossAccounts: Decision = {
  decision: "implicitDeny",
  by: [],
  layer: "resource-based policy",
};

const unknownDecision: Decision = {
  decision: "implicitDeny",
  by: [],
  layer: "identity-based policy",
};

function unknownNeed({ service, operation }: CallContext): Pick<Need, "action" | "resource"> {
  return { action: `${service}:${operation}`, resource: "*" };
}

/** What any request tells. Source: IAM User Guide, reference_policies_condition-keys. */
function requestKeys(ctx: CallContext, account: string): RequestContext {
  return {
    get(key) {
      switch (key) {
        case "aws:currenttime":
          return new Date(ctx.now()).toISOString();
        case "aws:epochtime":
          return String(Math.floor(ctx.now() / 1000));
        case "aws:requestedregion":
          return ctx.region;
        case "aws:multifactorauthage":
          return multiFactorAge(ctx);
        case "aws:resourceaccount":
          return account;
        default:
          return ctx.requestKeys?.get(key);
      }
    },
  };
}

/** For how many seconds a session has been one of a caller who proved to have a device. */
function multiFactorAge(ctx: CallContext): string | undefined {
  const { session, hasMultiFactor } = ctx.caller;
  if (session === undefined || hasMultiFactor !== true) return undefined;
  return String(Math.floor((ctx.now() - session.issuedAtMs) / 1000));
}
