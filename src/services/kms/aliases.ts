import { endOfPrefix } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import type { Handlers } from "#kernel/service.ts";
import type { KMS } from "#models/kms.ts";
import type { Snapshot, Transaction } from "#store/store.ts";
import { aliasCodec, type AliasRecord } from "./alias-record.ts";
import type { KeyRecord } from "./key-record.ts";
import { isAsymmetric } from "./key-specs.ts";
import { aliasesPrefix, aliasKey, keyAliasesPrefix, keyAliasKey } from "./keyspace.ts";
import { checkNotLeaving, findKey, openKey } from "./open-key.ts";
import { pageUnder } from "./paging.ts";

/** Source: KMS Developer Guide, resource-limits. */
const aliasesOfKeyAtMost = 50;

export const aliases = {
  CreateAlias(ctx, input) {
    const name = input.AliasName;
    checkName(ctx, name);
    return ctx.transact((tx) => {
      if (tx.record(aliasKey(ctx, name), aliasCodec) !== undefined) {
        throw ctx.error(
          "AlreadyExistsException",
          `An alias with the name ${ctx.arn(name)} already exists`,
        );
      }
      const key = openKey(tx, ctx, input.TargetKeyId);
      checkNotLeaving(ctx, key);
      checkRoom(tx, ctx, key);
      putAlias(tx, ctx, { name, keyId: key.id, createdAtMs: ctx.now(), updatedAtMs: ctx.now() });
    });
  },

  UpdateAlias(ctx, input) {
    const name = input.AliasName;
    checkName(ctx, name);
    return ctx.transact((tx) => {
      const before = openAlias(tx, ctx, name);
      const key = openKey(tx, ctx, input.TargetKeyId);
      checkNotLeaving(ctx, key);
      const current = findKey(tx, ctx, before.keyId);
      if (current !== undefined) checkAlike(ctx, current, key);
      if (key.id !== before.keyId) checkRoom(tx, ctx, key);
      removeAlias(tx, ctx, before);
      putAlias(tx, ctx, { ...before, keyId: key.id, updatedAtMs: ctx.now() });
    });
  },

  DeleteAlias(ctx, input) {
    checkName(ctx, input.AliasName);
    return ctx.transact((tx) => {
      const alias = openAlias(tx, ctx, input.AliasName);
      openKey(tx, ctx, alias.keyId);
      removeAlias(tx, ctx, alias);
    });
  },

  ListAliases(ctx, input) {
    const { KeyId } = input;
    return ctx.read((snapshot) => {
      const Limit = input.Limit ?? 50;
      const key = KeyId === undefined ? undefined : openKey(snapshot, ctx, KeyId);
      const page =
        key === undefined
          ? pageUnder(snapshot, ctx, aliasesPrefix(ctx), { ...input, Limit }, (value) =>
              aliasCodec.decode(value),
            )
          : pageUnder(snapshot, ctx, keyAliasesPrefix(ctx, key.id), { ...input, Limit }, (name) =>
              snapshot.record(aliasKey(ctx, name.toString("utf8")), aliasCodec),
            );
      return {
        Aliases: page.items.map(({ name, keyId, createdAtMs, updatedAtMs }) => ({
          AliasName: name,
          AliasArn: ctx.arn(name),
          TargetKeyId: keyId,
          CreationDate: createdAtMs,
          LastUpdatedDate: updatedAtMs,
        })),
        NextMarker: page.NextMarker,
        Truncated: page.Truncated,
      };
    });
  },
} satisfies Handlers<KMS>;

function checkName(ctx: Context, name: string): void {
  if (!name.startsWith("alias/") || name === "alias/") {
    // Recorded.
    throw ctx.error(
      "ValidationException",
      'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
    );
  }
  // Source of what is reserved: kms-alias. No recording tells AWS's words.
  if (name.startsWith("alias/aws/")) {
    throw ctx.error("ValidationException", "Aliases that begin with alias/aws/ are reserved");
  }
  if (name.includes(":")) {
    throw ctx.error("ValidationException", `${name} contains invalid characters for an alias`);
  }
}

/** Source: API reference, UpdateAlias: both symmetric, both asymmetric or both HMAC, and of the same usage. */
function checkAlike(ctx: Context, current: KeyRecord, next: KeyRecord): void {
  const isSameKind = isAsymmetric(current.spec) === isAsymmetric(next.spec);
  if (isSameKind && current.usage === next.usage) return;
  throw ctx.error(
    "ValidationException",
    `Alias cannot be changed from key usage ${current.usage} to ${next.usage}: the current and the new key must be of the same type and usage`,
  );
}

function checkRoom(
  snapshot: Snapshot,
  ctx: Context<"LimitExceededException">,
  { id, arn }: KeyRecord,
): void {
  if (aliasesOfKey(snapshot, ctx, id).length < aliasesOfKeyAtMost) return;
  throw ctx.error("LimitExceededException", `${arn} has ${aliasesOfKeyAtMost} aliases already.`);
}

export function aliasesOfKey(snapshot: Snapshot, ctx: Context, keyId: string): string[] {
  const start = keyAliasesPrefix(ctx, keyId);
  return [...snapshot.range({ start, end: endOfPrefix(start) })].map(({ value }) =>
    value.toString("utf8"),
  );
}

function openAlias(
  snapshot: Snapshot,
  ctx: Context<"NotFoundException">,
  name: string,
): AliasRecord {
  const alias = snapshot.record(aliasKey(ctx, name), aliasCodec);
  if (alias !== undefined) return alias;
  throw ctx.error("NotFoundException", `Alias ${ctx.arn(name)} is not found.`);
}

export function putAlias(tx: Transaction, ctx: Context, alias: AliasRecord): void {
  tx.putRecord(aliasKey(ctx, alias.name), aliasCodec, alias);
  tx.put(keyAliasKey(ctx, alias.keyId, alias.name), Buffer.from(alias.name));
}

export function removeAlias(tx: Transaction, ctx: Context, alias: AliasRecord): void {
  tx.delete(aliasKey(ctx, alias.name));
  tx.delete(keyAliasKey(ctx, alias.keyId, alias.name));
}
