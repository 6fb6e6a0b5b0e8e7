import type { Store } from "#store/store.ts";
import type { CallContext } from "../call-context.ts";
import { ServiceError } from "../errors.ts";
import type { Principal } from "../identity.ts";
import type { AnyHandler, Service } from "../service.ts";
import { type Need, needsOf } from "./access.ts";
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
  readonly #source: PolicySource;
  readonly #cache = new PolicyCache();
  readonly #denials = new Map<string, Denial>();

  constructor(
    store: Store,
    services: ReadonlyMap<string, Service>,
    source: PolicySource = noPolicies,
  ) {
    this.#store = store;
    this.#services = services;
    this.#source = source;
  }

  /** Runs a handler for whoever asks, if they may. */
  async perform(ctx: CallContext, handler: AnyHandler, input: unknown): Promise<unknown> {
    const { kind } = ctx.caller;
    if (kind === "root" || kind === "service") {
      try {
        return await handler(ctx, input);
      } catch (needed) {
        if (!(needed instanceof AuthorizationNeeded)) throw needed;
      }
    }
    const authorized = await this.#authorized(ctx, input);
    try {
      return await handler(authorized, input);
    } finally {
      ctx.note = authorized.note;
    }
  }

  /** Why a request was denied, if it was so lately. */
  denialOf(requestId: string): Denial | undefined {
    return this.#denials.get(requestId);
  }

  /** The context to run in: of the account whose resources the call is about. Throws what the policies deny. */
  async #authorized(ctx: CallContext, input: unknown): Promise<CallContext> {
    const { caller } = ctx;
    const service = this.#services.get(ctx.service);
    const access = service?.access?.operations[ctx.operation];
    if (service === undefined || access === undefined) {
      throw this.#denied(ctx, unknownNeed(ctx), unknownDecision);
    }
    const place =
      service.access?.place?.(ctx) ?? `arn:aws:${service.stateOf}:${ctx.region}:${ctx.account}:`;
    const needs = needsOf(access, ctx, place, input);
    const own = await this.#source.policiesOf(caller);
    const principalKeys = principalContext(caller);
    const denied = await this.#store.read((snapshot) => {
      for (const need of needs) {
        const owner = need.account === ctx.account ? ctx : ctx.inAccount(need.account);
        if (owner !== ctx && access.isCrossAccount !== true) {
          return { need, decision: notAcrossAccounts };
        }
        const known = service.access?.resource?.(snapshot, owner, need) ?? {};
        const { keys = emptyContext, policy, isTrust = false } = known;
        const arn = known.resource ?? need.resource;
        const kind = isTrust ? "trust" : "resource";
        const resource = policy === undefined ? undefined : this.#cache.get(policy, kind, arn);
        const decision = evaluate({
          principal: caller,
          action: need.action,
          resource: arn,
          resourceAccount: need.account,
          context: layeredContext(keys, principalKeys, requestKeys(ctx, need)),
          policies: { ...own, resource, resourceMustAllow: isTrust },
        });
        if (decision.decision !== "allow") return { need: { ...need, resource: arn }, decision };
      }
      return undefined;
    });
    if (denied !== undefined) throw this.#denied(ctx, denied.need, denied.decision);
    const accounts = new Set(needs.map((need) => need.account));
    const [account] = accounts;
    return ctx.authorized(accounts.size === 1 ? account! : ctx.account);
  }

  #denied(
    ctx: CallContext,
    need: Pick<Need, "action" | "resource">,
    decision: Decision,
  ): ServiceError {
    const asked = { principal: ctx.caller, action: need.action, resource: need.resource };
    const form = this.#services.get(ctx.service)?.access?.denial;
    const shown = form?.quotesResource === true ? `"${need.resource}"` : need.resource;
    const message = denialMessage({ ...asked, resource: shown }, decision);
    const oldest = this.#denials.keys().next();
    if (this.#denials.size >= denialsKept && !oldest.done) this.#denials.delete(oldest.value);
    this.#denials.set(ctx.requestId, { ...asked, decision, message });
    return form === undefined
      ? ctx.error("AccessDeniedException", message)
      : new ServiceError(form.code, message, {}, form.status);
  }
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
function requestKeys(ctx: CallContext, { account }: Need): RequestContext {
  return {
    get(key) {
      switch (key) {
        case "aws:currenttime":
          return new Date(ctx.now()).toISOString();
        case "aws:epochtime":
          return String(Math.floor(ctx.now() / 1000));
        case "aws:requestedregion":
          return ctx.region;
        case "aws:resourceaccount":
          return account;
        default:
          return ctx.requestKeys?.get(key);
      }
    },
  };
}
