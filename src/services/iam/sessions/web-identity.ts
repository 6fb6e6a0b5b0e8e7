import type { Principal } from "#kernel/identity.ts";
import type { Handlers } from "#kernel/service.ts";
import type { AssumeRoleWithWebIdentityRequest, STS } from "#models/sts.ts";
import type { AnyContext } from "../entities.ts";
import { oidcArn, oidcNameOf, findOidcProvider } from "../providers/oidc-providers.ts";
import { parseArn } from "../arns.ts";
import { checkDuration, defaultSeconds, findRole, roleSession } from "./assume-role.ts";
import {
  makeCredentials,
  packedPolicySize,
  sessionPoliciesOf,
  validationError,
} from "./temporary-credentials.ts";
import { isSignedByOneOf, parseWebToken, type WebToken } from "./web-token.ts";

/** Roles for whoever has a token of an identity provider's. Source: STS API Reference, AssumeRoleWithWebIdentity. */
export const webIdentity = {
  async AssumeRoleWithWebIdentity(ctx, input) {
    checkIsBuilt(ctx, input);
    const token = parseWebToken(input.WebIdentityToken);
    if (token === undefined) {
      throw invalidToken(
        ctx,
        "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
      );
    }
    const account = parseArn(input.RoleArn)?.account;
    if (account === undefined) throw validationError(`${input.RoleArn} is invalid`);
    const identity = await identityOf(ctx.inAccount(account), token);
    await checkToken(ctx, token);

    // What the token says of its session is as if it had been asked for.
    const { tags, transitiveTagKeys, sourceIdentity } = sessionClaims(ctx, token);
    const asked = {
      ...input,
      SourceIdentity: sourceIdentity,
      Tags:
        Object.keys(tags).length === 0
          ? undefined
          : Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
    };
    const allowed = await ctx.authorizedAs(identity.principal, asked);
    const { role, policies } = await allowed.read((snapshot) => ({
      role: findRole(snapshot, allowed, input.RoleArn),
      policies: sessionPoliciesOf(allowed, snapshot, input),
    }));
    const seconds = input.DurationSeconds ?? defaultSeconds;
    checkDuration(seconds, role);
    const { federatedProvider, federationKeys } = identity.principal;
    const principal = roleSession(allowed, role, {
      sessionName: input.RoleSessionName,
      policies,
      tags,
      transitiveTagKeys,
      sourceIdentity,
      federatedProvider,
      federationKeys,
    });
    return {
      Credentials: makeCredentials(allowed, principal, seconds),
      SubjectFromWebIdentityToken: identity.subject,
      AssumedRoleUser: { AssumedRoleId: principal.userId, Arn: principal.arn },
      PackedPolicySize: packedPolicySize(policies, tags),
      Provider: federatedProvider,
      Audience: identity.audience,
      SourceIdentity: sourceIdentity,
    };
  },
} satisfies Handlers<STS>;

/** Access tokens of the time before OpenID Connect say nothing that could be verified here. */
function checkIsBuilt(ctx: AnyContext, { ProviderId: provider }: AssumeRoleWithWebIdentityRequest) {
  if (provider === undefined) return;
  throw ctx.error(
    "NotImplemented",
    `AssumeRoleWithWebIdentity with access tokens of ${provider} is not implemented by Tule yet.`,
  );
}

function invalidToken(ctx: AnyContext, message: string): Error {
  return ctx.error("InvalidIdentityToken", message);
}

interface Identity {
  readonly subject: string;
  readonly audience: string;
  readonly principal: Principal;
}

/** Issuers that every account knows. Source: IAM User Guide, reference_policies_elements_principal. */
const wellKnown: ReadonlySet<string> = new Set([
  "accounts.google.com",
  "cognito-identity.amazonaws.com",
]);

/** Whom the token is about, if the account knows its issuer. Whether it is genuine is for `checkToken` to say. */
async function identityOf(ctx: AnyContext, { claims }: WebToken): Promise<Identity> {
  const { iss, sub, azp } = claims;
  const issuer = required(ctx, "iss", iss);
  const subject = required(ctx, "sub", sub);
  const audiences = Array.isArray(claims["aud"])
    ? claims["aud"].filter((one) => typeof one === "string")
    : [required(ctx, "aud", claims["aud"])];
  const name = oidcNameOf(issuer);
  const provider = await ctx.read((snapshot) => findOidcProvider(snapshot, ctx.account, name));
  if (provider === undefined && !wellKnown.has(name)) {
    throw invalidToken(ctx, `No OpenIDConnect provider found in your account for ${issuer}`);
  }
  // Whom the token was made for: the authorized party, where it names one.
  const audience =
    typeof azp === "string"
      ? azp
      : (audiences.find((one) => provider?.clientIds.includes(one)) ?? audiences[0] ?? "");
  if (provider !== undefined && !provider.clientIds.includes(audience)) {
    throw invalidToken(ctx, "Incorrect token audience");
  }
  const keys: Record<string, string | readonly string[]> = {
    aud: audience,
    sub: subject,
    ...(typeof azp === "string" ? { azp, oaud: audiences } : {}),
    ...textClaims(claims, ["amr", ...(moreKeys[name] ?? [])]),
  };
  return {
    subject,
    audience,
    principal: {
      arn: issuer,
      account: ctx.account,
      userId: subject,
      kind: "anonymous",
      federatedProvider: provider === undefined ? name : oidcArn(ctx.account, name),
      federationKeys: Object.fromEntries(
        Object.entries(keys).map(([key, value]) => [`${name}:${key}`.toLowerCase(), value]),
      ),
    },
  };
}

/**
 * Claims that conditions can ask for beside those of every issuer. Source: IAM User Guide,
 * reference_policies_iam-condition-keys, "Available keys for AWS OIDC federation".
 */
const moreKeys: Readonly<Record<string, readonly string[]>> = {
  "token.actions.githubusercontent.com": [
    "actor",
    "actor_id",
    "enterprise_id",
    "environment",
    "job_workflow_ref",
    "ref",
    "repository",
    "repository_id",
    "workflow",
  ],
};

function textClaims(
  claims: WebToken["claims"],
  names: readonly string[],
): Record<string, string | readonly string[]> {
  const found: Record<string, string | readonly string[]> = {};
  for (const name of names) {
    const value = claims[name];
    if (typeof value === "string") found[name] = value;
    if (Array.isArray(value)) found[name] = value.filter((one) => typeof one === "string");
  }
  return found;
}

function required(ctx: AnyContext, claim: string, value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw invalidToken(ctx, `Missing a required claim: ${claim}`);
}

/** How far clocks may differ. */
const skewSeconds = 300;

/** Throws what is wrong with its times and its signature. */
async function checkToken(ctx: AnyContext, token: WebToken): Promise<void> {
  const { exp, nbf, iss } = token.claims;
  const nowSeconds = Math.floor(ctx.machineNow() / 1000);
  if (typeof exp !== "number") throw invalidToken(ctx, "Missing a required claim: exp");
  if (exp <= nowSeconds) {
    throw ctx.error(
      "ExpiredTokenException",
      `Token expired: current date/time ${nowSeconds} must be before the expiration date/time ${exp}`,
    );
  }
  if (typeof nbf === "number" && nbf > nowSeconds + skewSeconds) {
    throw invalidToken(ctx, "The token is not valid yet");
  }
  const keys = await ctx.issuerKeys.keysOf(iss as string, token.keyId);
  if (keys === undefined) {
    throw invalidToken(
      ctx,
      "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
    );
  }
  if (!isSignedByOneOf(token, keys)) {
    throw invalidToken(ctx, "The web identity token provided could not be validated");
  }
}

interface SessionClaims {
  readonly tags: Readonly<Record<string, string>>;
  readonly transitiveTagKeys: readonly string[];
  readonly sourceIdentity: string | undefined;
}

/** Source: IAM User Guide, id_session-tags, "Passing session tags using AssumeRoleWithWebIdentity". */
function sessionClaims(ctx: AnyContext, { claims }: WebToken): SessionClaims {
  const given = claims["https://aws.amazon.com/tags"] as
    | { readonly principal_tags?: unknown; readonly transitive_tag_keys?: unknown }
    | undefined;
  const tags: Record<string, string> = {};
  for (const [key, value] of Object.entries(given?.principal_tags ?? {})) {
    const [text] = Array.isArray(value) ? (value as unknown[]) : [value];
    if (typeof text !== "string") throw invalidToken(ctx, `The session tag ${key} has no value`);
    tags[key] = text;
  }
  const transitive = given?.transitive_tag_keys;
  const identity = claims["https://aws.amazon.com/source_identity"];
  return {
    tags,
    transitiveTagKeys: Array.isArray(transitive)
      ? transitive.filter((key) => typeof key === "string" && Object.hasOwn(tags, key))
      : [],
    sourceIdentity: typeof identity === "string" ? identity : undefined,
  };
}
