import type { Context } from "#kernel/context.ts";
import type { SharedKind } from "#kernel/kernel.ts";
import type { Handlers } from "#kernel/service.ts";
import type { KeyLastUsageTrackingOperation, KMS } from "#models/kms.ts";
import { json, type KeyRecord } from "./key-record.ts";
import { usageKey } from "./keyspace.ts";
import { openKey } from "./open-key.ts";

interface Usage {
  readonly operation: KeyLastUsageTrackingOperation;
  readonly atMs: number;
  readonly requestId: string;
}

const usageCodec = json<Usage>();

/** The latest use of keys since the start. What is stored may be an hour behind: a use is no write but the first in an hour. */
const latestUses: SharedKind<Map<string, Usage & { readonly storedAtMs: number }>> = {
  make: () => new Map(),
};
const storedEveryMs = 3_600_000;
const usesKept = 10_000;

/** Notes a successful use. `ctx`: of the key's account. */
export async function noteUse(
  ctx: Context,
  { id, arn }: KeyRecord,
  operation: KeyLastUsageTrackingOperation,
): Promise<void> {
  const uses = ctx.shared(latestUses);
  const atMs = ctx.now();
  const before = uses.get(arn);
  const usage = { operation, atMs, requestId: ctx.requestId };
  const isStoredLately = before !== undefined && Math.abs(atMs - before.storedAtMs) < storedEveryMs;
  if (before === undefined && uses.size >= usesKept) uses.clear();
  uses.set(arn, { ...usage, storedAtMs: isStoredLately ? before.storedAtMs : atMs });
  if (!isStoredLately) {
    await ctx.transact((tx) => tx.putRecord(usageKey(ctx, id), usageCodec, usage));
  }
}

export const lastUsage = {
  async GetKeyLastUsage(ctx, input) {
    const uses = ctx.shared(latestUses);
    return ctx.read((snapshot) => {
      const key = openKey(snapshot, ctx, input.KeyId);
      const usage = uses.get(key.arn) ?? snapshot.record(usageKey(ctx, key.id), usageCodec);
      return {
        KeyId: key.arn,
        KeyLastUsage: usage && {
          Operation: usage.operation,
          Timestamp: usage.atMs,
          KmsRequestId: usage.requestId,
        },
        // Tule counts from a key's first moment on.
        TrackingStartDate: key.createdAtMs,
        KeyCreationDate: key.createdAtMs,
      };
    });
  },
} satisfies Handlers<KMS>;
