import { endOfPrefix } from "#base/key.ts";
import type { Context } from "#kernel/context.ts";
import type { GrantConstraints, GrantOperation } from "#models/kms.ts";
import type { Snapshot, Transaction } from "#store/store.ts";
import { json } from "./key-record.ts";
import { grantKey, grantsPrefix, retirableKey } from "./keyspace.ts";

export interface GrantRecord {
  readonly id: string;
  readonly keyId: string;
  readonly keyArn: string;
  readonly name: string | undefined;
  readonly createdAtMs: number;
  /** An ARN, or a service's name. */
  readonly grantee: string;
  readonly isGranteeService: boolean;
  readonly retiring: string | undefined;
  readonly isRetiringService: boolean;
  readonly issuingAccount: string;
  readonly operations: readonly GrantOperation[];
  readonly constraints: GrantConstraints | undefined;
}

export const grantCodec = json<GrantRecord>();

export function grantsOf(snapshot: Snapshot, ctx: Context, keyId: string): GrantRecord[] {
  const start = grantsPrefix(ctx, keyId);
  return [...snapshot.range({ start, end: endOfPrefix(start) })].map(({ value }) =>
    grantCodec.decode(value),
  );
}

export function putGrant(tx: Transaction, ctx: Context, grant: GrantRecord): void {
  tx.putRecord(grantKey(ctx, grant.keyId, grant.id), grantCodec, grant);
  if (grant.retiring === undefined) return;
  const name = Buffer.from(JSON.stringify([grant.keyId, grant.id]));
  tx.put(retirableKey(ctx, grant.retiring, grant.keyId, grant.id), name);
}

export function removeGrant(tx: Transaction, ctx: Context, grant: GrantRecord): void {
  tx.delete(grantKey(ctx, grant.keyId, grant.id));
  if (grant.retiring !== undefined) {
    tx.delete(retirableKey(ctx, grant.retiring, grant.keyId, grant.id));
  }
}

export function removeGrants(tx: Transaction, ctx: Context, keyId: string): void {
  for (const grant of grantsOf(tx, ctx, keyId)) removeGrant(tx, ctx, grant);
}

/**
 * Grants as statements of the key's policy: a grant allows its grantee its operations, with an encryption context if it
 * says so, and may be retired by whom it names.
 */
export function grantStatements({ grantee, isGranteeService, ...grant }: GrantRecord): object[] {
  const allow = (name: string, isService: boolean, actions: readonly string[]) => ({
    Effect: "Allow",
    Principal: isService ? { Service: name } : { AWS: name },
    Action: actions.map((action) => `kms:${action}`),
    Resource: "*",
  });
  const { retiring, isRetiringService, operations, constraints } = grant;
  const used = {
    ...allow(grantee, isGranteeService, operations),
    ...(constraints === undefined ? {} : { Condition: conditionOf(constraints) }),
  };
  return retiring === undefined
    ? [used]
    : [used, allow(retiring, isRetiringService, ["RetireGrant"])];
}

/** Source: API reference, GrantConstraints. Constraints bind what has an encryption context. */
function conditionOf({
  EncryptionContextSubset: subset,
  EncryptionContextEquals: equal,
  SourceArn,
}: GrantConstraints): object {
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries({ ...subset, ...equal })) {
    texts[`kms:EncryptionContext:${name}`] = value.replaceAll("$", "${$}");
  }
  return {
    StringEquals: texts,
    ...(equal === undefined
      ? {}
      : { "ForAllValues:StringEquals": { "kms:EncryptionContextKeys": Object.keys(equal) } }),
    ...(SourceArn === undefined ? {} : { ArnEquals: { "aws:SourceArn": SourceArn } }),
  };
}
