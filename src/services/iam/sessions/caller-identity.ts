import type { Handlers } from "#kernel/service.ts";
import type { STS } from "#models/sts.ts";

export const callerIdentity = {
  /** Who asks. Needs no permission, as in AWS. */
  GetCallerIdentity(ctx) {
    const { userId, account, arn } = ctx.caller;
    return { UserId: userId, Account: account, Arn: arn };
  },
} satisfies Handlers<STS>;
