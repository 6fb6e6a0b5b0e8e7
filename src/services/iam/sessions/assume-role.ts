import { AuthorizationNeeded } from "#kernel/authorization/authorize.ts";
import type { Principal } from "#kernel/identity.ts";
import type { Handlers } from "#kernel/service.ts";
import type { AssumeRoleRequest, STS } from "#models/sts.ts";
import type { Snapshot } from "#store/store.ts";
import { arnOf, parseArn } from "../arns.ts";
import { takeCode } from "../credentials/mfa-devices.ts";
import { findEntity, type AnyContext } from "../entities.ts";
import type { RoleRecord } from "../records.ts";
import {
  accessDenied,
  invalidParameter,
  makeCredentials,
  packedPolicySize,
  sessionPoliciesOf,
  sessionTags,
  validationError,
  type SessionPolicies,
} from "./temporary-credentials.ts";

export const defaultSeconds = 3_600;
const chainedSecondsAtMost = 3_600;

export const assumeRole = {
  /** The role's policy has decided before (access.ts), for root users as well: the session is of the role's account. */
  async AssumeRole(ctx, input) {
    if (!ctx.isAuthorized) throw new AuthorizationNeeded();
    const tags = sessionTags(input.Tags);
    const transitive = transitiveKeys(input, tags);
    const inherited = inheritedTags(ctx.caller);
    for (const key of Object.keys(tags)) {
      if (Object.hasOwn(inherited, key)) {
        throw invalidParameter(
          "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
        );
      }
    }
    const { role, policies } = await ctx.read((snapshot) => {
      const found = findRole(snapshot, ctx, input.RoleArn);
      return { role: found, policies: sessionPoliciesOf(ctx, snapshot, input) };
    });
    const seconds = secondsOf(ctx, input, role);
    // A session hands on that its caller proved to have a device.
    const hasMultiFactor = (await takeCode(ctx, input)) || ctx.caller.hasMultiFactor === true;
    const sessionName = input.RoleSessionName;
    const principal = roleSession(ctx, role, {
      sessionName,
      policies,
      hasMultiFactor,
      tags: { ...inherited, ...tags },
      transitiveTagKeys: [...Object.keys(inherited), ...transitive],
      sourceIdentity: input.SourceIdentity ?? ctx.caller.sourceIdentity,
    });
    return {
      Credentials: makeCredentials(ctx, principal, seconds),
      AssumedRoleUser: { AssumedRoleId: principal.userId, Arn: principal.arn },
      PackedPolicySize: packedPolicySize(policies, tags),
      SourceIdentity: principal.sourceIdentity,
    };
  },
} satisfies Handlers<STS>;

export interface RoleSession {
  readonly sessionName: string;
  readonly policies: SessionPolicies;
  readonly hasMultiFactor?: boolean;
  readonly tags: Readonly<Record<string, string>>;
  readonly transitiveTagKeys?: readonly string[];
  readonly sourceIdentity?: string | undefined;
  readonly federatedProvider?: Principal["federatedProvider"] | undefined;
  readonly federationKeys?: Principal["federationKeys"] | undefined;
}

/** Whoever has assumed a role. */
export function roleSession(ctx: AnyContext, role: RoleRecord, session: RoleSession): Principal {
  const { account } = ctx;
  const {
    sessionName,
    policies,
    hasMultiFactor = false,
    transitiveTagKeys = [],
    sourceIdentity,
    federatedProvider,
    federationKeys,
  } = session;
  return {
    arn: `arn:aws:sts::${account}:assumed-role/${role.name}/${sessionName}`,
    account,
    userId: `${role.id}:${sessionName}`,
    kind: "role-session",
    issuerArn: arnOf(account, "role", role),
    // A session's tag stands before the role's tag of the same key.
    tags: { ...role.tags, ...session.tags },
    hasMultiFactor,
    session: {
      issuedAtMs: ctx.now(),
      ...policies,
      ...(transitiveTagKeys.length === 0 ? {} : { transitiveTagKeys }),
    },
    ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
    ...(federatedProvider === undefined ? {} : { federatedProvider }),
    ...(federationKeys === undefined ? {} : { federationKeys }),
  };
}

/** A role of another path is another one. Who asks for what is not there is told the same as for what is denied. */
export function findRole(
  snapshot: Snapshot,
  { account, caller, operation }: AnyContext,
  roleArn: string,
): RoleRecord {
  const role = findEntity(snapshot, account, "role", parseArn(roleArn)?.name ?? "");
  if (role !== undefined && arnOf(account, "role", role) === roleArn) return role;
  throw accessDenied(
    `User: ${caller.arn} is not authorized to perform: sts:${operation} on resource: ${roleArn}`,
  );
}

function transitiveKeys(
  { TransitiveTagKeys: keys = [] }: AssumeRoleRequest,
  tags: Readonly<Record<string, string>>,
): readonly string[] {
  for (const key of keys) {
    if (Object.hasOwn(tags, key)) continue;
    // Recorded.
    throw invalidParameter(
      "The specified transitive tag key must be included in the requested tags.",
    );
  }
  return keys;
}

/** Tags that a chain of sessions hands on. */
function inheritedTags({ tags = {}, session }: Principal): Record<string, string> {
  const keys = session?.transitiveTagKeys ?? [];
  return Object.fromEntries(
    keys.flatMap((key) => (tags[key] === undefined ? [] : [[key, tags[key]]])),
  );
}

function secondsOf(
  { caller }: AnyContext,
  { DurationSeconds: given }: AssumeRoleRequest,
  role: RoleRecord,
): number {
  const seconds = given ?? defaultSeconds;
  if (caller.kind === "role-session" && seconds > chainedSecondsAtMost) {
    throw validationError(
      "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
    );
  }
  checkDuration(seconds, role);
  return seconds;
}

export function checkDuration(seconds: number, { maxSessionSeconds }: RoleRecord): void {
  if (seconds <= maxSessionSeconds) return;
  throw validationError(
    "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
  );
}
