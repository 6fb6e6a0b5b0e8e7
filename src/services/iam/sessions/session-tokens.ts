import type { Principal } from "#kernel/identity.ts";
import type { Handlers } from "#kernel/service.ts";
import type { STS } from "#models/sts.ts";
import { takeCode } from "../credentials/mfa-devices.ts";
import { accountOfAccessKey } from "../ids.ts";
import {
  accessDenied,
  makeCredentials,
  packedPolicySize,
  sessionPoliciesOf,
  sessionTags,
  validationError,
} from "./temporary-credentials.ts";

const defaultSeconds = 43_200;
/** The root user's sessions are short. Source: STS API Reference, GetSessionToken and GetFederationToken. */
const rootSecondsAtMost = 3_600;

export const sessionTokens = {
  /** Temporary credentials of the caller's own. */
  async GetSessionToken(ctx, input) {
    const { caller } = ctx;
    checkHasLongTermKey(caller, "GetSessionToken");
    const seconds = secondsOf(caller, input.DurationSeconds);
    const session = { issuedAtMs: ctx.now() };
    const hasMultiFactor = await takeCode(ctx, input);
    // Who uses the session does not use the key.
    const { accessKeyId: _, ...user } = caller;
    const principal: Principal = { ...user, session, hasMultiFactor };
    return { Credentials: makeCredentials(ctx, principal, seconds) };
  },

  /** Credentials for somebody whom the caller vouches for, with no more rights than the caller and the policies give. */
  async GetFederationToken(ctx, input) {
    const { caller } = ctx;
    checkHasLongTermKey(caller, "GetFederationToken");
    const seconds = secondsOf(caller, input.DurationSeconds);
    const tags = sessionTags(input.Tags);
    const policies = await ctx.read((snapshot) => sessionPoliciesOf(ctx, snapshot, input));
    const principal: Principal = {
      arn: `arn:aws:sts::${ctx.account}:federated-user/${input.Name}`,
      account: ctx.account,
      userId: `${ctx.account}:${input.Name}`,
      kind: "federated",
      issuerArn: caller.arn,
      tags: { ...caller.tags, ...tags },
      hasMultiFactor: false,
      session: {
        issuedAtMs: ctx.now(),
        // Without policies of its own such a session may do nothing.
        policies: policies.policies ?? [],
        policyArns: policies.policyArns,
      },
    };
    return {
      Credentials: makeCredentials(ctx, principal, seconds),
      FederatedUser: { FederatedUserId: principal.userId, Arn: principal.arn },
      PackedPolicySize: packedPolicySize(policies, tags),
    };
  },

  GetAccessKeyInfo(_, input) {
    const account = accountOfAccessKey(input.AccessKeyId);
    if (account === undefined) {
      throw validationError(`The access key ID ${input.AccessKeyId} is not valid.`);
    }
    return { Account: account };
  },
} satisfies Handlers<STS>;

function checkHasLongTermKey({ kind, session }: Principal, operation: string): void {
  if ((kind === "user" || kind === "root") && session === undefined) return;
  throw accessDenied(`Cannot call ${operation} with session credentials`);
}

function secondsOf({ kind }: Principal, given: number | undefined): number {
  if (kind === "root") return Math.min(given ?? rootSecondsAtMost, rootSecondsAtMost);
  return given ?? defaultSeconds;
}
