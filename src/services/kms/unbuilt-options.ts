import type { Context } from "#kernel/context.ts";
import type { RecipientInfo } from "#models/kms.ts";

/** Answers for Nitro enclaves are encrypted for who attests itself: there is none here that could. */
export function refuseRecipient(ctx: Context, recipient: RecipientInfo | undefined): void {
  if (recipient === undefined) return;
  throw ctx.error("NotImplemented", "KMS Recipient is not implemented by Tule yet.");
}

/** Keys lie here; not in hardware, and not with others. */
export function refuseKeyStore(ctx: Context, given: string | undefined): void {
  if (given === undefined) return;
  throw ctx.error("NotImplemented", "KMS custom key stores are not implemented by Tule yet.");
}

export function refuseSm2(ctx: Context): Error {
  return ctx.error("NotImplemented", "KMS keys of the spec SM2 are not implemented by Tule yet.");
}
