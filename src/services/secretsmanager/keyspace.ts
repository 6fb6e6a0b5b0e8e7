import type { Key } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";

/*
 * Every key that Secrets Manager stores. All begin with (service, account, region); then:
 *
 *   secret  name                    → SecretRecord: everything but the values
 *   value   secret's id, version id → SealedValue; a name that is used again has another id
 *
 * Jobs: `deleteSecret` by the secret's id, `replicateSecret` by id and region.
 */

export const secretKey = (ctx: Context, name: string): Key => ctx.key("secret", name);
export const secretsPrefix = (ctx: Context): Key => ctx.key("secret");

export const valueKey = (ctx: Context, secretId: string, versionId: string): Key =>
  ctx.key("value", secretId, versionId);
export const valuesPrefix = (ctx: Context, secretId: string): Key => ctx.key("value", secretId);
