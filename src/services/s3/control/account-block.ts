import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { S3Control } from "#models/s3control.ts";
import { accountBlockCodec, blockOf } from "../access-control/public-access-block.ts";
import { s3Error } from "../errors.ts";
import { accountBlockKey } from "../keyspace.ts";

/** What no bucket of the account gives to the public, whatever is set for it itself. */
export const accountBlock = {
  async GetPublicAccessBlock(ctx, { AccountId }) {
    checkAccount(ctx, AccountId);
    const block = await ctx.read((snapshot) =>
      snapshot.record(accountBlockKey(ctx, AccountId), accountBlockCodec),
    );
    if (block === undefined) throw s3Error("NoSuchPublicAccessBlockConfiguration");
    return { PublicAccessBlockConfiguration: block };
  },

  async PutPublicAccessBlock(ctx, { AccountId, PublicAccessBlockConfiguration }) {
    checkAccount(ctx, AccountId);
    const block = blockOf(PublicAccessBlockConfiguration);
    await ctx.transact((tx) =>
      tx.putRecord(accountBlockKey(ctx, AccountId), accountBlockCodec, block),
    );
  },

  async DeletePublicAccessBlock(ctx, { AccountId }) {
    checkAccount(ctx, AccountId);
    await ctx.transact((tx) => tx.delete(accountBlockKey(ctx, AccountId)));
  },
} satisfies Handlers<S3Control>;

/** An account's settings are its own. */
export function checkAccount(ctx: Context, account: string): void {
  if (account !== ctx.account) throw s3Error("AccessDenied");
}
