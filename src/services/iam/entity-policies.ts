import type { Snapshot } from "#store/store.ts";
import { parseArn } from "./arns.ts";
import { findEntity, type AnyContext } from "./entities.ts";
import type { EntityKind } from "./keyspace.ts";
import { documentOf } from "./managed-policies.ts";
import type { Entity } from "./records.ts";

export interface EntityPolicy {
  readonly name: string;
  /** Of managed policies. */
  readonly arn?: string;
  readonly document: string;
  /** Of inline policies: whose it is. */
  readonly owner?: { readonly kind: EntityKind; readonly name: string };
}

/** All policies of a user, group or role; a user's with those of its groups. */
export function policiesOf(
  snapshot: Snapshot,
  ctx: AnyContext,
  kind: EntityKind,
  entity: Entity & { readonly groups?: readonly string[] },
): EntityPolicy[] {
  const owner = { kind, name: entity.name };
  const inline = Object.entries(entity.inline).map(([name, document]) => ({
    name,
    document,
    owner,
  }));
  const attached = entity.attached.flatMap((arn) => {
    const document = documentOf(snapshot, ctx.account, arn);
    return document === undefined ? [] : [{ name: parseArn(arn)!.name, arn, document }];
  });
  const groups = (entity.groups ?? []).flatMap((name) => {
    const group = findEntity(snapshot, ctx.account, "group", name);
    return group === undefined ? [] : policiesOf(snapshot, ctx, "group", group);
  });
  return [...inline, ...attached, ...groups];
}
