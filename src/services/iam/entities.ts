import { endOfPrefix } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import type { ServiceError } from "#kernel/errors.ts";
import type { Codec, Snapshot, Transaction } from "#store/store.ts";
import { namedKey, namedPrefix, type EntityKind, type NamedKind } from "./keyspace.ts";
import {
  groupCodec,
  roleCodec,
  userCodec,
  type Entity,
  type GroupRecord,
  type RoleRecord,
  type UserRecord,
} from "./records.ts";

/** Users, groups and roles, found by their names. */
export type AnyContext = Context<string>;

interface EntityRecords {
  readonly user: UserRecord;
  readonly group: GroupRecord;
  readonly role: RoleRecord;
}

const codecs: { readonly [Kind in EntityKind]: Codec<EntityRecords[Kind]> } = {
  user: userCodec,
  group: groupCodec,
  role: roleCodec,
};

/** For messages: "User". */
export const titles = { user: "User", group: "Group", role: "Role" } as const;

export function findEntity<Kind extends EntityKind>(
  snapshot: Snapshot,
  account: string,
  kind: Kind,
  name: string,
): EntityRecords[Kind] | undefined {
  return snapshot.record(namedKey(account, kind, name), codecs[kind]);
}

/** Throws NoSuchEntity. */
export function openEntity<Kind extends EntityKind>(
  snapshot: Snapshot,
  ctx: AnyContext,
  kind: Kind,
  name: string,
): EntityRecords[Kind] {
  const found = findEntity(snapshot, ctx.account, kind, name);
  if (found === undefined) throw noSuchEntity(ctx, kind, name);
  return found;
}

/** The same to change it. A service's own roles are its own to change: throws UnmodifiableEntity for them. */
export function openChangeable<Kind extends EntityKind>(
  snapshot: Snapshot,
  ctx: AnyContext,
  kind: Kind,
  name: string,
): EntityRecords[Kind] {
  const found = openEntity(snapshot, ctx, kind, name);
  if ("linkedService" in found && found.linkedService !== undefined) {
    throw ctx.error(
      "UnmodifiableEntity",
      `Cannot perform the operation on the protected role '${found.name}' - this role is only modifiable by AWS`,
    );
  }
  return found;
}

export function noSuchEntity(ctx: AnyContext, kind: EntityKind, name: string): ServiceError {
  return ctx.error("NoSuchEntity", `The ${kind} with name ${name} cannot be found.`);
}

export function checkIsNew(
  snapshot: Snapshot,
  ctx: AnyContext,
  kind: EntityKind,
  name: string,
): void {
  if (findEntity(snapshot, ctx.account, kind, name) === undefined) return;
  throw ctx.error("EntityAlreadyExists", `${titles[kind]} with name ${name} already exists.`);
}

export function putEntity<Kind extends EntityKind>(
  tx: Transaction,
  ctx: AnyContext,
  kind: Kind,
  record: EntityRecords[Kind],
): void {
  tx.putRecord(namedKey(ctx.account, kind, record.name), codecs[kind], record);
}

/** Policies go before whoever has them. */
export function checkHasNoPolicies(ctx: AnyContext, { inline, attached }: Entity): void {
  if (attached.length > 0) {
    throw ctx.error("DeleteConflict", "Cannot delete entity, must detach all policies first.");
  }
  if (Object.keys(inline).length > 0) {
    throw ctx.error("DeleteConflict", "Cannot delete entity, must delete policies first.");
  }
}

/** The user that an operation is about: whoever asks, if it names none. */
export function userNameOf(ctx: AnyContext, given: string | undefined): string {
  if (given !== undefined) return given;
  const { kind, arn } = ctx.caller;
  if (kind === "user") return arn.slice(arn.lastIndexOf("/") + 1);
  // A root user has no name, and its keys are not IAM's here.
  throw ctx.error(
    "ValidationError",
    "Must specify userName when calling with non-User credentials",
  );
}

export function quotaExceeded(ctx: AnyContext, quota: string, atMost: number): ServiceError {
  return ctx.error("LimitExceeded", `Cannot exceed quota for ${quota}: ${atMost}`);
}

export function countNamed(snapshot: Snapshot, { account }: AnyContext, kind: NamedKind): number {
  const start = namedPrefix(account, kind);
  let count = 0;
  for (const _ of snapshot.range({ start, end: endOfPrefix(start) })) count += 1;
  return count;
}
