import { endOfPrefix } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import type { Handlers, JobHandler } from "#kernel/service.ts";
import type { KMS } from "#models/kms.ts";
import type { Transaction } from "#store/store.ts";
import { aliasCodec } from "./alias-record.ts";
import { aliasesOfKey, removeAlias } from "./aliases.ts";
import { removeGrants } from "./grant-records.ts";
import { type KeyRecord, keyCodec, stateOf } from "./key-record.ts";
import { aliasKey, keyKey, materialsPrefix, usageKey } from "./keyspace.ts";
import { leaveOthers } from "./related-keys.ts";
import { checkNotLeaving, findKey, openKey, wrongState } from "./open-key.ts";
import { publishState } from "./state-changes.ts";

const dayMs = 86_400_000;

/** Source: API reference, ScheduleKeyDeletion. */
const shortestDays = 7;
const longestDays = 30;

export const keyDeletion = {
  ScheduleKeyDeletion(ctx, input) {
    const windowDays = input.PendingWindowInDays ?? longestDays;
    if (windowDays < shortestDays || windowDays > longestDays) {
      throw ctx.error(
        "ValidationException",
        `PendingWindowInDays must be between ${shortestDays} and ${longestDays}`,
      );
    }
    return ctx.transact((tx) => {
      const before = openKey(tx, ctx, input.KeyId);
      checkNotLeaving(ctx, before);
      const { multiRegion, arn } = before;
      const waits = multiRegion !== undefined && multiRegion.replicaRegions.length > 0;
      const isPrimary = multiRegion?.primaryRegion === ctx.region;
      const atMs = waits && isPrimary ? undefined : ctx.now() + windowDays * dayMs;
      const key = { ...before, deletion: { windowDays, atMs } };
      putDeletion(tx, ctx, key);
      publishState(tx, ctx, before, key);
      return {
        KeyId: arn,
        DeletionDate: atMs,
        KeyState: stateOf(key),
        PendingWindowInDays: windowDays,
      };
    });
  },

  CancelKeyDeletion(ctx, input) {
    return ctx.transact((tx) => {
      const key = openKey(tx, ctx, input.KeyId);
      if (key.deletion === undefined) throw wrongState(ctx, key, "not pending deletion");
      ctx.unschedule(tx, "deleteKey", key.id);
      // Source: API reference: the key is disabled then.
      const after: KeyRecord = { ...key, deletion: undefined, isEnabled: false };
      tx.putRecord(keyKey(ctx, key.id), keyCodec, after);
      return { KeyId: key.arn };
    });
  },
} satisfies Handlers<KMS>;

function putDeletion(tx: Transaction, ctx: Context, key: KeyRecord): void {
  tx.putRecord(keyKey(ctx, key.id), keyCodec, key);
  const at = key.deletion?.atMs;
  if (at !== undefined) ctx.schedule(tx, { at, job: "deleteKey", key: key.id, payload: key.id });
}

/** The time has come: the key goes, its material, its aliases and its grants with it. */
export const deleteKey: JobHandler = (ctx, keyId: string) =>
  ctx.transact((tx) => {
    ctx.complete(tx);
    const key = findKey(tx, ctx, keyId);
    const at = key?.deletion?.atMs;
    if (key === undefined || at === undefined || at > ctx.now()) return;
    forgetKey(tx, ctx, key);
    leaveOthers(tx, ctx, key, (there, primary) => {
      // Source: multi-region-keys-delete: the primary's time runs from the moment in which it has no replica left.
      const { windowDays } = primary.deletion!;
      const atMs = ctx.now() + windowDays * dayMs;
      putDeletion(tx, there, { ...primary, deletion: { windowDays, atMs } });
    });
  });

function forgetKey(tx: Transaction, ctx: Context, key: KeyRecord): void {
  for (const name of aliasesOfKey(tx, ctx, key.id)) {
    const alias = tx.record(aliasKey(ctx, name), aliasCodec);
    if (alias !== undefined) removeAlias(tx, ctx, alias);
  }
  removeGrants(tx, ctx, key.id);
  const start = materialsPrefix(ctx, key.id);
  for (const entry of tx.range({ start, end: endOfPrefix(start) })) tx.delete(entry.key);
  tx.delete(usageKey(ctx, key.id));
  tx.delete(keyKey(ctx, key.id));
  ctx.unschedule(tx, "rotateKey", key.id);
  publishState(tx, ctx, key, undefined);
}
