import { endOfPrefix } from "#base/key.ts";
import { AuthorizationNeeded } from "#kernel/authorization/authorize.ts";
import type { Context } from "#kernel/context.ts";
import type { Snapshot } from "#store/store.ts";
import { secretKey, valuesPrefix } from "./keyspace.ts";
import { secretCodec, type SecretRecord } from "./secret-record.ts";

/** The context of an operation that can say that a secret is not there, or not in the right state. */
export type SecretContext = Context<"ResourceNotFoundException" | "InvalidRequestException">;

const arnPattern = /^arn:[a-z-]+:secretsmanager:([a-z0-9-]+):(\d{12}):secret:(.+)$/;
const namePattern = /^[A-Za-z0-9/_+=.@!-]+$/;
const suffixPattern = /-[A-Za-z0-9]{6}$/;

/** Messages are recorded answers of AWS, unless it is said. */
export function checkName(ctx: Context, name: string): void {
  if (namePattern.test(name)) return;
  throw ctx.error(
    "ValidationException",
    "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
  );
}

export interface NamedSecret {
  readonly region: string | undefined;
  readonly account: string | undefined;
  /** The secret's name, or what an ARN ends with: the name alone, or with the six characters. */
  readonly name: string;
}

export function parseSecretId(text: string): NamedSecret {
  const [, region, account, name] = arnPattern.exec(text) ?? [];
  return { region, account, name: name ?? text };
}

/** By name, by ARN, or by an ARN without its six last characters; in whatever state. */
export function findSecret(
  snapshot: Snapshot,
  ctx: Context,
  secretId: string,
): SecretRecord | undefined {
  const { region, name } = parseSecretId(secretId);
  const find = (of: string): SecretRecord | undefined =>
    snapshot.record(secretKey(ctx, of), secretCodec);
  if (region === undefined) return find(name);
  if (region !== ctx.region) return undefined;
  const whole = suffixPattern.test(name) ? find(name.replace(suffixPattern, "")) : undefined;
  return whole?.arn === secretId ? whole : find(name);
}

/** A secret, in whatever state. Its policy is obeyed. */
export function openSecret(
  snapshot: Snapshot,
  ctx: Context<"ResourceNotFoundException">,
  secretId: string,
): SecretRecord {
  const { account, region, name } = parseSecretId(secretId);
  if (region === undefined) checkName(ctx, name);
  // What belongs to another account is for that account's policies to decide.
  if (account !== undefined && account !== ctx.account) throw new AuthorizationNeeded();
  const secret = findSecret(snapshot, ctx, secretId);
  if (secret === undefined) {
    throw ctx.error(
      "ResourceNotFoundException",
      "Secrets Manager can't find the specified secret.",
    );
  }
  obeyPolicy(ctx, secret);
  return secret;
}

/** Services of the account work for its owner. */
function obeyPolicy(ctx: Context, { policy }: SecretRecord): void {
  if (policy === undefined || ctx.isAuthorized) return;
  const { kind, account } = ctx.caller;
  if (kind !== "service" || account !== ctx.account) throw new AuthorizationNeeded();
}

/** A secret that was not deleted. */
export function openLiveSecret(
  snapshot: Snapshot,
  ctx: SecretContext,
  secretId: string,
): SecretRecord {
  const secret = openSecret(snapshot, ctx, secretId);
  if (secret.deletionAtMs !== undefined) {
    throw ctx.error(
      "InvalidRequestException",
      "You can't perform this operation on the secret because it was marked for deletion.",
    );
  }
  return secret;
}

/** A secret that may be changed: replicas are changed through their primary. */
export function openToChange(
  snapshot: Snapshot,
  ctx: SecretContext,
  secretId: string,
): SecretRecord {
  const secret = openLiveSecret(snapshot, ctx, secretId);
  checkIsPrimary(ctx, secret);
  return secret;
}

export function checkIsPrimary(ctx: SecretContext, { primaryRegion }: SecretRecord): void {
  if (primaryRegion === undefined) return;
  throw ctx.error(
    "InvalidRequestException",
    "Operation not permitted on a replica secret. Call must be made in primary secret's region.",
  );
}

/** The keys of all values of a secret. */
export function valueKeysOf(snapshot: Snapshot, ctx: Context, { id }: SecretRecord): string[] {
  const start = valuesPrefix(ctx, id);
  return [...snapshot.range({ start, end: endOfPrefix(start) })].map(({ key }) => key);
}
