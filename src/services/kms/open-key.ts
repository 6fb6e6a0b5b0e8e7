import { AuthorizationNeeded } from "#kernel/authorization/authorize.ts";
import type { Context } from "#kernel/context.ts";
import type { KeyUsageType } from "#models/kms.ts";
import type { Snapshot } from "#store/store.ts";
import { aliasCodec } from "./alias-record.ts";
import { type KeyRecord, keyCodec, stateOf } from "./key-record.ts";
import { aliasKey, keyKey } from "./keyspace.ts";

/*
 * How requests name keys, and in which states keys serve. Messages are recorded answers of AWS, unless it is said.
 */

/** The context of an operation that can say that a key is not there. */
export type KeyContext = Context<"NotFoundException">;
export type StateContext = Context<
  "NotFoundException" | "KMSInvalidStateException" | "DisabledException"
>;
export type UsageContext = Context<
  | "NotFoundException"
  | "KMSInvalidStateException"
  | "DisabledException"
  | "InvalidKeyUsageException"
>;

const idPattern =
  /^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/;
const arnPattern = /^arn:[a-z-]+:kms:([a-z0-9-]+):(\d{12}):(key\/.+|alias\/.+)$/;

export interface NamedKey {
  readonly region: string | undefined;
  readonly account: string | undefined;
  readonly kind: "key" | "alias";
  /** A key's id, or an alias with `alias/` in front. */
  readonly name: string;
}

/** What a `KeyId` member says: an id, an alias, or the ARN of either. */
export function parseKeyName(text: string): NamedKey {
  const [, region, account, resource] = arnPattern.exec(text) ?? [];
  const name = resource ?? text;
  if (name.startsWith("alias/")) return { region, account, kind: "alias", name };
  return { region, account, kind: "key", name: resource === undefined ? text : name.slice(4) };
}

/** The context of the account that owns the key; that other account's policies decide first. */
export function ownerOf<Code extends string>(ctx: Context<Code>, text: string): Context<Code> {
  const { account } = parseKeyName(text);
  if (account === undefined || account === ctx.account) return ctx;
  if (!ctx.isAuthorized) throw new AuthorizationNeeded();
  return ctx.inAccount(account);
}

/**
 * The key that `text` names, by its id, its ARN or (where the operation takes them) an alias, in whatever state. Its
 * policy is obeyed.
 */
export function openKey(
  snapshot: Snapshot,
  ctx: KeyContext,
  text: string,
  takesAliases = false,
): KeyRecord {
  const named = parseKeyName(text);
  const owner = ownerOf(ctx, text);
  if (named.region !== undefined && named.region !== ctx.region) {
    throw ctx.error("NotFoundException", `Invalid arn ${named.region}`);
  }
  const key = findNamed(snapshot, owner, named, takesAliases);
  if (key === undefined) throw notFound(owner, named, takesAliases);
  obeyPolicy(owner, key);
  return key;
}

function findNamed(
  snapshot: Snapshot,
  ctx: Context,
  { kind, name }: NamedKey,
  takesAliases: boolean,
): KeyRecord | undefined {
  if (kind === "key") return findKey(snapshot, ctx, name);
  const alias = takesAliases ? snapshot.record(aliasKey(ctx, name), aliasCodec) : undefined;
  return alias === undefined ? undefined : findKey(snapshot, ctx, alias.keyId);
}

export function findKey(snapshot: Snapshot, ctx: Context, keyId: string): KeyRecord | undefined {
  return snapshot.record(keyKey(ctx, keyId), keyCodec);
}

function notFound(ctx: KeyContext, { kind, name }: NamedKey, takesAliases: boolean): Error {
  if (kind === "alias" && takesAliases) {
    return ctx.error("NotFoundException", `Alias ${ctx.arn(name)} is not found.`);
  }
  if (kind === "alias" || !idPattern.test(name)) {
    return ctx.error("NotFoundException", `Invalid keyId '${name}'`);
  }
  return ctx.error("NotFoundException", `Key '${ctx.arn(`key/${name}`)}' does not exist`);
}

/** Has the key's own policy decided on, unless that is done. Services of the account work for its owner. */
function obeyPolicy(ctx: Context, { policy }: KeyRecord): void {
  if (policy === undefined || ctx.isAuthorized) return;
  const { kind, account } = ctx.caller;
  if (kind !== "service" || account !== ctx.account) throw new AuthorizationNeeded();
}

/** A key that serves: for whatever uses it. Source of which operations work in which state: key-state, "Key state table". */
export function openEnabledKey(
  snapshot: Snapshot,
  ctx: StateContext,
  text: string,
  takesAliases = false,
): KeyRecord {
  const key = openKey(snapshot, ctx, text, takesAliases);
  checkEnabled(ctx, key);
  return key;
}

export function checkEnabled(ctx: StateContext, key: KeyRecord): void {
  if (stateOf(key) === "Disabled") throw ctx.error("DisabledException", `${key.arn} is disabled.`);
  checkUsable(ctx, key);
}

/** Refuses keys that are on their way in or out; those that are disabled pass. */
export function checkUsable(ctx: Context<"KMSInvalidStateException">, key: KeyRecord): void {
  checkNotLeaving(ctx, key);
  if (key.isMaterialMissing) throw wrongState(ctx, key, "pending import");
}

/** Refuses keys that are to be deleted, or are not made yet. */
export function checkNotLeaving(ctx: Context<"KMSInvalidStateException">, key: KeyRecord): void {
  const state = stateOf(key);
  if (state === "Creating") throw wrongState(ctx, key, "creating");
  if (state === "PendingDeletion") throw wrongState(ctx, key, "pending deletion");
  if (state === "PendingReplicaDeletion") throw wrongState(ctx, key, "pending replica deletion");
}

export function wrongState(
  ctx: Context<"KMSInvalidStateException">,
  { arn }: KeyRecord,
  state: string,
): Error {
  return ctx.error("KMSInvalidStateException", `${arn} is ${state}.`);
}

/** An enabled key, by any of its names, for what keys of this usage do. */
export function openForUse(
  snapshot: Snapshot,
  ctx: UsageContext,
  text: string,
  usage: KeyUsageType,
  operation: string = ctx.operation,
): KeyRecord {
  const key = openKey(snapshot, ctx, text, true);
  checkUse(ctx, key, usage, operation);
  return key;
}

export function checkUse(
  ctx: UsageContext,
  key: KeyRecord,
  usage: KeyUsageType,
  operation: string = ctx.operation,
): void {
  checkEnabled(ctx, key);
  if (key.usage === usage) return;
  throw ctx.error(
    "InvalidKeyUsageException",
    `${key.arn} key usage is ${key.usage} which is not valid for ${operation}.`,
  );
}

/** What a request with `DryRun` gets in place of its answer. Recorded. */
export function checkDryRun(
  ctx: Context<"DryRunOperationException">,
  input: { readonly DryRun?: boolean | undefined },
): void {
  if (input.DryRun !== true) return;
  throw ctx.error(
    "DryRunOperationException",
    "The request would have succeeded, but the DryRun option is set.",
  );
}
