import { parsePolicyDocument } from "#kernel/authorization/policy-document.ts";
import type { Snapshot } from "#store/store.ts";
import { parseArn } from "../arns.ts";
import { findEntity, type AnyContext } from "../entities.ts";
import type { EntityKind } from "../keyspace.ts";
import { documentOf } from "../managed-policies.ts";
import type { Entity } from "../records.ts";
import { knownNamespaces } from "./service-names.ts";

/** Which services policies let somebody use. Boundaries and organizations are left out, as AWS does. */

export interface GrantingPolicy {
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
): GrantingPolicy[] {
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

/** Whether some statement allows something of the service. */
export function grants(document: string, namespace: string): boolean {
  return namespacesIn(document, [namespace]).has(namespace);
}

/** The services that a document allows something of: those it names, or all that are known. */
export function namespacesIn(
  document: string,
  known: readonly string[] = knownNamespaces,
): Set<string> {
  const found = new Set<string>();
  for (const { effect, actions } of parsePolicyDocument(document, "identity").statements) {
    if (effect !== "Allow") continue;
    for (const action of actions.values) {
      const [prefix = ""] = action.toLowerCase().split(":");
      // All but some actions: others are left, of this service and of every other.
      const all = actions.isNegated || prefix === "*";
      for (const namespace of all ? known : [prefix]) found.add(namespace);
    }
  }
  return found;
}
