import type { Key } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";

/*
 * Every key that KMS stores. All begin with (service, account, region); then:
 *
 *   key        key id                  → KeyRecord
 *   material   key id, material id     → MaterialRecord: sealed, one for each rotation
 *   usage      key id                  → when and for what the key was last used, to the hour
 *   alias      alias name              → AliasRecord
 *   key-alias  key id, alias name      → the name again: a key's aliases
 *   grant      key id, grant id        → GrantRecord
 *   retirable  principal, key id, grant id → nothing: what a principal may retire
 *
 * Jobs are keyed by the key's id: `deleteKey`, `rotateKey`, `activateReplica`; `expireMaterial` by key and material.
 */

export const keyKey = (ctx: Context, keyId: string): Key => ctx.key("key", keyId);
export const keysPrefix = (ctx: Context): Key => ctx.key("key");

export const materialKey = (ctx: Context, keyId: string, materialId: string): Key =>
  ctx.key("material", keyId, materialId);
export const materialsPrefix = (ctx: Context, keyId: string): Key => ctx.key("material", keyId);

export const usageKey = (ctx: Context, keyId: string): Key => ctx.key("usage", keyId);

/** With `alias/` in front, as AWS's names have it. */
export const aliasKey = (ctx: Context, aliasName: string): Key => ctx.key("alias", aliasName);
export const aliasesPrefix = (ctx: Context): Key => ctx.key("alias");
export const keyAliasKey = (ctx: Context, keyId: string, aliasName: string): Key =>
  ctx.key("key-alias", keyId, aliasName);
export const keyAliasesPrefix = (ctx: Context, keyId: string): Key => ctx.key("key-alias", keyId);

export const grantKey = (ctx: Context, keyId: string, grantId: string): Key =>
  ctx.key("grant", keyId, grantId);
export const grantsPrefix = (ctx: Context, keyId: string): Key => ctx.key("grant", keyId);
export const retirableKey = (
  ctx: Context,
  principal: string,
  keyId: string,
  grantId: string,
): Key => ctx.key("retirable", principal, keyId, grantId);
export const retirablesPrefix = (ctx: Context, principal: string): Key =>
  ctx.key("retirable", principal);
